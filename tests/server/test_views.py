from __future__ import annotations

import pytest
from tests.server.house import House
from tests.server.sample import ended, key, queued, registered, running, step

from headway.model.events import Registered, Sealed
from headway.model.keys import group_key

TEXT = {"Accept": "text/plain"}


async def test_the_status_is_the_answer_of_the_command(house: House) -> None:
    await house.report(*running())

    status = (await house.get("/api/v1/status")).json

    assert status["generations_running_at_least"] == 1
    assert status["active_generations"][0]["session_id"] == "abc"


async def test_the_status_as_text_fits_the_terminal(house: House) -> None:
    await house.report(*running("a" * 100))

    answer = await house.get("/api/v1/status?width=40&ascii=true&verbose=true", **TEXT)

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text.isascii()
    assert max(map(len, answer.text.splitlines())) <= 40
    assert answer.text.startswith("Backends")


async def test_the_status_as_yaml_has_the_same_keys(house: House) -> None:
    as_json = (await house.get("/api/v1/status")).json
    as_yaml = (await house.get("/api/v1/status", Accept="application/yaml")).text

    assert [line.partition(":")[0] for line in as_yaml.splitlines() if line[0].isalpha()] == list(
        as_json
    )


async def test_jobs_come_in_pages_that_miss_nothing(house: House) -> None:
    await house.report(*[queued(f"job-{n:03}") for n in range(120)])

    seen, after = [], ""
    while True:
        page = (await house.get(f"/api/v1/jobs?limit=50&after={after}")).json
        seen += [one["native"] for one in page["jobs"]]
        after = page.get("next", "")
        if not after:
            break

    assert sorted(seen) == [f"job-{n:03}" for n in range(120)]


async def test_jobs_are_filtered_by_what_they_are(house: House) -> None:
    await house.report(queued("a"), queued("b", "other"), queued("c"), ended("c"))

    async def natives(query: str) -> list[str]:
        page = (await house.get(f"/api/v1/jobs?{query}", mine=True)).json
        return sorted(one["native"] for one in page["jobs"])

    assert await natives("source=other") == ["b"]
    assert await natives("active=true") == ["a", "b"]
    assert await natives("active=false") == ["c"]
    assert await natives("outcome=succeeded") == ["c"]
    assert await natives("phase=queued") == ["a", "b"]


@pytest.mark.parametrize(
    "query", ["color=red", "limit=0", "limit=9999", "limit=x", "phase=sleeping", "active=maybe"]
)
async def test_a_parameter_that_is_none_is_named(house: House, query: str) -> None:
    answer = await house.get(f"/api/v1/jobs?{query}")

    assert (answer.status, answer.kind) == (400, "bad-request")
    assert query.partition("=")[0] in answer.text


async def test_a_page_that_is_none_is_the_askers_mistake(house: House) -> None:
    answer = await house.get("/api/v1/jobs?after=%00nonsense")

    assert answer.status == 400


async def test_jobs_as_text_are_a_listing(house: House) -> None:
    await house.report(*running())

    answer = await house.get("/api/v1/jobs?width=60", **TEXT)

    assert answer.text.startswith("JOB")
    assert "running" in answer.text


async def test_a_job_is_found_by_the_start_of_its_name(house: House) -> None:
    await house.report(queued("abc1"), queued("abd"))

    assert (await house.get("/api/v1/jobs/abc")).json["native"] == "abc1"
    assert (await house.get("/api/v1/jobs/comfy~abd~")).json["native"] == "abd"
    assert (await house.get("/api/v1/jobs/ab")).kind == "ambiguous"
    assert (await house.get("/api/v1/jobs/x")).kind == "not-found"


async def test_a_strange_id_can_be_asked_for(house: House) -> None:
    native = "a/../b?c#d %2F\"'🦊"
    await house.report(queued(native))
    from urllib.parse import quote

    from yarl import URL

    path = f"{house.url}/api/v1/jobs/{quote(key(native), safe='')}"
    async with house.session.get(URL(path, encoded=True)) as answer:
        assert (await answer.json())["native"] == native


async def test_an_answer_that_did_not_change_is_not_sent_again(house: House) -> None:
    await house.report(queued())
    paths = ["jobs", "jobs/abc", "jobs/abc/steps", "jobs/abc/events", "sources", "stats"]
    for path in paths:
        etag = (await house.get(f"/api/v1/{path}")).headers["ETag"]
        same = await house.get(f"/api/v1/{path}", **{"If-None-Match": etag})
        await house.report(registered(**{path: True}))
        newer = await house.get(f"/api/v1/{path}", **{"If-None-Match": etag})

        assert [same.status, same.body, newer.status] == [304, b"", 200]


async def test_what_a_reader_has_depends_on_who_it_is(house: House) -> None:
    await house.report(*running())
    etag = (await house.get("/api/v1/jobs")).headers["ETag"]

    answer = await house.get("/api/v1/jobs", mine=True, **{"If-None-Match": etag})

    assert answer.status == 200


async def test_a_jobs_steps_and_past_can_be_read(house: House) -> None:
    await house.report(*running(), step("3"), registered(prompt="a red fox", width=512))

    steps = (await house.get("/api/v1/jobs/abc/steps")).json
    past = (await house.get("/api/v1/jobs/abc/events", mine=True)).json
    public = await house.get("/api/v1/jobs/abc/events")

    assert [one["step"] for one in steps["steps"]] == ["3"]
    assert [one["kind"] for one in past["events"]][:2] == ["queued", "started"]
    assert "a red fox" not in public.text
    assert "512" in public.text


async def test_the_detail_of_a_failure_is_told_on_request_and_with_a_token(house: House) -> None:
    await house.report(*running(), ended(outcome="failed", why="it broke", detail="Traceback …"))

    mine = await house.get("/api/v1/jobs/abc?detail=true", mine=True)
    plain = await house.get("/api/v1/jobs/abc", mine=True)
    public = await house.get("/api/v1/jobs/abc?detail=true")

    assert mine.json["detail"] == "Traceback …"
    assert "detail" not in plain.json
    assert (public.status, public.kind) == (401, "token-needed")


async def test_groups_sources_workers_and_daemons_have_their_lists(house: House) -> None:
    group = group_key("album")
    await house.report(
        Registered(key="comfy", at=1.0, meta={"source_kind": "comfyui"}),
        Registered(key="comfy~gpu0", at=1.0, meta={"title": "GPU 0"}),
        Registered(key="~daemon~sync", at=1.0, meta={}),
        Sealed(key=group, at=1.0, ids=[key("abc")]),
    )

    keys = {
        name: [one["key"] for one in (await house.get(f"/api/v1/{name}")).json[name]]
        for name in ("groups", "sources", "workers", "daemons")
    }

    assert keys == {
        "groups": [group],
        "sources": ["comfy"],
        "workers": ["comfy~gpu0"],
        "daemons": ["~daemon~sync"],
    }


async def test_the_statistics_count_ends(house: House) -> None:
    await house.report(*running("a"), ended("a"), *running("b"), ended("b", outcome="failed"))

    stats = (await house.get("/api/v1/stats")).json

    assert stats["totals"] == {"succeeded": 1, "failed": 1}


async def test_health_says_the_process_and_what_it_stands_on(house: House) -> None:
    assert (await house.get("/healthz")).json["status"] == "ok"
    assert (await house.get("/readyz")).json == {"status": "ready", "store": "", "unseen": []}


async def test_the_page_has_a_strict_policy_and_is_not_sent_twice(house: House) -> None:
    page = await house.get("/")
    again = await house.get("/", **{"If-None-Match": page.headers["ETag"]})

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert again.status == 304


@pytest.mark.parametrize(
    "path",
    [
        "/page/../settings.py",
        "/page/%2e%2e/settings.py",
        "/page/..%2fsettings.py",
        "/page//etc/passwd",
        "/page/%2fetc%2fpasswd",
        "/page/%00",
        "/page/x",
    ],
)
async def test_only_the_pages_own_files_are_served(house: House, path: str) -> None:
    from yarl import URL

    async with house.session.get(URL(house.url + path, encoded=True)) as answer:
        assert answer.status in (400, 404)
        assert "Settings" not in await answer.text()
