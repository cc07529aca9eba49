"""Who we are to a server: the answer of GetNewSession, as it is kept.

Rule 1: one session for each server and account, kept; a new one is asked for when the kept
    one is refused, and never for a look.
Rule 2: what may be asked is read from `permissions` and never found out by asking.
Rule 3: a session's id lets everybody who knows it interrupt its work: it is in no event, no
    log and no message.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headway.dialects.comfyui.wire import Skip, decode, listed, text

MOST_PERMISSIONS = 500
LARGEST_KEPT = 65_536  # bytes

EVERYTHING = "*"
#: the call → the permission it takes (SwarmUI 0.9.8.2, defaults in docs/swarmui.md)
NEEDS = {
    "GetCurrentStatus": "fundamental_generate_tab_access",
    "ListModels": "fundamental_model_access",
    "ListLoadedModels": "fundamental_model_access",
    "GenerateText2ImageWS": "basic_image_generation",
    "InterruptAll": "basic_image_generation",
    "ListBackends": "view_backends_list",
    "GetGlobalStatus": "read_server_info_panels",
    "GetServerResourceInfo": "read_server_info_panels",
    "ListRecentLogMessages": "view_logs",
    "ComfyBackendDirect": "comfy_direct_calls",
}


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session, and what the server said of itself when it was made.

    `server_id` changes with every start of the server; `made_at` in seconds of our clock.
    """

    id: str
    user: str = ""
    version: str = ""
    server_id: str = ""
    permissions: tuple[str, ...] = ()
    made_at: float = 0.0

    def may(self, call: str) -> bool:
        """Whether this call is allowed."""
        return EVERYTHING in self.permissions or NEEDS[call] in self.permissions

    def as_of(self, newer: Session) -> Session:
        """This session, with what the server says of itself now."""
        return msgspec.structs.replace(newer, id=self.id)


def read_session(value: dict[str, Any], at: float) -> Session | Skip:
    """The session in an answer of GetNewSession."""
    found = text(value.get("session_id"))
    if not found:
        return Skip("session: no id")
    held = [text(one) for one in listed(value.get("permissions"))[:MOST_PERMISSIONS]]
    return Session(
        id=found,
        user=text(value.get("user_id")),
        version=text(value.get("version"), limit=60),
        server_id=text(value.get("server_id"), limit=80),
        permissions=tuple(one for one in held if one),
        made_at=at,
    )


def kept(session: Session) -> str:
    """The session as text, to keep."""
    return msgspec.json.encode(session).decode()


def read_kept(said: str) -> Session | None:
    """A kept session; None if it cannot be read."""
    value = decode(said, limit=LARGEST_KEPT)
    try:
        found = msgspec.convert(value, Session)
    except msgspec.ValidationError:
        return None
    return found if found.id else None
