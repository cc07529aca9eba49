"""One program's way of writing a file. To add one: a module with a `READER`, a row here,
and a recording of the real program under tests/run/recordings.

Rule 1: pure: `read(line, last)` gives what the line says, or None; no clock, no memory.
Rule 2: strict: a line that could be anybody's is nobody's (`guess` looks at those).
Rule 3: the order is from the most telling to the least: of two that read the same line
    the first is believed.
"""

from __future__ import annotations

from headway.run.readers import comfyui, ffmpeg, pip, rsync, tqdm
from headway.run.reading import Reader

READERS: tuple[Reader, ...] = (
    comfyui.READER,
    pip.READER,
    rsync.READER,
    ffmpeg.READER,
    tqdm.READER,
)
