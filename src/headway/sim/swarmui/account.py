"""Who is who: users, their roles, and sessions with their four counters.

Rule 1: a session id is all that an API call looks at; a cookie or the local user counts only
    where a session is made, and at the pages that are no API.
Rule 2: sessions outlive a restart, their counters do not.
Rule 3: each role holds what the role before it holds; the owner holds everything.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

GUEST = ["fundamental_model_access", "use_tokenizer", "fundamental_generate_tab_access",
         "read_user_settings", "fundamental"]  # fmt: skip
USER = [*GUEST, "basic_image_generation", "view_image_history", "edit_user_settings"]
POWERUSER = [*USER, "view_backends_list", "load_models_now", "comfy_direct_calls",
             "comfy_backend_generate"]  # fmt: skip
ADMIN = [*POWERUSER, "read_server_info_panels", "view_logs", "interrupt_others"]
ROLES = {
    "guest": GUEST,
    "user": USER,
    "poweruser": POWERUSER,
    "admin": ADMIN,
    "owner": ["*", *ADMIN],
}


@dataclass(eq=False)
class Session:
    """One session. The counters count images."""

    id: str
    user: str
    waiting_gens: int = 0
    loading_models: int = 0
    waiting_backends: int = 0
    live_gens: int = 0
    #: raised by an interrupt: work that was asked for under a lower one stops
    interrupts: int = 0
    told: list[Callable[[], None]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        return {
            "waiting_gens": self.waiting_gens,
            "loading_models": self.loading_models,
            "waiting_backends": self.waiting_backends,
            "live_gens": self.live_gens,
        }

    def add(self, **counts: int) -> None:
        """Move counters, and tell whoever listens to this session."""
        for name, by in counts.items():
            setattr(self, name, getattr(self, name) + by)
        for tell in list(self.told):
            tell()

    def reset(self) -> None:
        self.waiting_gens = self.loading_models = self.waiting_backends = self.live_gens = 0


class Accounts:
    """All users and sessions. `tokens` None: no accounts, everybody is the owner `local`."""

    def __init__(self, tokens: dict[str, tuple[str, str]] | None, *, local_role: str) -> None:
        self._tokens = tokens
        self._roles = {
            "local": local_role,
            **dict((tokens or {}).values()),
        }
        self.sessions: dict[str, Session] = {}

    def user_of(self, cookie: str | None, named: str | None = None) -> str | None:
        """Who asks; None for somebody without an account where one is needed."""
        if self._tokens is None:
            return named or "local"
        known = self._tokens.get(cookie or "")
        return known[0] if known else None

    def permissions(self, user: str) -> list[str]:
        # Without accounts every name is the local user in other clothes.
        return ROLES[self._roles.get(user, self._roles["local"])]

    def may(self, user: str, permission: str) -> bool:
        held = self.permissions(user)
        return not permission or "*" in held or permission in held

    def begin(self, user: str) -> Session:
        session = Session(secrets.token_hex(20).upper(), user)
        self.sessions[session.id] = session
        return session

    def total(self) -> dict[str, int]:
        """The counters of all sessions together."""
        summed = dict.fromkeys(Session("", "").counts, 0)
        for session in self.sessions.values():
            for name, count in session.counts.items():
                summed[name] += count
        return summed
