"""A list of assets made, one after another or several at once, and gone on with later.

Rule 1: all of it is one sealed group from the first moment: its total is exact, and every
asset is a job of it, whether it has begun or not. What the back end does for an asset is a
job of the back end that `runs_as` the asset's: nothing is counted twice.
Rule 2: a failure stops what has not begun, unless `keep_going`; what runs is left to end.
Rule 3: what is made is written down at once: whoever kills it loses what was under way.
Rule 4: files of others are found before anything is asked for, and then nothing is.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import msgspec

from headway.actions.contract import Actor
from headway.errors import HeadwayError, UsageError
from headway.generate import manifest
from headway.generate.asking import work_for
from headway.generate.manifest import Made, Manifest
from headway.generate.naming import inside
from headway.generate.params import Params, params_of
from headway.generate.pipeline_file import Asset
from headway.generate.running import Result, Running, Tell
from headway.generate.saving import save
from headway.progress import Job, group

SOURCE = "pipeline"  # whose jobs the assets are
LARGEST_SEED = 2**31
SHOWN = 5  # names in an error

Come = Literal["made", "skipped", "failed", "cancelled", "left"]


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """What is put around every prompt."""

    prefix: str = ""
    suffix: str = ""

    def around(self, prompt: str) -> str:
        """The prompt with it."""
        return ", ".join(text for text in (self.prefix, prompt, self.suffix) if text)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One asset as it will be asked for. `state`: what is there of it already."""

    asset: Asset
    params: Params
    words: str
    state: manifest.State


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, in order."""

    directory: Path
    base_seed: int
    steps: list[Step]
    known: Manifest

    @property
    def to_make(self) -> list[Step]:
        """Those that are not there yet."""
        return [step for step in self.steps if step.state != "made"]


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one asset; `why` of a failure; `file` relative to the directory."""

    asset: str
    come: Come
    why: str = ""
    file: str = ""


Show = Callable[[Step, Came | Running], object]


def plan_of(
    assets: Sequence[Asset],
    directory: Path,
    *,
    common: Mapping[str, Any],
    style: Style | None = None,
    base_seed: int | None = None,
    overwrite: bool = False,
) -> Plan:
    """What there is to do. `common` are options for all assets; an asset's own win.

    Raises: UsageError for wrong params, or for files of others without `overwrite`;
    StoreError for a manifest that cannot be read.
    """
    known = manifest.read(directory)
    seed = base_seed if base_seed is not None and base_seed >= 0 else known.base_seed
    if seed is None:
        seed = random.SystemRandom().randrange(LARGEST_SEED)
    steps = [_step(one, directory, common, style or Style(), seed, known) for one in assets]
    foreign = [step.asset.path for step in steps if step.state == "foreign"]
    if foreign and not overwrite:
        names = ", ".join(foreign[:SHOWN]) + (" …" if len(foreign) > SHOWN else "")
        raise UsageError(
            f"{len(foreign)} files are there that this pipeline did not make: {names}",
            "--overwrite replaces them, --output-dir makes them elsewhere",
        )
    return Plan(directory=directory, base_seed=seed, steps=steps, known=known)


def _step(
    asset: Asset,
    directory: Path,
    common: Mapping[str, Any],
    style: Style,
    base_seed: int,
    known: Manifest,
) -> Step:
    inside(directory, PurePosixPath(asset.path))
    given = {"seed": (base_seed + asset.seed) % LARGEST_SEED, **common, **asset.params}
    try:
        params = params_of(given | {"prompt": style.around(asset.prompt)})
    except UsageError as error:
        raise UsageError(f"{asset.id}: {error}", error.hint) from error
    words = manifest.words_of(params)
    state = manifest.state_of(directory, asset.path, words, known)
    return Step(asset=asset, params=params, words=words, state=state)


class Pipeline:
    """One run of a plan. `show` hears of each asset, `tell` of each event."""

    def __init__(
        self,
        actor: Actor,
        plan: Plan,
        *,
        tell: Tell,
        show: Show,
        meta: Mapping[str, Any] | None = None,
    ) -> None:
        """`meta` is said of everything that is submitted."""
        self._actor = actor
        self._plan = plan
        self._tell = tell
        self._show = show
        self._meta = dict(meta or {})
        self._came: dict[str, Came] = {}
        self._running: set[Running] = set()
        self._stopping = False

    async def run(self, *, name: str, at_once: int = 1, keep_going: bool = False) -> list[Came]:
        """Make what is not there; what came of each asset, in their order."""
        turns = asyncio.Semaphore(at_once)
        with group(name) as whole:
            jobs = [
                (
                    step,
                    whole.job(
                        step.asset.name, kind="image", queued=True, show=False, source=SOURCE
                    ),
                )
                for step in self._plan.to_make
            ]
            whole.seal()
            async with asyncio.TaskGroup() as tasks:
                for step, job in jobs:
                    tasks.create_task(self._turn(step, job, turns, keep_going=keep_going))
        skipped = {
            step.asset.path: Came(asset=step.asset.id, come="skipped")
            for step in self._plan.steps
            if step.state == "made"
        }
        found = self._came | skipped
        return [found[step.asset.path] for step in self._plan.steps]

    async def stop(self) -> None:
        """Begin nothing more, and ask the back end to stop what runs. Raises: SourceLost."""
        self._stopping = True
        for running in list(self._running):
            await running.cancel()

    async def _turn(
        self, step: Step, job: Job, turns: asyncio.Semaphore, *, keep_going: bool
    ) -> None:
        async with turns:
            if self._stopping:
                came = Came(asset=step.asset.id, come="left")
                job.cancel("never begun: the pipeline stopped before")
            else:
                came = await self._make(step, job)
        self._stopping |= came.come in ("failed", "cancelled") and not keep_going
        self._came[step.asset.path] = came
        self._show(step, came)

    async def _make(self, step: Step, job: Job) -> Came:
        job.start()
        try:
            result = await self._run(step, job)
            file = await self._keep(step, result) if result.succeeded else ""
        except HeadwayError as error:
            job.fail(str(error))
            why = f"{error} ({error.hint})" if error.hint else str(error)
            return Came(asset=step.asset.id, come="failed", why=why)
        if file:
            job.close()
            return Came(asset=step.asset.id, come="made", file=file)
        return _fell_short(step, job, result)

    async def _run(self, step: Step, job: Job) -> Result:
        meta = {**self._meta, "runs_as": job.key, "title": step.asset.name}
        work = await work_for(self._actor, step.params, meta=meta)

        def show(running: Running) -> None:
            fractions = [one.fraction or 0.0 for one in running.jobs]
            if any(one.fraction is not None for one in running.jobs):
                job.set(sum(fractions) / len(fractions), total=1.0)
            self._show(step, running)

        running = Running(self._actor, work, tell=self._tell, show=show)
        self._running.add(running)
        try:
            return await running.run(clock=time.time)
        finally:
            self._running.discard(running)

    async def _keep(self, step: Step, result: Result) -> str:
        if not result.outputs:
            raise UsageError("it made no file")
        directory, first = self._plan.directory, result.outputs[0]
        ending = PurePosixPath(str(first.get("name", ""))).suffix
        path = PurePosixPath(step.asset.path)
        path = path.with_suffix(ending) if ending else path
        # An ending that nobody expected may meet a file that nobody looked for.
        ours = step.state != "absent" or not (directory / path).exists()
        saved = await save(self._actor, first, inside(directory, path), overwrite=ours)
        for other in result.outputs[1:]:
            await save(self._actor, other, inside(directory, path))
        content = await asyncio.to_thread(manifest.content_of, saved)
        self._plan.known.base_seed = self._plan.base_seed
        file = saved.relative_to(directory).as_posix()
        made = Made(file=file, words=step.words, content=content)
        self._plan.known.made[step.asset.path] = made
        await asyncio.to_thread(manifest.write, directory, self._plan.known)
        return file


def _fell_short(step: Step, job: Job, result: Result) -> Came:
    first = next((one for one in result.jobs if one.phase != "succeeded"), None)
    why = result.lost or (first.why if first is not None else "") or "no outcome was told"
    if first is not None and first.outcome == "cancelled":
        job.cancel(why)
        return Came(asset=step.asset.id, come="cancelled", why=why)
    outcome = first.outcome if first is not None and first.outcome else "unknown"
    job.end(outcome, why=why)
    return Came(asset=step.asset.id, come="failed", why=why)
