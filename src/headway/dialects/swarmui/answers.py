"""An answer of the API: an object, a refusal, or nothing that can be read.

Rule 1: `error_id` and `error` are looked for whatever the status is: an unknown session comes
    with 401, a missing permission with 400, a refused parameter with 200.
Rule 2: what a refusal means is decided here, once, by a table.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from headway.dialects.comfyui.wire import Skip, decode, text

LARGEST_ANSWER = 32 * 1024 * 1024  # bytes
LONGEST_ERROR = 600  # characters

Why = Literal["session", "login", "permission", "route", "refused"]
"""Why it was refused:

session     the session is not known (any more)
login       an account is needed, or the server-wide password
permission  this user may not
route       this server has no such call: an older version
refused     anything else, in the server's words
"""

_BY_ID: dict[str, Why] = {
    "invalid_session_id": "session",
    "bad_permissions": "permission",
    "bad_route": "route",
}
_LOGIN = ("invalid or unauthorized", "unauthorized")


class Refusal(NamedTuple):
    """The server does not do it. `said`: its words, for people."""

    why: Why
    said: str


def read_answer(status: int, body: bytes | None) -> dict[str, Any] | Refusal | Skip:
    """What an answer holds."""
    if body is None:
        return Skip("answer: too large to read")
    value = decode(body, limit=LARGEST_ANSWER)
    if isinstance(value, dict):
        return refusal_in(value) or value
    if status == 401 and body.strip().lower() == b"unauthorized":
        return Refusal("login", "Unauthorized")
    return Skip(f"answer: status {status}, not an object")


def refusal_in(value: dict[str, Any]) -> Refusal | None:
    """The refusal that an object of the server is; None if it is none."""
    error_id = value.get("error_id")
    said = text(value.get("error"), limit=LONGEST_ERROR)
    if not isinstance(error_id, str) and not said:
        return None
    known = _BY_ID.get(error_id) if isinstance(error_id, str) else None
    if known is not None:
        return Refusal(known, said)
    login = said.lower().rstrip(".").startswith(_LOGIN)
    return Refusal("login" if login else "refused", said or text(error_id))
