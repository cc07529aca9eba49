from __future__ import annotations

from typing import Any

import pytest

from headway.server.access import Asked, Rules, Who, decide, is_loopback, rules_of
from headway.server.settings import Settings, Token
from headway.talk.problems import Problem

TOKEN = "the-users-token"
HOST = "localhost:8329"
OURS = f"http://{HOST}"
SETTINGS = Settings(
    names=["studio.example"],
    allowed_origins=["https://status.example"],
    tokens={
        "wall": Token(token="wall-token", role="read"),
        "desk": Token(token="desk-token", role="operate"),
        "mill": Token(token="mill-token", role="report", sources=["mill-"]),
    },
)


def rules(**more: Any) -> Rules:
    return rules_of(Settings(**more) if more else SETTINGS, TOKEN)


def ask(**asked: Any) -> Who | Problem:
    return decide(Asked(**{"host": HOST, "near": True} | asked), rules())


def standing(found: Who | Problem) -> str:
    return found.standing if isinstance(found, Who) else found.type.rpartition(":")[2]


def cookie() -> str:
    return rules().keys[0].cookie


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1:8329", "[::1]:8329", "[::1]"]
)
def test_a_name_of_this_machine_is_let_in(host: str) -> None:
    assert standing(ask(host=host)) == "public"


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "localhost.evil.example",
        "evil.example:8329",
        "127.0.0.1.nip.io",
        "127.0.0.2",
        "localhost@evil.example",
        "localhost:8329:1",
        "localhost:",
        "[::1",
        "localhost\x00",
    ],
)
def test_a_rebound_name_is_refused_whatever_else_is_right(host: str | None) -> None:
    found = ask(host=host, authorization=f"Bearer {TOKEN}", origin=f"http://{host}")

    assert standing(found) == "host-refused"
    assert isinstance(found, Problem)
    assert found.setting == "server.names"


def test_a_configured_name_needs_a_token() -> None:
    assert standing(ask(host="studio.example:8329")) == "token-needed"
    assert standing(ask(host="studio.example", authorization=f"Bearer {TOKEN}")) == "user"


@pytest.mark.parametrize("more", [{"near": False}, {"forwarded": True}])
def test_who_is_not_on_this_machine_needs_a_token(more: dict[str, Any]) -> None:
    assert standing(ask(**more)) == "token-needed"
    assert standing(ask(**more, authorization=f"Bearer {TOKEN}")) == "user"


def test_a_door_bound_to_every_address_needs_a_token_for_everything() -> None:
    asked = Asked(host=HOST, near=True)

    assert standing(decide(asked, rules(bind=["0.0.0.0"]))) == "token-needed"


def test_an_address_that_is_bound_is_a_name() -> None:
    asked = Asked(host="192.168.1.5:8329", near=False, authorization=f"Bearer {TOKEN}")

    assert standing(decide(asked, rules(bind=["127.0.0.1", "192.168.1.5"]))) == "user"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (TOKEN, "user"),
        ("wall-token", "read"),
        ("desk-token", "operate"),
        ("mill-token", "report"),
        ("wrong", "token-unknown"),
        ("", "token-unknown"),
    ],
)
def test_a_bearer_token_counts_everywhere(token: str, expected: str) -> None:
    for origin in (None, OURS, "http://localhost:3000", "https://status.example"):
        assert standing(ask(authorization=f"Bearer {token}", origin=origin)) == expected


def test_another_scheme_of_authorization_is_refused() -> None:
    assert standing(ask(authorization=f"Basic {TOKEN}")) == "token-unknown"


@pytest.mark.parametrize("origin", [None, OURS])
def test_the_cookie_counts_for_our_own_page(origin: str | None) -> None:
    assert standing(ask(cookie=cookie(), origin=origin)) == "user"


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "http://127.0.0.1:8329", "https://status.example"]
)
def test_the_cookie_does_not_count_for_another_page(origin: str) -> None:
    assert standing(ask(cookie=cookie(), origin=origin)) == "public"


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
def test_the_cookie_does_not_count_where_the_browser_says_another_page_asks(site: str) -> None:
    assert standing(ask(cookie=cookie(), fetch_site=site)) == "public"


def test_an_unknown_cookie_is_no_cookie() -> None:
    assert standing(ask(cookie="left over")) == "public"
    assert standing(ask(cookie=TOKEN)) == "public"


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://evil.example",
        "https://localhost.evil.example",
        "http://evil.example/localhost",
        "file://",
        "http://localhost@evil.example",
        "https://studio.example",
        "chrome-extension://localhost",
    ],
)
def test_a_foreign_page_is_refused_and_told_the_setting(origin: str) -> None:
    found = ask(origin=origin, cookie=cookie())

    assert isinstance(found, Problem)
    assert (found.status, found.setting) == (403, "server.allowed_origins")


def test_only_a_page_that_is_not_ours_is_named_for_the_browser() -> None:
    other = ask(origin="http://localhost:3000")
    own = ask(origin=OURS)

    assert isinstance(other, Who)
    assert isinstance(own, Who)
    assert (other.origin, own.origin) == ("http://localhost:3000", None)


def test_the_token_of_a_page_load_counts_only_without_an_origin() -> None:
    assert standing(ask(page_token=TOKEN, near=False)) == "user"
    assert standing(ask(page_token="wrong")) == "token-unknown"
    assert standing(ask(page_token=TOKEN, origin="http://localhost:3000")) == "public"


@pytest.mark.parametrize(
    ("token", "reads", "everything", "acts", "reports"),
    [
        ("the-users-token", True, True, True, True),
        ("wall-token", True, True, False, False),
        ("desk-token", True, True, True, False),
        ("mill-token", False, False, False, True),
    ],
)
def test_each_role_may_what_it_says(
    token: str, reads: bool, everything: bool, acts: bool, reports: bool
) -> None:
    who = ask(authorization=f"Bearer {token}")

    assert isinstance(who, Who)
    assert (who.reads, who.sees_everything, who.acts, who.reports) == (
        reads,
        everything,
        acts,
        reports,
    )


def test_a_report_token_is_bound_to_its_sources() -> None:
    mill = ask(authorization="Bearer mill-token")
    user = ask(authorization=f"Bearer {TOKEN}")

    assert isinstance(mill, Who)
    assert isinstance(user, Who)
    assert mill.may_report("mill-7")
    assert not mill.may_report("comfy")
    assert user.may_report("comfy")
    assert not Who(standing="report", name="nobody").may_report("")


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.1.5", False),
        ("::ffff:8.8.8.8", False),
        ("fe80::1%eth0", False),
        ("", False),
    ],
)
def test_loopback_is_told_by_the_address(address: str, near: bool) -> None:
    assert is_loopback(address) is near


def test_no_token_shows_in_a_repr() -> None:
    assert "token" not in repr(SETTINGS.tokens).replace("Token(", "")
    assert TOKEN not in repr(rules())
