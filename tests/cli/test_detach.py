"""Generations that are handed over: to a server, or to a small process that stays."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run
from tests.cli.studio import Studio, studio

from headway.cli import codes
from headway.cli.commands import parser
from headway.cli.detach import Handed, hand_over
from headway.cli.serve import running as serving
from headway.cli.settings import loaded
from headway.host import paths
from headway.store.sqlite import SqliteStore

LONG = "10000"  # steps: not over before the test is
PATIENCE = 60.0  # seconds
MANY = 8


@pytest.fixture
def there(home: Path) -> Iterator[Studio]:
    with studio(speed=50) as one:
        (home / "config.toml").write_text(config_of(one))
        yield one


def config_of(one: Studio) -> str:
    return f'[plane]\ndiscover = false\n[server]\nport = 0\n[sources.studio]\nurl = "{one.url}"\n'


@pytest.fixture
def served(there: Studio) -> Iterator[Studio]:
    """The same with a server that watches it, in a thread of its own."""
    import asyncio

    loop, ready = asyncio.new_event_loop(), threading.Event()
    stop = asyncio.Event()

    async def live() -> None:
        async with serving(loaded().config) as door:

            async def seen() -> bool:
                change = door.door.plane.live().get("studio")
                return change is not None and change.view.seen is True

            assert await door.door.plane.wait(seen, within=PATIENCE)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),))
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield there
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
        loop.close()


def until(holds: Callable[[], Any]) -> Any:
    """What holds, once it does."""
    end = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def stored(home: Path) -> dict[str, Any]:
    reader = SqliteStore.reader(paths.store_file(str(home / "state")))
    try:
        keys = reader.resolve("studio~", 1_000)
        return {key: reader.get(key) for key in keys}
    finally:
        reader.close()


def asked(*flags: str) -> Handed:
    return hand_over(parser().parse_args(["generate", "image", *flags, "--detach"]))


def test_without_a_server_a_process_stays_and_sees_it_to_its_end(
    there: Studio, hw: Run, home: Path
) -> None:
    out = home / "out"
    code, said, talk = hw(
        *("generate", "image", "-p", "a fox", "--title", "the fox", "--detach", "--format", "json"),
        *("--save-images", "-o", str(out)),
    )

    handed = json.loads(said)
    assert code == codes.DONE
    assert handed["server"] == ""
    assert f"process {handed['pid']} stays with it" in talk
    (key,) = handed["jobs"]
    job = until(lambda: (one := stored(home)[key]).outcome and one)
    assert (job.phase, job.title) == ("succeeded", "the fox")
    until(lambda: list(out.glob("*.png")))


def test_a_server_takes_it_where_one_runs(served: Studio, hw: Run, home: Path) -> None:
    code, said, talk = hw("generate", "image", "-p", "a fox", "--detach")

    assert code == codes.DONE
    assert "handed to the server at" in talk
    (key,) = said.split()
    assert until(lambda: (one := stored(home)[key]).outcome and one).phase == "succeeded"
    assert len(served.comfy.prompts) == 1


@pytest.mark.parametrize("where", ["there", "served"])
def test_what_is_not_taken_is_an_error_as_without_detaching(
    where: str, request: pytest.FixtureRequest, hw: Run
) -> None:
    comfy = request.getfixturevalue(where).comfy
    code, said, talk = hw("generate", "image", "-p", "a fox", "--model", "tinny", "--detach")

    assert (code, said) == (codes.USAGE, "")
    assert "tiny.safetensors" in talk
    assert comfy.prompts == []


@pytest.mark.parametrize("where", ["there", "served"])
def test_many_at_once_lose_and_double_nothing(
    where: str, request: pytest.FixtureRequest, home: Path
) -> None:
    comfy = request.getfixturevalue(where).comfy
    with ThreadPoolExecutor(MANY) as pool:
        given = [("-p", f"fox {n}", "--steps", "2") for n in range(MANY)]
        handed = list(pool.map(lambda flags: asked(*flags), given))
    keys = [key for one in handed for key in one.jobs]

    def over() -> bool:
        found = stored(home)
        return all(key in found and found[key].outcome for key in keys)

    until(over)
    assert len(set(keys)) == len(comfy.prompts) == len(stored(home)) == MANY
    assert {one.title for one in stored(home).values()} == {f"fox {n}" for n in range(MANY)}


def test_who_stays_belongs_to_no_terminal_and_stops_when_asked(there: Studio, home: Path) -> None:
    handed = asked("-p", "a fox", "--steps", LONG)
    if hasattr(os, "getsid"):  # else there are no sessions to lead
        assert os.getsid(handed.pid) == handed.pid != os.getsid(0)
    there.wait(lambda comfy: comfy.running is not None)

    os.kill(handed.pid, signal.SIGTERM)

    (key,) = handed.jobs
    assert until(lambda: (one := stored(home)[key]).outcome and one).phase == "cancelled"


def test_of_one_that_was_killed_the_back_end_is_asked(there: Studio, hw: Run, home: Path) -> None:
    handed = asked("-p", "a fox", "--steps", LONG)
    (key,) = handed.jobs
    there.wait(lambda comfy: comfy.running is not None)
    until(lambda: key in stored(home))
    os.kill(handed.pid, signal.SIGKILL)

    def orphan() -> Any:
        (one,) = json.loads(hw("status", "--format", "json")[1])["active_generations"]
        return one if one["orphan"] else None

    assert until(orphan)["status"] in ("starting", "generating")
    assert "the program that asked for it is gone" in " ".join(hw("status")[1].split())
    assert hw("cancel", handed.jobs[0].split("~")[1][:13])[0] == codes.DONE
    idle = json.loads(hw("status", "--format", "json")[1])
    assert (idle["generations_running"], idle["active_generations"]) == (0, [])


def test_its_words_are_for_its_user_alone(there: Studio, home: Path) -> None:
    asked("-p", "a secret fox")

    log = home / "state" / "detached.log"
    assert os.name == "nt" or (log.stat().st_mode & 0o777) == 0o600
