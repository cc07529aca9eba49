"""The seeds' pages: no subprotocol, their frames."""

from __future__ import annotations

import msgspec
import pytest
from tests.server.house import House
from tests.server.sample import bar, ended, key, registered, running

from headway.model.events import Activity, Presence, Reading, Registered

KEYS = [
    "job_id",
    "comfyui_prompt_id",
    "status",
    "progress_percent",
    "current_step",
    "total_steps",
    "estimated_completion",
    "generation_time",
    "node_progress",
    "error_message",
    "timestamp",
]


@pytest.mark.parametrize("path", ["/", "/ws"])
async def test_the_seeds_page_works_unchanged(house: House, path: str) -> None:
    await house.report(*running())
    async with house.socket(path, plain=True, Origin="http://localhost:3000") as page:
        first = await page.hear()
        job = await page.hear()
        await house.report(bar(10))
        news = await page.hear()
        while news["data"]["current_step"] != 10:
            news = await page.hear()

    assert first["type"] == "connection_established"
    assert first["data"]["running_jobs"] == 1
    assert (job["type"], list(job["data"])) == ("progress_update", KEYS)
    assert (news["data"]["job_id"], news["data"]["progress_percent"]) == ("abc", 50.0)
    assert (news["data"]["current_step"], news["data"]["total_steps"]) == (10, 20)


async def test_an_end_is_told_in_the_seeds_words(house: House) -> None:
    async with house.socket("/", plain=True) as page:
        await page.hear()
        await house.report(*running(), ended(outcome="failed", why="OutOfMemoryError: 3 GB"))
        news = await page.hear_of("progress_update")

    assert (news["status"], news["error_message"]) == ("failed", "OutOfMemoryError")


async def test_the_id_given_to_monitor_job_is_the_job_id(house: House) -> None:
    await house.report(*running(), registered(job_id=123))
    async with house.socket("/", plain=True) as page:
        news = await page.hear_of("progress_update")
        await page.raw.send_str('{"type":"get_job_progress","job_id":123}')
        asked = await page.hear_of("job_progress")

    assert news["job_id"] == 123
    assert asked["comfyui_prompt_id"] == "abc"


async def test_a_page_may_ask(house: House) -> None:
    await house.report(*running("abc"), *running("done"), ended("done"))
    async with house.socket("/", plain=True) as page:
        await page.hear_of("progress_update")
        await page.raw.send_str('{"type":"get_statistics"}')
        statistics = await page.hear_of("statistics")
        await page.raw.send_str('{"type":"get_job_progress","data":{"job_id":"done"}}')
        job = await page.hear_of("job_progress")

    assert statistics["monitored_jobs"] == 1
    assert job["status"] == "completed"


@pytest.mark.parametrize(
    "frame",
    [
        "x",
        "",
        "[]",
        "null",
        '{"type":5}',
        '{"type":"dance"}',
        '{"type":"get_job_progress"}',
        '{"type":"get_job_progress","data":[]}',
        '{"type":"get_job_progress","job_id":"\\u0000"}',
    ],
)
async def test_what_is_not_understood_is_an_error_and_the_stream_goes_on(
    house: House, frame: str
) -> None:
    async with house.socket("/", plain=True) as page:
        await page.hear()
        await page.raw.send_str(frame)
        error = await page.hear()
        await page.raw.send_str('{"type":"get_statistics"}')

        assert error["type"] == "error"
        assert isinstance(error["message"], str)
        assert (await page.hear())["type"] == "statistics"


async def test_a_daemon_is_told_with_its_own_keys(house: House) -> None:
    daemon = "~daemon~download-sync"
    async with house.socket("/", plain=True) as page:
        await page.hear()
        await house.report(
            Registered(key=daemon, at=1.0, meta={"title": "Download sync"}),
            Activity(key=daemon, at=1.0, text="checking"),
            Reading(key=daemon, at=1.0, field="current_status", value="running"),
        )
        news = await page.hear_of("daemon_status")

    assert list(news) == [
        "daemon_id",
        "daemon_name",
        "current_status",
        "current_job_id",
        "current_job_type",
        "status_updated_at",
    ]
    assert (news["daemon_id"], news["current_status"]) == ("download-sync", "running")


async def test_no_words_of_a_prompt_reach_a_page_without_a_token(house: House) -> None:
    await house.report(*running(), registered(title="a red fox", prompt="a red fox"))
    async with house.socket("/", plain=True) as page:
        frames = [await page.hear(), await page.hear()]

    assert b"red fox" not in msgspec.json.encode(frames)


async def test_a_number_means_the_job_that_was_monitored_last(house: House) -> None:
    await house.report(*running("old"), registered("old", job_id=7, monitored_at=1.0))
    await house.report(*running("new"), registered("new", job_id=7, monitored_at=2.0))
    async with house.socket("/", plain=True) as page:
        told = [await page.hear_of("progress_update") for _ in range(2)]
        await page.raw.send_str('{"type":"get_job_progress","job_id":7}')
        asked = await page.hear_of("job_progress")
        await house.report(ended("new"), bar(5, "old"))
        while (late := await page.hear_of("progress_update"))["comfyui_prompt_id"] != "old":
            pass

    assert {one["comfyui_prompt_id"]: one["job_id"] for one in told} == {"old": "old", "new": 7}
    assert asked["comfyui_prompt_id"] == "new"
    assert late["job_id"] == "old"


async def test_a_number_keeps_its_type_and_nought_is_one(house: House) -> None:
    await house.report(*running(), registered(job_id=0))
    async with house.socket("/", plain=True) as page:
        assert (await page.hear_of("progress_update"))["job_id"] == 0


async def test_a_job_is_not_overdue_while_nobody_sees_its_server(house: House) -> None:
    long_ago = Reading(key=key(), at=1.0, field="stall_limit", value=-1000.0)
    await house.report(*running(), long_ago, Presence(key="comfy", at=1.0, presence="missing"))
    async with house.socket("/", plain=True) as page:
        assert (await page.hear_of("progress_update"))["status"] != "timeout"
