"""History to expectations: how long, and until when.

Rule 1: pure: records, views and `now` in, an estimate out; None where there is nothing
to go by ("no estimate yet"), never elapsed time divided by a percentage.
Rule 2: every estimate says how many finished jobs it rests on and how far they spread.
Rule 3: recent runs count, old ones do not: the last `RECENT` of a kind.
"""
