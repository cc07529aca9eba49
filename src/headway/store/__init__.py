"""The past and the present: two tables, one counter.

`entities` is the present: one small row for each job, step, group, source, worker and
daemon. `events` is the past: every edge, once. One offset orders both, and a cursor is
(epoch, offset): "what changed since" is one indexed query, and it is resume, late join
and tail.

Rule 1: an edge is on disk before anybody is told of it; a level is told at once and is
on disk with the next edge or the next flush.
Rule 2: offsets rise in the order of commits and none is used twice, whatever is killed
when and however many processes write.
Rule 3: a file that cannot be used as it is, is left as it is.
Rule 4: synchronous, one thread at a time; another thread opens its own reader.
"""
