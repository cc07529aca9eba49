"""The examples run as they stand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.progress.test_programs import PATIENCE, ROOT, environment, jobs
from tests.server.conftest import build
from tests.server.house import Builder, House

from headway.model.views import JobView

assert build  # the fixture

EXAMPLES = ROOT / "examples"
REPORTERS = {
    "progress_report.py": (sys.executable, "shot-0142"),
    "progress_report.sh": (shutil.which("sh") and shutil.which("curl") and "sh", "shot-0143"),
    "progress_report.mjs": (shutil.which("node"), "shot-0144"),
}


def run(program: str, name: str, env: dict[str, str]) -> str:
    done = subprocess.run(
        [program, str(EXAMPLES / name)],
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    ("name", "said", "outcomes"),
    [
        ("progress_loop.py", "done\n", {"frames": 1, "render": 1, "upload": 2}),
        ("progress_pool.py", "[0, 1, 2, 3] succeeded\n", {f"page {n}": 1 for n in range(4)}),
        ("progress_tqdm.py", "done 3\n", {"epochs": 1, "files": 1}),
    ],
)
def test_a_program_that_reports(
    tmp_path: Path, name: str, said: str, outcomes: dict[str, int]
) -> None:
    assert run(sys.executable, name, environment(tmp_path)) == said

    found = jobs(tmp_path)
    assert {one: view.attempt for one, view in found.items()} == outcomes
    assert {view.outcome for view in found.values()} == {"succeeded"}


def test_the_manager_of_a_message(tmp_path: Path) -> None:
    said = run(sys.executable, "progress_manager.py", environment(tmp_path))

    assert said.startswith("complete: 42\n{'pending': 0, 'completed': 2, 'total': 2,")
    assert {one: view.outcome for one, view in jobs(tmp_path).items()} == {
        "cover": "succeeded",
        "back": "failed",
    }


@pytest.fixture
async def house(build: Builder) -> House:
    return await build()


@pytest.mark.parametrize("name", [one for one, (program, _) in REPORTERS.items() if program])
async def test_a_worker_that_reports_over_the_wire(house: House, tmp_path: Path, name: str) -> None:
    import asyncio

    program, native = REPORTERS[name]
    env = environment(tmp_path, HEADWAY_URL=house.url, HEADWAY_TOKEN=house.serving.token)
    await asyncio.to_thread(run, str(program), name, env)

    view = await house.plane.read("get", f"render-07~{native}~")
    assert isinstance(view, JobView)
    assert (view.outcome, view.title) == ("succeeded", f"shot {native[-3:]}")
