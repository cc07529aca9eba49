"""The meaning: how events become state, and state becomes what readers see.

State is a join-semilattice: each event is the smallest state that contains it, and
folding is join: commutative, associative, idempotent. No lookup can fail, because
there is none: an event about an unknown entity creates it.

Rule 1: pure. No clock, no I/O; time is an argument.
Rule 2: `fold` returns whether anything changed; what changes nothing tells nobody.
"""
