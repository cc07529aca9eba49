"""Every path, asked with what a machine thinks up from the OpenAPI document.

The door never fails of its own, refuses what does not fit, and answers as it is told.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings, strategies
from schemathesis.checks import CHECKS
from tests.server.sample import key, queued

from headway.model.events import Registered
from headway.plane.plane import Plane
from headway.server.app import ROUTES
from headway.server.openapi import document
from headway.server.serve import Serving, serve
from headway.server.settings import Settings
from headway.store.memory import MemoryStore


@contextmanager
def running() -> Iterator[Serving]:
    """A server in a thread of its own, for a client that blocks."""
    opened: asyncio.Queue[Serving] = asyncio.Queue()
    ready, stop, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

    async def live() -> None:
        async with (
            Plane(MemoryStore()) as plane,
            serve(plane, Settings(port=0), token="a-token") as one,
        ):
            now = plane.clock()
            await plane.report(
                [queued(), Registered(key=key(), at=now, meta={"title": "a fox"}), queued("abd")]
            )
            opened.put_nowait(one)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),))
    thread.start()
    assert ready.wait(30)
    try:
        yield opened.get_nowait()
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        loop.close()


@pytest.fixture(scope="module")
def door() -> Iterator[Serving]:
    with running() as one:
        yield one


API = schemathesis.openapi.from_dict(document(ROUTES, "0")).exclude(
    operation_id="stream"  # it never ends
)
# A key or a page is more than a string: that it is refused is right, and tested elsewhere.
MEANING = [CHECKS.get_one("positive_data_acceptance")]
OPERATIONS = {one.ok().label: one.ok() for one in API.get_all_operations()}


@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_the_door_answers_as_it_is_told(label: str, door: Serving) -> None:
    @given(OPERATIONS[label].as_strategy(), strategies.booleans())
    @settings(
        max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    def ask(case: schemathesis.Case, mine: bool) -> None:
        headers = {"Authorization": f"Bearer {door.token}"} if mine else {}
        case.call_and_validate(
            base_url=door.url, headers=headers, timeout=30, excluded_checks=MEANING
        )

    ask()
