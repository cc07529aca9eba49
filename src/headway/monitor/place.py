"""Who holds the port, and the token for it.

Rule 1: Headway is known by its own answer; that something answers is not enough.
Rule 2: a token is sent only to the server that it is written down for.
"""

from __future__ import annotations

import aiohttp
import msgspec

from headway.client import Client
from headway.errors import ConfigError
from headway.host import runfile
from headway.model.address import address_of
from headway.talk.problems import TYPE
from headway.transport.place import Place, find

PATIENCE = 10.0  # seconds for whoever holds the port to say who it is
LARGEST = 1 << 24  # bytes of an answer that are read


class _Answer(msgspec.Struct):
    headway_version: str = ""
    type: str = ""


async def holder(port: int, run_file: str) -> Place | None:
    """The Headway server at that port of this machine; None if nobody listens there.

    Raises: ConfigError if it is held by something else.
    """
    url = f"http://127.0.0.1:{port}"
    try:
        is_ours = await _is_headway(url)
    except ConnectionRefusedError:
        return None
    if not is_ours:
        raise ConfigError(
            f"port {port} is held by a program that is not Headway",
            "stop that program, or give StatusMonitor another websocket_port",
        )
    return Place(url, token_for(port, run_file))


async def watches(place: Place, url: str) -> bool:
    """Whether the server there watches the back end at `url`. Raises: as `Client.status`."""
    async with Client(place.url, place.token) as client:
        servers = (await client.status())["servers"]
    return address_of(url) in {address_of(one.get("server_url") or "") for one in servers}


def token_for(port: int, run_file: str) -> str:
    """The token for the server at that port; "" if nobody wrote one down for us."""
    run = runfile.live(run_file)
    if run is not None and run.port == port:
        return run.token
    place = find()
    known = place is not None and address_of(place.url) == ("127.0.0.1", port)
    return place.token if place and known else ""


async def _is_headway(url: str) -> bool:
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{url}/api/v1/status", allow_redirects=False) as answer,
        ):
            said = msgspec.json.decode(await _body(answer), type=_Answer)
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, ConnectionRefusedError):
            raise error.os_error from error
        return False
    except (aiohttp.ClientError, OSError, TimeoutError, msgspec.DecodeError):
        return False
    return bool(said.headway_version) or said.type.startswith(TYPE)


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    parts: list[bytes] = []
    async for part in answer.content.iter_any():
        parts.append(part)
        if sum(map(len, parts)) > LARGEST:
            break
    return b"".join(parts)
