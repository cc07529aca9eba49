"""A source that is gone for good is left out on request, and there again when it comes back."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from headway.cli.entry import main
from headway.cli.serve import running
from headway.config import load
from headway.model.events import Ended, Presence, Queued, Reading, Registered
from headway.model.views import JobView, SourceView
from headway.plane import Plane
from headway.plane.supervise import watched_again
from headway.sim.comfyui import SimComfyUI
from headway.sources.comfyui import ComfyUI, Settings

STILL = {"plane.discover": False, "server.port": 0}
JOB = "old~5f7c~"


async def command(*argv: str) -> int:
    """Run a command beside the server; its code."""
    return await asyncio.to_thread(main, list(argv))


async def status(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The answer of `headway status`."""
    capsys.readouterr()
    await command("status", "--format", "json")
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


async def gone(plane: Plane) -> None:
    """A source of an earlier day, with a job that was never seen to end, and one that is there."""
    at, how = plane.clock(), "observed"
    await plane.report(
        [
            Registered(key="old", at=at, observer="x", meta={"source_kind": "comfyui"}),
            Queued(key=JOB, at=at, observer="x"),
            Presence(key="old", at=at, observer="headway", basis=how, presence="missing"),
            Registered(key="new", at=at, observer="x", meta={"source_kind": "comfyui"}),
            Presence(key="new", at=at, observer="headway", basis=how, presence="seen"),
        ]
    )


async def test_a_source_that_is_forgotten_makes_the_count_known_again(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(load(flags=STILL).config) as serving:
        await gone(serving.door.plane)
        before = await status(capsys)

        assert await command("sources", "forget", "old") == 0

        after = await status(capsys)
        job = await serving.door.plane.read("get", JOB)
    assert before["generations_running"] is None
    assert after["generations_running"] == 0
    assert [one["server"] for one in after["servers"]] == ["new"]
    assert (job.outcome, job.basis) == ("unknown", "inferred")
    assert "forgotten" in job.why


async def test_how_a_job_of_it_really_ended_is_believed_when_it_is_heard(home: Path) -> None:
    async with running(load(flags=STILL).config) as serving:
        plane = serving.door.plane
        await gone(plane)
        await command("sources", "forget", "old")

        end = Ended(key=JOB, at=plane.clock(), basis="observed", outcome="failed")
        await plane.report([end])

        job = await plane.read("get", JOB)
        assert isinstance(job, JobView)
        assert job.outcome == "failed"


async def test_a_source_that_is_watched_again_is_there_again(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with SimComfyUI() as sim, running(load(flags=STILL).config) as serving:
        plane = serving.door.plane
        await gone(plane)
        await command("sources", "forget", "old")
        plane.watch(ComfyUI(Settings(name="old", url=sim.url)))

        async def seen() -> bool:
            change = plane.live().get("old")
            return change is not None and change.view.seen is True

        assert await plane.wait(seen, within=30.0)
        servers = (await status(capsys))["servers"]
    assert {one["server"]: one["status"] for one in servers}["old"] == "online"


@pytest.mark.parametrize(
    ("name", "why"),
    [("new", "answers"), ("none", "no source of that name"), ("studio", "in the settings")],
)
async def test_what_is_there_unknown_or_configured_is_not_forgotten(
    home: Path, capsys: pytest.CaptureFixture[str], name: str, why: str
) -> None:
    (home / "config.toml").write_text('[sources.studio]\nurl = "http://127.0.0.1:1"\n')
    async with running(load(flags=STILL).config) as serving:
        await gone(serving.door.plane)

        assert await command("sources", "forget", name) == 2

    assert why in capsys.readouterr().err


def test_without_a_server_nothing_is_forgotten(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sources", "forget", "old"]) == 3
    assert "headway serve" in capsys.readouterr().err


def test_what_is_watched_is_said_only_of_what_was_not() -> None:

    seen_only = SourceView(key="old", readings={"watched": False})

    again = watched_again(seen_only, 5.0)

    assert [(one.key, one.value) for one in again if isinstance(one, Reading)] == [("old", True)]
    assert watched_again(SourceView(key="old"), 5.0) == []
    assert watched_again(None, 5.0) == []
