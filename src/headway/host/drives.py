"""Whether a path lies on a drive that other machines write to, and how much room it has.

SQLite's write-ahead log needs memory shared by all writers, which no network drive has.

Rule 1: what cannot be told is not called a network drive, and not called full.
"""

import os
import sys

NETWORK = frozenset(
    {
        "9p",
        "afpfs",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "davfs",
        "fuse.davfs",
        "fuse.glusterfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "gfs2",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb2",
        "smb3",
        "smbfs",
        "webdav",
    }
)
MOUNTS = "/proc/self/mounts"
_REMOTE = 4  # DRIVE_REMOTE of GetDriveTypeW


def is_network(
    path: str | os.PathLike[str], *, platform: str = sys.platform, mounts: str | None = None
) -> bool:
    """True if the path is known to lie on a network drive.

    `mounts` is a table of mounts as Linux (`/proc/self/mounts`) or macOS (`mount`)
    writes it; by default it is read.
    """
    if platform == "win32":
        return _is_windows_share(os.fspath(path))
    table = _table(platform) if mounts is None else mounts
    return kind_of(os.path.realpath(path), table, platform=platform) in NETWORK


def free_bytes(path: str | os.PathLike[str]) -> int | None:
    """How many more bytes this user can write beside the path; None if that cannot be told."""
    import shutil

    try:
        return shutil.disk_usage(os.path.dirname(os.path.abspath(path))).free
    except OSError:
        return None


def kind_of(path: str, mounts: str, *, platform: str) -> str:
    """The kind of file system that holds the path, by a table of mounts; "" if none does."""
    entries = _macos(mounts) if platform == "darwin" else _linux(mounts)
    return _kind_at(path, entries)


def _kind_at(path: str, entries: list[tuple[str, str]]) -> str:
    # The longest mount point that holds the path; of two equal ones the later hides the earlier.
    best, kind = -1, ""
    for point, what in entries:
        root = point.rstrip("/")
        if (path == root or path.startswith(f"{root}/")) and len(root) >= best:
            best, kind = len(root), what
    return kind


def _linux(table: str) -> list[tuple[str, str]]:
    fields = [line.split() for line in table.splitlines()]
    return [(_unescaped(one[1]), one[2]) for one in fields if len(one) > 2]


def _macos(table: str) -> list[tuple[str, str]]:
    # //user@nas/share on /Volumes/share (smbfs, nodev, nosuid)
    entries = []
    for line in table.splitlines():
        head, _, options = line.rpartition(" (")
        _, on, point = head.partition(" on ")
        if on:
            entries.append((point, options.partition(",")[0].rstrip(")")))
    return entries


def _unescaped(point: str) -> str:
    for written, meant in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(written, meant)
    return point


def _table(platform: str) -> str:
    if platform != "darwin":
        try:
            with open(MOUNTS, encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""
    import subprocess

    try:
        done = subprocess.run(["mount"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def _is_windows_share(path: str) -> bool:
    if path.startswith(("\\\\?\\", "\\\\.\\")):
        return path[4:8].upper() == "UNC\\"
    if path.startswith(("\\\\", "//")):
        return True
    if sys.platform != "win32":
        return False
    import ctypes

    drive = os.path.splitdrive(os.path.abspath(path))[0]
    return bool(ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\") == _REMOTE)
