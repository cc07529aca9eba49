"""The port: opened, closed without a word, held.

Rule 1: closing cuts connections as a killed process does: clients see them break, without a closing
    frame (1006).
Rule 2: the port chosen at the first opening is kept for all further ones.
"""

import asyncio

from aiohttp import web

PATIENCE = 0.01  # seconds that handlers of cut connections get to notice


class Door:
    """Where clients come in."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self.port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self.port}"

    async def open(self, app: web.Application) -> None:
        """Listen for this application. Raises OSError if somebody else took the port meanwhile."""
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=PATIENCE)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Cut all connections and stop listening; nothing happens if it is closed already."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        for transport in _transports(runner):
            transport.abort()
        await runner.cleanup()

    def pause(self) -> None:
        """Stop hearing clients; the system keeps what they send."""
        for transport in _transports(self._runner):
            transport.pause_reading()

    def resume(self) -> None:
        for transport in _transports(self._runner):
            transport.resume_reading()


def _transports(runner: web.AppRunner | None) -> list[asyncio.Transport]:
    server = runner.server if runner is not None else None
    connections = server.connections if server is not None else []
    return [connection.transport for connection in connections if connection.transport is not None]
