"""`headway comfyui`: into a ComfyUI, out of it, and how it stands."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Run
from tests.comfyui_extension.around import Loaded, mirrored

from headway.comfyui_extension import mirror as extension
from headway.host import mirrors

OURS = Path("custom_nodes") / "headway_mirror"


@pytest.fixture
def comfy(home: Path) -> Path:
    """The folder of a ComfyUI."""
    place = home / "ComfyUI"
    for folder in ("custom_nodes", "comfy"):
        (place / folder).mkdir(parents=True)
    (place / "main.py").touch()
    return place


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_install_copies_the_file_as_it_is_and_makes_a_token(comfy: Path, hw: Run) -> None:
    code, out, err = hw("comfyui", "install", str(comfy))

    assert code == 0
    assert Path(out.strip()) == comfy / OURS
    assert "restart ComfyUI" in err
    assert (comfy / OURS / "__init__.py").read_text(encoding="utf-8") == Path(
        extension.__file__
    ).read_text(encoding="utf-8")
    (known,) = mirrors.known()
    assert known.token == (comfy / OURS / "token").read_text()
    assert known.id == extension.public_id(known.token)
    assert len(known.token) >= 32


def test_both_copies_of_the_token_are_for_the_user_alone(comfy: Path, hw: Run) -> None:
    hw("comfyui", "install", str(comfy))

    kept = (comfy / OURS / "token", Path(os.environ["HEADWAY_STATE_DIR"]) / mirrors.FILE)
    assert os.name == "nt" or [mode(one) for one in kept] == [0o600, 0o600]


def test_the_token_is_shown_nowhere(comfy: Path, hw: Run) -> None:
    said = [hw("comfyui", word, str(comfy)) for word in ("install", "install", "status")]
    said.append(hw("comfyui", "status", "--format", "json"))
    (known,) = mirrors.known()
    said.append(hw("comfyui", "uninstall", str(comfy)))

    assert known.token not in str(said)
    assert known.token not in repr(known)


def test_installing_twice_changes_nothing(comfy: Path, hw: Run) -> None:
    hw("comfyui", "install", str(comfy))
    before = mirrors.known()
    code, out, err = hw("comfyui", "install", str(comfy))

    assert (code, out) == (0, "")
    assert "already" in err
    assert mirrors.known() == before


def test_the_portable_builds_inner_comfyui_is_found(comfy: Path, home: Path, hw: Run) -> None:
    code, out, _ = hw("comfyui", "install", str(home))

    assert code == 0
    assert Path(out.strip()) == comfy / OURS


def test_a_base_directory_is_one_too(home: Path, hw: Run) -> None:
    for folder in ("custom_nodes", "models", "user"):
        (home / "base" / folder).mkdir(parents=True)

    assert hw("comfyui", "install", str(home / "base"))[0] == 0


def test_what_is_no_comfyui_is_refused_with_what_was_looked_for(home: Path, hw: Run) -> None:
    code, out, err = hw("comfyui", "install", str(home))

    assert (code, out) == (2, "")
    assert "no ComfyUI in" in err
    assert "custom_nodes/ beside main.py" in err
    assert hw("comfyui", "install")[0] == 2


def test_an_older_mirror_is_replaced_and_a_newer_one_left(comfy: Path, hw: Run) -> None:
    hw("comfyui", "install", str(comfy))
    there = comfy / OURS / "__init__.py"
    ours = there.read_text(encoding="utf-8")
    token = (comfy / OURS / "token").read_text()
    there.write_text(ours.replace('VERSION = "', 'VERSION = "0.'), encoding="utf-8")
    assert "replaced 0." in hw("comfyui", "install", str(comfy))[2]
    assert there.read_text(encoding="utf-8") == ours
    newer = ours.replace('VERSION = "', 'VERSION = "99.')
    there.write_text(newer, encoding="utf-8")

    assert "newer" in hw("comfyui", "install", str(comfy))[2]
    assert there.read_text(encoding="utf-8") == newer
    assert (comfy / OURS / "token").read_text() == token


def test_what_is_not_ours_is_neither_overwritten_nor_removed(comfy: Path, hw: Run) -> None:
    (comfy / OURS).mkdir()
    (comfy / OURS / "__init__.py").write_text("print('mine')")

    assert hw("comfyui", "install", str(comfy))[0] == 2
    assert hw("comfyui", "uninstall", str(comfy))[0] == 2
    assert (comfy / OURS / "__init__.py").read_text() == "print('mine')"


def test_uninstall_takes_only_what_is_ours(comfy: Path, hw: Run) -> None:
    hw("comfyui", "install", str(comfy))
    (comfy / OURS / "__pycache__").mkdir()
    (comfy / OURS / "__pycache__" / "__init__.cpython-312.pyc").touch()
    (comfy / OURS / "notes.txt").touch()

    code, _, err = hw("comfyui", "uninstall", str(comfy))

    assert code == 0
    assert "notes.txt" in err
    assert [one.name for one in (comfy / OURS).iterdir()] == ["notes.txt"]
    assert mirrors.known() == []


def test_uninstall_leaves_nothing_and_may_be_repeated(comfy: Path, hw: Run) -> None:
    hw("comfyui", "install", str(comfy))

    assert hw("comfyui", "uninstall", str(comfy))[0] == 0
    assert not (comfy / OURS).exists()
    assert "no mirror" in hw("comfyui", "uninstall", str(comfy))[2]


@pytest.fixture
def running(comfy: Path, hw: Run) -> Iterator[str]:
    """A simulated ComfyUI that has loaded the mirror which is installed; its URL."""
    hw("comfyui", "install", str(comfy))
    loaded = Loaded((comfy / OURS / "token").read_text())
    up, stop, urls = threading.Event(), threading.Event(), list[str]()

    async def serve() -> None:
        async with mirrored(loaded) as sim:
            urls.append(sim.url)
            up.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert up.wait(30)
    yield urls[0]
    stop.set()
    thread.join(30)


def test_status_joins_what_is_installed_with_what_answers(
    running: str, comfy: Path, hw: Run
) -> None:
    found = json.loads(hw("comfyui", "status", "--url", running, "--format", "json")[1])

    (row,) = [one for one in found if one.get("url") == running]
    assert row["directory"] == str(comfy)
    assert row["installed"] == row["running"] == extension.VERSION
    assert (row["readers"], row["dropped"]) == (0, 0)


def test_status_says_what_answers_and_is_not_known_here(running: str, hw: Run, home: Path) -> None:
    (home / "state" / mirrors.FILE).unlink()

    found = json.loads(hw("comfyui", "status", "--url", running, "--format", "json")[1])

    (row,) = [one for one in found if one.get("url") == running]
    assert row["note"] == "its token is not known here"


def test_status_of_nothing_says_how_to_install(hw: Run) -> None:
    assert "headway comfyui install DIR" in hw("comfyui", "status")[2]


def test_status_says_that_nothing_answers_or_that_the_folder_went(comfy: Path, hw: Run) -> None:
    hw("comfyui", "install", str(comfy))
    assert "nothing answers" in hw("comfyui", "status")[1]
    (comfy / OURS / "__init__.py").unlink()

    assert "is not there" in hw("comfyui", "status", "--format", "json")[1]
