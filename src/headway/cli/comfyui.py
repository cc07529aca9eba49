"""`headway comfyui install | uninstall | status`: the mirror extension in a ComfyUI.

Rule 1: a directory that is no ComfyUI is refused, with what was looked for; the portable
    Windows build's inner one is found.
Rule 2: installing twice changes nothing; an older mirror is replaced, a newer one left alone.
Rule 3: only what is ours is taken away; a folder in which something else lies stays.
Rule 4: the token is made here, kept in two files that only the user can read, and shown nowhere.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from argparse import Namespace
from importlib.resources import files
from pathlib import Path

import msgspec

from headway.cli import codes
from headway.cli.output import say, show
from headway.cli.settings import loaded
from headway.dialects.comfyui.mirror_frames import (
    LARGEST_ABOUT,
    PATH,
    About,
    public_id,
    read_about,
)
from headway.dialects.comfyui.wire import Skip
from headway.errors import ConfigError, HeadwayError, UsageError
from headway.host import mirrors
from headway.host.paths import write_private
from headway.render.table import Column, table
from headway.sources.discovery import USUAL
from headway.sources.http import Asker, clean_url, session

FOLDER = "headway_mirror"  # below custom_nodes
CODE, TOKEN = "__init__.py", "token"
MARK = '"""Headway\'s mirror:'
INNER = ("", "ComfyUI", "ComfyUI_windows_portable/ComfyUI")
LOOK_TIME = 3.0  # seconds for one server
LONGEST_TOKEN = 256  # characters

_VERSION = re.compile(r'^VERSION = "(\d+(?:\.\d+)*)"$', re.M)


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One mirror: where it is installed, which version, and what answers of it.

    `directory` "": it answers, and was not installed from here. `url` "": nothing answers.
    """

    directory: str = ""
    installed: str = ""
    url: str = ""
    running: str = ""
    readers: int | None = None
    dropped: int | None = None
    note: str = ""


def run(args: Namespace) -> int:
    """Do what was asked for. Raises: UsageError, ConfigError."""
    return {"install": install, "uninstall": uninstall, "status": status}[args.action](args)


def install(args: Namespace) -> int:
    """Put the mirror into a ComfyUI."""
    home = comfyui_in(_one(args.directories))
    folder = home / "custom_nodes" / FOLDER
    ours, there = code(), _read(folder / CODE)
    if there and not there.startswith(MARK):
        raise UsageError(f"{folder} holds something that is not ours", "move it away first")
    if _number(there) > _number(ours):
        say(f"a newer mirror ({version_of(there)}) is in {folder}: left as it is")
        _share(home, folder)
        return codes.DONE
    token_there = bool(_token(folder))
    _share(home, folder)
    if there == ours and token_there:
        say(f"the mirror {version_of(ours)} is in {folder} already")
        return codes.DONE
    _write(folder / CODE, ours)
    before = version_of(there)
    say(f"{'replaced ' + before + ' by' if before else 'installed'} the mirror {version_of(ours)}")
    print(folder)
    say("restart ComfyUI: it loads the mirror when it starts")
    return codes.DONE


def uninstall(args: Namespace) -> int:
    """Take the mirror out of a ComfyUI."""
    home = comfyui_in(_one(args.directories))
    folder = home / "custom_nodes" / FOLDER
    there = _read(folder / CODE)
    if there and not there.startswith(MARK):
        raise UsageError(f"{folder} holds something that is not ours", "it is left as it is")
    mirrors.forget(str(home))
    if not folder.is_dir():
        say(f"no mirror is in {home}")
        return codes.DONE
    left = _take_away(folder)
    if left:
        say(f"{folder} stays, for it holds {', '.join(left[:5])}")
    else:
        say(f"took the mirror out of {home}")
    say("restart ComfyUI: a mirror that is loaded stays until then")
    return codes.DONE


def status(args: Namespace) -> int:
    """What is installed, and what answers."""
    homes = [comfyui_in(one) for one in args.directories]
    found = rows(homes, asyncio.run(_answers(_urls(args))))
    show(
        args,
        lambda: [msgspec.to_builtins(one) for one in found],
        lambda term: table(_COLUMNS, map(_cells, found), width=term.width, plain=term.plain),
    )
    if not found:
        say("no mirror is installed: `headway comfyui install DIR` shows every step of every job")
    return codes.DONE


def comfyui_in(directory: str) -> Path:
    """The ComfyUI that a directory is, or holds. Raises: UsageError."""
    given = Path(directory).expanduser().absolute()
    for inner in INNER:
        if is_comfyui(given / inner):
            return (given / inner).resolve()
    raise UsageError(
        f"no ComfyUI in {given}",
        "looked there, in ComfyUI/ and in ComfyUI_windows_portable/ComfyUI/, for custom_nodes/ "
        "beside main.py and comfy/, or beside models/ and user/ (a base directory)",
    )


def is_comfyui(place: Path) -> bool:
    """Whether it is the folder of a ComfyUI, or a base directory of one."""
    if not (place / "custom_nodes").is_dir():
        return False
    code = (place / "main.py").is_file() and (place / "comfy").is_dir()
    return code or ((place / "models").is_dir() and (place / "user").is_dir())


def code() -> str:
    """The file that is installed."""
    return files("headway.comfyui_extension").joinpath("mirror.py").read_text(encoding="utf-8")


def version_of(text: str) -> str:
    """The version that a mirror's file says; "" if it says none."""
    found = _VERSION.search(text)
    return found[1] if found else ""


def rows(homes: list[Path], answering: list[tuple[str, About]]) -> list[Row]:
    """One row for each mirror that is known, was asked for, or answers."""
    places = {one.directory: one.id for one in mirrors.known()}
    for home in homes:
        places[str(home)] = public_id(_token(home / "custom_nodes" / FOLDER))
    found = []
    told: set[str] = set()
    for directory, wanted in places.items():
        text = _read(Path(directory) / "custom_nodes" / FOLDER / CODE)
        installed = version_of(text) if text.startswith(MARK) else ""
        mine = [(url, about) for url, about in answering if about.id == wanted]
        told |= {url for url, _ in mine}
        found += [_row(directory, installed, url, about) for url, about in mine]
        if not mine:
            found.append(_row(directory, installed, "", None))
    strange = [(url, about) for url, about in answering if url not in told]
    return [*found, *[_row("", "", url, about) for url, about in strange]]


def _row(directory: str, installed: str, url: str, about: About | None) -> Row:
    if about is None:
        missing = f"its folder {FOLDER} is not there" if not installed else "nothing answers"
        return Row(directory=directory, installed=installed, note=missing)
    note = ""
    if about.missing:
        note = f"cannot listen: {', '.join(about.missing)} not found"
    elif not mirrors.token_of(about.id):
        note = "its token is not known here"
    elif installed and installed != about.version:
        note = "restart ComfyUI to load the other version"
    return Row(
        directory=directory,
        installed=installed,
        url=url,
        running=about.version,
        readers=about.readers,
        dropped=about.dropped,
        note=note,
    )


def _cells(row: Row) -> tuple[str, ...]:
    counts = ["" if one is None else str(one) for one in (row.readers, row.dropped)]
    return (row.directory, row.installed, row.url, row.running, *counts, row.note)


_COLUMNS = (
    Column("DIRECTORY", elastic=16),
    Column("INSTALLED", keep=7),
    Column("ANSWERS AT", keep=8, elastic=12),
    Column("RUNS", keep=5),
    Column("READERS", keep=4, right=True),
    Column("DROPPED", keep=3, right=True),
    Column("NOTE", keep=6, elastic=12),
)


def _urls(args: Namespace) -> list[str]:
    config = loaded(args).config
    named = [one.url for one in config.sources.values() if one.kind == "comfyui"]
    looked = USUAL if config.plane.discover else ()
    usual = [one.url for one in looked if one.kind == "comfyui"]
    return list(dict.fromkeys(clean_url(url) for url in [*args.url, *named, *usual]))


async def _answers(urls: list[str]) -> list[tuple[str, About]]:
    async with session() as client:
        asked = [_about(Asker(client, url, clock=time.time)) for url in urls]
        found = await asyncio.gather(*asked)
    return [(url, about) for url, about in zip(urls, found, strict=True) if about is not None]


async def _about(asker: Asker) -> About | None:
    try:
        async with asyncio.timeout(LOOK_TIME):
            answer = await asker.ask(PATH, limit=LARGEST_ABOUT)
    except (HeadwayError, TimeoutError):
        return None
    if answer is None or answer.status != 200:
        return None
    about = read_about(answer.body or b"")
    return None if isinstance(about, Skip) else about


def _one(directories: list[str]) -> str:
    if len(directories) != 1:
        raise UsageError("name the directory of one ComfyUI", "headway comfyui install DIR")
    return directories[0]


def _share(home: Path, folder: Path) -> None:
    """Make the token if there is none, and know it."""
    token = _token(folder) or secrets.token_urlsafe(32)
    _write(folder / TOKEN, token)
    mirrors.remember(mirrors.Mirror(public_id(token), str(home), token))


def _token(folder: Path) -> str:
    token = _read(folder / TOKEN).strip()
    return token if len(token) <= LONGEST_TOKEN and token.isascii() else ""


def _write(path: Path, text: str) -> None:
    try:
        write_private(str(path), text)
    except OSError as error:
        hint = "who runs this must be allowed to write there"
        raise ConfigError(f"cannot write {path}: {error.strerror}", hint) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _number(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version_of(text).split(".") if part)


def _take_away(folder: Path) -> list[str]:
    """Remove our files; what else lies there, by name."""
    try:
        for cached in (folder / "__pycache__").glob("__init__.*.pyc"):
            cached.unlink()
        for name in (CODE, TOKEN):
            (folder / name).unlink(missing_ok=True)
        for place in (folder / "__pycache__", folder):
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()
    except OSError as error:
        hint = "who runs this must be allowed to write there"
        raise ConfigError(f"cannot remove {folder}: {error.strerror}", hint) from error
    return sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []
