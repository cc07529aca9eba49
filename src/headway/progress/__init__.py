"""Progress of anything, in one line, from any process.

    for frame in track(frames, "frames"): ...

    with job("render", total=20, kind="video") as j:
        j.advance()
        with j.step("decode"): ...
        j.artifact(path)

    with group("chapter 3") as g:
        g.job("page 1")
        g.seal()
        g.wait(timeout=60)

Rule 1: it never blocks the work and never raises into it; what goes wrong is told once, in
the log `headway.progress`. It installs no signal handler and leaves no trace in the work.
Rule 2: what is said goes to the server of this machine, else into its store, or to
HEADWAY_URL, with an outbox on disk while that one does not answer.
Rule 3: memory is bounded whether or not anybody listens.
Rule 4: importing it costs no more than a few files; the rest is imported by the thread.
"""

from __future__ import annotations

from headway.progress.attempts import retrying
from headway.progress.groups import Group
from headway.progress.jobs import Job, Step, current
from headway.progress.loops import atrack, track, tracked
from headway.progress.voice import PATIENCE
from headway.progress.voice import voice as _voice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from headway.progress.foreign import diffusers_callback, watch_tqdm
    from headway.progress.tasks import ProgressManager

job = Job
group = Group

__all__ = [
    "Group",
    "Job",
    "ProgressManager",
    "Step",
    "atrack",
    "current",
    "diffusers_callback",
    "flush",
    "group",
    "job",
    "retrying",
    "track",
    "tracked",
    "watch_tqdm",
]


def flush(timeout: float = PATIENCE) -> bool:
    """Wait until all that was said has left the process: stored, or kept on disk."""
    return _voice().flush(timeout)


_HOMES = {
    "ProgressManager": "headway.progress.tasks",
    "diffusers_callback": "headway.progress.foreign",
    "watch_tqdm": "headway.progress.foreign",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
