"""What runs on this machine at the ports where it usually runs.

Rule 1: one look at a page that everybody may see, with a short wait; no login is tried,
    no redirect followed, nothing is changed.
Rule 2: a ComfyUI is one by the shape of its answer; the others are named by what they say
    of themselves, and "something answers" is not enough.
Rule 3: deciding is pure (`judge`); looking only asks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Container, Iterable, Mapping
from urllib.parse import urlsplit

import msgspec

from headway.dialects.comfyui.server import Server, read_stats
from headway.errors import HeadwayError
from headway.sources.http import Answer, Asker, clean_url, session

LOOK_TIME = 1.5  # seconds for one look
LARGEST_PAGE = 262_144  # bytes
AT_ONCE = 16  # looks


class Candidate(msgspec.Struct, frozen=True):
    """Where something of that kind may answer."""

    kind: str
    url: str


class Found(msgspec.Struct, frozen=True):
    """Something of that kind answers there. `version` "": it does not say."""

    kind: str
    url: str
    name: str
    version: str = ""


USUAL = (
    Candidate("comfyui", "http://127.0.0.1:8188"),
    Candidate("comfyui", "http://127.0.0.1:8000"),
    Candidate("swarmui", "http://127.0.0.1:7801"),
    Candidate("stash", "http://127.0.0.1:9999"),
    Candidate("qbittorrent", "http://127.0.0.1:8080"),
)

#: kind → the path to look at
PATHS: Mapping[str, str] = {"comfyui": "/system_stats"}

#: kind → words of its own page, in small letters, of which one must be there
OWN_WORDS: Mapping[str, tuple[bytes, ...]] = {
    "swarmui": (b"swarmui",),
    "stash": (b"<title>stash</title>", b'content="stash', b"stashapp"),
    "qbittorrent": (b"qbittorrent",),
}

#: kind → where its front page sends visitors on to
OWN_PLACES: Mapping[str, str] = {"swarmui": "/Text2Image", "stash": "/login"}


async def look(
    candidates: Iterable[Candidate] = USUAL, *, clock: Callable[[], float] = time.time
) -> list[Found]:
    """Those that are what they were taken for, in the order of the candidates."""
    gate = asyncio.Semaphore(AT_ONCE)
    async with session() as client, asyncio.TaskGroup() as group:

        async def one(candidate: Candidate) -> Found | None:
            async with gate:
                asker = Asker(client, clean_url(candidate.url), clock=clock)
                return judge(candidate, await _look(asker, candidate))

        tasks = [group.create_task(one(candidate)) for candidate in candidates]
    return [found for task in tasks if (found := task.result()) is not None]


def judge(candidate: Candidate, answer: Answer | None) -> Found | None:
    """What answered, if it is of the kind that it was taken for."""
    if answer is None or answer.body is None:
        return None
    if candidate.kind == "comfyui":
        server = read_stats(answer.body) if answer.status == 200 else None
        if not isinstance(server, Server):
            return None
        return Found(candidate.kind, candidate.url, name_of(candidate), server.version)
    known = _says_so(candidate.kind, answer.body.lower(), answer.location)
    return Found(candidate.kind, candidate.url, name_of(candidate)) if known else None


def name_of(candidate: Candidate) -> str:
    """A name for a source found there: its kind, and its port where that is not the first."""
    first = next((one.url for one in USUAL if one.kind == candidate.kind), candidate.url)
    port = candidate.url.rpartition(":")[2]
    usual = candidate.url == first or not port.isdigit()
    return candidate.kind if usual else f"{candidate.kind}-{port}"


def free_name(found: Found, taken: Container[str]) -> str:
    """Its name, with its port where a source of another machine has the name already."""
    return f"{found.name}-{urlsplit(found.url).port}" if found.name in taken else found.name


def _says_so(kind: str, page: bytes, location: str) -> bool:
    place = OWN_PLACES.get(kind, "")
    by_place = bool(place) and urlsplit(location).path.lower().startswith(place.lower())
    return by_place or any(word in page for word in OWN_WORDS.get(kind, ()))


async def _look(asker: Asker, candidate: Candidate) -> Answer | None:
    try:
        async with asyncio.timeout(LOOK_TIME):
            return await asker.ask(PATHS.get(candidate.kind, "/"), limit=LARGEST_PAGE)
    except (HeadwayError, TimeoutError):
        return None
