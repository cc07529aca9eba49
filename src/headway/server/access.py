"""Who asks, and may they come in: a pure decision from a request's headers.

Rule 1: the Host is one of ours on every request: under DNS rebinding the Origin equals
the Host, and no other header betrays it.
Rule 2: a web page's Origin is ours, or on this machine, or in `allowed_origins`; `null`
and the rest are refused. Only our own page gets the cookie's rights: another port of
the same host is another program.
Rule 3: a token that is not known is refused, never taken for none. A cookie that is
not known is no cookie: it may be left over from an earlier server.
Rule 4: without a token only this machine may read, and only when called by a name of
this machine and by nobody's proxy; any other address needs a token for everything.
Rule 5: tokens are compared in constant time, all of them, whichever is right.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from headway.server.settings import Role, Settings, Token
from headway.talk.problems import Problem, problem

Standing = Literal["user", "public"] | Role

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
OWN_FETCHES = frozenset({"", "same-origin", "none"})
WILDCARDS = frozenset({"0.0.0.0", "::", ""})

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?\Z").match


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What decides about a request. None: the header is absent; `near`: from this machine.

    `page_token` is the `?token=` of a page load; of anything else it is left out.
    """

    host: str | None
    near: bool
    scheme: str = "http"
    origin: str | None = None
    authorization: str | None = None
    cookie: str | None = None
    fetch_site: str = ""
    forwarded: bool = False
    page_token: str | None = None


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks. `sources` binds a report token; `origin` may read the answer (CORS)."""

    standing: Standing
    name: str = ""
    sources: tuple[str, ...] = ()
    origin: str | None = None

    @property
    def reads(self) -> bool:
        """States, progress, counts."""
        return self.standing != "report"

    @property
    def sees_everything(self) -> bool:
        """Also prompts, inputs and files."""
        return self.standing in ("user", "read", "operate")

    @property
    def acts(self) -> bool:
        """Submit, cancel, start, stop."""
        return self.standing in ("user", "operate")

    @property
    def reports(self) -> bool:
        """Post events."""
        return self.standing in ("user", "report")

    def may_report(self, name: str) -> bool:
        """True if events about that source, group or daemon may be posted."""
        bound = self.standing == "report"
        return self.reports and (not bound or name.startswith(self.sources or ("\0",)))


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A token that opens the door, as it is kept: by its digest."""

    digest: bytes
    cookie: str
    who: Who


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings come down to. `guarded`: a token is needed for everything."""

    names: frozenset[str]
    origins: frozenset[str]
    keys: tuple[Key, ...]
    guarded: bool


def rules_of(settings: Settings, token: str) -> Rules:
    """The rules that follow from the settings and the user's token."""
    bound = {_host_name(address) for address in settings.bind if address not in WILDCARDS}
    keys = [_key(token, Who(standing="user", name="user"))]
    keys += [_key(one.token, _named(name, one)) for name, one in settings.tokens.items()]
    return Rules(
        names=LOOPBACK_NAMES | bound | {name.lower() for name in settings.names},
        origins=frozenset(one.lower().rstrip("/") for one in settings.allowed_origins),
        keys=tuple(keys),
        guarded=any(address in WILDCARDS for address in settings.bind),
    )


def decide(asked: Asked, rules: Rules) -> Who | Problem:
    """Who asks, or why they may not."""
    host = _HOST((asked.host or "").lower())
    if host is None or host["name"] not in rules.names:
        return problem(
            "host-refused",
            "the Host of the request is not a name of this server",
            hint="use localhost, or add the name to the setting",
            value=asked.host or "",
            setting="server.names",
        )
    page = _page(asked, rules)
    if isinstance(page, Problem):
        return page
    who = _holder(asked, rules, own=page == "own")
    if isinstance(who, Problem):
        return who
    if who is None:
        who = _without_token(asked, rules, name=host["name"])
    if isinstance(who, Problem) or asked.origin is None or page == "own":
        return who
    return msgspec.structs.replace(who, origin=asked.origin)


def by_token(given: str, rules: Rules) -> Key | None:
    """The key that the token is; None if it is not known."""
    digest = _digest(given)
    matching = [key for key in rules.keys if hmac.compare_digest(key.digest, digest)]
    return matching[0] if matching else None


@lru_cache(maxsize=1024)
def is_loopback(address: str) -> bool:
    """True if the address, as a socket names it, is of this machine alone."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def cookie_name(port: int) -> str:
    """Cookies know no ports: each of our servers has its own name."""
    return f"headway-{port}"


def asked_of(
    headers: Mapping[str, str],
    *,
    near: bool,
    scheme: str,
    cookie: str | None,
    page_token: str | None,
) -> Asked:
    """What decides, from the headers of a request."""
    return Asked(
        host=headers.get("Host"),
        near=near,
        scheme=scheme,
        origin=headers.get("Origin"),
        authorization=headers.get("Authorization"),
        cookie=cookie,
        fetch_site=headers.get("Sec-Fetch-Site", ""),
        forwarded="Forwarded" in headers or "X-Forwarded-For" in headers,
        page_token=page_token,
    )


def _page(asked: Asked, rules: Rules) -> Literal["own", "other"] | Problem:
    if asked.origin is None:
        return "own" if asked.fetch_site in OWN_FETCHES else "other"
    origin = asked.origin.lower()
    if origin == f"{asked.scheme}://{(asked.host or '').lower()}":
        return "own"
    parts = _HOST(urlsplit(origin).netloc) if origin.startswith(("http://", "https://")) else None
    if origin in rules.origins or (parts and parts["name"] in LOOPBACK_NAMES):
        return "other"
    return problem(
        "origin-refused",
        "the web page that asks is not ours",
        hint="add its origin to the setting to let it read",
        value=asked.origin,
        setting="server.allowed_origins",
    )


def _holder(asked: Asked, rules: Rules, *, own: bool) -> Who | Problem | None:
    if asked.authorization is not None:
        scheme, _, token = asked.authorization.partition(" ")
        return _by_word(token.strip() if scheme.lower() == "bearer" else "", rules)
    if asked.page_token is not None and asked.origin is None:
        return _by_word(asked.page_token, rules)
    if asked.cookie is None or not own:
        return None
    given = asked.cookie.encode("utf-8", "surrogateescape")
    matching = [key for key in rules.keys if hmac.compare_digest(key.cookie.encode(), given)]
    return matching[0].who if matching else None


def _by_word(token: str, rules: Rules) -> Who | Problem:
    key = by_token(token, rules)
    return (
        key.who if key else problem("token-unknown", hint="`headway open` opens with the right one")
    )


def _without_token(asked: Asked, rules: Rules, *, name: str) -> Who | Problem:
    if asked.near and not rules.guarded and not asked.forwarded and name in LOOPBACK_NAMES:
        return Who(standing="public")
    return problem(
        "token-needed",
        "only this machine may read without a token",
        hint="send `Authorization: Bearer TOKEN`, or open the URL that `headway open` shows",
    )


def _named(name: str, token: Token) -> Who:
    return Who(standing=token.role, name=name, sources=tuple(token.sources))


def _key(token: str, who: Who) -> Key:
    # The cookie is not the token: other programs on this host are sent it too.
    cookie = hmac.new(token.encode(), b"headway cookie 1", hashlib.sha256).hexdigest()
    return Key(digest=_digest(token), cookie=cookie, who=who)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _host_name(address: str) -> str:
    return f"[{address.lower()}]" if ":" in address else address.lower()
