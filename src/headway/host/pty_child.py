"""What runs in the child between fork and exec, and the monitor of a terminal's session.

Rule 1: nothing here returns to the caller's program: a child execs or exits.
Rule 2: the command gets the signals as we were given them: ignored ones stay ignored.
Rule 3: in a session of its own the command is no session leader but a job of one (the
    monitor), or the system would never let it be stopped (POSIX: a process group whose
    parents are all outside the session is orphaned, and Ctrl-Z does nothing to it).
Rule 4: the monitor stays until its `gate` closes, so that the terminal lives until all of
    the output was read; if we die, the terminal hangs up on it and on the command.
"""

from __future__ import annotations

import errno
import os
import signal
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

if sys.platform != "win32":
    import fcntl
    import termios

STATUS = struct.Struct("i")  # one wait status, as the monitor reports it
USUAL_PATH = "/usr/bin:/bin"  # where PATH is not set
#: signals that Python ignores from its start, and a command must not
OURS = ("SIGPIPE", "SIGXFSZ")


def spawn(argv: Sequence[str], streams: tuple[int, int, int]) -> int:
    """The pid of the command, in our own process group. Raises: OSError."""
    heard, said = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(heard)
        _become(argv, streams, said)
    os.close(said)
    _raise_if_told(heard)
    return pid


def spawn_in_session(
    argv: Sequence[str], streams: tuple[int, int, int], terminal: int, ours: Sequence[int]
) -> tuple[int, int, int, int]:
    """(the monitor's pid, the command's, where wait statuses come, the gate).

    `ours`: descriptors that the monitor must let go of (the terminal's other side: else it
    would not hang up when we die).
    Raises: OSError if the command cannot be started.
    """
    heard, said = os.pipe()
    reports, report = os.pipe()
    passage, gate = os.pipe()
    monitor = os.fork()
    if not monitor:
        for fd in (heard, reports, gate, *ours):
            os.close(fd)
        _monitor(argv, streams, terminal, said, report, passage)
    for fd in (said, report, passage):
        os.close(fd)
    try:
        _raise_if_told(heard)
    except OSError:
        os.close(reports)
        os.close(gate)
        os.waitpid(monitor, 0)
        raise
    (pid,) = STATUS.unpack(os.read(reports, STATUS.size))
    return monitor, pid, reports, gate


def _monitor(
    argv: Sequence[str],
    streams: tuple[int, int, int],
    terminal: int,
    said: int,
    report: int,
    passage: int,
) -> None:
    code = 1
    try:
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        # Taking the foreground from the background is answered with SIGTTOU.
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        pid = os.fork()
        if not pid:
            os.setpgid(0, 0)
            os.tcsetpgrp(terminal, os.getpid())
            signal.signal(signal.SIGTTOU, before)
            _become(argv, streams, said)
        os.close(said)
        signal.signal(signal.SIGHUP, lambda *_: os.killpg(pid, signal.SIGHUP))
        os.write(report, STATUS.pack(pid))
        _report_on(pid, report)
        os.read(passage, 1)
        code = 0
    finally:
        os._exit(code)


def _report_on(pid: int, report: int) -> None:
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        os.write(report, STATUS.pack(status))
        if not os.WIFSTOPPED(status):
            return


def _become(argv: Sequence[str], streams: tuple[int, int, int], said: int) -> None:
    try:
        _connect(streams)
        for name in OURS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        _exec(argv)
    except OSError as error:
        os.write(said, STATUS.pack(error.errno or errno.ENOENT))
    finally:
        os._exit(127)


def _connect(streams: tuple[int, int, int]) -> None:
    # Out of the way first: one of them may be where another one must go.
    aside = [fd if fd == place else fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
             for place, fd in enumerate(streams)]  # fmt: skip
    for place, fd in enumerate(aside):
        if fd != place:
            os.dup2(fd, place, inheritable=True)


def _exec(argv: Sequence[str]) -> None:
    """Exec as execvp(3) does: over PATH, and a file without a magic number by the shell."""
    name = argv[0]
    if not name:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    places = [""] if "/" in name else os.environ.get("PATH", USUAL_PATH).split(os.pathsep)
    denied: OSError | None = None
    for place in places:
        path = os.path.join(place, name) if place else name
        try:
            _exec_file(path, argv)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError as error:
            denied = denied or error
    raise denied or FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _exec_file(path: str, argv: Sequence[str]) -> None:
    try:
        os.execv(path, list(argv))
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        os.execv("/bin/sh", ["/bin/sh", path, *argv[1:]])


def _raise_if_told(heard: int) -> None:
    # The pipe closes at exec; what comes before that is why there was none.
    told = os.read(heard, STATUS.size)
    os.close(heard)
    if told:
        (number,) = STATUS.unpack(told)
        raise OSError(number, os.strerror(number))
