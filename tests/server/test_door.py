"""Access over a real socket: the same rules as `test_access`, as a browser meets them."""

from __future__ import annotations

import asyncio
import logging

import pytest
from tests.server.house import Builder, House
from tests.server.sample import registered, running

from headway.server.settings import Settings, Token

PATHS = ["/", "/healthz", "/api/v1/status", "/api/v1/stream", "/ws", "/page/page.js", "/nothing"]


@pytest.mark.parametrize("path", [*PATHS, "/api/v1/jobs/comfy~abc~/outputs/0"])
async def test_every_path_refuses_a_rebound_host(house: House, path: str) -> None:
    answer = await house.get(path, mine=True, Host="evil.example:8329")

    assert (answer.status, answer.kind) == (403, "host-refused")
    assert "server.names" in answer.text


@pytest.mark.parametrize("origin", ["null", "https://evil.example"])
async def test_a_foreign_page_gets_no_answer_and_no_socket(house: House, origin: str) -> None:
    for path in ("/api/v1/status", "/ws"):
        answer = await house.get(path, mine=True, Origin=origin)

        assert (answer.status, answer.kind) == (403, "origin-refused")
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_another_port_of_this_machine_reads_what_needs_no_token(house: House) -> None:
    answer = await house.get("/api/v1/status", Origin="http://localhost:3000")

    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_a_browser_may_ask_whether_it_may_send_a_token(house: House) -> None:
    asked = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
    answer = await house.ask("OPTIONS", "/api/v1/events", headers=asked)
    foreign = await house.ask("OPTIONS", "/api/v1/events", headers=asked | {"Origin": "null"})

    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert foreign.status == 403


async def test_a_wrong_token_is_refused_even_where_none_is_needed(house: House) -> None:
    answer = await house.get("/api/v1/status", Authorization="Bearer wrong")

    assert (answer.status, answer.kind) == (401, "token-unknown")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_two_hosts_are_one_too_many(house: House) -> None:
    reader, writer = await _connect(house)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n")

    line = await reader.readline()

    assert line.split()[1] in (b"400", b"403")
    writer.close()
    await writer.wait_closed()


async def test_the_first_page_load_turns_the_token_into_a_cookie(house: House) -> None:
    answer = await house.get(f"/?token={house.serving.token}")

    (cookie,) = answer.cookies.values()
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    assert (cookie["samesite"], cookie["httponly"], cookie["path"]) == ("Strict", True, "/")
    assert house.serving.token not in cookie.value
    assert str(house.serving.addresses[0].port) in cookie.key


async def test_a_page_load_from_a_file_goes_on_by_itself(house: House) -> None:
    answer = await house.get(f"/?token={house.serving.token}", **{"Sec-Fetch-Site": "cross-site"})

    assert (answer.status, len(answer.cookies)) == (200, 1)
    assert 'content="0; url=/"' in answer.text


async def test_the_cookie_opens_what_needs_a_token(house: House) -> None:
    await house.report(*running(), registered(title="a red fox"))
    cookie = await _cookie(house)

    mine = await house.get("/api/v1/jobs/abc", Cookie=cookie)
    other = await house.get("/api/v1/jobs/abc", Cookie=cookie, Origin="http://localhost:3000")
    sneaky = await house.get("/api/v1/jobs/abc", Cookie=cookie, **{"Sec-Fetch-Site": "same-site"})

    assert mine.json["title"] == "a red fox"
    assert "title" not in other.json
    assert "title" not in sneaky.json


@pytest.mark.parametrize("token", ["wrong", ""])
async def test_a_wrong_token_in_a_page_load_gives_no_cookie(house: House, token: str) -> None:
    answer = await house.get(f"/?token={token}")

    assert (answer.status, len(answer.cookies)) == (401, 0)


async def test_a_token_in_the_query_of_anything_else_counts_for_nothing(house: House) -> None:
    await house.report(*running(), registered(title="a red fox"))
    answer = await house.get(f"/api/v1/jobs/abc?token={house.serving.token}")

    assert "title" not in answer.json


async def test_no_token_is_ever_logged(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    await house.get(f"/?token={house.serving.token}")
    await house.get("/api/v1/nothing", mine=True)
    await house.post(b"not json")

    assert house.serving.token not in caplog.text


async def test_a_named_token_may_what_its_role_says(build: Builder) -> None:
    tokens = {
        "wall": Token(token="w", role="read"),
        "farm": Token(token="f", role="report", sources=["farm"]),
    }
    house = await build(Settings(port=0, tokens=tokens))

    seen = {
        token: [
            (await house.get("/api/v1/jobs", Authorization=f"Bearer {token}")).status,
            (await house.post([], Authorization=f"Bearer {token}")).status,
        ]
        for token in "wf"
    }

    assert seen == {"w": [200, 403], "f": [403, 200]}


async def test_without_a_token_nothing_can_be_reported_or_fetched(house: House) -> None:
    posted = await house.post([], Authorization="")
    bare = await house.ask("POST", "/api/v1/events", json={"events": []})
    output = await house.get("/api/v1/jobs/abc/outputs/0")
    search = await house.get("/api/v1/jobs?text=fox")
    detail = await house.get("/api/v1/jobs/abc?detail=true")

    assert [one.status for one in (posted, bare, output, search)] == [401, 401, 401, 401]
    assert detail.status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
async def test_a_method_that_does_not_fit_is_a_problem(house: House, method: str) -> None:
    answer = await house.ask(method, "/api/v1/groups", headers=house.token)

    assert (answer.status, answer.kind) == (405, "method-refused")
    assert "GET" in answer.headers["Allow"]


async def test_an_unknown_path_is_a_problem(house: House) -> None:
    answer = await house.get("/api/v1/nothing")

    assert (answer.status, answer.kind) == (404, "not-found")
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_every_answer_has_the_headers_that_keep_browsers_honest(house: House) -> None:
    for path in ("/", "/healthz", "/nothing", "/api/v1/status"):
        headers = (await house.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Server"] == "headway"


async def _cookie(house: House) -> str:
    answer = await house.get(f"/?token={house.serving.token}")
    (cookie,) = answer.cookies.values()
    return f"{cookie.key}={cookie.value}"


async def _connect(house: House) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:

    address = house.serving.addresses[0]
    return await asyncio.open_connection(address.host, address.port)
