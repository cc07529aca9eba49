"""Jobs of the programs of this machine, seen in the store while no server runs.

Rule 1: only what is known to run is shown as running: a job whose process is here. Of one
whose process died that is written down, as a server would; nothing else is written.
Rule 2: without a store, or with one that cannot be read, nothing is known of programs.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from headway.cli.leads import leads
from headway.errors import HeadwayError
from headway.host import paths
from headway.model.views import JobView
from headway.plane.deaths import deaths, living
from headway.store.contract import Query
from headway.store.reading import Reader
from headway.transport.left import folder_in

NAP = 0.1  # seconds between two looks at whether somebody wrote


class Programs:
    """What programs of this user here say, read anew each time."""

    def __init__(self) -> None:
        self._path = paths.store_file(paths.state_dir())
        self._sender: Any = None
        self._reader: Any = None
        self._head: Any = None

    def views(self) -> list[Any]:
        """Their open jobs, with the sources that they belong to."""
        with suppress(HeadwayError):  # the file may be read-only
            self._flush()  # what killed programs had still to say comes first
        try:
            reader = self._open()
            return self._views(reader) if reader else []
        except HeadwayError:
            self._reader = None
            return []

    def submitted(self) -> list[JobView]:
        """Unfinished submissions of this user's programs, as they were written."""
        try:
            reader = self._open()
            return leads([change.view for change in reader.live()]) if reader else []
        except HeadwayError:
            self._reader = None
            return []

    def ended_at(self, key: str) -> float | None:
        """When that job ended; None if it did not, or nobody wrote so."""
        try:
            reader = self._open()
            found = reader.get(key) if reader else None
        except HeadwayError:
            return None
        return found.ended_at if isinstance(found, JobView) else None

    def ended(self, limit: int) -> list[dict[str, Any]]:
        """The jobs that ended last, newest first."""
        try:
            reader = self._open()
            found = reader.find(Query(active=False, limit=limit)).views if reader else []
        except HeadwayError:
            return []
        return [msgspec.to_builtins(one) for one in found]

    def wait(self, within: float) -> None:
        """Return once somebody wrote, or after `within` seconds."""
        until = time.monotonic() + within
        while (left := until - time.monotonic()) > 0.0 and not self._wrote():
            time.sleep(min(NAP, left))

    def _views(self, reader: Any) -> list[Any]:
        live = [change.view for change in reader.live()]
        died = deaths(live, time.time())
        if died:
            with suppress(HeadwayError):
                self._sends().send(died)
        gone = {event.key for event in died}
        jobs = [view for view in living(live) if view.key not in gone]
        owners = {view.source for view in jobs}
        return [view for view in live if view.key in owners] + jobs

    def _flush(self) -> None:
        if os.path.isdir(folder_in(paths.state_dir())):
            self._sends().flush()

    def _sends(self) -> Any:
        if self._sender is None:
            from headway.transport.sender import Sender  # writing takes longer to load

            self._sender = Sender()
        return self._sender

    def _wrote(self) -> bool:
        try:
            reader = self._open()
            head = reader.cursor() if reader else None
        except HeadwayError:
            return False
        before, self._head = self._head, head
        return bool(head != before)

    def _open(self) -> Any:
        if self._reader is None and os.path.exists(self._path):
            self._reader = Reader.open(Path(self._path))
        return self._reader
