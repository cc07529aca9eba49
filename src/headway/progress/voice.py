"""What a process has once: what it still has to say, what is measured, and a thread.

    the work ── say ─▶ records ─┐
                                ├─ the thread, ten times a second ─▶ transport
    the work's counters ◀─ look ┘

Rule 1: the work never waits for the thread and never hears of its troubles: what goes wrong
is told once, as a warning in the log `headway.progress`.
Rule 2: everything is bounded. Beyond `MOST` records no new job is taken up: it works, and
nobody sees it. Of jobs that were taken up the end is always taken. What was left out is counted.
Rule 3: before a fork the thread stops, so that the child inherits no lock that is held and
no module that is half loaded; the parent's goes on afterwards, the child starts afresh. The
parent's jobs stay the parent's.
Rule 4: at exit what is left is sent, within `PATIENCE`; no signal is touched.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import weakref
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from headway.progress.journal import Journal

MOST = 10_000  # records, or jobs at once
PATIENCE = 2.0  # seconds that an exit may take
BEFORE_FORK = 1.0  # seconds that a fork waits for a batch that is under way
LOADING = 10.0  # seconds more, while modules load: in the child a half loaded one stays so
OFF = "HEADWAY_PROGRESS"


class Line:
    """What the thread knows of one job or step: what was told of its bar."""

    __slots__ = ("basis", "key", "run", "show", "step", "title", "told")

    def __init__(self, key: str, basis: str, *, step: str = "", title: str = "") -> None:
        self.key = key
        self.basis = basis
        self.step = step
        self.title = title
        self.show = True
        self.run = 0
        self.told: tuple[Any, ...] | None = None


class Ticket:
    """A wish to know when everything said so far has left."""

    __slots__ = ("done", "left")

    def __init__(self) -> None:
        self.done = threading.Event()
        self.left = False


class Stop:
    """Tells one thread to come to an end."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = False


class Voice:
    """One for each process. Its methods never raise and never wait, but for `flush`."""

    def __init__(self) -> None:
        self.records: deque[tuple[Any, ...]] = deque()  # kind, line, at, attempt, payload
        self.live: dict[Line, weakref.ref[Any]] = {}
        self.looks: dict[object, Callable[[], None]] = {}
        self.tickets: deque[Ticket] = deque()
        self.wake = threading.Event()
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None
        self.stop = Stop()
        self.closed = os.environ.get(OFF, "").lower() in ("off", "0", "no")
        self.left_out = 0
        self.journal: Journal | None = None
        self.rescue: Callable[[], None] | None = None
        self._forking = False

    def takes(self) -> bool:
        """Whether a new job can be taken up; one that cannot is counted."""
        if self.closed:
            return False
        if len(self.records) < MOST and len(self.live) < MOST:
            return True
        self.leave_out()
        return False

    def leave_out(self) -> None:
        """Count something that there was no room for."""
        self.left_out += 1
        if self.left_out == 1:
            warn("there is more to report than can be sent; some of it is left out")

    def say(self, kind: str, line: Line, attempt: int = 1, payload: Any = None) -> None:
        """An edge, now. Beyond the bound only ends are taken."""
        if self.closed:
            return
        if len(self.records) >= MOST and kind not in ("ended", "step_ended", "sealed"):
            self.leave_out()
            return
        at = time.time()
        if self.journal is None:
            self.records.append((kind, line, at, attempt, payload))
        else:
            with self.lock:  # so that nobody empties the journal in between
                self.records.append((kind, line, at, attempt, payload))
                self.journal.put(kind, line, at, attempt, payload)
        self.rouse()

    def delivered(self) -> None:
        """All that was taken along has left."""
        if self.journal is not None:
            with self.lock:
                if not self.records:
                    self.journal.empty()

    def watch(self, line: Line, counter: Any) -> None:
        """Look at the counter from now on, until `forget`."""
        if not self.closed:
            self.live[line] = weakref.ref(counter)
            self.rouse()

    def forget(self, line: Line) -> None:
        """Look no more; twice is once."""
        self.live.pop(line, None)

    def rouse(self) -> None:
        """See that the thread runs, and wake it."""
        if self.thread is None and not self._forking:
            self._start()
        self.wake.set()

    def flush(self, timeout: float = PATIENCE) -> bool:
        """Wait until everything said so far has left the process; False if it could not."""
        if self.thread is None and not self.records and not self.live:
            return True
        ticket = Ticket()
        self.tickets.append(ticket)
        self.rouse()
        if self.thread is None:  # none can be started any more: the interpreter ends
            self._speak_here()
        return ticket.done.wait(timeout) and ticket.left

    def close(self, timeout: float = PATIENCE) -> None:
        """End what is open as unknown, send the rest and stop. Nothing is said afterwards."""
        until = time.monotonic() + timeout
        for counter in list(self.live.values()):
            job = counter()
            if job is not None:
                job._left()
        if not self.closed and not self.flush(timeout):
            self._rescue()
        self.closed = True
        self._stop(max(until - time.monotonic(), 0.1))
        if self.journal is not None and not self.records:
            self.journal.close()

    def _rescue(self) -> None:
        try:
            if self.rescue is not None:
                self.rescue()
        except Exception as error:  # the disk is what fails, perhaps
            if not _warned:
                warn(f"what was said last is lost: {error!r}")

    def before_fork(self) -> None:
        self._forking = True
        thread = self.thread
        self._stop(BEFORE_FORK)
        until = time.monotonic() + LOADING
        while thread and thread.is_alive() and _is_loading() and time.monotonic() < until:
            thread.join(0.05)

    def after_fork(self) -> None:
        self._forking = False
        if self.records or self.live or self.tickets:
            self.rouse()

    def _start(self) -> None:
        with self.lock:
            if self.thread is not None:
                return
            self.stop = Stop()
            thread = threading.Thread(
                target=self._speak, args=(self.stop,), name="headway", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # at the interpreter's end, or no more threads to be had
                return
            self.thread = thread

    def _stop(self, within: float) -> None:
        thread = self.thread
        if thread is None:
            return
        self.stop.now = True
        self.wake.set()
        if thread is not threading.current_thread():
            thread.join(within)
        self.thread = None

    def _speak(self, stop: Stop) -> None:
        try:
            from headway.progress.thread import speak

            speak(self, stop)
        except Exception as error:  # a task root: the work goes on as it would
            warn(f"nothing can be reported: {error!r}")
        finally:
            if self.stop is stop:
                self.thread = None

    def _speak_here(self) -> None:
        stop = Stop()
        stop.now = True
        self._speak(stop)


def _is_loading() -> bool:
    """Whether a module of ours is half loaded, by a thread that the child will not have."""
    specs = [
        getattr(module, "__spec__", None)
        for name, module in list(sys.modules.items())
        if name.startswith("headway.")
    ]
    return any(getattr(spec, "_initializing", False) for spec in specs)


SILENT = Voice()
"""Of jobs that nobody hears of."""
SILENT.closed = True

_warned: set[str] = set()


def warn(message: str) -> None:
    """Tell the user, once, in the log. (The module `warnings` may be made to raise.)"""
    if message in _warned or len(_warned) > 100:
        return
    _warned.add(message)
    import logging

    logging.getLogger("headway.progress").warning("%s", message)


_one: list[Voice] = []


def voice() -> Voice:
    """This process's voice."""
    if not _one:
        _one.append(Voice())
        _in_worker(_one[0])
    return _one[0]


def _in_worker(one: Voice) -> None:
    # A worker of multiprocessing may be ended by a signal at any time; and by itself it ends
    # with os._exit, after its own finalizers.
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util is None or process is None or process.parent_process() is None or one.closed:
        return
    from headway.progress.journal import Journal

    one.journal = Journal()
    util.Finalize(None, one.close, exitpriority=0)


def _before_fork() -> None:
    if _one:
        _one[0].before_fork()


def _in_parent() -> None:
    if _one:
        _one[0].after_fork()


def _in_child() -> None:
    if _one:
        old = _one.pop()
        old.closed = True  # its jobs are the parent's
        _kept.append(old)


_kept: list[Voice] = []


def _at_exit() -> None:
    if _one:
        _one[0].close()
    if os.environ.get("HEADWAY_URL"):
        return  # that could take longer than an exit may; the next sender does it
    if "multiprocessing.pool" in sys.modules or "concurrent.futures.process" in sys.modules:
        _send_what_workers_left()


def _send_what_workers_left() -> None:
    from headway.host.paths import state_dir

    try:
        names = os.listdir(os.path.join(state_dir(), "outbox"))
        if any(name.endswith(".said") for name in names):
            from headway.transport.sender import Sender

            with Sender() as sender:
                sender.flush()
    except FileNotFoundError:
        return  # no process of this user ever left anything
    except Exception as error:  # nothing may disturb an exit; somebody else will find it
        warn(f"what workers left could not be sent: {error!r}")


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
