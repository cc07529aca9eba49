"""What became of a job that is in neither the queue nor the history?

Rule 1: "not running and not pending" is not "done"; success is never presumed.
Rule 2: a proven restart makes it lost, unless there was a time before it in which nobody
    watched: then it may have ended well, and nobody can say. A wedged worker makes it
    unknown until the wedge ends; only what surely never ran, under an unbroken watch of a
    living worker, counts as cancelled.
Rule 3: pure: evidence in, verdict out; None means "too early to say".
"""

from __future__ import annotations

import msgspec

from headway.model.words import Basis, Outcome

ENOUGH_READS = 2  # looks at the queue without it
PATIENCE = 30.0  # seconds to wait for a sign of life before giving up on "cancelled"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a job that is gone.

    `reads`: looks without it. `ran`: it was seen or heard running. `unbroken`: the socket
    stood since it was last seen. `alive`: since then something ran or ended. `wedged`:
    why the worker is held for stuck. `restart`: the proof of one since. `unwatched`: it may
    have ended before that, unseen, or had left the queue. `to_its_end`: the console said
    that a prompt was executed while it alone ran. `replaced`: the history holds a later
    use of its id. `waited`: seconds since it went.
    """

    reads: int = ENOUGH_READS
    ran: bool = False
    unbroken: bool = True
    alive: bool = True
    wedged: str = ""
    restart: str = ""
    unwatched: bool = False
    to_its_end: bool = False
    replaced: bool = False
    waited: float = 0.0


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`settled` False: better evidence may still come and is worth waiting for."""

    outcome: Outcome
    basis: Basis
    why: str
    evidence: str
    settled: bool = True


def verdict(found: Evidence) -> Verdict | None:
    """What became of it; None while it is too early to say."""
    if found.restart and (found.unwatched or found.to_its_end):
        return _unknown(_how_a_restart_took_it(found))
    if found.restart:
        why = "the server restarted before it was finished"
        return Verdict(outcome="lost", basis="derived", why=why, evidence=found.restart)
    if found.reads < ENOUGH_READS:
        return None
    if found.wedged:
        return _unknown(f"it went while the worker was stuck: {found.wedged}", settled=False)
    if found.ran or not found.unbroken:
        return _unknown(_how_it_went(found), settled=found.unbroken)
    if found.alive:
        why = "removed from the queue"
        evidence = "it was waiting, never ran, and is gone; the worker went on with others"
        return Verdict(outcome="cancelled", basis="inferred", why=why, evidence=evidence)
    if found.waited < PATIENCE:
        return None
    return _unknown("it was waiting and is gone; nothing has run since", settled=False)


def _how_a_restart_took_it(found: Evidence) -> str:
    if found.to_its_end:
        return f"it did run to its end (the console said so); then {found.restart}"
    return f"{found.restart}; before that it may have ended unseen, or been removed"


def _how_it_went(found: Evidence) -> str:
    if found.replaced:
        return "its history entry was replaced by a later use of its id"
    if found.to_its_end:
        return "it did run to its end (the console said so); its history is gone"
    if not found.unbroken:
        return "it is gone and left no history; the connection was broken meanwhile"
    return "it ran, is gone, and left no history"


def _unknown(evidence: str, *, settled: bool = True) -> Verdict:
    why = "ended, outcome not known"
    return Verdict(outcome="unknown", basis="inferred", why=why, evidence=evidence, settled=settled)
