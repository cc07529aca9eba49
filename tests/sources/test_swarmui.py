"""The SwarmUI source, against a simulated one over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from headway.errors import SourceLost, UsageError
from headway.fold.folding import fold
from headway.fold.views import view
from headway.host.sessions import Sessions
from headway.model.views import AnyView, JobView, SourceView
from headway.sim.swarmui import Backend, SimSwarmUI
from headway.sources.swarmui import Settings, SwarmUI
from headway.sources.swarmui_artefact import path_of
from headway.talk.status import status_of

LONGEST = 30.0  # seconds that anything here may take
PERMITTED = {
    "guest": {"GetNewSession", "GetCurrentStatus", "ListModels", "ListLoadedModels"},
    "poweruser": {"GetNewSession", "GetCurrentStatus", "ListModels", "ListLoadedModels",
                  "ListBackends", "direct queue"},
}  # fmt: skip


class Clock:
    """A clock that stands until it is set, or runs ahead by `pace` at every look."""

    def __init__(self, pace: float = 0.0) -> None:
        self.at = 1_800_000_000.0
        self._pace = pace

    def now(self) -> float:
        self.at += self._pace
        return self.at


class Watched:
    """What a source has told so far."""

    def __init__(self, feed: AsyncIterator[list[Any]]) -> None:
        self._feed = feed
        self._entities: dict[str, Any] = {}

    async def next(self) -> None:
        for event in await anext(self._feed):
            fold(self._entities, event)

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(LONGEST):
            while not holds():
                await self.next()

    @property
    def views(self) -> list[AnyView]:
        return [view(one) for one in self._entities.values()]

    @property
    def readings(self) -> dict[str, Any]:
        return next(one.readings for one in self.views if isinstance(one, SourceView))

    def worker(self, name: str) -> dict[str, Any]:
        return view(self._entities[f"swarm~{name}"]).readings  # type: ignore[union-attr]

    @property
    def status(self) -> dict[str, Any]:
        seen = [
            SourceView(key=one.key, seen=True, meta=one.meta, readings=one.readings)
            if isinstance(one, SourceView)
            else one
            for one in self.views
        ]
        return status_of(seen, now=0.0, version="0")


def source(sim: SimSwarmUI, state: Path, **more: Any) -> SwarmUI:
    settings = Settings(name="swarm", url=sim.url, poll=0.02, token=more.pop("token", ""))
    more.setdefault("sleep", soon)
    return SwarmUI(settings, sessions=Sessions(str(state)), **more)


async def soon(seconds: float) -> None:
    """Rounds follow each other at once, but others get their turn."""
    await asyncio.sleep(0.005)


@asynccontextmanager
async def watching(sim: SimSwarmUI, state: Path, **more: Any) -> AsyncIterator[Watched]:
    async with source(sim, state, **more).connect() as feed:
        watched = Watched(feed)
        async with asyncio.timeout(LONGEST):
            await watched.next()
        yield watched


async def test_an_idle_swarmui_is_idle_though_its_back_end_is_running(tmp_path: Path) -> None:
    async with SimSwarmUI() as sim, watching(sim, tmp_path) as watched:
        found = watched.status

    assert sim.backends[0].status == "running"
    assert found["generations_running"] == 0
    assert found["generations_estimated"] is None
    assert [one["status"] for one in found["backends"]] == ["idle"]
    assert found["version"] == "0.9.8.2.GIT-062407c7"
    assert (found["models_count"], found["models_loaded"]) == (2, 0)


async def test_generations_of_others_are_counted_and_are_no_jobs(tmp_path: Path) -> None:
    async with SimSwarmUI(speed=1000) as sim, watching(sim, tmp_path) as watched:
        sim.hold()
        sim.begin(user="ann", images=3)
        await sim.until(lambda: sim.counts["live_gens"] == 2)
        await watched.until(lambda: watched.readings["running"] == 2)
        found = watched.status

    assert found["generations_running"] == 3
    assert found["active_generations"] == []
    assert [one["status"] for one in found["backends"]] == ["running"]
    assert not [one for one in watched.views if isinstance(one, JobView)]


async def test_steps_of_others_are_read_from_the_console_of_a_back_end(tmp_path: Path) -> None:
    async with SimSwarmUI(speed=1000) as sim, watching(sim, tmp_path) as watched:
        sim.hold(4)
        sim.begin(steps=20)
        await watched.until(lambda: watched.worker("0").get("step") == 3)
        assert watched.worker("0")["steps"] == 20
        sim.release()
        await watched.until(lambda: watched.worker("0")["step"] is None)


@pytest.mark.parametrize("role", ["guest", "poweruser"])
async def test_nothing_is_asked_that_is_not_permitted_and_no_error_is_logged(
    role: str, tmp_path: Path
) -> None:
    async with (
        SimSwarmUI(local_role=role, speed=1000) as sim,
        watching(sim, tmp_path, clock=Clock(0.25).now) as watched,
    ):
        sim.hold()
        for _ in range(3):
            sim.begin(images=1)
            await sim.until(lambda: sim.counts["live_gens"] > 0)
        if role == "poweruser":
            await watched.until(lambda: watched.readings["others"])

    assert set(sim.calls) <= PERMITTED[role]
    assert sim.log.messages("Error") == []


async def test_what_cannot_be_seen_is_never_idle(tmp_path: Path) -> None:
    async with SimSwarmUI(local_role="guest") as sim, watching(sim, tmp_path) as watched:
        found = watched.status

    assert found["generations_running"] is None
    assert found["generations_running_at_least"] == 0
    assert "needs read_server_info_panels" in found["unseen"][0]


async def test_a_version_without_the_global_call_says_so_and_is_not_asked_again(
    tmp_path: Path,
) -> None:
    async with (
        SimSwarmUI(global_status=False, speed=1000) as sim,
        watching(sim, tmp_path, clock=Clock(0.25).now) as seen,
    ):
        sim.hold()
        sim.begin()
        await seen.until(lambda: seen.readings["others"] == 1)
        found = seen.status

    assert found["generations_running"] is None
    assert found["generations_running_at_least"] == 1  # its prompt is in the ComfyUI's queue
    assert "this version has no GetGlobalStatus" in found["unseen"][0]
    assert len([one for one in sim.log.messages("Error") if "GetGlobalStatus" in one]) == 1


async def test_a_guess_is_made_from_use_only_where_nothing_better_can_be_had(
    tmp_path: Path,
) -> None:
    clock = Clock()
    kinds = [Backend(type="auto_webui_api")]
    async with (
        SimSwarmUI(local_role="poweruser", backends=kinds, clock=clock.now) as sim,
        watching(sim, tmp_path, clock=clock.now) as watched,
    ):
        assert watched.status["generations_estimated"] is None
        clock.at += 20.0
        sim.backends[0].touch(clock.at)
        await watched.until(lambda: watched.readings["estimated_running"] == 1)
        found = watched.status
        clock.at += 60.0  # a guess fades
        await watched.until(lambda: watched.readings["estimated_running"] is None)

    assert found["generations_estimated"] == 1
    assert found["generations_running"] is None


async def test_prompts_past_swarmui_are_counted_where_they_may_be_read(tmp_path: Path) -> None:
    async with SimSwarmUI() as sim, watching(sim, tmp_path, clock=Clock(0.25).now) as watched:
        sim.straight()
        await watched.until(lambda: watched.status["generations_running"] == 1)


async def test_one_session_is_kept_for_all_connections_and_processes(tmp_path: Path) -> None:
    async with SimSwarmUI() as sim:
        for _ in range(3):
            async with watching(sim, tmp_path):
                pass

        assert len(sim.sessions) == 1
        assert sim.calls.count("GetNewSession") == 1


async def test_a_session_that_the_server_forgot_is_renewed_once(tmp_path: Path) -> None:
    async with SimSwarmUI() as sim:
        async with watching(sim, tmp_path):
            pass
        sim.forget(sim.sessions[0])
        async with watching(sim, tmp_path) as watched:
            assert watched.status["generations_running"] == 0

        assert sim.calls.count("GetNewSession") == 2
        assert len(sim.sessions) == 1


async def test_accounts_are_entered_with_the_token_as_a_cookie(tmp_path: Path) -> None:
    tokens = {"hex.1.hush": ("ann", "admin")}
    async with SimSwarmUI(tokens=tokens) as sim:
        with pytest.raises(SourceLost, match="wants a login") as lost:
            async with watching(sim, tmp_path):
                pass
        async with watching(sim, tmp_path, token="hex.1.hush") as watched:
            assert watched.status["generations_running"] == 0

        assert not lost.value.retry
        assert [one.user for one in sim.sessions] == ["ann"]


async def test_no_event_holds_the_session_or_the_token(tmp_path: Path) -> None:
    tokens = {"hex.1.hush": ("ann", "admin")}
    async with SimSwarmUI(tokens=tokens) as sim:
        async with watching(sim, tmp_path, token="hex.1.hush") as watched:
            told = repr(watched.views)

        assert "hush" not in told
        assert sim.sessions[0].id not in told


def unfinished(at: float) -> JobView:
    return JobView(key="swarm~w-0~", source="swarm", native="w-0", phase="running",
                   queued_at=at, updated_at=at)  # fmt: skip


async def outcome(watched: Watched) -> str:
    def ended() -> list[JobView]:
        return [one for one in watched.views if isinstance(one, JobView) and one.outcome]

    await watched.until(ended)
    return str(ended()[0].outcome)


async def test_a_restart_is_proven_by_the_servers_id_and_loses_what_was_unfinished(
    tmp_path: Path,
) -> None:
    clock = Clock()
    async with SimSwarmUI() as sim:
        one = source(sim, tmp_path, jobs=lambda: [unfinished(clock.at)], clock=clock.now)
        async with one.connect() as feed:
            await anext(feed)
        before = sim.server_id
        await sim.restart()
        async with one.connect() as feed:
            watched = Watched(feed)
            found = await outcome(watched)

        assert sim.server_id != before
        assert found == "lost"
        assert watched.readings["instance"] == 1


async def test_a_lost_connection_alone_loses_nothing(tmp_path: Path) -> None:
    clock = Clock()
    async with SimSwarmUI() as sim:
        one = source(sim, tmp_path, jobs=lambda: [unfinished(clock.at)], clock=clock.now)
        async with one.connect() as feed:
            await anext(feed)
        await sim.refuse()
        with pytest.raises(SourceLost):
            async with one.connect() as feed:
                await anext(feed)
        await sim.accept()
        async with one.connect() as feed:
            watched = Watched(feed)
            await watched.next()

        assert watched.readings["instance"] == 0
        assert not [one for one in watched.views if isinstance(one, JobView)]


async def test_a_generation_that_the_server_does_not_count_any_more_ended_somehow(
    tmp_path: Path,
) -> None:
    clock = Clock()
    old = unfinished(clock.at)
    async with (
        SimSwarmUI() as sim,
        watching(sim, tmp_path, jobs=lambda: [old], clock=clock.now) as watched,
    ):
        clock.at += 60.0

        assert await outcome(watched) == "unknown"


async def test_while_the_server_counts_something_of_ours_nothing_of_ours_ends(
    tmp_path: Path,
) -> None:
    clock = Clock()
    old = unfinished(clock.at)
    async with SimSwarmUI(speed=1000) as sim:
        async with watching(sim, tmp_path):
            pass
        sim.hold()
        sim.ask(sim.sessions[0])  # ours, by a process that is gone
        await sim.until(lambda: sim.counts["live_gens"] == 1)
        async with watching(sim, tmp_path, jobs=lambda: [old], clock=clock.now) as watched:
            clock.at += 600.0
            sim.begin(user="ann")
            await watched.until(lambda: watched.readings["others"] == 1)

            assert not [one for one in watched.views if isinstance(one, JobView)]
            assert watched.readings["running"] == 2


async def test_a_server_that_goes_away_is_a_loss(tmp_path: Path) -> None:
    async with SimSwarmUI() as sim, source(sim, tmp_path).connect() as feed:
        await anext(feed)
        await sim.refuse()
        with pytest.raises(SourceLost):
            await asyncio.wait_for(_to_the_end(feed), LONGEST)


async def _to_the_end(feed: AsyncIterator[list[Any]]) -> None:
    async for _ in feed:
        pass


@pytest.mark.parametrize("path", ["", "../x", "View/../x", "View//x", "View/a\\b", "API/x", 4])
def test_nothing_but_an_image_below_the_servers_folders_is_fetched(path: Any) -> None:
    with pytest.raises(UsageError):
        path_of({"path": path})


def test_blanks_and_signs_of_a_path_go_out_encoded() -> None:
    assert path_of({"path": "View/a b#c?.png"}) == "View/a%20b%23c%3F.png"
