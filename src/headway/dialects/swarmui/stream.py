"""A generation of ours: the messages of GenerateText2ImageWS as events.

Rule 1: keys are ours and known before anything is sent: `<work id>-<image>`, from 0. The
    server's request id comes with the first progress only, and starts anew with the server.
Rule 2: steps come from the back end's own frames (`raw_backend_data`); where there are none,
    `current_percent` of a bar times the requested steps, as derived. `overall_percent` never.
Rule 3: frames of a back end name a prompt, not an image; which is which is taken only where
    exactly one fits.
Rule 4: an image that was announced is `finishing` until somebody has read from it.
Rule 5: the server ends with "socket_intention: close"; what has no image by then has none.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from headway.dialects.comfyui.frames import BarMoved, Began, NodeBegan, read_frame
from headway.dialects.comfyui.wire import Skip, decode, ident, listed, mapping, number, text, whole
from headway.dialects.swarmui import params
from headway.dialects.swarmui.answers import Refusal, refusal_in
from headway.dialects.swarmui.counts import Counts, read_status
from headway.dialects.swarmui.image import Image
from headway.model.events import (
    AnyEvent,
    Ended,
    Event,
    Finishing,
    Progress,
    Queued,
    Registered,
    Started,
)
from headway.model.keys import JobKey
from headway.model.words import Outcome

LARGEST_MESSAGE = 64 * 1024 * 1024  # bytes: previews and unsaved images come inside
INTERRUPTED = "generation session interrupted"
NO_IMAGE = "the server ended the request without an image or an error"

Made = tuple[str, str]
"""A job's key, and the path of an image of it below the server."""


class Stream:
    """One request, from before it is sent to its last outcome."""

    def __init__(
        self, source: str, work_id: str, body: Mapping[str, Any], *, meta: Mapping[str, Any]
    ) -> None:
        self._observer = f"{source}/stream"[:256]
        self._batch = params.batch_of(body)
        self._steps = params.steps_of(body)
        self._meta = {**params.facts(body), **meta}
        keys = [JobKey(source, f"{work_id}-{n}").text for n in range(params.images_of(body))]
        self._images = [Image(key) for key in keys]
        self._prompts: dict[str, Image | None] = {}  # None: nobody knows yet whose it is
        self._errors: list[str] = []
        self._events: list[AnyEvent] = []
        self.keys = tuple(keys)
        self.cancelling = False
        self.ending = False
        self.refused: Refusal | None = None
        self.skipped = 0

    @property
    def over(self) -> bool:
        """Whether every job has its outcome."""
        return all(one.over for one in self._images)

    def registered(self, at: float) -> list[AnyEvent]:
        """That its jobs exist: to be stored before the request goes out."""
        for one in self._images:
            self._say(Registered, one, at, meta=self._meta)
        return self._take()

    def frame(self, data: bytes | str, at: float) -> list[AnyEvent]:
        """What a text frame says."""
        value = decode(data, limit=LARGEST_MESSAGE)
        if not isinstance(value, dict):
            self.skipped += 1
            return []
        refusal = refusal_in(value)
        if refusal is not None:
            self._error(refusal, at)
        for name, hear in self._readers().items():
            if name in value:
                hear(value, at)
        return self._take()

    def made(self) -> list[Made]:
        """Images announced and not yet seen to be readable."""
        return [(one.key, path) for one in self._images for path in one.unread]

    def readable(self, made: Made, at: float) -> list[AnyEvent]:
        """Somebody read from this image."""
        self._read(made, "", at)
        return self._take()

    def unreadable(self, made: Made, why: str, at: float) -> list[AnyEvent]:
        """Nobody could read from this image."""
        self._read(made, why, at)
        return self._take()

    def refuse(self, why: str, at: float) -> list[AnyEvent]:
        """The server did not take it."""
        for one in self._images:
            self._end(one, "failed", why, "its refusal", at)
        return self._take()

    def close(self, at: float) -> list[AnyEvent]:
        """The server said that this is all: what has no image has none."""
        for one in self._images:
            if one.over or one.places:
                continue
            if self._errors:
                self._end(one, "failed", "; ".join(self._errors), "its error message", at)
            elif self.cancelling:
                self._end(one, "cancelled", "interrupted by request", NO_IMAGE, at)
            else:
                # An interrupt of somebody else, before it had a slot, reads like this.
                say: dict[str, Any] = {"outcome": "cancelled", "why": NO_IMAGE, "basis": "inferred"}
                self._say(Ended, one, at, **say)
                one.over = True
        return self._take()

    def _readers(self) -> dict[str, Any]:
        return {
            "raw_backend_data": self._raw,
            "gen_progress": self._progress,
            "image": self._image,
            "status": self._status,
            "discard_indices": self._discarded,
            "socket_intention": self._intends,
        }

    def _error(self, refusal: Refusal, at: float) -> None:
        if refusal.why in ("session", "login", "permission", "route"):
            self.refused = refusal
        elif refusal.said.lower().startswith(INTERRUPTED):
            for one in self._images:
                if not one.places:
                    self._end(one, "cancelled", refusal.said, "the server's word", at)
        else:
            self._errors.append(refusal.said[:500])
            left = [one for one in self._images if not one.over and not one.places]
            if len(left) == 1:  # of several nobody can say whose it is, until the end
                self._end(left[0], "failed", refusal.said, "its error message", at)

    def _status(self, value: dict[str, Any], at: float) -> None:
        found = read_status(value)
        if isinstance(found, Skip):
            return
        for one in self._images:
            if not one.queued and not one.over:
                one.queued = True
                self._say(Queued, one, at)
        self._activity(found.counts, at)

    def _activity(self, counts: Counts, at: float) -> None:
        # The counters are the session's: they are ours only if nothing else is in it.
        left = [one for one in self._images if not one.over]
        if counts.waiting != len(left) or not left:
            return
        for one in left:
            if one.started or len(left) > 1:
                continue
            loading = "loading a model" if counts.loading else ""
            waits = "waiting for a back end" if counts.waiting_backends else ""
            self._events += one.does(loading or waits, at, self._observer)

    def _progress(self, value: dict[str, Any], at: float) -> None:
        said = mapping(value.get("gen_progress"))
        one = self._of(said.get("batch_index"))
        overall, current = number(said.get("overall_percent")), number(said.get("current_percent"))
        if one is None or overall is None or current is None:
            return
        if overall > 0.0 or current > 0.0:
            self._match(one)
            self._start(one, at)
        if not one.exact and self._steps and 0.0 < current <= 1.0:
            done = min(round(current * self._steps), self._steps)
            if done < self._steps or one.done:  # a bar that is full at once is an output's
                self._bar(one, "", done, self._steps, at, exact=False)

    def _raw(self, value: dict[str, Any], at: float) -> None:
        try:
            packed = text(mapping(value["raw_backend_data"]).get("data"), limit=LARGEST_MESSAGE)
            found = read_frame(base64.b64decode(packed, validate=True))
        except (binascii.Error, TypeError, ValueError):
            self.skipped += 1
            return
        if isinstance(found, BarMoved | Began | NodeBegan):
            one = self._whose(found.native)
            if one is not None:
                self._heard(one, found, at)

    def _heard(self, one: Image, found: BarMoved | Began | NodeBegan, at: float) -> None:
        self._start(one, at)
        if isinstance(found, BarMoved):
            asked = found.total == self._steps
            self._bar(one, "" if asked else found.step, found.done, found.total, at, exact=True)

    def _whose(self, prompt: str) -> Image | None:
        if prompt not in self._prompts:
            only = self._images[0] if len(self._images) == 1 else None
            self._prompts[prompt] = only
            if only is not None:
                only.prompt = prompt
                self._events.append(self._inner(only))
        return self._prompts[prompt]

    def _match(self, one: Image) -> None:
        # Each back end's frame comes before what is made of it: if one prompt is left, it is his.
        left = [prompt for prompt, whose in self._prompts.items() if whose is None]
        if not one.prompt and len(left) == 1:
            one.prompt = left[0]
            self._prompts[left[0]] = one
            self._events.append(self._inner(one))

    def _inner(self, one: Image) -> Registered:
        meta = {"inner": one.prompt[:200]}
        return Registered(key=one.key, at=one.at, observer=self._observer, meta=meta)

    def _start(self, one: Image, at: float) -> None:
        one.at = at
        if not one.started and not one.over:
            one.started = True
            self._say(Started, one, at)
            self._events += one.does("", at, self._observer)

    def _bar(
        self, one: Image, step: str, done: float, total: float, at: float, *, exact: bool
    ) -> None:
        if one.over:
            return
        one.exact, one.done = one.exact or exact, done
        run = one.run_of(step, done, total)
        basis = {} if exact else {"basis": "derived"}
        self._say(
            Progress, one, at, done=done, total=total, step=step, run=run, unit="steps", **basis
        )

    def _image(self, value: dict[str, Any], at: float) -> None:
        one = self._of(value.get("batch_index"))
        place = value.get("image")
        if one is None or not isinstance(place, str):
            return
        self._start(one, at)
        inline = place.startswith("data:")
        one.came("" if inline else text(place, limit=1_000))
        if len(one.places) >= self._batch:
            self._finish(one, at)

    def _finish(self, one: Image, at: float) -> None:
        if one.finished:
            return
        one.finished = True
        self._say(Registered, one, at, meta={"outputs": one.outputs()})
        self._say(Finishing, one, at)
        if not one.unread:  # it came with the message itself
            self._end(one, "succeeded", "", "its image", at)

    def _read(self, made: Made, why: str, at: float) -> None:
        one = next((one for one in self._images if one.key == made[0]), None)
        if one is None or made[1] not in one.unread:
            return
        one.unread.remove(made[1])
        one.trouble = one.trouble or why
        if not one.unread and one.trouble:
            self._end(one, "unknown", one.trouble, "its image was announced", at)
        elif not one.unread:
            self._end(one, "succeeded", "", "its image was read from", at)

    def _discarded(self, value: dict[str, Any], at: float) -> None:
        for index in listed(value.get("discard_indices")):
            one = self._of(index)
            if one is not None:
                self._end(one, "failed", "the server discarded the image", "its word", at)

    def _intends(self, value: dict[str, Any], at: float) -> None:
        self.ending = self.ending or value.get("socket_intention") == "close"

    def _of(self, index: Any) -> Image | None:
        # "-1" is a grid of all images, "-10" and lower are results in between.
        said = ident(index) or ""
        found = whole(int(said)) if said.isdigit() and len(said) < 10 else None
        if found is None or found // self._batch >= len(self._images):
            return None
        return self._images[found // self._batch]

    def _end(self, one: Image, outcome: Outcome, why: str, evidence: str, at: float) -> None:
        if not one.over:
            one.over = True
            said: dict[str, Any] = {"outcome": outcome, "why": why[:4000], "evidence": evidence}
            self._say(Ended, one, at, **said)

    def _say(self, kind: type[Event], one: Image, at: float, **fields: Any) -> None:
        one.at = at
        self._events.append(kind(key=one.key, at=at, observer=self._observer, **fields))  # type: ignore[arg-type]

    def _take(self) -> list[AnyEvent]:
        events, self._events = self._events, []
        return events
