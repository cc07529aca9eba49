"""Where Headway keeps its state and finds its configuration.

Rule 1: `HEADWAY_STATE_DIR` and `HEADWAY_CONFIG` win over every habit of a platform.
Rule 2: paths are text, not `pathlib`: the fast command line must not pay for it.
Rule 3: what is made here is for the user alone.
"""

import os
import sys

TYPE_CHECKING = False  # importing typing, or collections.abc, would take longer than the rest
if TYPE_CHECKING:
    from collections.abc import Mapping

STATE_DIR = "HEADWAY_STATE_DIR"
CONFIG = "HEADWAY_CONFIG"
RUN_FILE = "server.run"
MARK_FILE = "headway.mark"
LOCK_FILE = "server.lock"
STORE_FILE = "headway.db"
OPEN_FILE = "open.html"
CONFIG_FILE = "config.toml"


def state_dir(*, platform: str = sys.platform, env: "Mapping[str, str]" = os.environ) -> str:
    """The directory of the store and the run file; it need not exist."""
    given = env.get(STATE_DIR)
    if given:
        return given
    if platform == "win32":
        return _windows(env, "state")
    if platform == "darwin":
        return _under_home(env, "Library", "Application Support", "headway")
    return _xdg(env, "XDG_STATE_HOME", ".local", "state")


def config_dir(*, platform: str = sys.platform, env: "Mapping[str, str]" = os.environ) -> str:
    """The directory of the configuration file; it need not exist."""
    if platform == "win32":
        return _windows(env, "config")
    if platform == "darwin":
        return _under_home(env, "Library", "Application Support", "headway")
    return _xdg(env, "XDG_CONFIG_HOME", ".config")


def config_file(*, platform: str = sys.platform, env: "Mapping[str, str]" = os.environ) -> str:
    """The configuration file; it need not exist."""
    given = env.get(CONFIG)
    return given or os.path.join(config_dir(platform=platform, env=env), CONFIG_FILE)


def run_file(directory: str) -> str:
    """The run file in that state directory."""
    return os.path.join(directory, RUN_FILE)


def store_file(directory: str) -> str:
    """The store in that state directory."""
    return os.path.join(directory, STORE_FILE)


def mark_file(directory: str) -> str:
    """How far the store in that state directory was when it was last served."""
    return os.path.join(directory, MARK_FILE)


def lock_file(directory: str) -> str:
    """What the server of that state directory holds locked."""
    return os.path.join(directory, LOCK_FILE)


def make_private(directory: str) -> str:
    """The directory, made for the user alone if it was not there."""
    os.makedirs(directory, mode=0o700, exist_ok=True)
    return directory


def write_private(path: str, text: str) -> None:
    """Replace the file at once, readable by the user alone.

    Who reads it meanwhile sees the old text or the new one, never a part.
    """
    make_private(os.path.dirname(path) or ".")
    partial = f"{path}.{os.getpid()}.part"
    if os.path.lexists(partial):
        os.unlink(partial)  # of a process before us; its mode may be another
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)
    os.replace(partial, path)


def _xdg(env: "Mapping[str, str]", name: str, *below_home: str) -> str:
    # The XDG base directory specification: a relative value is to be ignored.
    given = env.get(name, "")
    if given.startswith("/"):
        return os.path.join(given, "headway")
    return _under_home(env, *below_home, "headway")


def _windows(env: "Mapping[str, str]", below: str) -> str:
    local = env.get("LOCALAPPDATA") or _under_home(env, "AppData", "Local")
    return os.path.join(local, "headway", below)


def _under_home(env: "Mapping[str, str]", *parts: str) -> str:
    home = env.get("HOME") or env.get("USERPROFILE") or os.path.expanduser("~")
    return os.path.join(home, *parts)
