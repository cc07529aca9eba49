"""What a job is making right now, in a line: its phase, the measured step, how long still.

Rule 1: k of n is what was measured; a rate and an end are told once two measurements say so.
Rule 2: what a step is called comes from its class; a class nobody knows goes by its name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from headway.model.views import BarView, JobView, StepView
from headway.model.words import RESOLVED, WAITING
from headway.render.times import count, duration

WORDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (r"load|checkpoint", "loading"),
        (r"sampl", "sampling"),
        (r"vae.?decode|decode", "decoding"),
        (r"vae.?encode", "encoding"),
        (r"text.?encode|clip", "reading the prompt"),
        (r"save|preview", "saving"),
        (r"upscale", "upscaling"),
        (r"video|combine", "making the video"),
        (r"audio", "making the sound"),
    )
)


_NOTHING = StepView(key="", job="", step="", phase="")


def phase_words(job: JobView, steps: Sequence[StepView] = ()) -> str:
    """What it does, in a word or two."""
    if job.phase in RESOLVED or job.phase == "finishing":
        return str(job.phase)
    if job.phase in WAITING:
        place = f", {job.position} of {job.position_of}" if job.position and job.position_of else ""
        return f"waiting{place}"
    bar = bar_of(job)
    running = [one for one in steps if one.ended_at is None and one.started_at is not None]
    name = next((one.name for one in running if bar and one.step == bar.step), "")
    # Between two steps the last one's word stands: nothing else was said.
    name = name or (running[-1:] or list(steps[-1:]) or [_NOTHING])[0].name
    known = next((words for pattern, words in WORDS if pattern.search(name)), "")
    return known or job.activity or name or "starting"


def bar_of(job: JobView) -> BarView | None:
    """The bar that moves now; None if nothing was measured."""
    return job.bars[0] if job.bars and job.bars[0].total else None


def line_of(
    job: JobView, steps: Sequence[StepView] = (), *, per_unit: float | None, left: float | None
) -> str:
    """The line without the job's name. `per_unit`: seconds; `left`: seconds, None: unknown."""
    parts = [phase_words(job, steps)]
    bar = bar_of(job)
    if bar is not None and bar.total and job.phase not in RESOLVED:
        parts.append(f"{count(bar.done)}/{count(bar.total)}")
        if per_unit:
            rate = f"{1 / per_unit:.1f} it/s" if per_unit < 1 else f"{per_unit:.1f} s/it"
            parts.append(rate)
    if left is not None and job.phase not in RESOLVED:
        parts.append(f"about {duration(max(left, 0.0))} left")
    if job.phase in RESOLVED and job.why:
        parts.append(job.why)
    return " · ".join(parts)
