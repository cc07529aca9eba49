"""Words of a ComfyUI for tests, and what the ears make of them.

Rule 1: every event heard goes through the model's own encoding and the fold, so that a
test cannot be content with an event that nobody could store.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from headway.dialects.comfyui.desk import Want
from headway.dialects.comfyui.ears import Ears, Heard
from headway.dialects.comfyui.frames import read_entries
from headway.dialects.comfyui.history import read_history
from headway.dialects.comfyui.queue import read_jobs, read_queue
from headway.dialects.comfyui.server import Server
from headway.fold.admit import admit
from headway.fold.folding import fold
from headway.fold.views import view
from headway.model.entities import AnyEntity
from headway.model.events import AnyEvent
from headway.model.views import JobView, SourceView, StepView

RECORDINGS = Path(__file__).parents[2] / "recordings" / "comfyui"
T0 = 1_795_298_000.0  # a second of the recordings' day

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(AnyEvent).decode


def graph(*, steps: int = 8, prompt: str = "a lighthouse at dusk", **inputs: Any) -> dict[str, Any]:
    """The default workflow."""
    sampler = {"model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "seed": 5,
               "latent_image": ["5", 0], "steps": steps, "cfg": 7.0, "sampler_name": "euler",
               "scheduler": "normal", "denoise": 1.0, **inputs}  # fmt: skip
    size = {"width": 512, "height": 768, "batch_size": 1}
    nodes = {
        "4": ("CheckpointLoaderSimple", {"ckpt_name": "sd/dream.safetensors"}),
        "5": ("EmptyLatentImage", size),
        "6": ("CLIPTextEncode", {"text": prompt, "clip": ["4", 1]}),
        "7": ("CLIPTextEncode", {"text": "blurry", "clip": ["4", 1]}),
        "3": ("KSampler", sampler),
        "8": ("VAEDecode", {"samples": ["3", 0], "vae": ["4", 2]}),
        "9": ("SaveImage", {"images": ["8", 0], "filename_prefix": "x"}),
    }
    return {one: {"class_type": kind, "inputs": held} for one, (kind, held) in nodes.items()}


def item(
    native: str = "a", number: float = 1, *, created: int | None = None, outputs: Any = ("9",),
    raw: Any = None, **extra: Any,
) -> list[Any]:  # fmt: skip
    """A queue item; created: in seconds after T0, times 1000."""
    more = dict(extra) if created is None else {**extra, "create_time": int(T0 * 1000) + created}
    return [number, native, graph() if raw is None else raw, more, list(outputs)]


def queue(running: Iterable[Any] = (), pending: Iterable[Any] = ()) -> bytes:
    """An answer of /queue."""
    return json.dumps({"queue_running": list(running), "queue_pending": list(pending)}).encode()


def jobs(*rows: tuple[str, str, float, int]) -> bytes:
    """An answer of /api/jobs: (id, status, number, created)."""
    listed = [
        {"id": one, "status": status, "priority": n, "create_time": int(T0 * 1000) + created}
        for one, status, n, created in rows
    ]
    return json.dumps({"jobs": listed, "pagination": {}}).encode()


def entry(found: list[Any], *messages: tuple[str, dict[str, Any]], outputs: Any = None) -> bytes:
    """An answer of /history/{id} for that item."""
    kinds = [kind for kind, _ in messages]
    status = "success" if "execution_success" in kinds else "error"
    state = {"status_str": status, "completed": status == "success", "messages": list(messages)}
    body = {"prompt": found, "outputs": outputs or {}, "status": state, "meta": {}}
    return json.dumps({found[1]: body}).encode()


def began(after: float = 0.0) -> tuple[str, dict[str, Any]]:
    return "execution_start", {"timestamp": int((T0 + after) * 1000)}


def ended(kind: str = "execution_success", after: float = 9.0, **more: Any) -> Any:
    return kind, {"timestamp": int((T0 + after) * 1000), **more}


class Listener:
    """Ears, and the entities that their events make."""

    def __init__(self, ears: Ears | None = None, *, tier: int = 1, **settings: Any) -> None:
        self.ears = ears or Ears("comfy", **settings)
        self.entities: dict[str, AnyEntity] = {}
        self.events: list[AnyEvent] = []
        self.wants: list[Want] = []
        self.now = T0
        self.take(self.ears.met(Server("0.12.1"), T0))
        self.connect(tier=tier)

    def connect(self, *, tier: int = 1) -> None:
        self.take(self.ears.opened(self.now, tier=tier))

    def take(self, heard: Heard) -> None:
        for event in heard.events:
            again = _decode(_encode(event))
            self.events.append(again)
            fold(self.entities, admit(again, self.now))
        self.wants += heard.wants

    def at(self, after: float) -> Listener:
        self.now = T0 + after
        return self

    def frame(self, kind: str, **data: Any) -> None:
        self.raw(json.dumps({"type": kind, "data": data}))

    def raw(self, data: bytes | str) -> None:
        self.take(self.ears.frame(data, self.now))

    def say(self, *texts: str) -> None:
        """Console entries."""
        self.frame(
            "logs", entries=[{"t": "2026-11-21T22:00:00.5", "m": one} for one in texts], size=None
        )

    def queue(self, running: Iterable[Any] = (), pending: Iterable[Any] = ()) -> None:
        self.take(self.ears.listing(read_queue(queue(running, pending)), self.now))

    def listing(self, body: bytes) -> None:
        read = read_jobs if b'"jobs"' in body else read_queue
        self.take(self.ears.listing(read(body), self.now))

    def history(self, native: str, body: bytes = b"{}", *, key: str | None = None) -> None:
        asked = self.key(native) if key is None else key
        want = Want("history", native, asked)
        self.take(self.ears.history(want, read_history(body, native), self.now))

    def empty_history(self, native: str, *, times: int = 3) -> None:
        """The history is asked as often as the ears want, and has nothing."""
        key = self.key(native)
        for _ in range(times):
            self.now += 1.0
            self.history(native, key=key)
            self.take(self.ears.tick(self.now))

    def raw_logs(self, *lines: tuple[str, str]) -> None:
        body = json.dumps({"entries": [{"t": t, "m": m} for t, m in lines]}).encode()
        self.take(self.ears.raw_logs(read_entries(body), self.now))

    def tick(self) -> None:
        self.take(self.ears.tick(self.now))

    def key(self, native: str) -> str:
        """The key of the newest job with that id, "" if there is none."""
        found = [
            key for key in self.entities if key.split("~")[1:2] == [native] and key.count("~") == 2
        ]
        return found[-1] if found else ""

    def job(self, native: str = "a") -> JobView:
        found = view(self.entities[self.key(native)])
        assert isinstance(found, JobView)
        return found

    def jobs(self) -> list[JobView]:
        return [found for one in self.entities.values() if isinstance(found := view(one), JobView)]

    def step(self, native: str, step: str) -> StepView:
        found = view(self.entities[f"{self.key(native)}~{step}"])
        assert isinstance(found, StepView)
        return found

    def source(self) -> SourceView:
        found = view(self.entities["comfy"])
        assert isinstance(found, SourceView)
        return found

    def wanted(self, kind: str) -> list[Want]:
        """The wishes of that kind since the last time, taken away."""
        found = [want for want in self.wants if want.kind == kind]
        self.wants = [want for want in self.wants if want.kind != kind]
        return found

    def of(self, kind: type[Any], native: str = "a") -> list[Any]:
        key = self.key(native)
        return [one for one in self.events if isinstance(one, kind) and one.key == key]
