"""Coverage-guided fuzzing of everything that reads bytes from outside.

    pip install atheris
    python -m bench.fuzz comfyui -max_total_time=60
    python -m bench.fuzz          # names the targets

Rule 1: a target may refuse what it gets by an error of ours or of msgspec; anything else
ends the run, and the input that did it lies in the working directory (`crash-…`).
Rule 2: the first byte of a line chooses which ear hears the rest, so that one corpus
feeds all; a run begins from well-formed seeds, else it would only learn to write JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import atheris

with atheris.instrument_imports(include=["headway"]):
    import msgspec

    from headway.dialects.comfyui.desk import Want
    from headway.dialects.comfyui.ears import Ears, Heard
    from headway.dialects.comfyui.frames import read_entries
    from headway.dialects.comfyui.history import read_history, read_recent
    from headway.dialects.comfyui.queue import read_jobs, read_queue
    from headway.dialects.comfyui.server import Server, read_stats
    from headway.errors import HeadwayError
    from headway.fold.admit import admit
    from headway.model.events import AnyEvent
    from headway.render.status import status_text
    from headway.store.contract import Query
    from headway.store.memory import MemoryStore
    from headway.talk.frames import read_ask
    from headway.talk.messages import read_client
    from headway.talk.status import status_of

NOW = 1_795_298_194.0
REFUSALS = (HeadwayError, msgspec.MsgspecError, UnicodeError, RecursionError)

_events = msgspec.json.Decoder(list[AnyEvent]).decode


def comfyui(data: bytes) -> None:
    """A story of answers and frames, a line each."""
    ears = Ears("comfy")
    store = MemoryStore()
    _take(store, ears.met(Server("0.12.1"), NOW))
    _take(store, ears.opened(NOW, tier=1))
    for n, line in enumerate(data.split(b"\n")[:30]):
        hear = EARS[line[0] % len(EARS)] if line else EARS[0]
        _take(store, hear(ears, line[1:], NOW + n))
        _take(store, ears.tick(NOW + n))


def events(data: bytes) -> None:
    """A posted batch, stored and shown."""
    store = MemoryStore()
    store.append([admit(event, NOW) for event in _events(data)])
    views = [change.view for change in store.live()]
    status_text(status_of(views, now=NOW, version="0"), width=80, verbose=True)
    msgspec.json.encode(store.find(Query(kind="job")).views)


def stream(data: bytes) -> None:
    """What a client of the live stream sends."""
    for read in (read_client, read_ask):
        try:
            read(data)
        except REFUSALS:
            continue


def _take(store: MemoryStore, heard: Heard) -> None:
    store.append([admit(event, NOW) for event in heard.events])


Hear = Callable[[Ears, bytes, float], Heard]
EARS: tuple[Hear, ...] = (
    lambda ears, data, at: ears.frame(data, at),
    lambda ears, data, at: ears.listing(read_queue(data), at),
    lambda ears, data, at: ears.listing(read_jobs(data), at),
    lambda ears, data, at: ears.raw_logs(read_entries(data), at),
    lambda ears, data, at: ears.recent(read_recent(data), at),
    lambda ears, data, at: ears.history(
        Want("history", "a", "comfy~a~1"), read_history(data, "a"), at
    ),
    lambda ears, data, at: _met(ears, data, at),
)


def _met(ears: Ears, data: bytes, at: float) -> Heard:
    found = read_stats(data)
    return ears.met(found, at) if isinstance(found, Server) else ears.missed("no server", at)


def _frame(kind: str, **data: Any) -> bytes:
    return json.dumps({"type": kind, "data": data}).encode()


def _event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "key": "comfy~a~1", "at": NOW, "observer": "o", **fields}


GRAPH = {
    "3": {"class_type": "KSampler", "inputs": {"steps": 8, "latent_image": ["5", 0]}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64}},
}
ITEM = [1, "a", GRAPH, {"create_time": int(NOW * 1000)}, ["3"]]
ENDED = {"prompt": ITEM, "outputs": {}, "status": {"status_str": "success", "messages": []}}
LOG = {"entries": [{"t": "2026-11-21T22:00:00", "m": " 50%|#####     | 4/8 [00:01<00:01]"}]}
SEEDS: dict[str, list[bytes]] = {
    "comfyui": [
        b"\n".join(
            [
                b"\x01" + json.dumps({"queue_running": [ITEM], "queue_pending": []}).encode(),
                b"\x00" + _frame("progress", prompt_id="a", node="3", value=2, max=8),
                b"\x00" + _frame("progress_state", prompt_id="a", nodes={"3": {"value": 1}}),
                b"\x03" + json.dumps(LOG).encode(),
                b"\x05" + json.dumps({"a": ENDED}).encode(),
            ]
        )
    ],
    "events": [
        json.dumps(
            [
                _event("registered", meta={"title": "t", "width": 8, "needed": ["3"]}),
                _event("progress", step="3", done=2, total=8),
                _event("reading", field="estimate", value={"end_at": NOW}),
                _event("ended", outcome="failed", why="x", final=True),
            ]
        ).encode()
    ],
    "stream": [
        _frame("hello", topics=["jobs"], filter={"source": "comfy"}, max_rate=5),
        _frame("subscribe", job="comfy~a~1", id=1),
        _frame("get_job_progress", job_id="a"),
    ],
}

TARGETS: dict[str, Callable[[bytes], None]] = {
    "comfyui": comfyui,
    "events": events,
    "stream": stream,
}


def main() -> None:
    """Fuzz the target that the first argument names; the others are libFuzzer's."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in TARGETS:
        raise SystemExit(f"which target? {', '.join(TARGETS)}")
    target = TARGETS[name]

    def once(data: bytes) -> None:
        try:
            target(data)
        except REFUSALS:
            return

    with TemporaryDirectory() as corpus:
        for n, seed in enumerate(SEEDS[name]):
            Path(corpus, str(n)).write_bytes(seed)
        atheris.Setup([sys.argv[0], *sys.argv[2:], corpus], once)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
