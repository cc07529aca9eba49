"""Who a process is, so that a number used again is not taken for it.

Rule 1: a process is known by its pid together with its start time, the boot of the
machine, the pid namespace and the host; the pid alone proves nothing.
Rule 2: of another host, boot or pid namespace nothing can be said from here: `alive`
is None there, never False, except that an earlier boot of this machine is over.
"""

import os
import sys

LONGEST_PID = 10  # digits: what comes from outside may be longer than any number that fits


class Identity:
    """A process. "" stands for what is not known; unknown parts are not compared."""

    __slots__ = ("boot", "host", "namespace", "pid", "started")

    def __init__(
        self, *, pid: int, started: str = "", boot: str = "", namespace: str = "", host: str = ""
    ) -> None:
        self.pid = pid
        self.started = started
        self.boot = boot
        self.namespace = namespace
        self.host = host

    @property
    def text(self) -> str:
        """The identity as one word, the inverse of `parse`."""
        return "/".join((str(self.pid), self.started, self.boot, self.namespace, self.host))

    def __repr__(self) -> str:
        return f"Identity({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def parse(text: str) -> Identity | None:
    """The identity from its text; None if it is none."""
    parts = text.split("/", 4)
    if len(parts) != 5 or not _is_number(parts[0]):
        return None
    pid, started, boot, namespace, host = parts
    return Identity(pid=int(pid), started=started, boot=boot, namespace=namespace, host=host)


def identity(
    pid: int | None = None, *, proc: str = "/proc", platform: str = sys.platform
) -> Identity:
    """Who the process `pid` of this machine is; by default this one."""
    number = os.getpid() if pid is None else pid
    return Identity(
        pid=number,
        started=started_at(number, proc=proc, platform=platform) or "",
        boot=_line(f"{proc}/sys/kernel/random/boot_id"),
        namespace=_link(f"{proc}/self/ns/pid"),
        host=_node(),
    )


def alive(who: Identity, *, proc: str = "/proc", platform: str = sys.platform) -> bool | None:
    """Whether that very process runs; None where it cannot be told from here."""
    here = identity(proc=proc, platform=platform)
    if _differ(who.host, here.host) or _differ(who.namespace, here.namespace):
        return None
    if _differ(who.boot, here.boot):
        return False
    if not exists(who.pid, platform=platform) or _ended(who.pid, proc, platform):
        return False
    if not who.started:
        return True
    started = started_at(who.pid, proc=proc, platform=platform)
    return None if started is None else started == who.started


def exists(pid: int, *, platform: str = sys.platform) -> bool:
    """Whether some process has this number now."""
    if pid <= 0:
        return False
    if platform == "win32":
        return _windows_times(pid) is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError, OSError):
        return True
    return True


def booted_at() -> float | None:
    """When this machine was started, in seconds since the Unix epoch; None if not known."""
    import time

    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return None if clock is None else time.time() - time.clock_gettime(clock)


def started_at(pid: int, *, proc: str = "/proc", platform: str = sys.platform) -> str | None:
    """When the process started, in the system's own words; None if that is not known."""
    if platform == "win32":
        return _windows_times(pid)
    if platform == "linux":
        return _linux_start(f"{proc}/{pid}/stat")
    return _ps_start(pid)


def _ended(pid: int, proc: str, platform: str) -> bool:
    # A process whose parent has not asked after it yet (a zombie) still has its number.
    if platform == "win32":
        return False
    if platform == "linux":
        return _linux_fields(f"{proc}/{pid}/stat")[:1] in (["Z"], ["X"])
    return (_ps(pid, "stat=") or "").startswith("Z")


def _linux_start(path: str) -> str | None:
    # Field 22 of proc(5) stat, in clock ticks since boot.
    fields = _linux_fields(path)
    return fields[19] if len(fields) > 19 else None


def _linux_fields(path: str) -> list[str]:
    # From the third one, the state, on; the name in brackets before it may hold blanks.
    return _line(path).rpartition(")")[2].split()


def _ps_start(pid: int) -> str | None:
    return _ps(pid, "lstart=")


def _ps(pid: int, what: str) -> str | None:
    import subprocess

    command = ["ps", "-o", what, "-p", str(pid)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return "-".join(done.stdout.split()) or None


def _windows_times(pid: int) -> str | None:
    # os.kill(pid, 0) would send Ctrl-C there.
    if sys.platform != "win32":
        return None
    import ctypes
    from ctypes import wintypes

    query, still_active = 0x1000, 259  # PROCESS_QUERY_LIMITED_INFORMATION, STILL_ACTIVE
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = wintypes.HANDLE
    handle = kernel.OpenProcess(query, False, pid)
    if not handle:
        return None
    try:
        code = wintypes.DWORD()
        kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        times = [wintypes.FILETIME() for _ in range(4)]
        kernel.GetProcessTimes(handle, *[ctypes.byref(one) for one in times])
    finally:
        kernel.CloseHandle(handle)
    if code.value != still_active:
        return None
    return str((times[0].dwHighDateTime << 32) + times[0].dwLowDateTime)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_PID


def _differ(one: str, other: str) -> bool:
    return bool(one and other and one != other)


def _line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _node() -> str:
    if hasattr(os, "uname"):
        return os.uname().nodename.replace("/", "_")
    return os.environ.get("COMPUTERNAME", "")
