"""The ears for one SwarmUI: answers of its calls, joined to what is known of it now.

    ears = Ears("swarm", url="http://127.0.0.1:7801")
    ears.met(session, now)                  # then own(), everybody(), backends(), …
    events = ears.tell(now)                 # what changed since the last time

Rule 1: sans-IO: the caller asks and holds the clock; nothing here raises for an answer.
Rule 2: what cannot be seen is said with the permission that is missing; a count of others
    that is not known is never 0.
Rule 3: a guess is made only where the others' count cannot be had, from what was used between
    two looks, and only while nothing of ours explains it; it fades.
Rule 4: a step on a back end's console belongs to the back end, not to a generation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from headway.dialects.comfyui.desk import Desk
from headway.dialects.comfyui.wire import Skip
from headway.dialects.swarmui.answers import Refusal
from headway.dialects.swarmui.backends import WORKING, Backend, Uses, reachable, read_backends
from headway.dialects.swarmui.counts import Counts, Others, Status, read_status
from headway.dialects.swarmui.direct import Queue
from headway.dialects.swarmui.logs import Bar, Said
from headway.dialects.swarmui.machine import read_gpus
from headway.dialects.swarmui.models import read_models
from headway.dialects.swarmui.own import OwnEar
from headway.dialects.swarmui.session import NEEDS, Session
from headway.model.events import AnyEvent, Reading, Registered
from headway.model.keys import join
from headway.model.views import JobView, SourceView

HINT = 30.0  # seconds that a used back end counts as a guess
GLOBAL = "GetGlobalStatus"
DIRECT = "ComfyBackendDirect"

Found = dict[str, Any] | Refusal | Skip
Jobs = Callable[[], Sequence[JobView]]


class Ears:
    """Hears one SwarmUI. `jobs`: our own unfinished generations of it, whenever asked."""

    def __init__(self, source: str, *, url: str = "", title: str = "", jobs: Jobs = tuple) -> None:
        self._desk = Desk(source)
        self._meta = {"source_kind": "swarmui", "url": url, "title": title or source}
        self._url = url
        self._jobs = jobs
        self._own = OwnEar(source)
        self._others = Others()
        self._uses = Uses()
        self._session = Session(id="-")
        self._old = False  # a version without GetGlobalStatus
        self._ours: Counts | None = None
        self._all: Counts | None = None
        self._queues: dict[str, Queue] = {}
        self._used: dict[str, float] = {}
        self._bars: dict[str, Bar] = {}
        self._boot, self._instance = "", 0
        self._response: float | None = None
        self._heard_at = 0.0
        self.backends_known: list[Backend] = []
        self.watched: frozenset[str] = frozenset()  # ids whose ComfyUI is a source of its own

    @property
    def busy(self) -> bool:
        """Whether anything is under way, as far as can be seen."""
        direct = any(one.own + one.running + one.waiting for one in self._queues.values())
        seen = (self._all or Counts()).unfinished + (self._ours or Counts()).unfinished
        return bool(seen or direct)

    @property
    def settled(self) -> bool:
        """Whether two readings agree about the others; False: look again soon."""
        return self._others.told is not None and not self._doubt

    @property
    def countable(self) -> bool:
        """Whether the others can be counted at all."""
        return self._session.may(GLOBAL) and not self._old

    _doubt = False

    def remember(self, source: SourceView | None) -> None:
        """Take up what was known before this program started; harmless to repeat."""
        readings = source.readings if source is not None else {}
        instance, boot = readings.get("instance"), readings.get("boot")
        if isinstance(instance, int) and not isinstance(instance, bool):
            self._instance = max(self._instance, instance)
        if isinstance(boot, str) and not self._boot:
            self._boot = boot
        if source is not None and not self._heard_at:
            self._heard_at = source.updated_at

    def met(self, session: Session, at: float) -> None:
        """A connection stands; this is who we are to the server, and who it is."""
        self._desk.forget()
        self._others.forget()
        self._uses.forget()
        self._own.forget()
        self._ours = self._all = None
        self._queues, self._bars = {}, {}
        self._session = session
        meta = {name: value for name, value in self._meta.items() if value}
        self._desk.say(Registered, self._desk.key, at, meta=meta)
        self._started(session.server_id, at)
        self._reading("version", session.version, at)
        self._reading("watched", True, at)  # a release before this one only listed it
        self._reading("tier", 1 if session.may("ListRecentLogMessages") else 0, at)

    def took(self, seconds: float, at: float) -> None:
        """A call took so long; told when it differs by much."""
        before = self._response
        if before is None or not 0.5 <= (seconds + 0.005) / (before + 0.005) <= 2.0:
            self._response = max(seconds, 0.0)
            self._reading("response_time", round(self._response, 4), at)

    def own(self, found: Found, at: float) -> None:
        """An answer of GetCurrentStatus."""
        status = self._status(found)
        if status is not None:
            self._heard_at = at
            self._ours = status.counts
            self._own.counts(status.counts, at)
            self._reading("backend_status", status.word, at)
            self._reading("notice", status.trouble, at)

    def everybody(self, found: Found, at: float) -> None:
        """An answer of GetGlobalStatus."""
        if isinstance(found, Refusal):
            self._old = self._old or found.why == "route"
            return
        status = self._status(found)
        if status is not None:
            self._all = status.counts
            self._doubt = not self._others.heard(status.counts, self._ours or Counts())
        del at

    def guessed(self, at: float) -> None:
        """Without GetGlobalStatus: the queues of the back ends show some of the others."""
        queues = [one for name, one in self._queues.items() if name not in self.watched]
        shown = sum(one.own for one in queues)
        ours = Counts(waiting=(self._ours or Counts()).unfinished)
        self._doubt = not self._others.heard(Counts(waiting=shown), ours)
        del at

    def backends(self, found: Found, at: float) -> None:
        """An answer of ListBackends."""
        rows = read_backends(found) if isinstance(found, dict) else found
        if not isinstance(rows, list):
            self._missed(rows)
            return
        self.backends_known = rows
        for fell in self._uses.fell(rows, at):
            if not (self._ours or Counts()).unfinished:
                self._used[fell] = at
        for one in rows:
            self._worker(one, at)
        loaded = {one.model for one in rows if one.model}
        self._reading("model_loaded", loaded.pop() if len(loaded) == 1 else None, at)

    def places(self) -> dict[str, str]:
        """Where the ComfyUI of each back end can be reached from here, by its id."""
        found = {one.id: reachable(one, self._url) for one in self.backends_known}
        return {name: place for name, place in found.items() if place}

    def queue(self, backend: str, found: Queue | Skip, at: float) -> None:
        """An answer of a back end's own queue."""
        if isinstance(found, Skip):
            self._missed(found)
            self._queues.pop(backend, None)
        else:
            self._queues[backend] = found
        del at

    def models(self, found: Found, at: float) -> None:
        """An answer of ListModels."""
        rows = read_models(found) if isinstance(found, dict) else found
        if isinstance(rows, list):
            self._reading("models_count", len(rows), at)
        else:
            self._missed(rows)

    def loaded(self, found: Found, at: float) -> None:
        """An answer of ListLoadedModels."""
        rows = read_models(found) if isinstance(found, dict) else found
        if isinstance(rows, list):
            self._reading("models_loaded", len(rows), at)
        else:
            self._missed(rows)

    def machine(self, found: Found, at: float) -> None:
        """An answer of GetServerResourceInfo."""
        gpus = read_gpus(found) if isinstance(found, dict) else {}
        for one in self.backends_known:
            name, readings = gpus.get(one.gpu, ("", {}))
            key = self._key(one.id)
            if name:
                self._at(key, "gpu", name, at)
            for field, value in readings.items():
                self._at(key, field, value, at)

    def log(self, said: Said | Skip, at: float) -> None:
        """What the consoles of back ends show."""
        if isinstance(said, Skip):
            self._missed(said)
            return
        for backend, bar in said.bars.items():
            if bar is None or bar.done == bar.total:
                self._bars.pop(backend, None)
            else:
                self._bars[backend] = bar
        del at

    def tell(self, now: float) -> list[AnyEvent]:
        """Everything that changed, as events; the levels as they are now."""
        self._counts(now)
        self._steps(now)
        self._reading("unseen", "; ".join(self._unseen()), now)
        self._reading("estimated_running", self._estimate(now), now)
        if self._desk.changed("skipped", self._desk.skipped):
            source = self._desk.key
            self._desk.say(Reading, source, now, field="skipped", value=self._desk.skipped)
            self._desk.say(Reading, source, now, field="skips", value=self._desk.reasons())
        events, _ = self._desk.take()
        return [*events, *self._own.tick(self._jobs(), now)]

    def reading(self, field: str, value: Any, at: float) -> None:
        """A reading that the caller made itself."""
        self._reading(field, value, at)

    def _started(self, server_id: str, at: float) -> None:
        if self._boot and server_id and server_id != self._boot:
            self._instance += 1
            lost = self._own.restarted(self._jobs(), self._heard_at, at)
            self._desk.add(lost)
        self._boot = server_id or self._boot
        self._reading("boot", self._boot, at)
        self._reading("instance", self._instance, at)

    def _counts(self, now: float) -> None:
        others = self._others.told
        direct = [one for name, one in self._queues.items() if name not in self.watched]
        runs, waits = sum(one.running for one in direct), sum(one.waiting for one in direct)
        ours = self._ours or Counts()
        theirs = others or Counts()
        known = self._ours is not None or others is not None
        live = ours.live + theirs.live + runs
        total = ours.unfinished + theirs.unfinished + runs + waits
        self._reading("others", theirs.unfinished + runs + waits if known else None, now)
        self._reading("running", live if known else None, now)
        self._reading("waiting", max(total - live, 0) if known else None, now)
        self._reading("loading", ours.loading + theirs.loading if known else None, now)

    def _steps(self, now: float) -> None:
        if self._all is not None and not self._all.unfinished:
            self._bars.clear()  # nothing runs: what was drawn last is over
        for one in self.backends_known:
            bar = self._bars.get(one.id)
            key = self._key(one.id)
            values = (bar.done, bar.total, bar.rate) if bar else (None, None, None)
            for field, value in zip(("step", "steps", "rate"), values, strict=True):
                self._at(key, field, value, now, basis="derived")

    def _unseen(self) -> Iterable[str]:
        may = self._session.may
        if not may("GetCurrentStatus"):
            yield f"cannot see its sessions: needs {NEEDS['GetCurrentStatus']}"
        if not may(GLOBAL):
            yield f"cannot see other sessions: needs {NEEDS[GLOBAL]}"
        elif self._old:
            yield f"cannot see other sessions: this version has no {GLOBAL}"
        elif self._others.told is None:
            yield "other sessions: not read twice yet"
        if not may("ListBackends"):
            yield f"cannot see its back ends: needs {NEEDS['ListBackends']}"
        elif self._hidden_queues():
            why = "not readable" if may(DIRECT) else f"needs {NEEDS[DIRECT]}"
            yield f"cannot see prompts sent straight to its ComfyUI: {why}"

    def _hidden_queues(self) -> bool:
        ready = [one for one in self.backends_known if one.is_comfy and one.state == "ready"]
        return any(one.id not in self._queues and one.id not in self.watched for one in ready)

    def _estimate(self, now: float) -> int | None:
        if self._session.may(GLOBAL) and not self._old:
            return None
        fresh = {name for name, at in self._used.items() if 0.0 <= now - at < HINT}
        fresh |= {one.id for one in self.backends_known if one.word in WORKING}
        return len(fresh) or None

    def _worker(self, one: Backend, at: float) -> None:
        key = self._key(one.id)
        title = one.title or f"{one.type} {one.id}"
        if self._desk.changed(f"{key} title", title):
            self._desk.say(Registered, key, at, meta={"title": title, "backend_type": one.type})
        self._at(key, "state", one.state, at)
        self._at(key, "model_loaded", one.model or None, at)
        self._at(key, "slots", one.slots, at)

    def _status(self, found: Found) -> Status | None:
        read = read_status(found) if isinstance(found, dict) else found
        if isinstance(read, Status):
            return read
        self._missed(read)
        return None

    def _missed(self, found: Refusal | Skip | dict[str, Any]) -> None:
        if isinstance(found, Skip):
            self._desk.missed(found.reason)
        elif isinstance(found, Refusal):
            self._desk.missed(f"refused: {found.why}")

    def _key(self, backend: str) -> str:
        return join(self._desk.source, backend)

    def _reading(self, field: str, value: Any, at: float) -> None:
        self._at(self._desk.key, field, value, at)

    def _at(self, key: str, field: str, value: Any, at: float, **how: Any) -> None:
        if self._desk.changed(f"{key} {field}", value):
            self._desk.say(Reading, key, at, field=field, value=value, **how)
