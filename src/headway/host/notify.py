"""Telling a person who looks elsewhere: a desktop notice, else the terminal's bell.

Rule 1: titles and bodies are data: no shell and no script ever reads them as code.
Rule 2: a notice that cannot be shown is no error; the bell rings.
"""

import os
import sys
from collections.abc import Mapping

PATIENCE = 5.0  # seconds for the desktop to take the notice

_OSASCRIPT = (
    "on run argv",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "end run",
)
_TOAST = (
    "$m = [Windows.UI.Notifications.ToastNotificationManager,"
    "Windows.UI.Notifications,ContentType=WindowsRuntime];"
    "$x = $m::GetTemplateContent(1);"
    "$t = $x.GetElementsByTagName('text');"
    "$t.Item(0).AppendChild($x.CreateTextNode($env:HEADWAY_NOTE_TITLE)) > $null;"
    "$t.Item(1).AppendChild($x.CreateTextNode($env:HEADWAY_NOTE_BODY)) > $null;"
    "$n = New-Object Windows.UI.Notifications.ToastNotification $x;"
    "$m::CreateToastNotifier('Headway').Show($n)"
)


class Notice:
    """A command that shows the notice, and what it needs in its environment."""

    __slots__ = ("argv", "env")

    def __init__(self, argv: list[str], env: dict[str, str]) -> None:
        self.argv = argv
        self.env = env


def notice(
    title: str,
    body: str,
    *,
    platform: str = sys.platform,
    env: Mapping[str, str] = os.environ,
) -> Notice | None:
    """How this desktop shows a notice; None where nobody would see one."""
    if platform == "win32":
        argv = ["powershell", "-NoProfile", "-NonInteractive", "-Command", _TOAST]
        return Notice(argv, {"HEADWAY_NOTE_TITLE": title, "HEADWAY_NOTE_BODY": body})
    if platform == "darwin":
        lines = [part for line in _OSASCRIPT for part in ("-e", line)]
        return Notice(["osascript", *lines, title, body], {})
    if env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"):
        return Notice(["notify-send", "--app-name=Headway", "--", title, body], {})
    return None


def notify(title: str, body: str, *, found: Notice | None = None) -> bool:
    """Show it, else ring the bell; True if the desktop took it."""
    how = notice(title, body) if found is None else found
    if how is not None and _ran(how):
        return True
    sys.stderr.write("\a")
    sys.stderr.flush()
    return False


def _ran(how: Notice) -> bool:
    import subprocess

    try:
        done = subprocess.run(
            how.argv,
            env={**os.environ, **how.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
