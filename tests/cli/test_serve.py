"""Everything together: settings, store, plane, door, and a simulated ComfyUI."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from pathlib import Path

import pytest

from headway.cli.demo import simulated
from headway.cli.entry import main
from headway.cli.serve import running
from headway.config import Config, load
from headway.errors import ConfigError
from headway.host import paths, runfile
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI

STILL = {"plane.discover": False, "server.port": 0}


def settings(url: str = "") -> Config:
    text = f'[sources.studio]\nurl = "{url}"\n' if url else ""
    return load(text, flags=STILL).config


async def command(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    """Run a command beside the server; its code and what it printed."""
    capsys.readouterr()
    code = await asyncio.to_thread(main, list(argv))
    return code, capsys.readouterr().out


async def test_a_job_of_somebody_else_is_seen_to_its_end(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with SimComfyUI(speed=40.0) as sim, running(settings(sim.url)):
        native = sim.submit(workflows.text_to_image(seed=1, steps=4), client_id="ann")
        assert native is not None
        await sim.until(lambda: sim.history(native) is not None)

        code, _ = await command(capsys, "wait", "--idle", "--timeout", "20s")
        assert code == 0
        assert (await command(capsys, "wait", native, "--timeout", "20s"))[0] == 0
        assert "succeeded" in (await command(capsys, "job", native[:8]))[1]
        assert "No generations currently running" in (await command(capsys, "status"))[1]
        assert native[:8] in (await command(capsys, "jobs"))[1]

    assert native[:8] in (await command(capsys, "jobs"))[1]


async def test_a_source_that_was_never_reached_has_its_name_and_url(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(settings("http://127.0.0.1:1")):
        _, out = await command(capsys, "status", "--format", "json")

    found = json.loads(out)
    assert found["server_url"] == "http://127.0.0.1:1"
    assert found["backends"][0]["type"] == "ComfyUI"
    assert found["generations_running"] is None


async def test_a_second_server_of_the_same_state_is_refused_and_told_where_the_first_is(
    home: Path,
) -> None:
    async with running(settings()) as serving:
        with pytest.raises(ConfigError, match=serving.url) as told:
            async with running(settings()):
                pass

    assert "headway open" in told.value.hint


async def test_a_port_of_another_program_is_refused_and_says_how_to_go_on(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        config = load(flags=STILL | {"server.port": other.getsockname()[1]}).config
        with pytest.raises(ConfigError, match="taken") as told:
            async with running(config):
                pass

    assert "--port" in told.value.hint


async def test_the_run_file_is_there_while_it_serves_and_gone_after(home: Path) -> None:
    path = paths.run_file(paths.state_dir())

    async with running(settings()):
        there = runfile.live(path)

    assert there is not None
    assert there.pid == os.getpid()
    assert runfile.read(path) is None


async def test_everything_in_the_demo_says_that_it_is_simulated(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(paths.STATE_DIR, str(tmp_path / "demo"))
    paths.make_private(paths.state_dir())

    async with simulated(paths.state_dir(), speed=20.0) as serving:
        plane = serving.door.plane

        async def some_job_ended() -> bool:
            return bool(await plane.read("counts"))

        assert await plane.wait(some_job_ended, within=30.0)
        _, jobs = await command(capsys, "jobs", "--ended", "--format", "json")
        _, status = await command(capsys, "status", "--format", "json")

    assert all(one["meta"]["simulated"] for one in json.loads(jobs))
    assert [one["simulated"] for one in json.loads(status)["servers"]] == [True]
