"""The answer of `status` as text: the seed's sections and words, and what is new.

Rule 1: the seed's three scenarios read as they did, line for line.
Rule 2: what cannot be known is said with its reason, never left out and never "none".
Rule 3: basis and age are mentioned where they are not "observed and fresh", and always
if asked (`verbose`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from headway.render.style import MANNER, paint
from headway.render.table import as_ascii, cut, safe, wrapped
from headway.render.times import clock, count, duration, span

RULE = "─" * 47  # the seed's
LABEL = 15  # columns of a label with its colon and blanks
SHOWN_WAITING = 10  # of those that wait; the rest is a number
FRESH = 30.0  # seconds without a word that are usual for something that runs
KNOWN_WELL = frozenset({"observed", "reported"})

Status = dict[str, Any]
Fields = Iterator[tuple[str, str]]


def status_text(
    status: Status,
    *,
    width: int = 80,
    ascii: bool = False,  # noqa: A002
    verbose: bool = False,
    colour: bool = False,
) -> str:
    """The whole answer, each line at most `width` columns wide."""
    now = seconds_of(status["at"]) or 0.0
    lines = [
        *_backends(status, now, verbose=verbose),
        *_generations(status, now, verbose=verbose),
    ]
    fitted = [one for line in lines for one in _fitted(safe(line), width, plain=ascii)]
    return "".join(f"{_painted(line, colour=colour)}\n" for line in fitted)


def seconds_of(text: str | None) -> float | None:
    """A time of the answer in seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp() if text else None


def _backends(status: Status, now: float, *, verbose: bool) -> Iterator[str]:
    shown = [one for one in status["servers"] if one["backends"]]
    if not shown:
        return
    yield "Backends"
    yield RULE
    for server in shown:
        for backend in server["backends"]:
            yield f"  • {backend['id']}"
            for label, value in _backend(backend, server, now, verbose=verbose):
                yield _field(label, value)
    yield ""


def _backend(backend: Status, server: Status, now: float, *, verbose: bool) -> Fields:
    yield "Type", backend["type"] + (" (simulated)" if server["simulated"] else "")
    yield "Status", _standing(backend, server, now)
    if backend["model_loaded"]:
        yield "Model Loaded", backend["model_loaded"]
    if backend["gpu"]:
        yield "GPU", backend["gpu"]
    if server["last_seen"]:
        yield "Last seen", f"{len(server['last_seen'])} unfinished, now unknown"
    if server["server_url"] and (verbose or server["status"] != "online"):
        yield "URL", server["server_url"]
    if verbose:
        yield from _more(backend, server)


def _more(backend: Status, server: Status) -> Fields:
    if server["version"]:
        yield "Version", str(server["version"])
    if server["response_time"]:
        yield "Responds in", server["response_time"]
    if server["tier"] is not None:
        yield "Tier", str(server["tier"])
    yield "Known", _known(backend["basis"], backend["age"])


def _standing(backend: Status, server: Status, now: float) -> str:
    since = seconds_of(server["since"])
    if server["status"] == "unreachable":
        return "unreachable" + (f" since {clock(since, now)}" if since else "")
    if server["status"] == "wedged":
        return f"wedged: {server['trouble']}" if server["trouble"] else "wedged"
    if server["status"] == "unwatched":
        return "seen, not watched yet"
    return str(backend["status"])


def _generations(status: Status, now: float, *, verbose: bool) -> Iterator[str]:
    yield "Active Generations"
    yield RULE
    listed = status["active_generations"]
    guessed = status["generations_estimated"]
    if not listed and guessed and not status["generations_running"]:
        yield f"Estimated running: {guessed} (inferred from backend status)"
        yield ""
        yield "Note: Generation details unavailable - check backend status above"
        yield "      for more information about active processing."
    elif not listed and status["generations_running"] == 0:
        yield "No generations currently running"
    for number, one in enumerate(_worth_showing(listed), start=1):
        yield f"  Generation {number}:"
        for label, value in _generation(one, status, now, verbose=verbose):
            yield _field(label, value)
    yield from _rest(status)


def _worth_showing(listed: list[Status]) -> list[Status]:
    waiting = [one for one in listed if one["status"] == "pending"]
    return [one for one in listed if one["status"] != "pending"] + waiting[:SHOWN_WAITING]


def _rest(status: Status) -> Iterator[str]:
    listed = status["active_generations"]
    hidden = len(listed) - len(_worth_showing(listed))
    unnamed = status["generations_running_at_least"] - len(listed)
    if hidden:
        yield f"  … and {hidden:,} more waiting"
    if unnamed > 0:
        yield f"  … and {unnamed:,} more that the server counts"
    if status["generations_running"] is None:
        if listed or unnamed > 0 or status["generations_estimated"]:
            yield ""
        yield "Not known: there may be more" if listed else "Not known whether anything runs"
        for reason in status["unseen"]:
            yield f"  • {reason}"


def _generation(one: Status, status: Status, now: float, *, verbose: bool) -> Fields:
    yield "Session ID", one["session_id"]
    if one["title"] and one["title"] != one["session_id"]:
        yield "Title", one["title"]
    yield "Status", _phase(one)
    if len(status["servers"]) > 1:
        yield "Server", one["server"]
    if one["progress"] is not None:
        yield "Progress", f"{one['progress']:.1f}%"
    if one["step"] is not None:
        yield "Step", _step(one)
    if one["duration"]:
        yield "Duration", one["duration"]
    if one["queue_position"]:
        yield "Queue", _place(one, now)
    yield "ETA", _eta(one, now)
    yield from _doubts(one, now, verbose=verbose)


def _phase(one: Status) -> str:
    plain = {"generating": "running", "starting": "running"}.get(one["status"], one["status"])
    ours = one["phase"] if one["phase"] not in (plain, "queued", "running") else ""
    more = [part for part in (ours, one["activity"]) if part]
    return str(one["status"]) + (f" ({', '.join(more)})" if more else "")


def _step(one: Status) -> str:
    of = f"/{count(one['steps'])}" if one["steps"] else ""
    name = f" {one['step_name']}" if one["step_name"] else ""
    guess = f" ({one['step_basis']})" if one["step_basis"] not in KNOWN_WELL else ""
    return f"{count(one['step'])}{of}{name}{guess}"


def _place(one: Status, now: float) -> str:
    of = f" of {one['queue_length']}" if one["queue_length"] else ""
    starts = seconds_of(one["eta_starts_at"])
    soon = f", starts in about {duration(max(starts - now, 0.0))}" if starts else ""
    return f"{one['queue_position']}{of}{soon}"


def _eta(one: Status, now: float) -> str:
    if one["eta"] is None:
        return "no estimate yet"
    low, high = seconds_of(one["eta_low_at"]), seconds_of(one["eta_high_at"])
    if one["overdue"] or low is None or high is None:
        return f"overdue, was expected by {clock(high, now)}"
    runs = one["eta_samples"]
    basis = f"{runs} run{'s' * (runs != 1)}" if runs else "this run's speed"
    interval = span(max(low - now, 0.0), max(high - now, 0.0))
    return f"{duration(one['eta'])} ({interval}, {basis}), at {clock(now + one['eta'], now)}"


def _doubts(one: Status, now: float, *, verbose: bool) -> Fields:
    if one["stalled_for"] is not None:
        yield "Stalled", f"nothing heard for {duration(one['stalled_for'])}"
    if one["missing_since"]:
        yield "Missing", f"not listed since {clock(seconds_of(one['missing_since']), now)}"
    if one.get("orphan"):
        stop = f"`headway cancel {one['session_id'][:13]}` stops it"
        yield "Orphan", f"still at the server; the program that asked for it is gone: {stop}"
    silent = one["status"] != "pending" and (one["age"] or 0.0) > FRESH
    if verbose or silent or one["basis"] not in KNOWN_WELL:
        yield "Known", _known(one["basis"], one["age"])
    if verbose and one["model"]:
        yield "Model", str(one["model"])
    if verbose:
        yield "Job", one["job"]


def _known(basis: str, age: float | None) -> str:
    return f"{basis}, {duration(age)} ago" if age is not None else basis


def _field(label: str, value: str) -> str:
    return f"    {label + ':':<{LABEL}}{value}"


def _fitted(line: str, width: int, *, plain: bool) -> list[str]:
    shown = as_ascii(line) if plain else line
    if shown[:1] in ("─", "-") and not shown.strip("─-"):
        return [shown[:width]]
    label = shown[: 4 + LABEL]
    if not (label.startswith("    ") and label.rstrip().endswith(":") and len(shown) > width):
        return [_cut(shown, width, plain=plain)]
    room = width - len(label)
    if room < 12:  # too narrow for two columns
        return [_cut(shown, width, plain=plain)]
    first, *more = wrapped(shown[len(label) :], room)
    return [label + first, *[" " * len(label) + one for one in more]]


def _cut(line: str, width: int, *, plain: bool) -> str:
    shown = cut(line, width)
    return shown.replace("…", "~") if plain else shown


def _painted(line: str, *, colour: bool) -> str:
    if not colour:
        return line
    if line in ("Backends", "Active Generations"):
        return paint(line, "title", colour=True)
    if line and not line.strip("─-"):
        return paint(line, "dim", colour=True)
    head, label, value = line.partition("    Status:        ")
    if label and not head:
        word = value.partition(" ")[0].rstrip(":")
        return label + paint(value, MANNER.get(word, ""), colour=True)
    return line
