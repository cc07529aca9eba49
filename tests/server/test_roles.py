"""Who may what, for every route that there is: a new one cannot be forgotten.

`MAY` says by whom a route's answer may be had. A route that stands in the table of paths
and not here fails; what is refused must be refused as a problem, before the path's own
work begins.
"""

from __future__ import annotations

import re

import pytest
from tests.server.house import Answer, Builder, House, until
from tests.server.sample import ended, registered, running

from headway.server.app import ROUTES
from headway.server.routing import Route
from headway.server.settings import Settings, Token

EVERYBODY = {"nobody", "user", "read", "operate", "report"}
READERS = EVERYBODY - {"report"}
MAY: dict[str, set[str]] = {
    "GET /": EVERYBODY,
    "GET /ws": READERS,
    "GET /page/{name:.+}": EVERYBODY,
    "GET /healthz": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "GET /metrics": READERS,
    "GET /openapi.json": EVERYBODY,
    "GET /asyncapi.json": EVERYBODY,
    "GET /api/v1/status": READERS,
    "GET /api/v1/jobs": READERS,
    "GET /api/v1/jobs/{key}": READERS,
    "GET /api/v1/jobs/{key}/steps": READERS,
    "GET /api/v1/jobs/{key}/events": READERS,
    "GET /api/v1/jobs/{key}/outputs/{n:[0-9]{1,6}}": {"user", "read", "operate"},
    "GET /api/v1/groups": READERS,
    "GET /api/v1/sources": READERS,
    "GET /api/v1/workers": READERS,
    "GET /api/v1/daemons": READERS,
    "GET /api/v1/stats": READERS,
    "GET /api/v1/stream": READERS,
    "POST /api/v1/events": {"user", "report"},
    "POST /api/v1/jobs": {"user", "operate"},
    "POST /api/v1/jobs/{key}/cancel": {"user", "operate"},
}
REFUSED = (401, 403)
FILLED = {"name": "page.js", "key": "abc", "n": "0"}


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def path(route: Route) -> str:
    return re.sub(r"{(\w+)(?::(?:[^{}]|{[^}]*})*)?}", lambda found: FILLED[found[1]], route.path)


@pytest.fixture
async def door(build: Builder) -> House:
    tokens = {
        role: Token(token=f"a-{role}-token", role=role, sources=["comfy"])  # type: ignore[arg-type]
        for role in ("read", "operate", "report")
    }
    house = await build(Settings(port=0, tokens=tokens))
    await house.report(*running(), ended(), registered(title="a red fox"))
    return house


async def asked(house: House, route: Route, who: str) -> Answer:
    tokens = {"user": house.serving.token, "nobody": ""}
    token = tokens.get(who, f"a-{who}-token")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if route.method == "POST":
        return await house.ask("POST", path(route), json={"events": []}, headers=headers)
    # HEAD asks the same of everything, and a stream then ends by itself.
    return await house.ask("HEAD", path(route), headers=headers)


def test_every_route_is_in_the_table_once() -> None:
    assert sorted(map(named, ROUTES)) == sorted(MAY)


@pytest.mark.parametrize("route", ROUTES, ids=named)
async def test_each_role_may_what_the_table_says(door: House, route: Route) -> None:
    let_in = {who for who in EVERYBODY if (await asked(door, route, who)).status not in REFUSED}

    assert let_in == MAY[named(route)]
    await until(lambda: not door.serving.door.streams)


@pytest.mark.parametrize("route", ROUTES, ids=named)
async def test_a_wrong_token_and_a_foreign_page_get_nothing(door: House, route: Route) -> None:
    method = "POST" if route.method == "POST" else "GET"
    wrong = {"Authorization": "Bearer not-a-token-of-ours"}
    unknown = await door.ask(method, path(route), headers=wrong)
    foreign = await door.ask(method, path(route), headers=door.token | {"Origin": "http://x.test"})
    rebound = await door.ask(method, path(route), headers=door.token | {"Host": "x.test"})

    assert (unknown.status, unknown.kind) == (401, "token-unknown")
    assert (foreign.status, foreign.kind) == (403, "origin-refused")
    assert (rebound.status, rebound.kind) == (403, "host-refused")


@pytest.mark.parametrize("route", ROUTES, ids=named)
async def test_no_answer_to_nobody_tells_a_title(door: House, route: Route) -> None:
    if route.method == "POST" or route.path in ("/ws", "/api/v1/stream"):
        return  # what streams tell is in their own tests; a POST tells nothing

    assert "red fox" not in (await door.get(path(route))).text


@pytest.mark.parametrize("socket", ["/ws", "/"])
async def test_a_report_token_opens_no_socket(door: House, socket: str) -> None:
    answer = await door.get(
        socket,
        Authorization="Bearer a-report-token",
        Upgrade="websocket",
        Connection="Upgrade",
        **{"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"},
    )

    assert (answer.status, answer.kind) == (403, "role-refused")
