"""The public names, pinned, and the promise that importing the package loads nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import headway

NAMES = [
    "Client",
    "Event",
    "HeadwayError",
    "JobKey",
    "ProgressManager",
    "StatusMonitor",
    "__version__",
    "diffusers_callback",
    "group",
    "job",
    "retrying",
    "track",
    "watch_tqdm",
]
SOURCE = Path(__file__).parent.parent / "src"


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after a statement, and not before."""
    code = (
        f"import sys; sys.path.insert(0, {str(SOURCE)!r}); before = set(sys.modules); {statement}; "
        "print(*sorted(set(sys.modules) - before), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_public_names_are_these() -> None:
    assert sorted(NAMES) == headway.__all__
    assert dir(headway) == headway.__all__


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_leads_somewhere(name: str) -> None:
    assert getattr(headway, name)


def test_any_other_name_is_refused_as_python_does() -> None:
    with pytest.raises(AttributeError, match="'headway' has no attribute 'nonsense'"):
        headway.nonsense  # noqa: B018


def test_importing_the_package_loads_nothing_else_of_it() -> None:
    loaded = loaded_by("import headway")

    assert {name for name in loaded if name.startswith("headway")} == {"headway"}
    assert not loaded & {"asyncio", "msgspec", "aiohttp", "apsw", "logging"}


def test_the_version_costs_one_line() -> None:
    loaded = loaded_by("import headway; headway.__version__")

    assert {name for name in loaded if name.startswith("headway")} == {
        "headway",
        "headway.version",
    }


def test_naming_a_job_loads_no_more_than_the_words() -> None:
    loaded = loaded_by("from headway import JobKey, HeadwayError")

    rooms = {name.split(".")[1] for name in loaded if name.startswith("headway.")}
    assert rooms == {"errors", "model"}
