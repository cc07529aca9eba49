"""When a restart of the server counts as proven.

Rule 1: a dropped socket and an empty history prove nothing.
Rule 2: proof is another start-up line on the console than the one known, or one dated
    after the newest line that was heard (both in the server's own clock);
    or: the connection was broken, known unfinished jobs are gone, and the numbers that
    are given out began again.
"""

from __future__ import annotations

import msgspec


class Traces(msgspec.Struct, frozen=True, kw_only=True):
    """What a life of the server left with us.

    `boot`: its start-up line's time; `newest`: the newest console line's time; `number`
    and `created` (ms, server's clock): of the newest job that it gave a number to.
    """

    boot: str = ""
    newest: str = ""
    number: float | None = None
    created: int | None = None


def by_console(before: Traces, boot: str) -> str:
    """The proof in a start-up line seen now; "" if it proves nothing."""
    if not boot or boot == before.boot:
        return ""
    if before.boot or (before.newest and boot > before.newest):
        return f"its console says that it started at {boot[:32]}, server's time"
    return ""


def by_numbers(before: Traces, number: float, created: int | None) -> str:
    """The proof in a job that came later and has a lower number; "" if it is none.

    Only for a caller that knows a broken connection and known jobs gone.
    """
    top = before.number
    if top is None or number < 0 or number != int(number) or number >= top:
        return ""
    if before.created is not None and (created is None or created <= before.created):
        return ""
    return f"known jobs are gone, and its numbers fell from {top:g} to {number:g}"


def with_number(traces: Traces, number: float, created: int | None) -> Traces:
    """The traces after hearing of that job for the first time.

    A later job with a lower number lowers it: whatever the reason, it is not proof twice.
    """
    if number < 0 or number != int(number):
        return traces  # put in front, or placed by its client
    if created is None or traces.created is None:
        older = traces.created is not None
    else:
        older = created < traces.created
    if older:
        return traces
    return msgspec.structs.replace(traces, number=number, created=created)
