"""Making images: the counters, the slots, and what the submitter's socket is told.

Rule 1: `overall_percent` is (nodes begun + fraction) ÷ (nodes + 1), and previews divide by
    the nodes alone: it jumps up and down, and may pass 1.
Rule 2: an interrupt is felt at the next report; what has no slot yet goes without a word.
Rule 3: raw frames of the back end are passed on before what is made of them, and only to
    those who asked for them.
"""

import asyncio
import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from headway.sim.comfyui import pictures
from headway.sim.swarmui import behind
from headway.sim.swarmui.account import Session
from headway.sim.swarmui.backends import Backend
from headway.sim.swarmui.life import Life
from headway.sim.swarmui.params import Params, Refused

NODES = 7
SAMPLER = 5  # the number of the sampler among the nodes
STEP = 0.35  # seconds at speed 1.0
LOADING = 2.4  # seconds

Say = Callable[[dict[str, Any]], None]


class Interrupted(Exception):
    """Somebody interrupted the session."""


@dataclass
class Heard:
    """What a ComfyUI has said of one image."""

    begun: int = 0
    error: str = ""


class Generation:
    """One request for images. `first`: the batch index of its first image."""

    def __init__(
        self, life: Life, session: Session, params: Params, say: Say, *, first: int = 0
    ) -> None:
        self._life, self._session, self._params, self._say = life, session, params, say
        self._first = first
        self._interrupts = session.interrupts
        self.request_id = life.next_request()
        self.images: list[str] = []

    async def run(self) -> None:
        """Make all images; what goes wrong is said, never raised."""
        model = self._params.model
        noun = "image" if self._params.images == 1 else "images"
        self._life.log.say(
            "Info",
            f"User {self._session.user} requested {self._params.images} {noun} "
            f"with model '{model}'...",
        )
        await asyncio.gather(*[self._image(n) for n in range(self._params.images)])

    async def _image(self, n: int) -> None:
        held = 0
        try:
            backend = await self._slot()
            held = backend is not None
            if backend is not None:
                await self._on(backend, str(self._first + n))
        except Interrupted:
            self._say({"error": "Generation session interrupted."})
        except Refused as error:
            self._say({"error": str(error)})
        self._session.add(waiting_gens=-1, live_gens=-held)
        self._say({"keep_alive": True})
        self._life.change.happened()

    @property
    def _stopped(self) -> bool:
        return self._session.interrupts > self._interrupts

    async def _slot(self) -> Backend | None:
        """A slot; None if the session was interrupted before there was one."""
        session, life = self._session, self._life
        if not any(one.status == "running" for one in life.backends.all.values()):
            raise Refused("No backends available!")
        session.add(waiting_backends=1)
        try:
            await life.change.until(lambda: self._stopped or life.backends.free())
            backend = life.backends.free()
            if self._stopped or backend is None:
                return None
            life.backends.claim(backend)
            await self._load(backend)
        finally:
            session.add(waiting_backends=-1)
        return backend

    async def _load(self, backend: Backend) -> None:
        if backend.model == self._params.model:
            return
        self._session.add(loading_models=1)
        try:
            self._life.log.say("Debug", f"backend #{backend.id} will load a model")
            await self._life.spend(LOADING)
            backend.model = self._params.model
        finally:
            self._session.add(loading_models=-1)

    async def _on(self, backend: Backend, index: str) -> None:
        self._session.add(live_gens=1)
        self._life.change.happened()
        try:
            make = self._by_comfy if backend.comfy else self._by_script
            await make(backend, index)
            self._give(index)
        finally:
            self._life.backends.release(backend)

    def _give(self, index: str) -> None:
        place = self._life.save(self._session.user, self._params, self._picture())
        self.images.append(place)
        self._life.log.say("Info", "Generated an image in 0.52 sec (prep) and 4.84 sec (gen)")
        self._say(
            {
                "image": place,
                "batch_index": index,
                "request_id": str(self.request_id),
                "metadata": self._params.metadata(),
            }
        )

    def _picture(self) -> bytes:
        return pictures.png(self.request_id, width=self._params.width, height=self._params.height)

    async def _by_script(self, backend: Backend, index: str) -> None:
        prompt = str(uuid.uuid4())
        row = behind.row(self._life.next_number(), prompt, self._params)
        backend.queue.append(row)
        try:
            self._progress(index, 0.0, 0.0, metadata=self._params.metadata())
            async with backend.computing:
                await self._computed(backend, index, prompt)
        finally:
            if row in backend.queue:  # a restart has emptied it
                backend.queue.remove(row)

    async def _computed(self, backend: Backend, index: str, prompt: str) -> None:
        nodes = NODES + 1
        self._raw("execution_start", prompt_id=prompt)
        for node in range(1, SAMPLER + 1):
            self._raw("executing", prompt_id=prompt, node=str(node))
            self._progress(index, node / nodes, 0.0)
        if self._params.fails:
            raise Refused("ComfyUI execution error: CUDA out of memory.")
        total = self._params.steps
        for step in range(1, total + 1):
            await self._life.spend(STEP)
            await self._life.reached(step)
            if self._stopped:
                raise Interrupted
            self._raw("progress", prompt_id=prompt, node=str(SAMPLER), value=step, max=total)
            self._bar(backend, step, total)
            self._sampled(index, SAMPLER + step / total, step / total)
        self._sampled(index, NODES + 1.0, 1.0)  # the output node fires: past the end
        for node in range(SAMPLER + 1, nodes):
            self._raw("executing", prompt_id=prompt, node=str(node))
            self._progress(index, node / nodes, 0.0)
        self._progress(index, 1.0, 1.0)
        self._raw("executing", prompt_id=prompt, node=None)

    async def _by_comfy(self, backend: Backend, index: str) -> None:
        self._progress(index, 0.0, 0.0, metadata=self._params.metadata())
        heard = Heard()

        def hear(frame: dict[str, Any]) -> None:
            self._raw_frame(json.dumps(frame))
            self._hear(frame, heard, backend, index)

        await behind.make(backend.comfy, self._params, self._interrupted, hear)
        if self._stopped:
            raise Interrupted
        if heard.error:
            raise Refused(f"ComfyUI execution error: {heard.error}")
        self._progress(index, 1.0, 1.0)

    def _hear(self, frame: dict[str, Any], heard: Heard, backend: Backend, index: str) -> None:
        data = frame.get("data") or {}
        if frame["type"] == "executing" and data.get("node"):
            heard.begun += 1
            self._progress(index, heard.begun / (NODES + 1), 0.0)
        elif frame["type"] == "progress":
            done, total = data["value"], data["max"]
            self._bar(backend, done, total)
            self._sampled(index, heard.begun + done / total, done / total)
        elif frame["type"] == "execution_error":
            heard.error = str(data.get("exception_message"))

    async def _interrupted(self) -> None:
        await self._life.change.until(lambda: self._stopped)

    def _sampled(self, index: str, reached: float, current: float) -> None:
        self._progress(index, reached / (NODES + 1), current)
        self._progress(index, reached / NODES, current, preview=PREVIEW)

    def _progress(self, index: str, overall: float, current: float, **more: Any) -> None:
        self._life.log.say(
            "Verbose",
            f"Progress [{index}]: {int(overall * (NODES + 1))}/{NODES}, "
            f"curPercent={current * 100:04.1f}",
        )
        said = {"batch_index": index, "request_id": str(self.request_id)}
        said |= {"preview": more.pop("preview")} if "preview" in more else {}
        self._say(
            {
                "gen_progress": {
                    **said,
                    "overall_percent": overall,
                    "current_percent": current,
                    **more,
                }
            }
        )

    def _bar(self, backend: Backend, done: int, total: int) -> None:
        part = f"{100 * done // total:3d}%|###       | {done}/{total} [00:00<00:01, 11.9it/s]"
        self._life.log.say(f"ComfyUI-{backend.id}", f"[STDERR] {part}")

    def _raw(self, kind: str, **data: Any) -> None:
        self._raw_frame(json.dumps({"type": kind, "data": data}))

    def _raw_frame(self, text: str) -> None:
        if self._params.raw:
            data = base64.b64encode(text.encode()).decode()
            self._say({"raw_backend_data": {"type": "comfy_websocket", "data": data}})


PREVIEW = "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2Q=="
