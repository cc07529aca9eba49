"""Headway's mirror: tells Headway, from within ComfyUI, which step of which prompt runs.

Put here by `headway comfyui install`, taken away by `headway comfyui uninstall`. It adds one route,
/headway/mirror, and no node.

Rule 1: what ComfyUI does, and what its clients are sent, is not touched. The queue, the executor
    and the progress registry are listened to; nothing on the way to a client is.
Rule 2: who is listened to never waits for us and never gets an error of ours. A listener appends
    one small tuple to a bounded buffer; all else is done on the server's loop. The one lock that is
    taken is the queue's own, by who removes from the queue, and would be taken anyway.
Rule 3: all buffers are bounded. Near the bound only the newest bar of each node is kept; at the
    bound things are dropped and counted, and the reader gets a new report in place of what is gone.
Rule 4: a reader has a buffer and a writer of its own; one that takes nothing for `STUCK` seconds is
    cut. No reader ever holds up another, or ComfyUI.
Rule 5: ids, classes, counts, outcomes and times leave here: no prompt, no input, no picture, no
    client's id, no word of an error.
Rule 6: who wants to read proves that it knows the token; the token itself is never sent.
Rule 7: what this ComfyUI does not have is named in `missing`, and then nothing is listened to.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import functools
import hashlib
import hmac
import importlib
import json
import logging
import math
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from aiohttp import WSMsgType, web

VERSION = "1.0.0"
PROTOCOL = 1
PATH = "/headway/mirror"
TOKEN_FILE = "token"

MOST_MESSAGES = 5_000  # in one buffer
MOST_BARS = 1_000  # messages from which on only the newest bar of each node is kept
MOST_NODES = 5_000  # of one prompt
LONGEST_ID = 65_536  # characters; what has a longer one is not told of
AT_ONCE = 500  # messages in one frame
LAZY = 256  # messages that may wait while nobody reads
MOST_READERS = 8
HELLO_TIME = 5.0  # seconds to say who one is
STUCK = 30.0  # seconds that a reader may take for one frame
PAUSE = 0.02  # seconds between two frames to one reader: at most 50 a second
HEARTBEAT = 20.0  # seconds between our pings
LARGEST_HELLO = 4_096  # bytes

#: ComfyUI's word for the end of a run -> ours
OUTCOMES = {
    "execution_success": "succeeded",
    "execution_error": "failed",
    "execution_interrupted": "cancelled",
}

log = logging.getLogger("headway.mirror")


class Buffer:
    """Messages on their way from any thread to the server's loop, or on to one reader."""

    def __init__(self) -> None:
        self._items: collections.deque[Any] = collections.deque()
        self._bars: dict[Any, Any] = {}
        self.gap = False  # something was dropped that no later message makes up for
        self.dropped = 0  # one less than true, at worst, where two threads drop at once

    def __len__(self) -> int:
        return len(self._items) + len(self._bars)

    def add(self, message: Any, bar: Any = None) -> None:
        """Append it. `bar`: whose bar it is, if it is one. Never waits; from any thread."""
        if bar is not None and (bar in self._bars or len(self._items) >= MOST_BARS):
            self.dropped += bar in self._bars
            if bar in self._bars or len(self._bars) < MOST_BARS:
                self._bars[bar] = message
            else:
                self.gap, self.dropped = True, self.dropped + 1
        elif len(self._items) >= MOST_MESSAGES:
            self.gap, self.dropped = True, self.dropped + 1
        else:
            self._items.append(message)

    def take(self, most: int) -> list[Any]:
        """Up to so many, oldest first; kept-back bars come last. On the loop only."""
        taken: list[Any] = []
        with contextlib.suppress(IndexError):
            while len(taken) < most:
                taken.append(self._items.popleft())
        with contextlib.suppress(KeyError):
            while len(taken) < most:
                taken.append(self._bars.popitem()[1])
        return taken

    def forget(self) -> None:
        """Drop what is there: a report stands in its place. On the loop only."""
        self.gap = False
        self._items.clear()
        self._bars.clear()


class Reader:
    """One Headway that listens."""

    def __init__(self) -> None:
        self.buffer = Buffer()
        self.news = asyncio.Event()
        self.gone = False

    def leave(self) -> None:
        self.gone = True
        self.news.set()


class Mirror:
    """What is known of the prompts that run, and who is told.

    `server`: ComfyUI's PromptServer, or what looks like it: `loop` and `routes` are used.
    `stuck`: seconds that a reader may take for one frame.
    """

    def __init__(self, server: Any, token: str, *, stuck: float = STUCK) -> None:
        self._loop, self._stuck = server.loop, stuck
        self._token = token
        self._inbox = Buffer()
        self._woken = False
        self._readers: list[Reader] = []
        self._connections = 0
        self._dropped = 0  # for readers that are gone
        self._running: dict[Any, dict[str, Any]] = {}  # by the queue's own count of its runs
        self._now_running: Callable[[], dict[Any, Any]] = dict
        self._nodes_now: Callable[[], Any] = lambda: None
        self._removing = False
        self._errors = 0
        self.boot = secrets.token_hex(8)  # another one in every process
        self.missing: list[str] = [] if token else [TOKEN_FILE]
        server.routes.get(PATH)(self.serve)

    # listening

    def listen(self, queue: Any, executor: Any, registry: Any, nodes_now: Any = None) -> None:
        """Listen to ComfyUI's queue and to its two classes. `nodes_now`: its present registry."""
        wanted = [
            (queue, ("put", "get", "task_done", "delete_queue_item", "wipe_queue")),
            (queue, ("mutex", "queue", "currently_running")),
            (executor, ("add_message",)),
            (registry, ("start_progress", "update_progress", "finish_progress")),
        ]
        self.missing += [name for one, names in wanted for name in names if not hasattr(one, name)]
        if self.missing:
            return
        self._now_running = lambda: dict(queue.currently_running)
        self._nodes_now = nodes_now or self._nodes_now
        self._before(queue, "put", self._queued)
        self._after(queue, "get", self._started)
        self._after(queue, "task_done", self._done)
        self._around(queue, "delete_queue_item")
        self._around(queue, "wipe_queue")
        self._before(executor, "add_message", self._said)
        self._before(registry, "start_progress", self._step)
        self._before(registry, "update_progress", self._bar)
        self._before(registry, "finish_progress", self._over)

    def _before(self, owner: Any, name: str, listener: Callable[..., None]) -> None:
        original = getattr(owner, name)

        @functools.wraps(original)
        def heard(*args: Any, **kwargs: Any) -> Any:
            try:
                listener(*args, **kwargs)
            except Exception:  # whatever it is, it is ours, and ComfyUI's work goes on
                self._errors += 1
            return original(*args, **kwargs)

        setattr(owner, name, heard)

    def _after(self, owner: Any, name: str, listener: Callable[..., None]) -> None:
        original = getattr(owner, name)

        @functools.wraps(original)
        def heard(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            try:
                listener(result, *args, **kwargs)
            except Exception:
                self._errors += 1
            return result

        setattr(owner, name, heard)

    def _around(self, queue: Any, name: str) -> None:
        original = getattr(queue, name)

        @functools.wraps(original)
        def heard(*args: Any, **kwargs: Any) -> Any:
            with queue.mutex:  # so that nobody takes one meanwhile that we then call removed
                if self._removing:  # removing the only one is done by wiping
                    return original(*args, **kwargs)
                before, self._removing = list(queue.queue), True
                try:
                    return original(*args, **kwargs)
                finally:
                    self._removing = False
                    self._removed(before, queue)

        setattr(queue, name, heard)

    # what was heard: on whatever thread it happened

    def _tell(self, *message: Any, bar: Any = None) -> None:
        self._inbox.add(message, bar)
        if not self._woken and (self._readers or len(self._inbox) > LAZY):
            self._woken = True
            self._loop.call_soon_threadsafe(self._fold)

    def _queued(self, item: Any, *_: Any, **__: Any) -> None:
        self._tell("queued", time.time(), *_named(item))

    def _started(self, result: Any, *_: Any, **__: Any) -> None:
        if result is not None:
            item, run = result
            self._tell("started", time.time(), *_named(item), run)

    def _done(self, _result: Any, item_id: Any, *_: Any, **__: Any) -> None:
        self._tell("done", time.time(), item_id)

    def _removed(self, before: list[Any], queue: Any) -> None:
        try:
            left = {id(item) for item in queue.queue}
            for item in before:
                if id(item) not in left:
                    self._tell("deleted", time.time(), *_named(item))
        except Exception:
            self._errors += 1

    def _said(self, _executor: Any, event: str, data: Any, *_: Any, **__: Any) -> None:
        if event == "execution_cached":
            self._tell("cached", time.time(), data["prompt_id"], tuple(data["nodes"]))
        elif event in OUTCOMES:
            self._tell("ended", time.time(), data["prompt_id"], OUTCOMES[event])

    def _step(self, registry: Any, node_id: Any, *_: Any, **__: Any) -> None:
        named = _class_and_parent(registry, node_id)
        self._tell("step", time.time(), registry.prompt_id, node_id, *named)

    def _bar(
        self, registry: Any, node_id: Any, value: Any, max_value: Any, *_: Any, **__: Any
    ) -> None:
        native, key = registry.prompt_id, (registry.prompt_id, node_id)
        self._tell("bar", time.time(), native, node_id, float(value), float(max_value), bar=key)

    def _over(self, registry: Any, node_id: Any, *_: Any, **__: Any) -> None:
        named = _class_and_parent(registry, node_id)
        self._tell("over", time.time(), registry.prompt_id, node_id, *named)

    # what is made of it: on the loop

    def _fold(self) -> None:
        self._woken = False  # first: who adds from here on wakes us again
        for message in self._inbox.take(MOST_MESSAGES + MOST_BARS):
            try:
                told = _APPLY[message[0]](self, *message[1:])
            except Exception:
                self._errors += 1
                continue
            for reader in self._readers if told else ():
                key = (told["id"], told["node"]) if told["kind"] == "bar" else None
                reader.buffer.add(told, key)
        if self._inbox.gap:
            self._look_again()
        for reader in self._readers:
            reader.news.set()

    def _look_again(self) -> None:
        """Something was lost on its way here: ask ComfyUI what runs, and report it anew."""
        self._inbox.forget()
        now, known = time.time(), self._running
        self._running = {}
        for run, item in self._now_running().items():
            self._running[run] = known.get(run) or _run(now, *_named(item))
        registry = self._nodes_now()
        native = getattr(registry, "prompt_id", None)
        if self._of(native) is not None:
            self._catch_up(now, native, registry)
        for reader in self._readers:
            reader.buffer.gap = True

    def _catch_up(self, now: float, native: Any, registry: Any) -> None:
        for node, state in list(registry.nodes.items()):
            how = str(getattr(state["state"], "value", state["state"]))
            kind, parent = _class_and_parent(registry, node)
            if how != "pending":
                self._apply_step(now, native, node, kind, parent)
                self._apply_bar(now, native, node, float(state["value"]), float(state["max"]))
            if how == "finished":
                self._apply_over(now, native, node, kind, parent)

    def _of(self, native: Any) -> dict[str, Any] | None:
        return next((job for job in self._running.values() if job["id"] == native), None)

    def _apply_queued(self, at: float, number: Any, native: Any, created: Any) -> Any:
        return {"kind": "queued", "at": at, "id": native, "number": number, "created": created}

    def _apply_deleted(self, at: float, number: Any, native: Any, created: Any) -> Any:
        return {"kind": "deleted", "at": at, "id": native, "number": number, "created": created}

    def _apply_started(self, at: float, number: Any, native: Any, created: Any, run: Any) -> Any:
        self._running[run] = _run(at, number, native, created)
        return {"kind": "started", "at": at, "id": native, "number": number, "created": created}

    def _apply_done(self, at: float, run: Any) -> Any:
        job = self._running.pop(run, None)
        if job is None:
            return None
        told = {name: job[name] for name in ("id", "number", "created", "outcome")}
        return {"kind": "done", "at": at, **told}

    def _apply_cached(self, at: float, native: Any, nodes: Any) -> Any:
        job = self._of(native)
        if job is None:
            return None
        job["cached"] = [str(node) for node in nodes[:MOST_NODES]]
        return {"kind": "cached", "at": at, "id": native, "nodes": job["cached"]}

    def _apply_ended(self, at: float, native: Any, outcome: str) -> Any:
        job = self._of(native)
        if job is None:
            return None
        job["outcome"] = outcome
        return {"kind": "ended", "at": at, "id": native, "outcome": outcome}

    def _apply_step(self, at: float, native: Any, node: Any, kind: str, parent: str) -> Any:
        job = self._of(native)
        if job is None or str(node) in job["nodes"] or len(job["nodes"]) >= MOST_NODES:
            return None  # a lazy node begins again once its inputs are there: the same step
        job["nodes"][str(node)] = [kind, parent, at, None, None, None]
        told = {"kind": "step", "at": at, "id": native, "node": str(node)}
        return {**told, "class": kind, "parent": parent}

    def _apply_bar(self, at: float, native: Any, node: Any, done: float, total: float) -> Any:
        job = self._of(native)
        known = None if job is None else job["nodes"].get(str(node))
        if known is None or known[3] is not None or not math.isfinite(done + total):
            return None
        known[4], known[5] = done, total
        bar = {"kind": "bar", "at": at, "id": native, "node": str(node)}
        return {**bar, "done": done, "total": total}

    def _apply_over(self, at: float, native: Any, node: Any, kind: str, parent: str) -> Any:
        job = self._of(native)
        if job is None:
            return None
        known = job["nodes"].get(str(node))
        ran = known is not None and known[2] is not None
        if known is None:  # it did not begin: its result was kept from before
            known = job["nodes"][str(node)] = [kind, parent, None, None, None, None]
        if known[3] is not None:
            return None
        known[3] = at
        told = {"kind": "over", "at": at, "id": native, "node": str(node), "ran": ran}
        return {**told, "class": kind, "parent": parent}

    # telling it

    def about(self) -> dict[str, Any]:
        """What everybody may know."""
        waiting = sum(reader.buffer.dropped for reader in self._readers)
        return {
            "mirror": "headway",
            "protocol": PROTOCOL,
            "version": VERSION,
            "id": public_id(self._token),
            "missing": self.missing,
            "readers": len(self._readers),
            "dropped": self._inbox.dropped + self._dropped + waiting,
            "errors": self._errors,
        }

    def report(self, reader: Reader) -> dict[str, Any]:
        """All that is known of what runs. `dropped`: how much did not reach this reader."""
        running = [
            {**job, "nodes": [[node, *held] for node, held in job["nodes"].items()]}
            for job in self._running.values()
        ]
        dropped = self._inbox.dropped + reader.buffer.dropped
        return {
            "kind": "report", "at": time.time(), "protocol": PROTOCOL, "version": VERSION,
            "boot": self.boot, "dropped": dropped, "running": running,
        }  # fmt: skip

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The route: what this is, or a connection to read from."""
        if "Origin" in request.headers:
            return web.Response(status=403)  # no page of any site has a reason to be here
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.json_response(self.about())
        if self.missing or self._connections >= MOST_READERS:
            return web.Response(status=503)
        self._connections += 1
        try:
            return await self._connected(request)
        finally:
            self._connections -= 1

    async def _connected(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT, max_msg_size=LARGEST_HELLO, compress=False
        )
        await socket.prepare(request)
        if not await self._knows_the_token(socket):
            await socket.close(code=4401, message=b"not the token of this mirror")
            return socket
        reader = Reader()
        self._fold()
        self._readers.append(reader)
        try:
            await asyncio.gather(
                _until_it_leaves(socket, reader), self._speak(request, socket, reader)
            )
        except Exception:
            self._errors += 1
        finally:
            reader.leave()
            self._readers.remove(reader)
            self._dropped += reader.buffer.dropped
        return socket

    async def _knows_the_token(self, socket: web.WebSocketResponse) -> bool:
        nonce = secrets.token_hex(16)
        await socket.send_str(json.dumps({"kind": "challenge", "nonce": nonce}))
        try:
            said = await asyncio.wait_for(socket.receive(), HELLO_TIME)
            hello = json.loads(said.data) if said.type is WSMsgType.TEXT else {}
            given = str(hello.get("proof")) if isinstance(hello, dict) else ""
        except (asyncio.TimeoutError, ValueError):  # noqa: UP041 - two classes before 3.11
            return False
        return hmac.compare_digest(given.encode("utf-8", "replace"), proof(self._token, nonce))

    async def _speak(
        self, request: web.Request, socket: web.WebSocketResponse, reader: Reader
    ) -> None:
        reader.buffer.gap = True  # the first frame is a report
        reader.news.set()
        try:
            while not reader.gone:
                await reader.news.wait()
                reader.news.clear()
                while not reader.gone and (reader.buffer.gap or len(reader.buffer)):
                    text = json.dumps(self._next(reader), separators=(",", ":"))
                    await asyncio.wait_for(socket.send_str(text), self._stuck)
                    await asyncio.sleep(PAUSE)
        except (asyncio.TimeoutError, ConnectionError, RuntimeError):  # noqa: UP041
            reader.leave()
        finally:
            if not socket.closed and request.transport is not None:
                request.transport.abort()

    def _next(self, reader: Reader) -> dict[str, Any]:
        if reader.buffer.gap:
            reader.buffer.forget()
            self._fold()
            reader.buffer.forget()  # what was folded just now is in the report
            return self.report(reader)
        return {"kind": "batch", "messages": reader.buffer.take(AT_ONCE)}


async def _until_it_leaves(socket: web.WebSocketResponse, reader: Reader) -> None:
    await socket.receive()  # a reader has nothing more to say: whatever it is, it is the end
    reader.leave()


def public_id(token: str) -> str:
    """By this a mirror is known to who has its token; it tells nothing about the token."""
    return hashlib.sha256(b"headway mirror id " + token.encode()).hexdigest()[:16]


def proof(token: str, nonce: str) -> bytes:
    """What shows, for this one nonce, that one knows the token."""
    said = f"headway mirror {PROTOCOL} {nonce}".encode()
    return hmac.new(token.encode(), said, hashlib.sha256).hexdigest().encode()


def _run(at: float, number: Any, native: Any, created: Any) -> dict[str, Any]:
    # nodes: id -> [class, parent, began, ended, done, total]
    return {
        "id": native, "number": number, "created": created, "at": at, "outcome": "",
        "cached": None, "nodes": {},
    }  # fmt: skip


def _named(item: Any) -> tuple[Any, str, Any]:
    """(number, id, time of creation in ms) of a queue item."""
    native, extra = str(item[1]), item[3]
    if len(native) > LONGEST_ID:
        raise ValueError("an id that is too long to tell")
    number = float(item[0])
    created = extra.get("create_time") if isinstance(extra, dict) else None
    whole = isinstance(created, int) and not isinstance(created, bool)
    return number if math.isfinite(number) else None, native, created if whole else None


def _class_and_parent(registry: Any, node_id: Any) -> tuple[str, str]:
    try:
        kind = registry.dynprompt.get_node(node_id)["class_type"]
        parent = registry.dynprompt.get_parent_node_id(node_id)
    except Exception:  # a name is welcome, and nothing depends on it
        return "", ""
    return str(kind), "" if parent is None else str(parent)


_APPLY: dict[str, Callable[..., Any]] = {
    "queued": Mirror._apply_queued,
    "deleted": Mirror._apply_deleted,
    "started": Mirror._apply_started,
    "done": Mirror._apply_done,
    "cached": Mirror._apply_cached,
    "ended": Mirror._apply_ended,
    "step": Mirror._apply_step,
    "bar": Mirror._apply_bar,
    "over": Mirror._apply_over,
}


def load(folder: str) -> Mirror:
    """The mirror of the ComfyUI that loads this file as a custom node."""
    server = importlib.import_module("server").PromptServer.instance
    progress = importlib.import_module("comfy_execution.progress")
    executor = importlib.import_module("execution").PromptExecutor
    mirror = Mirror(server, _token(folder))
    nodes_now = getattr(progress, "get_progress_state", None)
    mirror.listen(server.prompt_queue, executor, progress.ProgressRegistry, nodes_now)
    return mirror


def _token(folder: str) -> str:
    try:
        with open(os.path.join(folder, TOKEN_FILE), encoding="ascii") as file:
            return file.read(256).strip()
    except (OSError, ValueError):
        return ""


def _lines(missing: list[str]) -> Iterator[str]:
    yield f"Headway's mirror {VERSION} is there"
    if missing:
        yield f"Headway's mirror cannot listen: {', '.join(missing)} not found"


NODE_CLASS_MAPPINGS: dict[str, Any] = {}  # without it ComfyUI takes this for a failure

if hasattr(sys.modules.get("server"), "PromptServer"):  # ComfyUI loads us
    try:
        for _line in _lines(load(os.path.dirname(os.path.abspath(__file__))).missing):
            log.info(_line)
    except Exception as _error:
        log.warning("Headway's mirror cannot start: %s", type(_error).__name__)
