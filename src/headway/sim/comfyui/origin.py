"""Which pages of which origin may talk to the server.

Rule 1: only when both Host and Origin are sent, and Host is a loopback name, must the two agree in
    name and port; `localhost` and `127.0.0.1` do not agree. Programs send no Origin and are let in.
Rule 2: this holds for WebSockets too. OPTIONS is always answered.
Rule 3: since 0.19 a request is also refused whose browser says that another site made it.
"""

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware


def origin_check(*, cross_site_refused: bool) -> Middleware:
    """A guard that answers 403 to a page of another origin."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        cross_site = request.headers.get("Sec-Fetch-Site") == "cross-site"
        if cross_site and cross_site_refused:
            return web.Response(status=403)
        if not allowed(request.headers.get("Host"), request.headers.get("Origin")):
            return web.Response(status=403)
        if request.method == "OPTIONS":
            return web.Response()
        return await handler(request)

    return check


def allowed(host: str | None, origin: str | None) -> bool:
    if not host or not origin:
        return True
    there, here = urlsplit(origin), urlsplit(f"//{host}")
    if not there.hostname or not _is_loopback(here.hostname):
        return True  # an Origin without a name is "null"
    return (there.hostname, there.port) == (here.hostname, here.port)


def _is_loopback(name: str | None) -> bool:
    if name is None or name == "localhost":
        return name is not None
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
