"""Several processes and one store: with a server, without one, while servers come and go."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, aclosing, contextmanager
from pathlib import Path

import pytest
from bench.processes import Served, environment_of, process_of, served, started, until

from headway.client import Client
from headway.client.stream import News
from headway.host import paths
from headway.model.views import JobView
from headway.store.sqlite import SqliteStore

REPORTER = Path(__file__).parent / "reporter.py"
LONGEST = 30.0  # seconds that anything here may take


class Reporter:
    """A program that reports edges, as the test sees it from outside."""

    def __init__(self, name: str, log: Path, process: subprocess.Popen[bytes]) -> None:
        self.job = f"{name}~job~"
        self._log = log
        self._process = process

    def acknowledged(self) -> list[str]:
        """The edges that it was told are stored."""
        text = self._log.read_text("ascii") if self._log.exists() else ""
        return text[: text.rfind("\n") + 1].split()

    def more(self, count: int = 10) -> None:
        """Return once so many more of its edges were acknowledged."""
        enough = len(self.acknowledged()) + count
        until(lambda: len(self.acknowledged()) >= enough or None, within=LONGEST)

    def stop(self) -> None:
        """Let it finish what it does, and end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(LONGEST) == 0


@contextmanager
def reporter(state: Path, name: str, how: str) -> Iterator[Reporter]:
    """A program that reports until `stop`; killed at the end in any case."""
    log = state / f"{name}.acknowledged"
    command = [sys.executable, str(REPORTER), how, name, str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment_of(state)) as process:
        try:
            yield Reporter(name, log, process)
        finally:
            process.kill()


@pytest.fixture
def reporters(tmp_path: Path) -> Iterator[list[Reporter]]:
    """Two programs that look for a server, and one that writes the file whatever runs."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(reporter(tmp_path, name, how))
            for name, how in (("one", "sender"), ("two", "sender"), ("three", "store"))
        ]


async def test_programs_report_on_while_a_server_comes_dies_and_is_followed_by_another(
    tmp_path: Path, reporters: list[Reporter]
) -> None:
    await _all_report(reporters)
    with served(tmp_path) as first:
        cursor, _ = await _followed(first, None, reporters)
        first.kill()
        await _all_report(reporters)
        with served(tmp_path) as second:
            cursor, known = await _followed(second, cursor, reporters)
            for one in reporters:
                await asyncio.to_thread(one.stop)

            await _all_told(second, reporters, cursor, known)


def test_every_edge_that_several_programs_were_told_is_stored_is_there(
    tmp_path: Path, reporters: list[Reporter]
) -> None:
    for one in reporters:
        one.more()
        one.stop()

    reader = SqliteStore.reader(paths.store_file(str(tmp_path)))
    for one in reporters:
        kept = {getattr(edge.body, "step", "") for edge in reader.past(one.job)}
        assert set(one.acknowledged()) <= kept
    reader.close()


def test_of_two_servers_started_at_once_one_serves_and_the_other_says_who(tmp_path: Path) -> None:
    with process_of(tmp_path) as one, process_of(tmp_path) as two:
        both = (one, two)
        loser = until(lambda: next((each for each in both if each.poll() is not None), None))
        winner = one if loser is two else two
        run = started(winner, tmp_path)
        said = (tmp_path / "server.log").read_text("utf-8")

        assert loser.returncode == 2
        assert f"process {winner.pid}" in said
        assert asyncio.run(_answers(run.url, run.token))


async def _all_report(reporters: list[Reporter]) -> None:
    for one in reporters:
        await asyncio.to_thread(one.more)


async def _answers(url: str, token: str) -> bool:
    async with Client(url, token) as client:
        return "servers" in await client.status()


async def _followed(
    server: Served, cursor: str | None, reporters: list[Reporter]
) -> tuple[str, dict[str, JobView]]:
    """The cursor and the state of a reader after every program reported more."""
    known: dict[str, JobView] = {}
    async with (
        asyncio.timeout(LONGEST),
        Client(server.url, server.run.token) as client,
        aclosing(client.changes(cursor, topics=["jobs"])) as stream,
    ):
        wanted = {one.job for one in reporters}
        reported = asyncio.create_task(_all_report(reporters))
        async for news in stream:
            assert not (news.fresh and cursor), "the cursor of a life before was not resumed"
            known |= _jobs(news)
            cursor = news.cursor
            if reported.done() and wanted <= known.keys():
                break
        await reported
    assert cursor is not None
    return cursor, known


async def _all_told(
    server: Served, reporters: list[Reporter], cursor: str, known: dict[str, JobView]
) -> None:
    """The server has every acknowledged edge, and a reader that goes on ends with its state."""
    async with (
        asyncio.timeout(LONGEST),
        Client(server.url, server.run.token) as client,
        aclosing(client.changes(cursor, topics=["jobs"])) as stream,
    ):
        for one in reporters:
            steps = {step.step for step in await client.steps(one.job)}
            assert set(one.acknowledged()) <= steps
        while not all(_is_told(known[one.job], one) for one in reporters):
            known |= _jobs(await anext(stream))
        truth = {one.job: await client.job(one.job) for one in reporters}
        while known != truth:
            known |= _jobs(await anext(stream))
            truth = {one.job: await client.job(one.job) for one in reporters}


def _jobs(news: News) -> dict[str, JobView]:
    return {one.key: one for one in news.entities if isinstance(one, JobView)}


def _is_told(job: JobView, by: Reporter) -> bool:
    """Its bar, told with every edge, is where the last acknowledged edge was."""
    return job.bars[0].done >= float(by.acknowledged()[-1])
