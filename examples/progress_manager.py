"""Pictures for a message: ends may come before anybody registered the tasks.

python examples/progress_manager.py
"""

from __future__ import annotations

from typing import Any

from headway import ProgressManager

MESSAGE = 42


def main() -> None:
    manager = ProgressManager()
    manager.on("progress-complete", told)
    manager.complete_task(MESSAGE, "cover")  # a cached picture is faster than the scanner
    manager.register_task(MESSAGE, task="back", prompt="a dragon, asleep")
    manager.register_task(MESSAGE, task="cover", prompt="a castle at dawn")
    manager.fail_task(MESSAGE, "back", why="out of memory")
    manager.seal(MESSAGE)
    print(manager.get_state(MESSAGE))
    manager.clear(MESSAGE)


def told(facts: dict[str, Any]) -> None:
    print("complete:", facts["message_id"])


if __name__ == "__main__":
    main()
