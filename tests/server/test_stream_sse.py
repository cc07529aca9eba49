from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
from tests.server.house import LONGEST, House
from tests.server.sample import bar, ended, key, queued, registered, running, shows, step


class Events:
    """What an EventSource would see."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer
        self.last = ""

    async def hear(self) -> dict[str, Any]:
        fields: dict[str, str] = {}
        async with asyncio.timeout(LONGEST):
            while "data" not in fields:
                fields = await self._block()
        self.last = fields["id"]
        return msgspec.json.decode(fields["data"])  # type: ignore[no-any-return]

    async def _block(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        while (line := (await self.answer.content.readline()).decode().rstrip("\n")) != "":
            name, _, value = line.partition(": ")
            fields[name] = value
        return fields


@asynccontextmanager
async def events(house: House, query: str = "", **headers: str) -> AsyncIterator[Events]:
    async with house.session.get(f"{house.url}/api/v1/stream{query}", headers=headers) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        yield Events(answer)


async def test_the_events_are_the_messages_of_the_stream(house: House) -> None:
    await house.report(*running())
    async with events(house) as reader:
        welcome, snapshot = await reader.hear(), await reader.hear()
        await house.report(bar(9))
        news = await reader.hear()
        while not shows(9)(news["data"]):
            news = await reader.hear()

    assert (welcome["type"], snapshot["type"], news["type"]) == ("welcome", "changes", "changes")
    assert reader.last == news["data"]["cursor"]


@pytest.mark.parametrize("way", ["header", "query"])
async def test_a_reader_resumes_from_the_last_id(house: House, way: str) -> None:
    await house.report(queued("a"))
    async with events(house) as reader:
        await reader.hear()
        await reader.hear()
    await house.report(queued("b"))

    query, headers = (f"?cursor={reader.last}", {}) if way == "query" else ("", {"x": "y"})
    if way == "header":
        headers = {"Last-Event-ID": reader.last}
    async with events(house, query, **headers) as again:
        welcome, news = await again.hear(), await again.hear()

    assert welcome["data"]["recovered"] is True
    assert [one["native"] for one in news["data"]["entities"]] == ["b"]


async def test_the_reader_says_what_it_wants_in_the_query(house: House) -> None:
    await house.report(queued("a"), queued("b", "other"), ended("b"), step("1", "a"))

    async with events(house, f"?topics=jobs&source=comfy&steps={key('a')}&max_rate=60") as reader:
        await reader.hear()
        first = await reader.hear()
        await house.report(step("2", "a"))
        second = await reader.hear()
        while second["data"]["entities"][-1]["kind"] != "step":
            second = await reader.hear()

    assert [one["native"] for one in first["data"]["entities"]] == ["a"]
    assert second["data"]["entities"][-1]["step"] == "2"


@pytest.mark.parametrize("query", ["?topics=steps", "?max_rate=99", "?colour=red", "?phase=asleep"])
async def test_a_query_that_is_not_understood_is_a_problem(house: House, query: str) -> None:
    answer = await house.get(f"/api/v1/stream{query}")

    assert (answer.status, answer.kind) == (400, "bad-request")


async def test_without_a_token_titles_are_left_out(house: House) -> None:
    await house.report(*running(), registered(title="a red fox"))
    async with events(house) as public, events(house, **house.token) as mine:
        for reader in (public, mine):
            await reader.hear()

        assert "a red fox" not in str(await public.hear())
        assert "a red fox" in str(await mine.hear())


async def test_a_reader_that_leaves_is_forgotten(house: House) -> None:
    async with events(house) as reader:
        await reader.hear()
        await reader.hear()
        assert len(house.serving.door.streams) == 1
        reader.answer.close()
    async with asyncio.timeout(LONGEST):
        n = 0
        while house.serving.door.streams:
            await house.report(queued(f"news-{(n := n + 1)}"))
            await asyncio.sleep(0)
