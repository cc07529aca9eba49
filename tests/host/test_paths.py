"""Where state and settings lie, on every system."""

import os
import stat
import sys
from pathlib import Path

from headway.host import paths


def test_on_linux_state_lies_in_the_xdg_state_directory() -> None:
    assert paths.state_dir(platform="linux", env={"HOME": "/home/ann"}) == os.path.join(
        "/home/ann", ".local", "state", "headway"
    )
    found = paths.state_dir(platform="linux", env={"HOME": "/h", "XDG_STATE_HOME": "/state"})
    assert found == os.path.join("/state", "headway")


def test_a_relative_xdg_directory_is_ignored() -> None:
    env = {"HOME": "/h", "XDG_CONFIG_HOME": "relative"}

    assert paths.config_dir(platform="linux", env=env) == os.path.join("/h", ".config", "headway")


def test_on_macos_state_and_settings_lie_in_the_library() -> None:
    env = {"HOME": "/Users/ann"}
    place = os.path.join("/Users/ann", "Library", "Application Support", "headway")

    assert paths.state_dir(platform="darwin", env=env) == place
    assert paths.config_dir(platform="darwin", env=env) == place


def test_on_windows_they_lie_in_the_local_application_data() -> None:
    env = {"LOCALAPPDATA": "C:\\Users\\ann\\AppData\\Local"}

    assert paths.state_dir(platform="win32", env=env).startswith(env["LOCALAPPDATA"])
    assert paths.config_dir(platform="win32", env=env).startswith(env["LOCALAPPDATA"])
    assert paths.state_dir(platform="win32", env=env) != paths.config_dir(platform="win32", env=env)


def test_the_environment_wins_over_every_platform() -> None:
    env = {"HEADWAY_STATE_DIR": "/elsewhere", "HEADWAY_CONFIG": "/my.toml"}

    for platform in ("linux", "darwin", "win32"):
        assert paths.state_dir(platform=platform, env=env) == "/elsewhere"
        assert paths.config_file(platform=platform, env=env) == "/my.toml"


def test_what_is_written_is_for_the_user_alone(tmp_path: Path) -> None:
    place = tmp_path / "state" / "secret"

    paths.write_private(str(place), "token")

    assert place.read_text() == "token"
    if sys.platform != "win32":
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_writing_again_replaces_the_whole_and_leaves_nothing_beside(tmp_path: Path) -> None:
    place = tmp_path / "secret"

    paths.write_private(str(place), "a long first text")
    paths.write_private(str(place), "short")

    assert place.read_text() == "short"
    assert [one.name for one in tmp_path.iterdir()] == ["secret"]


def test_a_part_left_by_a_killed_writer_neither_stops_nor_opens_the_file(tmp_path: Path) -> None:
    place = tmp_path / "secret"
    left = tmp_path / f"secret.{os.getpid()}.part"
    left.write_text("old")
    left.chmod(0o644)

    paths.write_private(str(place), "new")

    assert place.read_text() == "new"
    if sys.platform != "win32":
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
