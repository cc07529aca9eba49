"""tqdm's interface, over `headway.progress`.

    from headway.tqdm import tqdm, trange

    for x in tqdm(items, desc="frames"): ...

Rule 1: what tqdm documents is taken, and means the same: arguments, methods, attributes.
What has no meaning here (how bars look) is kept and has no effect.
Rule 2: every bar is a job, seen from any process; on a terminal rich draws it.
Rule 3: tqdm itself is not needed.
"""

from headway.tqdm.bar import tqdm, trange

__all__ = ["tqdm", "trange"]
