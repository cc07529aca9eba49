"""What can go wrong on the wire, in words and numbers that never change their meaning.

Rule 1: an HTTP error is a problem document (RFC 9457): a stable `type`, the offending
value, and a hint that says what to do next.
Rule 2: the number of a stream's error says how to react: 4100–4499 come back, with
the cursor of the last frame; 4500–4999 do not come back before something changes.
Rule 3: no problem ever repeats a token or a prompt.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

TYPE = "urn:headway:problem:"
MEDIA = "application/problem+json"
LONGEST_VALUE = 200  # characters of an offending value that are repeated
FIRST_FINAL = 4500  # codes from here on: coming back does not help


class _Kind(NamedTuple):
    status: int
    title: str


KINDS: dict[str, _Kind] = {
    "bad-request": _Kind(400, "The request cannot be understood"),
    "bad-cursor": _Kind(400, "That is not a cursor"),
    "bad-event": _Kind(400, "An event cannot be taken; nothing was stored"),
    "token-needed": _Kind(401, "A token is needed"),
    "token-unknown": _Kind(401, "The token is not known"),
    "host-refused": _Kind(403, "This name of the server is not allowed"),
    "origin-refused": _Kind(403, "This web page may not ask"),
    "role-refused": _Kind(403, "The token does not allow this"),
    "not-found": _Kind(404, "There is nothing of that name"),
    "method-refused": _Kind(405, "The method does not fit the path"),
    "ambiguous": _Kind(409, "The name fits several things"),
    "consent-needed": _Kind(409, "Others would stop with it; nothing was stopped"),
    "cannot-act": _Kind(409, "Nothing there can be asked to act now"),
    "busy-key": _Kind(409, "A request with that Idempotency-Key is under way"),
    "too-large": _Kind(413, "The request is too large"),
    "media-refused": _Kind(415, "The request has the wrong media type"),
    "range-refused": _Kind(416, "The file has no such range"),
    "used-key": _Kind(422, "The Idempotency-Key was used for another request"),
    "slow-down": _Kind(429, "Too much at once; nothing was stored"),
    "internal": _Kind(500, "Something of ours is broken"),
    "source-unreachable": _Kind(502, "The system behind does not answer"),
    "store-failing": _Kind(503, "The store cannot be used now"),
    "too-many-connections": _Kind(503, "Too many connections are open"),
    "too-many-streams": _Kind(503, "Too many streams are open"),
    "too-slow": _Kind(408, "The request did not come in time"),
}


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document. `setting` names what would allow it; `value` is what offended."""

    type: str
    title: str
    status: int
    detail: str = ""
    hint: str = ""
    value: str = ""
    setting: str = ""


def problem(
    kind: str, detail: str = "", *, hint: str = "", value: str = "", setting: str = ""
) -> Problem:
    """The problem of that kind, a key of `KINDS`."""
    status, title = KINDS[kind]
    return Problem(
        type=TYPE + kind,
        title=title,
        status=status,
        detail=detail,
        hint=hint,
        value=value[:LONGEST_VALUE],
        setting=setting,
    )


class Code(NamedTuple):
    """A stream's error or end: its number, and the words for people."""

    number: int
    message: str

    @property
    def retry(self) -> bool:
        """True if coming back with the cursor helps."""
        return self.number < FIRST_FINAL


TOO_SLOW = Code(4100, "nothing was read for too long: come back with your cursor")
GOING_AWAY = Code(4101, "the server stops: come back with your cursor")
NO_HELLO = Code(4102, "no hello came in time")
UNAVAILABLE = Code(4103, "the store cannot be read now")
NOT_JSON = Code(4500, "the frame is not JSON text")
BAD_MESSAGE = Code(4501, "the message cannot be understood")
HELLO_FIRST = Code(4502, "the first message is hello, and it comes once")
NOT_FOUND = Code(4503, "there is nothing of that name")
NEEDS_TOKEN = Code(4504, "this needs a token")
TOO_MANY = Code(4505, "too many subscriptions on one stream")

CODES: tuple[Code, ...] = (
    TOO_SLOW,
    GOING_AWAY,
    NO_HELLO,
    UNAVAILABLE,
    NOT_JSON,
    BAD_MESSAGE,
    HELLO_FIRST,
    NOT_FOUND,
    NEEDS_TOKEN,
    TOO_MANY,
)
