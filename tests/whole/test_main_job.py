"""The main job: whoever submitted it, everybody sees what became of it."""

from __future__ import annotations

import json
import math
from pathlib import Path

from tests.whole.town import town

from headway.sim import workflows


async def test_a_strangers_job_is_followed_from_its_submission_to_its_file(tmp_path: Path) -> None:
    async with town(tmp_path, speed=20) as here:
        native = here.sim.submit(workflows.text_to_image(steps=6), client_id="a stranger")
        job = await here.ended(native)

        assert job.outcome == "succeeded"
        assert job.fraction == 1.0
        assert [one.media for one in job.outputs] == ["image"]
        status, picture = await here.answer(f"/api/v1/jobs/{job.key}/outputs/0")
        assert (status, picture[:4]) == (200, b"\x89PNG")


async def test_its_sampling_steps_were_seen_on_the_way(tmp_path: Path) -> None:
    async with town(tmp_path, speed=10) as here:
        native = here.sim.submit(workflows.text_to_image(steps=8), client_id="a stranger")

        async def halfway() -> bool:
            job = await here.job(native)
            return job is not None and any(bar.total == 8 and bar.done >= 4 for bar in job.bars)

        await here.until(halfway)
        await here.ended(native)


async def test_every_way_to_end_is_told_as_it_was(tmp_path: Path) -> None:
    async with town(tmp_path, speed=20) as here:
        failing = here.sim.submit(workflows.failing(), client_id=None)
        blocker = here.sim.submit(workflows.ticking(ticks=5000), client_id="a")
        deleted = here.sim.submit(workflows.text_to_image(seed=9), client_id="b")
        await here.ended(failing)

        async def waits() -> bool:
            job = await here.job(deleted)
            return job is not None and job.phase == "queued" and here.sim.running == blocker

        await here.until(waits)

        async def missed() -> bool:
            # Only what is known to be gone can be called removed by what happens later.
            job = await here.job(deleted)
            return job is not None and (job.missing_since is not None or bool(job.outcome))

        here.sim.delete(deleted)
        await here.until(missed)
        here.sim.interrupt()

        assert (await here.ended(failing)).outcome == "failed"
        assert (await here.ended(blocker)).outcome == "cancelled"
        gone = await here.ended(deleted)
        assert (gone.outcome, gone.basis) == ("cancelled", "inferred")


async def test_a_job_that_a_restart_cut_off_is_lost_and_says_why(tmp_path: Path) -> None:
    async with town(tmp_path, speed=5) as here:
        native = here.sim.submit(workflows.text_to_image(steps=30), client_id="a")

        async def runs() -> bool:
            job = await here.job(native)
            return job is not None and bool(job.bars)

        await here.until(runs)
        await here.sim.restart()

        job = await here.ended(native)
        assert job.outcome == "lost"
        assert "restart" in (job.why + job.evidence).lower()


async def test_the_status_for_scripts_counts_what_is_unfinished(tmp_path: Path) -> None:
    async with town(tmp_path, speed=20) as here:
        idle = json.loads((await here.answer("/api/v1/status"))[1])
        native = here.sim.submit(workflows.ticking(ticks=5000), client_id="a")

        async def known() -> bool:
            return await here.job(native) is not None

        await here.until(known)
        busy = json.loads((await here.answer("/api/v1/status"))[1])
        here.sim.interrupt()
        await here.ended(native)

        assert idle["generations_running"] == 0
        assert busy["generations_running"] == 1


async def test_a_client_that_joins_at_the_end_gets_the_same_as_one_from_the_start(
    tmp_path: Path,
) -> None:
    async with town(tmp_path, speed=math.inf) as here:
        known: dict[str, str] = {}
        natives = [here.sim.submit(workflows.text_to_image(seed=n)) for n in range(3)]
        async for news in here.client.changes():
            known.update({one.key: one.phase for one in news.entities if hasattr(one, "phase")})
            if list(known.values()).count("succeeded") == len(natives):
                break

        page = await here.client.jobs()

        assert {job.key: job.phase for job in page.jobs} == known
