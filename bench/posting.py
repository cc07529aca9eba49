"""Many programs that post to one server: is every edge there, and how late are levels?

    python -m bench.posting [programs [jobs [seconds]]]

Each program posts one batch a second over HTTP, on its own beat: a change of each of its
jobs, of which one ends and another begins. First all jobs start, in the end all end. A
reader follows one program's jobs in 20; a level's `done` says when it was posted. The
server is a process of its own, with a store in a file.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import msgspec
from bench.ratio import line
from bench.readers import many_files

from headway.cli.serve import calm_collector
from headway.plane.plane import Plane
from headway.plane.settings import Settings as PlaneSettings
from headway.server.serve import serve
from headway.server.settings import Limits, Settings
from headway.store.sqlite import SqliteStore

TOKEN = "only-for-this-bench"
WATCHED = 20  # of so many programs one is followed
PHASE = 0.618034  # of a second between one program's beat and the next one's: spread evenly
BEGINNING = 3.0  # seconds in which all have started
WHOLE = 1e9

Event = dict[str, Any]


async def server(path: str) -> None:
    """Serve until killed; says its port."""
    calm_collector()
    limits = Limits(waiting_events=100_000)
    settings = Settings(port=0, bind=["127.0.0.1"], limits=limits)
    async with (
        Plane(SqliteStore.open(Path(path)), settings=PlaneSettings(discover=False)) as plane,
        serve(plane, settings, token=TOKEN) as serving,
    ):
        print(serving.addresses[0].port, flush=True)
        await asyncio.Event().wait()


class Farm:
    """The programs, and the reader."""

    def __init__(self, session: aiohttp.ClientSession, url: str, jobs: int) -> None:
        self.ages: list[float] = []
        self.answered: list[float] = []
        self._session = session
        self._url = url
        self._jobs = jobs
        self._heard: dict[str, float] = {}
        self._began = time.monotonic()

    async def program(self, number: int, seconds: int) -> None:
        """Start all jobs, report each second, end all. Each second one job ends and one begins."""
        jobs = [f"farm-{number}~frame-{n:03}~" for n in range(self._jobs)]
        phase = number * PHASE % 1.0
        await asyncio.sleep(phase)
        await self._post([one for job in jobs for one in _begun(job)])
        due = self._began + BEGINNING + phase
        for beat in range(seconds):
            await asyncio.sleep(due - time.monotonic())
            jobs.append(f"farm-{number}~later-{beat:03}~")
            await self._beat([_ended(jobs.pop(0)), *_begun(jobs[-1])], jobs[:-1])
            due = max(due + 1.0, time.monotonic())
        await asyncio.sleep(due - time.monotonic())
        await self._post([_ended(job) for job in jobs])

    async def _beat(self, edges: list[Event], jobs: list[str]) -> None:
        began = time.monotonic()
        level = {"done": began - self._began, "total": WHOLE}
        await self._post([*edges, *({"kind": "progress", "key": job, **level} for job in jobs)])
        self.answered.append(time.monotonic() - began)

    async def _post(self, events: list[Event]) -> None:
        at = time.time()
        body = msgspec.json.encode({"events": [{"at": at, **event} for event in events]})
        while True:
            async with self._session.post(f"{self._url}/api/v1/events", data=body) as answer:
                if answer.status == 200:
                    return
                await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))

    async def follow(self, number: int) -> None:
        """Hear one program's levels, until cancelled."""
        hello = {"max_rate": 30, "filter": {"source": f"farm-{number}"}}
        async with self._session.ws_connect(f"{self._url}/ws", protocols=["headway.v1"]) as socket:
            await socket.send_json({"type": "hello", "data": hello})
            async for message in socket:
                now = time.monotonic() - self._began
                frame = msgspec.json.decode(message.data)
                for one in frame["data"].get("entities", ()):
                    if one.get("bars") and one["phase"] == "running":
                        self._hear(one, now)

    def _hear(self, job: Any, now: float) -> None:
        # An estimate tells a job again: only the first telling of a level says its age.
        done = job["bars"][0]["done"]
        if self._heard.get(job["key"]) != done:
            self._heard[job["key"]] = done
            self.ages.append(now - done)


async def main(programs: int, jobs: int, seconds: int) -> None:
    """Run it, and print the figures."""
    with TemporaryDirectory() as directory:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.posting", "server", f"{directory}/headway.db"),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        url = f"http://localhost:{int(await process.stdout.readline())}"
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        connector = aiohttp.TCPConnector(limit=0)
        try:
            async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
                await _run(Farm(session, url, jobs), process.pid, programs, seconds)
                await _check(session, url, programs * (jobs + seconds))
        finally:
            process.kill()
            await process.wait()


async def _run(farm: Farm, pid: int, programs: int, seconds: int) -> None:
    async with asyncio.TaskGroup() as tasks:
        following = [tasks.create_task(farm.follow(n)) for n in range(0, programs, WATCHED)]
        posting = [tasks.create_task(farm.program(n, seconds)) for n in range(programs)]
        await asyncio.sleep(BEGINNING + 1.0)
        cpu, began = _cpu(pid), time.monotonic()
        await asyncio.sleep(seconds - 2)
        spent = (_cpu(pid) - cpu) / (time.monotonic() - began)
        for one in posting:
            await one
        for task in following:
            task.cancel()
    ages, answered = sorted(farm.ages), sorted(farm.answered)
    print(
        f"posts answered: p50 {1e3 * answered[len(answered) // 2]:.0f} ms, p99 "
        f"{1e3 * answered[len(answered) * 99 // 100]:.0f} ms; levels heard {len(ages)}: "
        f"p50 {1e3 * ages[len(ages) // 2]:.0f} ms"
    )
    line("levels heard after, p99 in ms", 1e3 * ages[len(ages) * 99 // 100], "300")
    line("cores of the server", spent, "1.0")


async def _check(session: aiohttp.ClientSession, url: str, jobs: int) -> None:
    async with session.get(f"{url}/api/v1/stats") as answer:
        totals = (await answer.json())["totals"]
    edges: Counter[str] = Counter()
    after = ""
    while True:
        query = {"limit": "500", "after": after}
        async with session.get(f"{url}/api/v1/jobs", params=query) as answer:
            page = await answer.json()
        for job in page["jobs"]:
            edges["started"] += job.get("started_at") is not None
            edges["ended"] += job["phase"] == "succeeded"
            edges["registered"] += bool(job.get("title"))
        after = page.get("next", "")
        if not after:
            break
    lost = 3 * jobs - sum(edges.values()) + abs(jobs - totals.get("succeeded", 0))
    line(f"edges lost, of {3 * jobs}", lost, "0")


def _begun(job: str) -> list[Event]:
    return [
        {"kind": "registered", "key": job, "meta": {"title": "one frame"}},
        {"kind": "started", "key": job},
    ]


def _ended(job: str) -> Event:
    return {"kind": "ended", "key": job, "outcome": "succeeded"}


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    many_files()
    if sys.argv[1:2] == ["server"]:
        asyncio.run(server(sys.argv[2]))
    else:
        given = [int(one) for one in sys.argv[1:]]
        asyncio.run(main(*(given + [200, 50, 20][len(given) :])))
