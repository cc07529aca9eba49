"""The metrics: what Prometheus reads is what is, and says nothing where nothing is known."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families
from tests.server.house import House
from tests.server.sample import key, queued

from headway.model.events import AnyEvent, Ended, Presence, Queued, Registered, Started
from headway.model.keys import join
from headway.server.metrics import CLASSES, Times

Series = dict[tuple[str, ...], float]


async def series(house: House) -> Series:
    """Every sample by name and label values."""
    answer = await house.get("/metrics")
    assert answer.status == 200
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def until(house: House, name: str, *labels: str) -> Series:
    """The series, once that one is among them."""
    async with asyncio.timeout(20):
        while True:
            found = await series(house)
            if (name, *labels) in found:
                return found


def story(
    native: str, why: str = "ValueError: no such word", **ended: object
) -> Iterator[AnyEvent]:
    now = time.time()
    yield Queued(key=key(native), at=now - 30)
    yield Started(key=key(native), at=now - 20)
    outcome = ended.get("outcome", "failed")
    yield Ended(key=key(native), at=now, outcome=outcome, why=why, final=True)  # type: ignore[arg-type]


async def test_who_waits_and_who_runs_is_counted_by_source(house: House) -> None:
    await house.report(queued("a"), queued("b"), Started(key=key("c"), at=time.time()))

    found = await series(house)

    assert found["headway_jobs_waiting", "comfy"] == 2
    assert found["headway_jobs_running", "comfy"] == 1


async def test_of_a_source_that_is_not_seen_only_that_is_told(house: House) -> None:
    now = time.time()
    await house.report(
        Registered(key=join("comfy"), at=now, meta={"source_kind": "comfyui"}),
        Presence(key=join("comfy"), at=now, presence="missing", observer="headway"),
        queued("a"),
    )

    found = await series(house)

    assert found["headway_source_up", "comfy"] == 0
    assert ("headway_jobs_waiting", "comfy") not in found


async def test_a_job_that_does_the_work_of_another_is_not_counted_twice(house: House) -> None:
    await house.report(
        queued("outer", "swarm"),
        queued("inner"),
        Registered(key=key("inner"), at=time.time(), meta={"runs_as": key("outer", "swarm")}),
    )

    found = await series(house)

    assert found["headway_jobs_waiting", "swarm"] == 1
    assert found.get(("headway_jobs_waiting", "comfy"), 0) == 0


async def test_an_end_is_counted_once_with_its_times_and_its_error(house: House) -> None:
    await house.report(*story("a"))
    await until(house, "headway_job_failures_total", "ValueError", "comfy")
    await house.report(*story("a"), Registered(key=key("a"), at=time.time(), meta={"model": "x"}))
    await house.report(*story("b", outcome="succeeded", why=""))

    async with asyncio.timeout(20):
        while (found := await series(house))["headway_job_run_seconds_count", "comfy"] < 2:
            pass

    assert found["headway_jobs_ended_total", "comfy", "failed"] == 1
    assert found["headway_job_failures_total", "ValueError", "comfy"] == 1
    assert found["headway_job_run_seconds_count", "comfy"] == 2
    assert 38 < found["headway_job_run_seconds_sum", "comfy"] < 42
    assert 19 < found["headway_job_wait_seconds_sum", "comfy"] < 21


async def test_words_of_a_failure_never_become_a_label(house: House) -> None:
    await house.report(*story("a", why="my secret prompt was refused"))

    found = await until(house, "headway_job_failures_total", "comfy", "other")

    assert not [name for name in found if "secret" in str(name)]


async def test_classes_of_errors_are_bounded() -> None:
    times = Times()

    classes = {times._class_of(f"Error{n}: no") for n in range(10 * CLASSES)}

    assert len(classes) == CLASSES + 1
    assert "other" in classes


async def test_the_text_is_what_prometheus_accepts(house: House) -> None:
    await house.report(*story("a"), queued("b", 'odd "name"\\\n'.strip()))
    text = (await house.get("/metrics")).text

    assert list(text_string_to_metric_families(text))
    tool = shutil.which("promtool")
    if tool:  # Prometheus's own opinion, where it is installed
        checker = await asyncio.create_subprocess_exec(
            *(tool, "check", "metrics"), stdin=-1, stdout=-1, stderr=-1
        )
        out, err = await checker.communicate(text.encode())
        assert checker.returncode == 0, out + err


async def test_a_reader_of_openmetrics_gets_its_format(house: House) -> None:
    accept = "application/openmetrics-text; version=1.0.0"

    answer = await house.get("/metrics", Accept=accept)

    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
