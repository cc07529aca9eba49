"""Lists in pages: which index answers a query, and where the next page starts.

Rule 1: filters only on indexed columns; anything else is bounded to the newest
`WIDEST` rows, and the page says so.
Rule 2: a page starts after the last row of the one before, by value: rows that come or
go meanwhile neither repeat nor hide others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from headway.errors import UsageError
from headway.fold.views import view
from headway.model.keys import group_key
from headway.model.words import RESOLVED
from headway.store.bodies import entity_from
from headway.store.contract import WIDEST, Page, Query
from headway.store.present import Held
from headway.store.queries import named
from headway.store.row import Row

SQL = {f"find_{name}": text for name, text in named("find").items()}
SQL["find_live"] = SQL.pop("find_active")

Rows = Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]

_WORDS = re.compile(r"[^\W_]+")
_TOKEN = re.compile(r"([alg])(-?[0-9.e+]+|inf)_(\d+)\Z")
TOP = (float("inf"), 2**62)  # before every row


class Place(NamedTuple):
    """Where a page ended. `part`: "a" among what is active, "l" among the rest."""

    part: str
    at: float
    id: int

    @property
    def text(self) -> str:
        """The place as the token of the next page."""
        return f"{self.part}{self.at!r}_{self.id}"


def find(rows: Rows, query: Query) -> Page:
    """The page of `query`. Raises: UsageError if `after` is no page of ours."""
    if _is_one_part(query):
        return _one_part(rows, query, place_of(query.after) if query.after else Place("g", *TOP))
    return _two_parts(rows, query, place_of(query.after) if query.after else Place("a", *TOP))


def place_of(token: str) -> Place:
    """Where the page before ended. Raises: UsageError."""
    found = _TOKEN.match(token)
    if not found:
        raise UsageError(f"not a page: {token[:60]!r}", "leave it out for the first page")
    return Place(found[1], float(found[2]), int(found[3]))


def words_of(text: str) -> str:
    """What people type as a query of FTS5: every word, the last may be unfinished."""
    words = [f'"{word}"' for word in _WORDS.findall(text)]
    return " ".join(words) + "*" if words else ""


def page_of(rows: Sequence[Held], query: Query) -> Page:
    """The same page, of rows in memory."""
    first = Place("g" if _is_one_part(query) else "a", *TOP)
    place = place_of(query.after) if query.after else first
    found = [(_place(row, query), entity) for row, entity in rows if _matches(row, query)]
    found = [one for one in found if _order(one[0]) < _order(place)]
    found.sort(key=lambda one: _order(one[0]), reverse=True)
    shown = found[: query.limit]
    more = len(found) > query.limit
    return Page([view(entity) for _, entity in shown], shown[-1][0].text if more else "")


def _place(row: Row, query: Query) -> Place:
    if _is_one_part(query):
        return Place("g", row.facts.at, row.id)
    return Place("a" if row.facts.active else "l", row.facts.at, row.id)


def _order(place: Place) -> tuple[float, ...]:
    return (place.id,) if place.part == "g" else (place.part == "a", place.at, place.id)


def _matches(row: Row, query: Query) -> bool:
    facts = row.facts
    wanted = (
        (query.source, facts.source),
        (query.phase, facts.phase),
        (_outcome(query), facts.outcome),
        (_group(query.group), facts.grp),
    )
    if row.kind != query.kind or query.active not in (None, bool(facts.active)):
        return False
    return all(want in ("", has) for want, has in wanted) and _reads(facts.title, query.text)


def _reads(title: str, text: str) -> bool:
    words, wanted = _WORDS.findall(title.lower()), _WORDS.findall(text.lower())
    if not wanted:
        return not text
    whole = all(word in words for word in wanted[:-1])
    return whole and any(word.startswith(wanted[-1]) for word in words)


def _is_one_part(query: Query) -> bool:
    return bool(query.text or query.group) or query.kind == "step"


def _two_parts(rows: Rows, query: Query, place: Place) -> Page:
    """What is active, then what ended."""
    found: list[tuple[str, tuple[Any, ...]]] = []
    bounded = False
    wanted = query.limit + 1
    if place.part == "a":
        if query.active is not False and not _outcome(query):
            active = rows("find_live", _values(query, place, wanted))
            found += [("a", row) for row in active]
            bounded = len(active) < wanted and _more(rows, "find_more_active", query, place)
        place = Place("l", *TOP)
    missing = wanted - len(found)
    ended = _ended_by(query)
    if missing > 0 and query.active is not True and ended:
        found += [("l", row) for row in rows(ended, _values(query, place, missing))]
    return _page(found, query, bounded=bounded)


def _ended_by(query: Query) -> str:
    """The statement for what ended; "" if nothing can match."""
    outcome = _outcome(query)
    if query.phase and query.phase not in RESOLVED:
        return ""
    if query.phase and query.outcome and query.phase != query.outcome:
        return ""
    if query.kind == "group":
        return "" if outcome or query.source else "find_groups_ended"
    if query.kind != "job":
        return ""
    if query.source:
        return "find_ended_so_of_source" if outcome else "find_ended_of_source"
    return "find_ended_so" if outcome else "find_ended"


def _one_part(rows: Rows, query: Query, place: Place) -> Page:
    """The newest known first, whether active or not."""
    words = words_of(query.text)
    if query.text and not words:
        return Page([])
    by = "titled" if query.text else "members" if query.group else "recent"
    values = _values(query, place, query.limit + 1) | {"words": words}
    found = [("g", row) for row in rows(f"find_{by}", values)]
    bounded = len(found) <= query.limit and _count(rows, f"find_more_{by}", values) > WIDEST
    return _page(found, query, bounded=bounded)


def _page(found: list[tuple[str, tuple[Any, ...]]], query: Query, *, bounded: bool) -> Page:
    shown = found[: query.limit]
    views = [view(entity_from(row[3])) for _, row in shown]
    if len(found) <= query.limit:
        return Page(views, "", bounded)
    part, last = shown[-1]
    return Page(views, Place(part, last[1], last[0]).text, bounded)


def _more(rows: Rows, name: str, query: Query, place: Place) -> bool:
    return (
        bool(query.source or query.phase) and _count(rows, name, _values(query, place, 0)) > WIDEST
    )


def _count(rows: Rows, name: str, values: dict[str, Any]) -> int:
    return int(rows(name, values)[0][0])


def _outcome(query: Query) -> str:
    return query.outcome or (query.phase if query.phase in RESOLVED else "")


def _values(query: Query, place: Place, limit: int) -> dict[str, Any]:
    return {
        "kind": query.kind,
        "source": query.source,
        "outcome": _outcome(query),
        "phase": query.phase,
        "group": _group(query.group),
        "active": None if query.active is None else int(query.active),
        "at": place.at,
        "id": place.id,
        "limit": limit,
        "widest": WIDEST,
    }


def _group(name: str) -> str:
    return name if not name or name.startswith("~") else group_key(name)
