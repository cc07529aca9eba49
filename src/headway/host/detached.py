"""A small process that outlives the command, and the terminal, that started it.

Rule 1: it belongs to no terminal: a session of its own, or none of Windows' consoles.
Rule 2: what it is to do comes over its standard input, never as arguments: those can be
read by everybody who lists processes.
Rule 3: it says one line to whoever started it, then its output goes where its errors go:
into a log that its user alone can read, the last `LARGEST` bytes of it at least.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence

from headway.host import paths

LARGEST = 1_048_576  # bytes of a log, and as many of the one before
LONGEST = 1_048_576  # bytes of the line that it says
LOG_FILE = "detached.log"


class Detached:
    """A process that was started. `pid` is its number."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.pid = process.pid
        self._process = process
        self._line: bytes | None = None
        self._heard = threading.Event()
        threading.Thread(target=self._listen, name="headway-detached", daemon=True).start()

    def said(self, within: float) -> str | None:
        """The line that it says; "" if it ended without one, None if none came in time."""
        if not self._heard.wait(within) or self._line is None:
            return None
        return self._line.decode("utf-8", "replace").strip()

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None  # it is a pipe
        with stream:
            self._line = stream.readline(LONGEST)
        self._heard.set()
        self._process.wait()  # whoever lives on after it leaves no zombie


def start(arguments: Sequence[str], *, given: bytes, log: str) -> Detached:
    """Start Python with these arguments; `given` is its input. Raises: OSError."""
    handle = os.open(_fresh(log), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=handle,
            start_new_session=sys.platform != "win32",
            creationflags=_flags(),
        )
    finally:
        os.close(handle)
    found = Detached(process)
    assert process.stdin is not None  # it is a pipe
    try:
        with process.stdin as stream:
            stream.write(given)
    except BrokenPipeError:
        pass  # it ended already: its silence says so
    return found


def say(line: str) -> None:
    """In the process itself: say the one line, and be heard in the log from then on."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    os.dup2(2, 1)


def log_file(state_dir: str) -> str:
    """The log in that state directory."""
    return os.path.join(state_dir, LOG_FILE)


def _fresh(log: str) -> str:
    paths.make_private(os.path.dirname(log))
    try:
        if os.path.getsize(log) > LARGEST:
            os.replace(log, f"{log}.old")
    except OSError:
        pass  # there is none yet, or somebody else has just moved it
    return log


def _flags() -> int:
    if sys.platform != "win32":
        return 0
    return subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
