"""The async client of a running server.

    async with Client() as headway:
        async for news in headway.changes():
            for entity in news.entities: ...

Rule 1: without arguments it finds the server by itself: HEADWAY_URL and HEADWAY_TOKEN,
else the run file of this machine.
Rule 2: `changes` goes on after the connection broke, from its cursor: nothing is missed.
Where that cannot be, `news.fresh` says: forget what you had.
Rule 3: errors are those of `headway.errors`: UsageError, Refused, Unreachable.
"""

from headway.client.client import Client, JobPage
from headway.client.stream import News

__all__ = ["Client", "JobPage", "News"]
