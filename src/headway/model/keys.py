"""Names of things: how every entity is called, in memory, on disk and on the wire.

A key is text: parts joined by `~`, each part percent-encoded, and the number of
parts says what it names:

    comfy                         a source
    comfy~gpu0                    a worker of that source
    comfy~5f7c…~1795298194198     a job: source, native id, incarnation ("" if none)
    comfy~5f7c…~1795298194198~12  a step of that job
    ~group~0198…                  a group (no source owns it)
    ~daemon~download-sync         a daemon

Rule 1: a job is never named by a bare native id: ComfyUI's clients choose their own
ids and may use one twice (`incarnation` tells the two apart).
Rule 2: a key is at most a few hundred characters long, whatever the outside sends: an
id that takes more than `LONGEST_NATIVE` characters in a key is cut and gets a digest
of the whole; the whole native id is then kept as the meta field `native`.
Rule 3: text whose parts cannot be decoded is no key.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Literal, NamedTuple
from urllib.parse import quote, unquote

from headway.errors import UsageError

Kind = Literal["job", "step", "group", "source", "worker", "daemon"]

LONGEST_NATIVE = 200  # characters that an id may take in a key, percent signs included
REMEMBERED = 32_768  # keys whose kind is kept; with more live ones each look forgets another
KEPT_OF_LONG = 12  # characters of a longer one, before its digest; each may take 12

_PLAIN = re.compile(r"[A-Za-z0-9._:@+-]*\Z").match
_KINDS: dict[int, Kind] = {1: "source", 2: "worker", 3: "job", 4: "step"}
_OWNERLESS: dict[str, Kind] = {"group": "group", "daemon": "daemon"}


class JobKey(NamedTuple):
    """Which job: the source's configured name, the back end's id, and which use of it."""

    source: str
    native: str
    incarnation: str = ""

    @property
    def text(self) -> str:
        """The key as text, bounded by Rule 2."""
        return join(self.source, bounded(self.native), bounded(self.incarnation))


def bounded(native: str) -> str:
    """An id as it stands in a key: itself, or a prefix and a digest."""
    if len(native) <= LONGEST_NATIVE and len(_part(native)) <= LONGEST_NATIVE:
        return native
    digest = hashlib.blake2b(native.encode("utf-8", "surrogatepass"), digest_size=16)
    return f"{native[:KEPT_OF_LONG]}…{digest.hexdigest()}"


def join(*parts: str) -> str:
    """Parts to a key; the inverse of `split`."""
    return "~".join([_part(part) for part in parts])


def split(key: str) -> tuple[str, ...]:
    """A key to its decoded parts; a group's and a daemon's first part is ""."""
    return tuple(unquote(part, errors="surrogatepass") for part in key.split("~"))


@lru_cache(maxsize=REMEMBERED)
def kind_of(key: str) -> Kind:
    """What the key names. Raises: UsageError if it is no key."""
    parts = key.split("~")
    if parts[0]:
        found = _KINDS.get(len(parts))
    else:
        found = _OWNERLESS.get(parts[1]) if len(parts) == 3 and parts[2] else None
    if found is None or not _is_decodable(key):
        raise UsageError(f"not a key: {key[:80]!r}", "a job's key reads source~id~incarnation")
    return found


def job_key(key: str) -> JobKey:
    """The parts of a job's key, or of the job that a step belongs to.

    Raises: UsageError if the key names neither.
    """
    if kind_of(key) not in ("job", "step"):
        raise UsageError(f"not the key of a job: {key[:80]!r}")
    return JobKey(*split(key)[:3])


@lru_cache(maxsize=16_384)
def step_key(job: str, step: str) -> str:
    """The key of one step of the job with key `job`."""
    return f"{job}~{_part(bounded(step))}"


def group_key(group: str) -> str:
    """The key of a group by its id."""
    return f"~group~{_part(bounded(group))}"


def source_of(key: str) -> str:
    """The name of the source that owns the entity; "" for groups and daemons."""
    return _decoded(key.partition("~")[0])


@lru_cache(maxsize=1024)
def _decoded(part: str) -> str:
    return readable(unquote(part, errors="surrogatepass"))


def readable(part: str) -> str:
    """A part of a key as it can be told: half a surrogate pair fits a key, but no answer."""
    return part if part.isascii() else part.encode("utf-8", "replace").decode()


def _is_decodable(key: str) -> bool:
    try:
        unquote(key, errors="surrogatepass")
        key.encode()
    except UnicodeError:
        return False
    return True


def _part(part: str) -> str:
    if _PLAIN(part):
        return part
    # quote() leaves "~" alone, but here it separates parts.
    return quote(part, safe=":@+", errors="surrogatepass").replace("~", "%7E")
