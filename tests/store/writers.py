"""A process that writes a store, told what to do by its first argument. For the tests."""

from __future__ import annotations

import sys
from pathlib import Path

from headway.model.events import AnyEvent, Progress, Registered, StepEnded
from headway.store.sqlite import SqliteStore


def edge(name: str, number: int) -> AnyEvent:
    """The edge that `name` tells as its `number`th."""
    return StepEnded(key=f"{name}~job~", at=float(number + 1), observer=name, step=str(number))


def level(name: str, number: int) -> AnyEvent:
    """A level of the same job."""
    return Progress(
        key=f"{name}~job~", at=float(number + 1), observer=name, done=float(number), total=1e9
    )


def main(path: str, name: str, first: str, count: str) -> None:
    """Tell `count` edges with levels between them; each is named on stdout once it is stored."""
    store = SqliteStore.open(Path(path), is_network=lambda _: False)
    say("ready")
    for number in range(int(first), int(first) + int(count)):
        told = store.append([level(name, number)])
        told += store.append([edge(name, number), Registered(key=name, at=1.0, meta={})])
        say(f"{number} {' '.join(str(change.offset) for change in told)}")
    store.close()


def say(words: str) -> None:
    """One line to whoever listens."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
