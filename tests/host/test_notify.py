"""Notices: data stays data, and a missing desktop is no error."""

import sys

from headway.host.notify import Notice, notice, notify

EVIL = "'; rm -rf $HOME; \"`"


def test_on_windows_the_text_goes_through_the_environment() -> None:
    found = notice(EVIL, "body", platform="win32", env={})

    assert found is not None
    assert all(EVIL not in part for part in found.argv)
    assert EVIL in found.env.values()


def test_on_macos_and_linux_the_text_is_an_argument_of_its_own() -> None:
    mac = notice(EVIL, "body", platform="darwin", env={})
    linux = notice(EVIL, "body", platform="linux", env={"WAYLAND_DISPLAY": "w"})

    assert mac is not None
    assert mac.argv[-2:] == [EVIL, "body"]
    assert linux is not None
    assert linux.argv[-3:] == ["--", EVIL, "body"]


def test_without_a_desktop_nobody_would_see_one() -> None:
    assert notice("t", "b", platform="linux", env={}) is None


def test_a_desktop_that_does_not_take_it_rings_the_bell(capsys) -> None:  # type: ignore[no-untyped-def]
    assert not notify("t", "b", found=Notice(["no-such-program-here"], {}))
    assert not notify("t", "b", found=Notice([sys.executable, "-c", "raise SystemExit(1)"], {}))
    assert capsys.readouterr().err == "\a\a"


def test_a_desktop_that_takes_it_is_enough(capsys) -> None:  # type: ignore[no-untyped-def]
    assert notify("t", "b", found=Notice([sys.executable, "-c", "pass"], {}))
    assert capsys.readouterr().err == ""
