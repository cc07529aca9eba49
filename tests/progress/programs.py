"""Programs that the tests run: `python programs.py NAME ARGS…`. Each says READY where it waits."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable
from importlib.machinery import PathFinder
from typing import Any

from headway.progress import ProgressManager, flush, group, job, track

Program = Callable[..., None]


def ends_with_jobs_open() -> None:
    """Ends by itself, at once."""
    kept.append(job("open", total=3))
    with job("done"):
        pass


def raises() -> None:
    """Ends with an error."""
    with job("broken"):
        raise SystemExit(3)


def waits() -> None:
    """Waits to be killed, with a job that is half done."""
    one = job("half", total=10)
    one.set(5)
    assert flush(30.0)
    print("READY", flush=True)
    time.sleep(600)


def stops_hard() -> None:
    """Ends without Python's own end."""
    with job("hard"):
        pass
    flush(30.0)
    os._exit(0)


def forks() -> None:
    """A child that inherits an open job, has one of its own, and ends without ending its own."""
    with job("parent's", total=2) as ours:
        ours.advance()
        assert flush(30.0)
        child = os.fork()
        if child == 0:
            ours.fail("not yours")
            with job("child's"):
                pass
            flush(30.0)
            os._exit(0)
        os.waitpid(child, 0)
        ours.advance()


def pool(method: str) -> None:
    """Workers that are ended as soon as their results are there."""
    with group("pool") as g:
        with multiprocessing.get_context(method).Pool(2) as workers:
            assert workers.map(part, range(4), chunksize=1) == [6, 6, 6, 6]
        print(g.id)


def part(n: int) -> int:
    """One worker's share."""
    return sum(track([1, 2, 3], f"part {n}"))


def pool_while_loading() -> None:
    """A fork while the thread still loads what it needs, for longer than a batch takes."""
    from headway.progress import voice

    class Slow:
        """A slow disk."""

        def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
            if name != "headway.store.opening" or os.getpid() != parent:
                return None
            spec = PathFinder.find_spec(name, path)
            loader: Any = spec and spec.loader
            load = loader.exec_module

            def slowly(module: object) -> None:
                begun.set()
                time.sleep(1.0)
                load(module)

            loader.exec_module = slowly
            return spec

    parent, begun = os.getpid(), threading.Event()
    voice.BEFORE_FORK = 0.01
    sys.meta_path.insert(0, Slow())
    with job("parent's"):
        pass
    assert begun.wait(30.0)
    with multiprocessing.get_context("fork").Pool(1) as workers:
        print("half loaded:", workers.map(half_loaded, [0]))
        assert workers.map(part, [0], chunksize=1) == [6]


def half_loaded(_: int) -> list[str]:
    """Modules that this process found half loaded, and will never see whole."""
    found = [(name, getattr(one, "__spec__", None)) for name, one in sys.modules.items()]
    return [name for name, spec in found if getattr(spec, "_initializing", False)]


def quiet_pool() -> None:
    """Workers, and nothing to tell."""
    with multiprocessing.get_context("spawn").Pool(1) as workers:
        assert workers.map(abs, [-1]) == [1]


def races() -> None:
    """Ends that come before their registration, from other processes."""
    manager = ProgressManager("race")
    manager.complete_task(1, "b")
    manager.register_task(1, task="a")
    manager.register_task(1, task="b")
    manager.fail_task(1, "a")
    manager.seal(1)


def ends(name: str) -> None:
    """Ends a job of a group that somebody else seals."""
    job("member", source="elsewhere", native="x", group=name).close()


def seals(name: str) -> None:
    """Seals a group whose member somebody else ends."""
    group("it", id=name).seal("elsewhere~x~")


def nowhere() -> None:
    """Reports into a place that cannot be written, and works on."""
    for _ in track(range(1000), "it"):
        pass
    print("worked", flush())


def draws() -> None:
    """A loop and a job without a total."""
    for number in track(range(20), "my \x1b[2J[red]frames"):
        if number % 10 == 5:
            flush(30.0)  # by then it is drawn
    with job("no total") as one:
        one.advance()
        flush(30.0)
    print("worked", flush(30.0))


def fills() -> None:
    """Many short jobs, faster than they can be sent."""
    for n in range(3_000):
        with job(f"job {n}"):
            pass
    print("worked", flush(30.0))


def signals() -> None:
    """Says what it would do with signals."""
    import signal

    before = [signal.getsignal(one) for one in signal.valid_signals()]
    with job("it"):
        flush(30.0)
    print("same", before == [signal.getsignal(one) for one in signal.valid_signals()])


kept: list[object] = []

if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
