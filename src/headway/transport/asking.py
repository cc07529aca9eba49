"""How a group stands, asked where events are sent to.

Rule 1: the server is asked if there is one, else the local store is read; both give the
same view. Nothing is written.
Rule 2: this blocks, for at most `PATIENCE` a question.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from headway.host import paths
from headway.model.keys import group_key
from headway.model.views import GroupView, JobView
from headway.store.contract import Query, Reading
from headway.transport.place import Place, find
from headway.transport.wire import Wire

PATIENCE = 5.0  # seconds for an answer
PAGE = 500  # rows of one answer


class _Groups(msgspec.Struct, frozen=True):
    groups: list[GroupView]
    next: str = ""


class _Jobs(msgspec.Struct, frozen=True):
    jobs: list[JobView]
    next: str = ""


def group(name: str, *, env: Mapping[str, str] | None = None) -> GroupView | None:
    """The group with that id; None if nobody has heard of it.

    Raises: Unreachable, Refused, StoreError.
    """
    place = find(env)
    if place is None:
        return _stored(env, name)
    pages = _pages(place, "/api/v1/groups", _Groups)
    return next((one for page in pages for one in page.groups if one.id == name), None)


def members(name: str, *, env: Mapping[str, str] | None = None) -> list[str]:
    """The keys of the jobs that say that they belong to it.

    Raises: Unreachable, Refused, StoreError.
    """
    return [job.key for job in jobs(name, env=env)]


def jobs(name: str, *, env: Mapping[str, str] | None = None) -> list[JobView]:
    """The jobs that say that they belong to it. Raises: Unreachable, Refused, StoreError."""
    place = find(env)
    if place is None:
        return _stored_jobs(env, name)
    pages = _pages(place, "/api/v1/jobs", _Jobs, group=name)
    return [job for page in pages for job in page.jobs]


def _pages(place: Place, path: str, shape: type[Any], **query: str) -> Iterator[Any]:
    wire = Wire(place, patience=PATIENCE)
    after = ""
    try:
        while True:
            asked = {**query, "limit": str(PAGE)} | ({"after": after} if after else {})
            page = msgspec.json.decode(wire.get(f"{path}?{urlencode(asked)}"), type=shape)
            yield page
            after = page.next
            if not after:
                return
    finally:
        wire.close()


def _stored(env: Mapping[str, str] | None, name: str) -> GroupView | None:
    store = _store(env)
    if store is None:
        return None
    try:
        found = store.get(group_key(name))
    finally:
        store.close()
    return found if isinstance(found, GroupView) else None


def _stored_jobs(env: Mapping[str, str] | None, name: str) -> list[JobView]:
    store = _store(env)
    if store is None:
        return []
    try:
        found, page = [], store.find(Query(group=name, limit=PAGE))
        while True:
            found += [one for one in page.views if isinstance(one, JobView)]
            if not page.next:
                return found
            page = store.find(Query(group=name, limit=PAGE, after=page.next))
    finally:
        store.close()


def _store(env: Mapping[str, str] | None) -> Reading | None:
    from headway.store.sqlite import SqliteStore

    path = paths.store_file(paths.state_dir(env=os.environ if env is None else env))
    return SqliteStore.reader(path) if os.path.exists(path) else None
