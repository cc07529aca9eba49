"""Houses for the tests of the door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from tests.server.house import Builder, House


@pytest.fixture
async def build() -> AsyncIterator[Builder]:
    async with AsyncExitStack() as stack:
        yield Builder(stack)


@pytest.fixture
async def house(build: Builder) -> House:
    return await build()
