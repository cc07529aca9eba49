"""Where a server is: two URLs of one server are one address."""

from __future__ import annotations

from urllib.parse import urlsplit

Address = tuple[str, int | None]
"""Host and port. All names of this machine are one; None: what was given is no URL."""

_HERE = frozenset({"localhost", "::1"})


def address_of(url: str) -> Address:
    """The address that a URL leads to; the scheme may be left out."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return url, None  # whoever asks there will be told what is wrong with it
    usual = 443 if parts.scheme == "https" else 80
    return ("127.0.0.1" if host in _HERE else host), port or usual
