"""A worker that reports by itself, to a running server.

HEADWAY_URL=http://farm:8329 HEADWAY_TOKEN=… python examples/progress_report.py
"""

from __future__ import annotations

import asyncio
import time

from headway import Client, JobKey
from headway.model.events import Ended, Progress, Registered, Started

KEY = JobKey("render-07", "shot-0142").text


async def main() -> None:
    async with Client() as headway:
        now = time.time()
        await headway.report(
            [
                Registered(key=KEY, at=now, meta={"title": "shot 142", "job_kind": "video"}),
                Started(key=KEY, at=now),
                Progress(key=KEY, at=now, done=12, total=240, unit="frame"),
            ]
        )
        await headway.report([Ended(key=KEY, at=time.time(), outcome="succeeded")])
        print((await headway.job(KEY)).phase)


if __name__ == "__main__":
    asyncio.run(main())
