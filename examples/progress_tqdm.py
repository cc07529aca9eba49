"""Code that was written for tqdm: change the import, and every process can see the bar.

python examples/progress_tqdm.py
"""

from __future__ import annotations

import time

from headway.tqdm import tqdm, trange


def main() -> None:
    for _ in trange(50, desc="epochs"):
        time.sleep(0.005)
    with tqdm(total=3, desc="files", unit="file") as bar:
        for name in ("a.png", "b.png", "c.png"):
            bar.set_postfix(file=name)
            bar.update()
    print("done", bar.n)


if __name__ == "__main__":
    main()
