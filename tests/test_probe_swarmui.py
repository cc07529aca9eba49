"""One look at a SwarmUI that really listens, without a server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from headway.host.sessions import Sessions
from headway.probe import Swarm, probe
from headway.sim.comfyui import SimComfyUI
from headway.sim.swarmui import SimSwarmUI
from headway.sim.swarmui.behind import SWARM_NODES
from headway.talk.status import status_of


async def looked(sim: SimSwarmUI, state: Path, **more: Any) -> dict[str, Any]:
    named = more.pop("named", {})
    swarms = {"swarm": Swarm(sim.url, more.pop("token", ""))}
    views = await asyncio.to_thread(
        probe, named, usual={}, swarms=swarms, sessions=Sessions(str(state)), **more
    )
    return status_of(views, now=0.0, version="0")


async def test_an_idle_one_is_idle_though_its_back_end_is_running(tmp_path: Path) -> None:
    async with SimSwarmUI() as sim:
        found = await looked(sim, tmp_path)

    assert found["generations_running"] == 0
    assert found["version"] == "0.9.8.2.GIT-062407c7"
    assert found["models_count"] == 2
    assert found["response_time"] is not None
    assert [one["status"] for one in found["backends"]] == ["idle"]


async def test_generations_of_others_are_counted(tmp_path: Path) -> None:
    async with SimSwarmUI(speed=1000) as sim:
        sim.hold()
        sim.begin(images=3)
        await sim.until(lambda: sim.counts["live_gens"] == 2)
        found = await looked(sim, tmp_path)

    assert found["generations_running"] == 3


async def test_what_cannot_be_seen_is_not_known(tmp_path: Path) -> None:
    async with SimSwarmUI(local_role="guest") as sim:
        found = await looked(sim, tmp_path)

        assert sim.log.messages("Error") == []
    assert found["generations_running"] is None
    assert "needs read_server_info_panels" in found["unseen"][0]


async def test_every_look_uses_the_one_kept_session(tmp_path: Path) -> None:
    async with SimSwarmUI() as sim:
        for _ in range(3):
            await looked(sim, tmp_path)
        sim.forget(sim.sessions[0])
        again = await looked(sim, tmp_path)

        assert sim.calls.count("GetNewSession") == 2
    assert again["generations_running"] == 0


async def test_accounts_want_a_token(tmp_path: Path) -> None:
    async with SimSwarmUI(tokens={"t": ("ann", "admin")}) as sim:
        refused = await looked(sim, tmp_path)
        entered = await looked(sim, tmp_path, token="t")

    assert refused["status"] == "unreachable"
    assert "accounts" in refused["unseen"][0]
    assert entered["generations_running"] == 0


async def test_one_that_is_away_is_a_line_and_not_an_error(tmp_path: Path) -> None:
    async with SimSwarmUI() as sim:
        await sim.refuse()
        found = await looked(sim, tmp_path)

    assert (found["status"], found["generations_running"]) == ("unreachable", None)


async def test_another_server_is_not_asked_for_a_session(tmp_path: Path) -> None:
    async with SimComfyUI() as comfy:
        views = await asyncio.to_thread(
            probe, {}, usual={}, usual_swarms={"swarmui": Swarm(comfy.url, sure=False)},
            sessions=Sessions(str(tmp_path)),
        )  # fmt: skip

    assert views == []


async def test_what_a_comfyui_does_for_it_counts_once(tmp_path: Path) -> None:
    async with (
        SimComfyUI(nodes=SWARM_NODES) as comfy,
        SimSwarmUI(speed=1000, comfy=comfy.url) as sim,
    ):
        sim.begin(steps=10_000)
        await comfy.until(lambda: comfy.running)
        found = await looked(sim, tmp_path, named={"comfy": comfy.url})

    assert found["generations_running"] == 1
