"""What is watched: one line each, made from the answer of `status`."""

from __future__ import annotations

from typing import Any

from headway.render.status import seconds_of
from headway.render.table import Column, table
from headway.render.times import UNKNOWN, clock

COLUMNS = (
    Column("SOURCE", keep=9, elastic=10),
    Column("TYPE", keep=4),
    Column("STATE", keep=8, elastic=12),
    Column("TIER", keep=3, right=True),
    Column("UNFINISHED", keep=6, right=True),
    Column("VERSION", keep=2),
    Column("URL", keep=5, elastic=20),
)


def sources_text(status: dict[str, Any], *, width: int = 80, plain: bool = False) -> str:
    """The table; a line that says so if there is none."""
    servers = status["servers"]
    if not servers:
        return "No sources found\n"
    now = seconds_of(status["at"]) or 0.0
    return table(COLUMNS, [_row(one, now) for one in servers], width=width, plain=plain)


def _row(server: dict[str, Any], now: float) -> list[str]:
    count = server["generations_running"]
    return [
        server["server"],
        server["backends"][0]["type"] if server["backends"] else "",
        _state(server, now),
        UNKNOWN if server["tier"] is None else str(server["tier"]),
        UNKNOWN if count is None else str(count),
        str(server["version"] or UNKNOWN),
        str(server["server_url"] or ""),
    ]


def _state(server: dict[str, Any], now: float) -> str:
    if server["status"] == "unwatched":
        return "seen, not watched yet"
    since = seconds_of(server["since"])
    if server["status"] == "unreachable" and since is not None:
        return f"unreachable since {clock(since, now)}"
    return str(server["status"]) + (" (simulated)" if server["simulated"] else "")
