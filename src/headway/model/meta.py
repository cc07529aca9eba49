"""Meta fields with a meaning of their own; any other field is its owner's.

Rule 1: a meta field is a fact about the entity that does not change; the first to
state it (by time, then observer) is believed.
Rule 2: a foreign prompt is never meta: sources keep class names, sizes and a
signature (see docs/protocol.md, privacy).
"""

from __future__ import annotations

JOB: dict[str, str] = {
    "title": "a short name for people",
    "job_kind": "image, video, audio, text, 3d, or the owner's word",
    "native": "the back end's own id, where it was too long for the key",
    "number": "the back end's place in line, lower runs first",
    "family": "a wider likeness than the signature: same graph and model, any size or steps",
    "work": "pixels times sampling steps times batch, for scaling within a family",
    "signature": "what other jobs are like this one: same signature, same expected time",
    "model": "the checkpoint or model, by file name",
    "width": "pixels",
    "height": "pixels",
    "batch": "how many results one run makes",
    "sampling_steps": "sampling steps over all samplers",
    "needed": "ids of the steps that the result needs, cached ones included",
    "names": "step id to what the step does",
    "submitter": "a digest of the submitting client's id",
    "group": "the id of the group it belongs to",
    "parent": "the key of the job that started this one",
    "runs_as": "the key of the outer job or source that this job does the work of",
    "retry_of": "the key of the job that this one tries again",
    "outputs": "files it made: [{n, name, media, step, place}]",
    "simulated": "true: made by a simulation",
    "prompt": "its own prompt, if keep_prompts allows",
    "resumed": "true: first seen when it was already under way",
}

SOURCE: dict[str, str] = {
    "source_kind": "comfyui, swarmui, stash, qbittorrent, program",
    "url": "where it answers",
    "title": "a short name for people",
    "simulated": "true: a simulation",
}

SOURCE_READINGS: dict[str, str] = {
    "version": "what it calls its version",
    "tier": "how much can be seen: 0 queue, 1 also logs, 2 also every step",
    "mirror": "heard, or why its mirror extension is not; empty: it has none",
    "instance": "counts proven restarts",
    "running": "how many jobs it says it runs",
    "waiting": "how many jobs it says wait",
    "trouble": "wedged and why, or empty",
    "unreachable": "why it cannot be reached, or empty",
    "clock_offset": "seconds its clock is ahead of ours, where more than 2",
    "skipped": "how many of its messages could not be read",
    "watched": "false: seen, not watched yet",
    "others": "how many generations of others it counts, where ours are known apart",
    "loading": "how many model loads are pending",
    "unseen": "what cannot be seen of it, and what that would take; or empty",
    "estimated_running": "a guess from what was used lately; None: no guess",
}
