"""What a server promised holds, whenever it is killed. `python -m bench.crash` has 200 rounds."""

from __future__ import annotations

import random
from pathlib import Path

from bench.crash import crash

ROUNDS = 10


async def test_kill_9_at_any_moment_loses_nothing_uses_no_offset_twice_and_readers_resume(
    tmp_path: Path,
) -> None:
    verdict = await crash(tmp_path, ROUNDS, random.Random(8329))

    assert verdict.good, verdict
    assert verdict.lives > ROUNDS // 2
    assert verdict.acknowledged > 0
    assert verdict.frames > 0
