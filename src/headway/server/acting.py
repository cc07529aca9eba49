"""`POST /api/v1/jobs` and `…/cancel`: ask a back end to make something, or to stop.

Rule 1: only who may act gets here (the user, and tokens that `operate`), and only by POST.
Rule 2: a job is answered once its back end took it, with keys that stand; it goes on here.
Rule 3: what stops others too, or nobody knows what, is stopped only with `consent`.
Rule 4: what is answered to a cancel is what the back end says, not what was hoped for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta

from headway.actions.contract import Actor, CancelResult, Stop, Work
from headway.errors import UsageError
from headway.generate.asking import work_for, work_of
from headway.generate.graph import read_graph, with_values
from headway.generate.params import Params
from headway.model.views import JobView, SourceView
from headway.model.words import RESOLVED
from headway.plane.submitters import submitted_by
from headway.server.answers import declined, encode
from headway.server.door import Door, door_of
from headway.server.once import once
from headway.server.views import job_named
from headway.talk.problems import problem

TITLE = 60  # characters of a prompt that a job is called by
Words = Annotated[str, Meta(max_length=200)]
T = TypeVar("T")


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be made: an `image` from a prompt, or a `workflow` (ComfyUI's API format).

    `backend`: the name of a source; "" is the only one that is reached. `set`: values of the
    workflow as `NODE.INPUT=VALUE`. `title`: what it is called in lists.
    """

    backend: Words = ""
    title: Words = ""
    image: Params | None = None
    workflow: dict[str, Any] | None = None
    set: Annotated[list[str], Meta(max_length=1_000)] = []


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The back end took it. `seed`: the one that was drawn or given, if it has one."""

    backend: str
    jobs: tuple[str, ...]
    seed: int | None = None


class Cancelling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`consent`: stop it also if others stop with it. `within`: seconds to wait for it."""

    consent: bool = False
    within: Annotated[float, Meta(ge=0, le=60)] = 10.0


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: cancelled, stopping, over (it was before) or unknown.

    `also`: how many others were asked to stop with it; null if that cannot be known.
    """

    job: str
    result: CancelResult
    also: int | None = 0
    why: str = ""


async def post_job(request: web.Request) -> web.Response:
    """Submit it, and answer once the back end took it."""
    door = door_of(request)

    async def do(body: bytes) -> bytes:
        order = _read(body, Order)
        if (order.image is None) == (order.workflow is None):
            raise UsageError("what is to be made?", "give either an image or a workflow")
        actor = _chosen(door, order.backend)
        work = await _work(actor, order)
        taken = await door.submissions.place(actor, work)
        if taken.refused:
            raise declined(problem("bad-request", taken.refused, value=actor.name))
        return encode(Accepted(backend=actor.name, jobs=taken.jobs, seed=work.meta.get("seed")))

    return await once(request, do, what="jobs")


async def post_cancel(request: web.Request) -> web.Response:
    """Stop a job, and answer with what came of it."""

    async def do(body: bytes) -> bytes:
        asked = _read(body, Cancelling)
        view = await job_named(request)
        assert isinstance(view, JobView)
        return encode(await _cancelled(door_of(request), view, asked))

    return await once(request, do, what="cancellations")


async def _cancelled(door: Door, job: JobView, asked: Cancelling) -> Came:
    if job.phase in RESOLVED:
        return Came(job=job.key, result="over")
    actor = next((one for one in door.actors() if one.name == job.source), None)
    if actor is None:
        hint = "only jobs of a watched ComfyUI or SwarmUI can be stopped from here"
        raise declined(problem("cannot-act", value=job.source, hint=hint))
    stop = await actor.stops([job.key])
    if not stop.jobs:
        return Came(job=job.key, result="over")
    if not asked.consent and (stop.consent or stop.also != 0):
        raise declined(_needs_consent(stop, job.key))
    came = await actor.cancel(stop, within=asked.within)
    return Came(job=job.key, result=came.result, also=stop.also, why=came.why)


def _needs_consent(stop: Stop, job: str) -> Any:
    others = "nobody can tell which others" if stop.also is None else f"{stop.also} others"
    return problem(
        "consent-needed",
        f"{stop.how}: {others} would stop with it",
        hint='send {"consent": true} if that is meant',
        value=job,
    )


def _chosen(door: Door, name: str) -> Actor:
    known = door.actors()
    if name:
        return _named(name, known)
    seen = [one for one in known if _is_seen(door, one.name)]
    if len(seen) == 1:
        return seen[0]
    if not seen:
        hint = "start ComfyUI or SwarmUI"
        raise declined(problem("cannot-act", "no back end is reached", hint=hint))
    names = ", ".join(one.name for one in seen)
    raise UsageError(f"several back ends are reached: {names}", "choose one with `backend`")


def _named(name: str, known: Sequence[Actor]) -> Actor:
    found = next((one for one in known if one.name == name), None)
    if found is None:
        names = ", ".join(one.name for one in known) or "none"
        raise declined(
            problem("bad-request", "no back end is called so", value=name, hint=f"known: {names}")
        )
    return found


def _is_seen(door: Door, name: str) -> bool:
    views = [change.view for change in door.plane.live().values()]
    return any(isinstance(one, SourceView) and one.key == name and one.seen for one in views)


async def _work(actor: Actor, order: Order) -> Work:
    return await (_of_workflow if order.image is None else _of_image)(actor, order)


async def _of_workflow(actor: Actor, order: Order) -> Work:
    if actor.kind != "comfyui":
        raise UsageError(f"{actor.name} takes no ComfyUI workflow", "choose a ComfyUI")
    graph = read_graph(msgspec.json.encode(order.workflow).decode())
    meta = {"title": order.title or "workflow", **submitted_by()}
    return work_of(with_values(graph, order.set), meta=meta)


async def _of_image(actor: Actor, order: Order) -> Work:
    assert order.image is not None
    if order.set:
        raise UsageError("`set` changes a workflow", "give the workflow")
    title = order.title or order.image.prompt[:TITLE]
    return await work_for(actor, order.image, meta={"title": title, **submitted_by()})


def _read(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise declined(problem("bad-request", str(error), hint="see /openapi.json")) from error
