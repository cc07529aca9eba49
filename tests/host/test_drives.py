"""Network drives, by the tables that systems keep."""

from pathlib import Path

import pytest

from headway.host.drives import NETWORK, free_bytes, is_network, kind_of

LINUX = """\
/dev/sda1 / ext4 rw 0 0
nas:/home /home nfs4 rw 0 0
/dev/sdb1 /home/ann/fast ext4 rw 0 0
//nas/share /mnt/my\\040share cifs rw 0 0
me@host: /mnt/far fuse.sshfs rw 0 0
broken line
"""
MACOS = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only)
//ann@nas/share on /Volumes/share (smbfs, nodev, nosuid, mounted by ann)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
"""


@pytest.mark.parametrize(
    ("path", "network"),
    [
        ("/var/lib/x", False),
        ("/home/ann/state", True),
        ("/home/ann/fast/state", False),
        ("/home/ann/fastest", True),
        ("/mnt/my share/x", True),
        ("/mnt/far", True),
    ],
)
def test_on_linux_the_longest_mount_point_decides(path: str, network: bool) -> None:
    assert (kind_of(path, LINUX, platform="linux") in NETWORK) is network


def test_on_macos_the_kind_of_the_mount_decides() -> None:
    assert kind_of("/Volumes/share/x", MACOS, platform="darwin") == "smbfs"
    assert kind_of("/Users/ann", MACOS, platform="darwin") == "apfs"


@pytest.mark.parametrize(
    ("path", "network"),
    [
        ("\\\\nas\\share\\x", True),
        ("//nas/share", True),
        ("\\\\?\\UNC\\nas\\share", True),
        ("\\\\?\\C:\\x", False),
    ],
)
def test_on_windows_a_share_is_known_by_its_name(path: str, network: bool) -> None:
    assert is_network(path, platform="win32") is network


def test_what_cannot_be_told_is_no_network_drive(tmp_path: Path) -> None:
    assert not is_network(tmp_path, platform="linux", mounts="")


def test_the_room_beside_a_file_that_need_not_exist_is_told(tmp_path: Path) -> None:
    assert (free_bytes(tmp_path / "headway.db") or 0) > 0


def test_where_there_is_no_directory_the_room_is_unknown(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "none" / "headway.db") is None
