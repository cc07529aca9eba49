"""A loop, a job with steps, and a function that is tried again. Watch it with `headway watch`.

python examples/progress_loop.py
"""

from __future__ import annotations

import time

from headway import job, retrying, track

PAUSE = 0.01  # seconds that a frame takes


def main() -> None:
    for _ in track(range(50), "frames", unit="frame"):
        time.sleep(PAUSE)
    with job("render", kind="video", steps=["sample", "decode"]) as one:
        with one.step("sample", total=20) as sampling:
            for _ in range(20):
                time.sleep(PAUSE)
                sampling.advance()
        with one.step("decode"):
            time.sleep(PAUSE)
    print(upload(["busy", "done"]))


@retrying(attempts=3)
def upload(answers: list[str]) -> str:
    answer = answers.pop(0)
    if answer == "busy":
        raise OSError("try again")
    return answer


if __name__ == "__main__":
    main()
