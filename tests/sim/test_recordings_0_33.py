"""The simulator says at "0.33.0" what a real 0.33.0 said to the same graphs.

Rule 1: graphs come from the recording; nothing here was written to suit the simulator.
"""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from tests.sim.recorded import Session, alike_lines, comparable, without_logs

from headway.sim.comfyui import SimComfyUI
from headway.sim.ear import Ear
from headway.sim.workflows import Graph

INTERRUPT = "no client_id"  # notes in the recordings
OUTSIDE, UNOWNED, BLOCKED = "save outside", "no client_id", "blocked"


def server(speed: float = math.inf, **seconds: float) -> SimComfyUI:
    return SimComfyUI(version="0.33.0", speed=speed, previews=False, seconds=seconds)


def graphs(session: Session) -> list[Graph]:
    known = session.graphs()
    return [known[answer["prompt_id"]] for answer in session.answers("POST", "/prompt")]


@asynccontextmanager
async def pair(comfy: SimComfyUI) -> AsyncIterator[tuple[Ear, Ear]]:
    """The owner, and an observer who has subscribed to the console."""
    body = {"enabled": True, "clientId": "observer"}
    async with (
        Ear(comfy.url, "submitter") as owner,
        Ear(comfy.url, "observer") as other,
        aiohttp.ClientSession() as session,
        session.patch(f"{comfy.url}/internal/logs/subscribe", json=body),
    ):
        yield owner, other


async def end_of_log(ear: Ear, *, runs: int = 1) -> None:
    await ear.until(lambda: str(ear.said("logs")).count("Prompt executed in") == runs)


def console(ear: Ear) -> list[list[str]]:
    return [alike_lines(message) for message in ear.said("logs")]


async def test_a_warm_run_is_told_to_owner_observer_and_console() -> None:
    whole = Session("v0.33.0_success")
    session = whole.after("warm")
    first, graph = graphs(whole)

    async with server() as comfy:
        await comfy.finished(comfy.submit(first))
        async with pair(comfy) as (owner, other):
            comfy.submit(graph, client_id="submitter")
            await end_of_log(other)

    assert comparable(owner.frames) == comparable(session.heard("submitter"))
    assert comparable(without_logs(other.frames)) == comparable(
        without_logs(session.heard("observer"))
    )
    assert console(other) == session.lines("observer")
    sizes = [frame["data"]["size"] for frame in session.heard("observer") if "size" in str(frame)]
    assert [message["size"] for message in other.said("logs")] == sizes


async def test_the_server_tells_the_same_of_itself_and_of_a_finished_job() -> None:
    session = Session("v0.33.0_success")
    graph = graphs(session)[-1]

    async with server() as comfy, aiohttp.ClientSession() as client:
        prompt_id = comfy.submit(graph, client_id="submitter")
        await comfy.finished(prompt_id)
        answers = []
        for path in ("/features", "/system_stats", f"/api/jobs/{prompt_id}", "/api/jobs?limit=1"):
            async with client.get(comfy.url + path) as answer:
                answers.append(await answer.json())

    features, stats, job, jobs = answers
    assert features == session.answers("GET", "/features")[0]
    assert list(stats["system"]) == list(session.answers("GET", "/system_stats")[0]["system"])
    assert list(job) == list(session.answers("GET", "/api/jobs/")[-1])
    listed = session.answers("GET", "/api/jobs?limit=1")[-1]["jobs"][0]
    assert list(jobs["jobs"][0]) == list(listed)


async def test_an_interrupted_run_is_told_to_owner_observer_and_console() -> None:
    whole = Session("v0.33.0_interrupt")
    session = whole.after("warm").before(INTERRUPT)
    first, graph, _ = graphs(whole)
    values = [data["value"] for data in told("progress", session.heard("submitter"))]

    async with server(speed=20, KSampler=12.0) as comfy:
        await comfy.finished(comfy.submit(first))
        async with pair(comfy) as (owner, other):
            prompt_id = comfy.submit(graph, client_id="submitter")
            await owner.hear("progress", value=values[-2])
            comfy.interrupt("nope")
            await owner.hear("progress", value=values[-1])
            comfy.interrupt(prompt_id)
            await end_of_log(other)

    assert comparable(owner.frames) == comparable(session.heard("submitter"))
    assert comparable(without_logs(other.frames)) == comparable(
        without_logs(session.heard("observer"))
    )
    spoken = [line.replace(prompt_id, "ID") for line in spoken_lines(console(other))]
    real_id = session.answers("POST", "/prompt")[0]["prompt_id"]
    assert spoken == [
        line.replace(real_id, "ID") for line in spoken_lines(session.lines("observer"))
    ]


async def test_an_error_is_told_to_owner_observer_and_console() -> None:
    whole = Session("v0.33.0_error")
    session = whole.before(OUTSIDE)
    graph = graphs(whole)[0]

    async with server() as comfy, pair(comfy) as (owner, other):
        comfy.submit(graph, client_id="submitter")
        await end_of_log(other)

    assert comparable(owner.frames) == comparable(session.heard("submitter"))
    assert comparable(without_logs(other.frames)) == comparable(
        without_logs(session.heard("observer"))
    )
    assert console(other) == session.lines("observer")


async def test_a_file_outside_is_a_plain_exception_with_all_inputs() -> None:
    whole = Session("v0.33.0_error")
    (real,) = told("execution_error", whole.after(OUTSIDE).before(UNOWNED).heard("submitter"))

    async with server() as comfy, Ear(comfy.url, "submitter") as owner:
        comfy.submit(graphs(whole)[1], client_id="submitter")
        await owner.hear("executing", node=None)

    (error,) = owner.said("execution_error")
    assert list(error) == list(real)
    assert error["exception_type"] == real["exception_type"] == "Exception"
    assert error["current_inputs"].keys() == real["current_inputs"].keys()


async def test_an_error_without_client_id_is_told_to_nobody_but_the_console() -> None:
    whole = Session("v0.33.0_error")
    session = whole.after(UNOWNED).before(BLOCKED)

    async with server() as comfy, pair(comfy) as (_, other):
        comfy.submit(graphs(whole)[2])
        await end_of_log(other)

    assert comparable(without_logs(other.frames)[1:]) == comparable(
        without_logs(session.heard("observer"))
    )
    assert console(other) == session.lines("observer")


async def test_a_blocked_value_is_told_as_an_error_without_a_time() -> None:
    whole = Session("v0.33.0_error")
    session = whole.after(BLOCKED)

    async with server() as comfy, pair(comfy) as (owner, other):
        comfy.submit(graphs(whole)[3], client_id="submitter")
        await end_of_log(other)

    assert comparable(owner.frames[1:]) == comparable(session.heard("submitter"))
    assert console(other) == session.lines("observer")


def told(kind: str, frames: list) -> list[dict]:
    return [frame["data"] for frame in frames if isinstance(frame, dict) and frame["type"] == kind]


def spoken_lines(messages: list[list[str]]) -> list[str]:
    """The lines of a console that are no drawing of a bar."""
    return [line for message in messages for line in message if line.startswith("\033")]
