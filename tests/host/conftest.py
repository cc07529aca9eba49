"""A terminal to sit at: a program in a session of its own, and what a person does there."""

from __future__ import annotations

import os
import select
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

PATIENCE = 30.0  # seconds; matters only where a test fails
ROWS, COLUMNS = 24, 80

#: passes its arguments through, and says nothing itself
PASSER = """
import sys
from headway.host import pty
class Deaf:
    def heard(self, stream, data): pass
    def tick(self): pass
try:
    running = pty.start(sys.argv[1:])
except OSError as error:
    sys.exit(pty.code_of(error))
sys.exit(running.passed(Deaf()))
"""
THROUGH = [sys.executable, "-c", PASSER]


class Desk:
    """One program at one terminal."""

    def __init__(self, argv: list[str]) -> None:
        import fcntl
        import termios

        self.said = b""
        master, inner = os.openpty()
        size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
        fcntl.ioctl(inner, termios.TIOCSWINSZ, size)
        self.master = master
        self.pid = _started(argv, inner)
        os.close(inner)

    def type(self, keys: str | bytes) -> None:
        """Press keys."""
        os.write(self.master, keys.encode() if isinstance(keys, str) else keys)

    def see(self, text: str, *, times: int = 1) -> str:
        """Wait until the text was printed; all that was."""
        self._until(lambda: self.said.count(text.encode()) >= times, text)
        return self.shown

    @property
    def shown(self) -> str:
        """What was printed so far."""
        return self.said.decode("utf-8", "replace")

    def resize(self, rows: int, columns: int) -> None:
        """Pull at the window's corner."""
        import fcntl
        import termios

        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def code(self) -> int:
        """Wait until the program has ended; its exit code, as a shell says it."""
        found: list[int] = []

        def over() -> bool:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                found.append(os.waitstatus_to_exitcode(status))
                self.pid = 0
            return bool(pid)

        self._until(over, "its end")
        self._hear(0.0)
        return found[0] if found[0] >= 0 else 128 - found[0]

    def close(self) -> None:
        """Clear the desk."""
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)

    def _until(self, done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < deadline, f"{what!r} did not come; came: {self.said!r}"
            self._hear(0.02)

    def _hear(self, patience: float) -> None:
        while select.select([self.master], [], [], patience)[0]:
            try:
                data = os.read(self.master, 65_536)
            except OSError:  # nobody has it open any more
                time.sleep(patience)
                return
            self.said += data


def _started(argv: list[str], inner: int) -> int:
    """The pid of the program, leader of a session at that terminal; no fork of ours."""
    leader = (
        "import fcntl, os, sys, termios\n"
        "os.setsid()\n"
        "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
        "os.execvp(sys.argv[1], sys.argv[1:])\n"
    )
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-S", "-E", "-c", leader, *argv],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, inner, stream) for stream in (0, 1, 2)],
    )


@pytest.fixture(scope="session")
def _compiled(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("compiled"))


@pytest.fixture
def compiled(_compiled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that are started share what was compiled, as those of an installed package do."""
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", _compiled)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)


@pytest.fixture
def desk() -> Iterator[Callable[..., Desk]]:
    """Sit down: `desk(*argv)` runs the command through us; `desk(*argv, bare=True)` without."""
    sat: list[Desk] = []

    def sit(*argv: str, bare: bool = False) -> Desk:
        sat.append(Desk([*argv] if bare else [*THROUGH, *argv]))
        return sat[-1]

    yield sit
    for one in sat:
        one.close()
