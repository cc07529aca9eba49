"""Answers of SwarmUI: the body says it, the status code does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.payloads.swarmui.load import STATUSES, body, payload

from headway.dialects.comfyui.wire import Skip
from headway.dialects.swarmui.answers import Refusal, read_answer
from headway.dialects.swarmui.session import Session, kept, read_kept, read_session


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("error.invalid_session_id", "session"),
        ("error.bad_permissions", "permission"),
        ("error.bad_route.http", "route"),
        ("error.missing_parameter", "refused"),
        ("error.internal_error", "refused"),
        ("GetNewSession.unauthorized.response", "login"),
    ],
)
def test_a_refusal_is_told_by_its_body_whatever_the_status(name: str, why: str) -> None:
    for status in {STATUSES.get(f"{name}.json", 200), 200, 400, 401}:
        found = read_answer(status, body(name))

        assert isinstance(found, Refusal)
        assert found.why == why


def test_the_server_wide_password_is_a_login_too() -> None:
    assert read_answer(401, b"Unauthorized") == Refusal("login", "Unauthorized")


@pytest.mark.parametrize("page", [b"<html>502</html>", b"", b"[]", b'"x"', b"{", b"\xff\xfe"])
def test_what_is_no_object_is_no_answer(page: bytes) -> None:
    assert isinstance(read_answer(502, page), Skip)


def test_a_body_that_was_too_large_is_no_answer() -> None:
    assert isinstance(read_answer(200, None), Skip)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["session_id", "permissions", "error",
                                                       "error_id", "x"]), inner, max_size=4),
                    max_leaves=8))  # fmt: skip
@settings(max_examples=100)
def test_no_session_and_no_refusal_makes_anything_raise(value: Any) -> None:
    found = value if isinstance(value, dict) else {}

    assert isinstance(read_session(found, 0.0), Session | Skip)


def test_the_session_says_who_we_are_what_we_may_and_which_start_of_the_server_it_is() -> None:
    found = read_session(payload("GetNewSession.guest.response"), 5.0)

    assert isinstance(found, Session)
    assert (found.user, found.version) == ("someone", "0.9.8.2.GIT-062407c7")
    assert found.server_id == "058716b5-c6f5-49ed-9ca3-be20d82e4c5f"
    assert found.may("GetCurrentStatus")
    assert not found.may("GetGlobalStatus")


def test_an_owner_may_everything() -> None:
    found = read_session(payload("GetNewSession.response"), 0.0)

    assert isinstance(found, Session)
    assert found.may("GetGlobalStatus")
    assert Session(id="x", permissions=("*",)).may("ComfyBackendDirect")


def test_a_kept_session_comes_back_as_it_was() -> None:
    found = read_session(payload("GetNewSession.guest.response"), 5.0)

    assert isinstance(found, Session)
    assert read_kept(kept(found)) == found


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": 4}', '{"id": ""}'])
def test_a_kept_session_that_cannot_be_read_is_none(text: str) -> None:
    assert read_kept(text) is None
