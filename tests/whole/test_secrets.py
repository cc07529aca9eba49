"""No secret leaves the server: not in what it prints, answers, keeps or is called with.

A real server process, with known tokens; requests with them in every right and wrong
place; then everything that it wrote is searched.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from headway.host import paths, runfile

LONGEST = 30.0  # seconds that anything here may take
WALL = "Wa11-token-0123456789abcdefghijklmn"
FARM = "Farm-token-0123456789abcdefghijklmn"
PASSWORD = "Pa55word-of-a-back-end"
SETTINGS = f"""
[plane]
discover = false
[sources.far]
url = "http://ann:{PASSWORD}@127.0.0.1:9"
[server.tokens.wall]
token = "{WALL}"
[server.tokens.farm]
token = "{FARM}"
role = "report"
sources = ["farm-"]
"""


class Server:
    """The process, and where it answers."""

    def __init__(self, process: asyncio.subprocess.Process, run: runfile.RunFile) -> None:
        self.process = process
        self.url = run.url
        self.token = run.token


@asynccontextmanager
async def server(home: Path) -> AsyncIterator[Server]:
    settings = home / "headway.toml"
    settings.write_text(SETTINGS)
    settings.chmod(0o600)
    state = home / "state"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "headway", "serve", "-v", "--port", "0", "--config", str(settings)),
        env={**os.environ, paths.STATE_DIR: str(state), "PYTHONDEVMODE": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(LONGEST):
            run = None
            while run is None:
                assert process.returncode is None
                await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=0.05)
                run = runfile.live(str(state / "server.run"))
        yield Server(process, run)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def knock(one: Server) -> list[str]:
    """Ask with the tokens in every place; all that came back."""
    tokens = (one.token, WALL, FARM, WALL[:-1] + "x")
    said: list[str] = []
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        for token in tokens:
            bearer = {"Authorization": f"Bearer {token}"}
            for path, headers in (
                (f"/?token={token}", {}),
                (f"/api/v1/jobs?token={token}", {}),
                (f"/api/v1/jobs?nothing={token[:1]}", bearer),
                ("/api/v1/sources", bearer),
                ("/api/v1/sources", {}),
                ("/api/v1/status", bearer),
                ("/metrics", bearer),
                ("/readyz", {}),
                ("/ws", bearer),
                ("/", {"Cookie": f"headway={token}"}),
                ("/", bearer | {"Origin": "http://x.test"}),
                ("/", bearer | {"Host": "x.test"}),
            ):
                async with session.get(
                    one.url + path, headers=headers, allow_redirects=False
                ) as answer:
                    said.append(f"{answer.headers} {await answer.text()}")
            async with session.post(
                f"{one.url}/api/v1/events", headers=bearer, json={"events": [{"kind": "no"}]}
            ) as answer:
                said.append(await answer.text())
        said += await _news(session, one)
    return said


async def _news(session: aiohttp.ClientSession, one: Server) -> list[str]:
    bearer = {"Authorization": f"Bearer {WALL}"}
    said = []
    async with session.ws_connect(
        f"{one.url}/ws", headers=bearer, protocols=["headway.v1"]
    ) as socket:
        await socket.send_str('{"type":"hello","data":{}}')
        for _ in range(2):
            said.append(await socket.receive_str())
    return said


def argvs() -> str:
    """The process list, where there is one to be read."""
    found = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    return b"\n".join(found).decode("utf-8", "replace")


async def test_no_secret_is_printed_answered_kept_or_shown_to_others(tmp_path: Path) -> None:
    async with asyncio.timeout(2 * LONGEST), server(tmp_path) as one:
        heard = await knock(one)
        shown = argvs()
        one.process.terminate()
        assert one.process.stdout is not None
        printed = (await one.process.stdout.read()).decode()
        await one.process.wait()
    state = tmp_path / "state"
    kept = {
        str(path.relative_to(state)): path.read_bytes().decode("utf-8", "replace")
        for path in state.rglob("*")
        if path.is_file()
    }

    assert heard
    assert printed
    assert kept
    places = {"answers": "\n".join(heard), "print": printed, "process list": shown} | kept
    for secret in (one.token, WALL, FARM, PASSWORD):
        assert [place for place, text in places.items() if secret in text] == []
