"""What `status` answers without a server, over a script of what may go on.

Each row of `SCRIPT` is one situation at one kind of back end. The answer is the number of
generations, or None where nobody here can know it: never a number that is too great (a
false "running"), and never 0 where something may run (a false "idle").
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from headway.actions.comfyui import ComfyUI
from headway.actions.comfyui import Settings as ComfySettings
from headway.actions.contract import Actor, Handle, Work
from headway.actions.swarmui import Settings as SwarmSettings
from headway.actions.swarmui import SwarmUI
from headway.cli.look import ProbeLook
from headway.errors import SourceLost
from headway.host import paths
from headway.host.process import Identity, identity
from headway.host.sessions import Sessions
from headway.plane.submitters import SUBMITTED_BY
from headway.sim import workflows
from headway.sim.comfyui import SimComfyUI
from headway.sim.swarmui import SimSwarmUI
from headway.transport.sender import Sender

LONGEST = 30.0  # seconds that anything here may take
LONG = 10_000  # steps: not over before the test is
HERE = identity()
DEAD = Identity(pid=HERE.pid, started="1", boot=HERE.boot, namespace=HERE.namespace, host=HERE.host)
ELSEWHERE = Identity(pid=HERE.pid, started="1", boot=HERE.boot, namespace="pid:[1]", host=HERE.host)


class Place:
    """One back end in the settings of one user, and what that user's programs do."""

    def __init__(self, sim: Any, kind: str, home: Path, stack: AsyncExitStack) -> None:
        self.sim = sim
        self.kind = kind
        self.home = home
        self._stack = stack

    @property
    def actor(self) -> Actor:
        state = paths.make_private(str(self.home / "state"))
        if self.kind == "comfyui":
            return ComfyUI(ComfySettings(name="studio", url=self.sim.url))
        settings = SwarmSettings(name="studio", url=self.sim.url)
        return SwarmUI(settings, sessions=Sessions(state))

    def long(self, name: str = "") -> Work:
        """Work of ours that is not over before the test is."""
        if self.kind == "comfyui":
            graph = workflows.text_to_image(steps=LONG)
            return Work(id=name or str(uuid.uuid4()), body=graph, meta={})
        body = {"images": 1, "prompt": "ours", "steps": LONG}
        return Work(id=name or uuid.uuid4().hex, body=body, meta={})

    async def submits(self, who: Identity = HERE, work: Work | None = None) -> str:
        """A program of this user submits, and tells the store what it hears."""
        asked = work or self.long()
        asked = Work(id=asked.id, body=asked.body, meta={"title": "ours", SUBMITTED_BY: who.text})
        handle = await self._stack.enter_async_context(self.actor.submit(asked))
        heard = asyncio.Event()
        tasks = await self._stack.enter_async_context(asyncio.TaskGroup())
        task = tasks.create_task(self._listen(handle, heard))
        self._stack.callback(task.cancel)
        async with asyncio.timeout(LONGEST):
            await heard.wait()
        return handle.jobs[0]

    async def _listen(self, handle: Handle, heard: asyncio.Event) -> None:
        with Sender() as sender, suppress(SourceLost):
            async for events in handle.events():
                sender.send(events)
                if any(event.basis == "reported" and hasattr(event, "done") for event in events):
                    heard.set()

    async def remembers(self, who: Identity, work: Work) -> None:
        """The store has a row of this, and nobody listens any more."""
        async with AsyncExitStack() as stack:
            inner = Place(self.sim, self.kind, self.home, stack)
            await inner.submits(who, work)

    async def others(self, *, images: int = 1) -> None:
        """Somebody else's work: another user's session, or the page."""
        if self.kind == "swarmui":
            self.sim.begin(user="ann", images=images, steps=LONG)
            return
        for _ in range(images):
            self.sim.submit(workflows.text_to_image(steps=LONG), client_id="a page")

    async def status(self) -> dict[str, Any]:
        return await asyncio.to_thread(lambda: ProbeLook().status())


Scene = Callable[[Place], Awaitable[None]]


async def idle(place: Place) -> None:
    del place


async def own(place: Place) -> None:
    await place.submits()


async def other_process(place: Place) -> None:
    await place.submits(identity(os.getppid()))


async def others(place: Place) -> None:
    await place.others()


async def queued(place: Place) -> None:
    await place.others(images=3)


async def own_and_others(place: Place) -> None:
    await place.submits()
    await place.others()


async def raw_port(place: Place) -> None:
    if place.kind == "swarmui":
        place.sim.straight()
    else:
        await place.others()


async def killed(place: Place) -> None:
    await place.submits(DEAD)


async def killed_and_over(place: Place) -> None:
    work = place.long()
    await place.remembers(DEAD, work)
    await _stopped(place)


async def killed_and_lives_again(place: Place) -> None:
    work = place.long()
    await place.remembers(HERE, work)
    await _stopped(place)


async def restarted(place: Place) -> None:
    await place.remembers(DEAD, place.long())
    await place.sim.restart()


async def container(place: Place) -> None:
    await place.submits(ELSEWHERE)


async def container_and_over(place: Place) -> None:
    await place.remembers(ELSEWHERE, place.long())
    await _stopped(place)


async def away(place: Place) -> None:
    await place.submits()
    await place.sim.refuse()


async def _stopped(place: Place) -> None:
    if place.kind == "swarmui":
        for session in place.sim.sessions:
            place.sim.interrupt(session)
        await place.sim.until(lambda: not any(place.sim.counts.values()))
        return
    async with asyncio.timeout(LONGEST):
        await place.actor.cancel(await place.actor.stops(await _ours(place)), within=LONGEST)


async def _ours(place: Place) -> list[str]:
    return [f"studio~{item[1]}~" for item in place.sim.prompts]


class Row(NamedTuple):
    """One situation. `running`: the count, None: nobody can know. `least`: what is certain."""

    name: str
    kind: str
    scene: Scene
    running: int | None
    least: int
    more: Mapping[str, Any] = MappingProxyType({})


OLD_COMFY = {"version": "0.3.45"}
OLD_SWARM = {"global_status": False}
GUEST = {"local_role": "user"}
SLOW = {"seconds": {"CheckpointLoaderSimple": 10_000.0}}  # it loads its model for ever

SCRIPT = (
    Row("nothing", "comfyui", idle, 0, 0),
    Row("own", "comfyui", own, 1, 1),
    Row("another process", "comfyui", other_process, 1, 1),
    Row("another user, or the page, or the raw port", "comfyui", others, 1, 1),
    Row("three in the queue", "comfyui", queued, 3, 3),
    Row("own and others", "comfyui", own_and_others, 2, 2),
    Row("loading its model", "comfyui", others, 1, 1, SLOW),
    Row("killed, and it goes on", "comfyui", killed, 1, 1),
    Row("killed, and it is over", "comfyui", killed_and_over, 0, 0),
    Row("its program lives, and it is over", "comfyui", killed_and_lives_again, 0, 0),
    Row("restarted", "comfyui", restarted, 0, 0),
    Row("a container", "comfyui", container, 1, 1),
    Row("a container, and it is over", "comfyui", container_and_over, 0, 0),
    Row("out of reach", "comfyui", away, None, 0),
    Row("old, nothing", "comfyui", idle, 0, 0, OLD_COMFY),
    Row("old, others", "comfyui", others, 1, 1, OLD_COMFY),
    Row("old, killed", "comfyui", killed, 1, 1, OLD_COMFY),
    Row("nothing", "swarmui", idle, 0, 0),
    Row("own", "swarmui", own, 1, 1),
    Row("another process", "swarmui", other_process, 1, 1),
    Row("another user, or the page", "swarmui", others, 1, 1),
    Row("three in the queue", "swarmui", queued, 3, 3),
    Row("own and others", "swarmui", own_and_others, 2, 2),
    Row("the raw port of its ComfyUI", "swarmui", raw_port, 1, 1),
    Row("killed, and it goes on", "swarmui", killed, 1, 1),
    Row("killed, and it is over", "swarmui", killed_and_over, 0, 0),
    Row("its program lives, and it is over", "swarmui", killed_and_lives_again, 0, 0),
    Row("restarted", "swarmui", restarted, 0, 0),
    Row("a container", "swarmui", container, 1, 1),
    Row("out of reach", "swarmui", away, None, 0),
    Row("no permission, nothing", "swarmui", idle, None, 0, GUEST),
    Row("no permission, own", "swarmui", own, None, 1, GUEST),
    Row("no permission, others", "swarmui", others, None, 0, GUEST),
    Row("old, nothing", "swarmui", idle, None, 0, OLD_SWARM),
    Row("old, own", "swarmui", own, None, 1, OLD_SWARM),
    Row("old, killed", "swarmui", killed, None, 1, OLD_SWARM),
)

KINDS: dict[str, Callable[..., Any]] = {"comfyui": SimComfyUI, "swarmui": SimSwarmUI}


@asynccontextmanager
async def place_of(kind: str, home: Path, **more: Any) -> AsyncIterator[Place]:
    async with KINDS[kind](speed=20, **more) as sim, AsyncExitStack() as stack:
        configure(home, f'[sources.studio]\nkind = "{kind}"\nurl = "{sim.url}"\n')
        yield Place(sim, kind, home, stack)


def configure(home: Path, sources: str) -> None:
    (home / "config.toml").write_text(f"[plane]\ndiscover = false\n{sources}")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HEADWAY_URL", "HEADWAY_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(paths.STATE_DIR, str(tmp_path / "state"))
    monkeypatch.setenv(paths.CONFIG, str(tmp_path / "config.toml"))
    return tmp_path


@pytest.mark.parametrize("row", SCRIPT, ids=lambda row: f"{row.kind}: {row.name}")
async def test_the_answer_is_right_or_says_that_it_cannot_know(row: Row, home: Path) -> None:
    async with place_of(row.kind, home, **row.more) as place:
        await row.scene(place)

        found = await place.status()

        assert (found["generations_running"], found["generations_running_at_least"]) == (
            row.running,
            row.least,
        )
        assert bool(found["unseen"]) == (row.running is None)
        told = len(found["active_generations"])
        assert told <= row.least


@pytest.mark.parametrize("kind", KINDS)
async def test_steps_and_titles_of_another_process_are_exact(kind: str, home: Path) -> None:
    async with place_of(kind, home) as place:
        key = await place.submits(identity(os.getppid()))

        (one,) = (await place.status())["active_generations"]

        assert (one["job"], one["title"], one["orphan"]) == (key, "ours", False)
        assert (one["steps"], one["step_basis"]) == (LONG, "reported")
        assert one["step"] >= 1


@pytest.mark.parametrize("kind", KINDS)
async def test_of_a_killed_program_the_back_end_says_that_it_goes_on(kind: str, home: Path) -> None:
    async with place_of(kind, home) as place:
        await place.submits(DEAD)

        (one,) = (await place.status())["active_generations"]

        assert one["orphan"] is True


@pytest.mark.parametrize("kind", KINDS)
async def test_of_a_container_nobody_says_that_its_program_is_gone(kind: str, home: Path) -> None:
    async with place_of(kind, home) as place:
        await place.submits(ELSEWHERE)

        (one,) = (await place.status())["active_generations"]

        assert one["orphan"] is False


@pytest.mark.parametrize("kind", KINDS)
async def test_where_the_back_end_cannot_be_asked_a_row_is_last_seen(kind: str, home: Path) -> None:
    async with place_of(kind, home) as place:
        key = await place.submits()
        await place.sim.refuse()

        found = await place.status()

        assert found["active_generations"] == []
        assert [one["job"] for one in found["last_seen"]] == [key]


@pytest.mark.parametrize("kind", KINDS)
async def test_another_user_sees_that_it_runs_and_not_what_it_is(
    kind: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with place_of(kind, home) as place:
        await place.submits()
        monkeypatch.setenv(paths.STATE_DIR, str(home / "somebody else"))

        found = await place.status()

        assert found["generations_running"] == 1
        assert "ours" not in [one["title"] for one in found["active_generations"]]


async def test_the_same_id_at_two_servers_is_two_jobs(home: Path) -> None:
    async with place_of("comfyui", home) as one, place_of("comfyui", home) as two:
        configure(
            home, f'[sources.studio]\nurl = "{one.sim.url}"\n[sources.b]\nurl = "{two.sim.url}"\n'
        )
        name = str(uuid.uuid4())
        await one.submits(work=one.long(name))
        two.sim.submit(workflows.text_to_image(steps=LONG), client_id="x", prompt_id=name)

        before = await one.status()
        await one.actor.cancel(await one.actor.stops([f"studio~{name}~"]), within=LONGEST)
        after = await one.status()

        assert before["generations_running"] == 2
        assert [job["server"] for job in after["active_generations"]] == ["b"]


async def test_after_a_sleep_what_is_listed_runs_and_what_is_not_is_over(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with place_of("comfyui", home) as place:
        await place.submits(DEAD)
        woken = time.time() + 8 * 3600.0
        monkeypatch.setattr("time.time", lambda: woken)

        running = await place.status()
        await _stopped(place)
        over = await place.status()

    (one,) = running["active_generations"]
    assert running["generations_running"] == 1
    assert one["step_age"] > 7 * 3600.0  # the step is as old as it says
    assert (over["generations_running"], over["active_generations"]) == (0, [])


async def test_a_job_in_the_background_of_another_terminal_is_seen_with_its_steps(
    home: Path,
) -> None:
    async with place_of("comfyui", home) as place:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "headway", "generate", "image", "-p", "a fox"),
            *("--steps", str(LONG)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            one = await _seen(place)
        finally:
            process.kill()
            await process.wait()

        assert (one["title"], one["steps"], one["orphan"]) == ("a fox", LONG, False)


async def _seen(place: Place) -> dict[str, Any]:
    async with asyncio.timeout(LONGEST):
        while True:
            found = (await place.status())["active_generations"]
            if found and found[0]["title"] == "a fox" and found[0]["step"]:
                return dict(found[0])
