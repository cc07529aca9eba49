"""The answer of `status`: the seed's keys, and never "idle" where that is not known."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.model.views import BarView, Estimate, JobView, SourceView, WorkerView
from headway.talk.status import brief, iso, status_of

NOW = 1_800_000_000.0

SEED_KEYS = {
    "server_url", "status", "response_time", "version", "backends", "models_count",
    "models_loaded", "active_generations", "generations_running",
}  # fmt: skip
NUMBERS = ("models_count", "models_loaded", "generations_running", "generations_running_at_least")


def comfy(name: str = "comfy", *, seen: bool | None = True, **readings: Any) -> SourceView:
    return SourceView(
        key=name,
        seen=seen,
        since=NOW - 100,
        updated_at=NOW - 2,
        meta={"source_kind": "comfyui", "url": f"http://{name}:8188"},
        readings={"running": 0, "waiting": 0} | readings,
    )


def job(native: str = "abc", *, source: str = "comfy", **facts: Any) -> JobView:
    given = {"phase": "running", "started_at": NOW - 150, "updated_at": NOW - 1} | facts
    return JobView(key=f"{source}~{native}~1", source=source, native=native, **given)


def answer(*views: Any) -> dict[str, Any]:
    return status_of(views, now=NOW, version="0.1.0")


def test_the_seeds_keys_are_there() -> None:
    found = answer(comfy(running=1), job())

    assert set(found) >= SEED_KEYS
    assert set(found["backends"][0]) >= {"id", "type", "status", "model_loaded", "gpu"}
    generation = found["active_generations"][0]
    assert set(generation) >= {"session_id", "status", "progress", "start_time", "duration"}


def test_each_number_has_its_basis_and_age_beside_it() -> None:
    found = answer(comfy(running=1, response_time=0.012), job())

    for holder in (found, *found["servers"]):
        assert all(f"{name}_basis" in holder and f"{name}_age" in holder for name in NUMBERS)
    assert found["generations_running_basis"] == "observed"
    assert found["generations_running_age"] == 0.0
    assert found["response_time"] == "12ms"


def test_an_idle_server_is_idle() -> None:
    found = answer(comfy())

    assert found["generations_running"] == 0
    assert found["status"] == "online"
    assert found["backends"][0]["status"] == "idle"


def test_what_waits_and_loads_counts_as_running_as_it_does_in_the_seed() -> None:
    found = answer(comfy(), job("a"), job("b", phase="queued"), job("c", phase="pending"))

    assert found["generations_running"] == 3
    assert [one["status"] for one in found["active_generations"]] == [
        "starting", "pending", "pending",
    ]  # fmt: skip


def test_what_the_server_counts_beyond_the_known_jobs_counts_too() -> None:
    found = answer(comfy(running=1, waiting=4), job())

    assert found["generations_running"] == 5


@pytest.mark.parametrize("outcome", ["succeeded", "failed", "cancelled", "lost", "unknown"])
def test_what_is_over_is_not_active(outcome: Any) -> None:
    found = answer(comfy(), job(phase=outcome, outcome=outcome, ended_at=NOW))

    assert found["generations_running"] == 0
    assert found["active_generations"] == []


def test_without_any_server_nothing_is_known() -> None:
    found = answer()

    assert found["generations_running"] is None
    assert found["generations_running_at_least"] == 0
    assert found["unseen"] == ["no server found"]


def test_a_server_that_cannot_be_reached_is_a_line_and_its_jobs_are_last_seen() -> None:
    found = answer(comfy(seen=False, unreachable="connection refused"), job())

    assert found["status"] == "unreachable"
    assert found["generations_running"] is None
    assert found["generations_running_at_least"] == 0
    assert found["active_generations"] == []
    assert [one["session_id"] for one in found["last_seen"]] == ["abc"]
    assert found["unseen"] == ["comfy: cannot be reached (connection refused)"]


def test_one_unknown_server_makes_the_sum_unknown_but_not_what_is_certain() -> None:
    found = answer(comfy("a", running=2), comfy("b", seen=False))

    assert found["status"] == "mixed"
    assert found["generations_running"] is None
    assert found["generations_running_at_least"] == 2
    assert [one["server"] for one in found["servers"]] == ["a", "b"]


def test_a_server_that_was_not_asked_yet_is_not_idle() -> None:
    assert answer(comfy(seen=None))["generations_running"] is None


def test_where_the_work_of_others_cannot_be_seen_it_says_what_is_missing() -> None:
    found = answer(comfy(unseen="needs read_server_info_panels"), job())

    assert found["generations_running"] is None
    assert found["generations_running_at_least"] == 1
    assert found["unseen"] == ["comfy: needs read_server_info_panels"]


def test_a_guess_is_never_in_the_count() -> None:
    found = answer(comfy(unseen="no permission", estimated_running=2))

    assert found["generations_estimated"] == 2
    assert found["generations_estimated_basis"] == "inferred"
    assert found["generations_running"] is None


def unwatched(kind: str, *, seen: bool = True) -> SourceView:
    return SourceView(key=kind, seen=seen, meta={"source_kind": kind}, readings={"watched": False})


def test_an_unwatched_server_that_generates_leaves_the_count_unknown() -> None:
    assert answer(comfy(), unwatched("swarmui"))["generations_running"] is None


def test_an_unwatched_server_of_another_kind_says_nothing_about_generations() -> None:
    found = answer(comfy(), unwatched("qbittorrent"))

    assert found["generations_running"] == 0
    assert found["status"] == "online"
    assert found["servers"][1]["backends"][0]["status"] == "unwatched"


def test_an_unwatched_server_that_went_away_is_not_missed() -> None:
    assert len(answer(comfy(), unwatched("swarmui", seen=False))["servers"]) == 1


def test_the_inner_job_of_an_outer_one_is_not_counted_twice() -> None:
    outer = job("outer", source="swarm")
    inner = job("inner", meta={"runs_as": outer.key})

    assert answer(comfy(), outer, inner)["generations_running"] == 1


def test_programs_that_report_have_no_server_to_reach() -> None:
    found = answer(job(source="script"))

    assert found["generations_running"] == 1
    assert found["status"] == "online"


def test_progress_step_eta_and_place_are_told_with_their_basis() -> None:
    estimate = Estimate(end_at=NOW + 60, low_at=NOW + 50, high_at=NOW + 80, samples=3)
    bar = BarView(done=9, total=20, at=NOW - 1, name="KSampler", basis="derived")
    running = job(fraction=0.4512, bars=[bar], estimate=estimate)

    one = answer(comfy(), running)["active_generations"][0]

    assert (one["progress"], one["step"], one["steps"]) == (45.1, 9, 20)
    assert (one["step_basis"], one["step_age"]) == ("derived", 1.0)
    assert (one["eta"], one["eta_basis"], one["eta_samples"]) == (60.0, "estimated", 3)
    assert one["eta_low_at"] == iso(NOW + 50)
    assert (one["status"], one["duration"]) == ("generating", "2.5m")


def test_what_runs_comes_first_then_the_line_in_its_order() -> None:
    line = [job(f"q{n}", phase="queued", position=n, started_at=None) for n in (3, 1, 2)]

    found = answer(comfy(), *line, job("now"))["active_generations"]

    assert [one["session_id"] for one in found] == ["now", "q1", "q2", "q3"]


def test_the_device_and_the_model_are_named_where_they_are_known() -> None:
    gpu = WorkerView(key="comfy~cuda0", source="comfy", title="cuda:0 NVIDIA RTX 3090 : native")

    found = answer(comfy(), gpu, job(meta={"model": "sdxl.safetensors"}))["backends"][0]

    assert (found["gpu"], found["model_loaded"]) == ("NVIDIA RTX 3090", "sdxl.safetensors")


def test_several_devices_are_several_backends() -> None:
    gpus = [WorkerView(key=f"comfy~cuda{n}", source="comfy", title=f"GPU {n}") for n in (0, 1)]

    assert [one["id"] for one in answer(comfy(), *gpus)["backends"]] == ["cuda0", "cuda1"]


def test_a_stuck_worker_is_called_wedged() -> None:
    found = answer(comfy(trouble="nothing runs while 3 wait", waiting=3))

    assert found["status"] == "wedged"
    assert found["servers"][0]["trouble"] == "nothing runs while 3 wait"


def test_durations_read_as_in_the_seed() -> None:
    assert [brief(one) for one in (None, 4.21, 150, 4000)] == [None, "4.2s", "2.5m", "1.1h"]


PHASES = st.sampled_from(["pending", "queued", "running", "finishing", "retrying", "succeeded"])


@settings(max_examples=100)
@given(
    st.lists(st.tuples(PHASES, st.sampled_from("ab")), max_size=6),
    st.lists(st.sampled_from([True, False, None]), min_size=2, max_size=2),
)
def test_zero_is_only_said_where_every_server_is_seen_and_nothing_is_unfinished(
    jobs: list[tuple[Any, str]], seen: list[bool | None]
) -> None:
    views = [job(str(n), source=where, phase=phase) for n, (phase, where) in enumerate(jobs)]
    sources = [comfy(name, seen=one) for name, one in zip("ab", seen, strict=True)]

    found = answer(*sources, *views)

    idle = all(seen) and all(phase == "succeeded" for phase, _ in jobs)
    assert (found["generations_running"] == 0) is idle
    assert (found["generations_running"] is None) is (not all(seen))
    assert msgspec.json.decode(msgspec.json.encode(found)) == found
