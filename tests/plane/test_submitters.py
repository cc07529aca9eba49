"""Which program asked for a job, and whether it still runs."""

from __future__ import annotations

from headway.host.process import Identity, identity
from headway.model.views import JobView, SourceView
from headway.plane.submitters import ORPHAN, SUBMITTED_BY, gone, submitted_by, with_orphans

HERE = identity()
DEAD = Identity(pid=HERE.pid, started="1", boot=HERE.boot, namespace=HERE.namespace, host=HERE.host)


def job(who: str, phase: str = "running") -> JobView:
    meta = {SUBMITTED_BY: who}
    return JobView(key="comfy~a~", source="comfy", native="a", phase=phase, meta=meta)  # type: ignore[arg-type]


def test_this_process_is_here_and_one_with_another_start_is_gone() -> None:
    assert gone(submitted_by()[SUBMITTED_BY]) is False
    assert gone(DEAD.text) is True


def test_of_another_machine_and_of_nonsense_nothing_is_said() -> None:
    away = Identity(pid=1, started="1", boot="b", namespace="n", host="another")

    assert gone(away.text) is None
    assert gone("whoever") is None
    assert gone("1////") is None


def test_only_what_is_not_over_is_an_orphan() -> None:
    source = SourceView(key="comfy", seen=True)
    views = [source, job(DEAD.text), job(DEAD.text, "succeeded"), job(HERE.text)]

    found = with_orphans(views)

    assert found[0] is source
    assert [one.meta.get(ORPHAN) for one in found[1:] if isinstance(one, JobView)] == [
        True,
        None,
        None,
    ]
