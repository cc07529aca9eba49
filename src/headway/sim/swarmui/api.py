"""The routes below /API, and the order in which a call is checked.

Rule 1: session, route, kind, permission, handler: the first that does not fit answers.
Rule 2: who is unknown gets 401, who may not gets 400, what a handler refuses gets 200.
Rule 3: a refused call leaves a line in the log.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from headway.sim.swarmui import models
from headway.sim.swarmui.account import Session
from headway.sim.swarmui.backends import FEATURES
from headway.sim.swarmui.generation import Generation
from headway.sim.swarmui.life import Life
from headway.sim.swarmui.params import Params, Refused

Data = dict[str, Any]
Handler = Callable[[Life, Session, Data], Awaitable[Data]]


@dataclass(frozen=True)
class Answer:
    """An HTTP status and a body."""

    status: int
    body: Data


@dataclass(frozen=True)
class Route:
    """What is behind a name. `handler` None: a WebSocket's."""

    permission: str
    handler: Handler | None = None


def refusal(status: int, error_id: str, error: str) -> Answer:
    return Answer(status, {"error_id": error_id, "error": error})


def invalid_session() -> Answer:
    text = "Invalid session ID. You may need to refresh the page."
    return Answer(401, {"error": text, "error_id": "invalid_session_id"})


async def call(life: Life, name: str, data: Data, session_id: str | None) -> Answer:
    """The answer to a call by HTTP, GetNewSession excepted."""
    session, route, refused = look_up(life, name, session_id, socket=False)
    if refused is not None:
        life.log.say("Error", f"[WebAPI] Error handling API request '/API/{name}'")
        return refused
    assert session is not None
    assert route is not None
    assert route.handler is not None
    try:
        return Answer(200, await route.handler(life, session, data))
    except Refused as error:
        return Answer(200, {"error": str(error)})
    except (KeyError, TypeError, ValueError):
        life.log.say("Error", f"[WebAPI] Internal exception in '/API/{name}'")
        return refusal(400, "internal_error", "An internal error occurred")


def look_up(
    life: Life, name: str, session_id: str | None, *, socket: bool
) -> tuple[Session | None, Route | None, Answer | None]:
    """Whose call it is and where it goes, or why it goes nowhere."""
    if session_id is None:
        return None, None, refusal(400, "basic_api", "missing session id")
    session = life.accounts.sessions.get(session_id)
    if session is None:
        return None, None, invalid_session()
    route = ROUTES.get(name.lower())
    if route is None or (name.lower() == "getglobalstatus" and not life.global_status):
        return session, None, refusal(400, "bad_route", "Unknown API route")
    if (route.handler is None) != socket:
        needs = "API route needs HTTP, request is websocket" if socket else (
            "API route needs websocket, request is HTTP")  # fmt: skip
        return session, None, refusal(400, "bad_request_method", needs)
    if not life.accounts.may(session.user, route.permission):
        return (
            session,
            None,
            refusal(400, "bad_permissions", "You lack permissions for this route."),
        )
    life.calls.append((name, session.user))
    return session, route, None


def new_session(life: Life, user: str | None) -> Answer:
    """The answer of GetNewSession, which is 200 also for a stranger."""
    if user is None:
        return Answer(200, {"error": "Invalid or unauthorized."})
    session = life.accounts.begin(user)
    life.calls.append(("GetNewSession", user))
    life.log.say("Info", f"Creating new session for {user}")
    return Answer(
        200,
        {
            "session_id": session.id,
            "user_id": user,
            "output_append_user": True,
            "version": life.version,
            "server_id": life.server_id,
            "permissions": life.accounts.permissions(user),
        },
    )


def status(life: Life, counts: dict[str, int]) -> Data:
    """The status object of answers and of sockets."""
    ready = any(one.status == "running" for one in life.backends.all.values())
    return {
        "status": counts,
        "backend_status": life.backends.status(),
        "supported_features": FEATURES if ready else [],
    }


async def _current(life: Life, session: Session, data: Data) -> Data:
    return status(life, session.counts)


async def _global(life: Life, session: Session, data: Data) -> Data:
    return status(life, life.accounts.total())


async def _backends(life: Life, session: Session, data: Data) -> Data:
    return life.backends.rows(full=bool(data.get("full_data")))


async def _models(life: Life, session: Session, data: Data) -> Data:
    str(data["path"]), int(data["depth"])
    subtype = data.get("subtype", "Stable-Diffusion")
    if subtype not in models.SUBTYPES:
        return {"error": "Invalid sub-type."}
    names = life.models if subtype == "Stable-Diffusion" else []
    return models.listing(names, _loaded(life))


async def _describe(life: Life, session: Session, data: Data) -> Data:
    name = models.matching(life.models, str(data["modelName"]))
    return {"error": "Model not found."} if name is None else {"model": models.row(name)}


async def _loaded_models(life: Life, session: Session, data: Data) -> Data:
    held = _loaded(life)
    return {"models": [models.row(one, loaded=True) for one in life.models if one in held]}


def _loaded(life: Life) -> set[str | None]:
    return {one.model for one in life.backends.all.values()} - {None}


async def _resources(life: Life, session: Session, data: Data) -> Data:
    memory = {"total": 16777216000, "used": 5368709120, "free": 11408506880}
    card = {
        "id": 0,
        "name": "Simulated GPU",
        "temperature": 61.0,
        "utilization_gpu": 98.0,
        "utilization_memory": 71.0,
        "total_memory": 25757220864,
        "free_memory": 9663676416,
        "used_memory": 16093544448,
    }
    return {"cpu": {"usage": 0.0021, "cores": 4}, "system_ram": memory, "gpus": {"0": card}}


async def _users(life: Life, session: Session, data: Data) -> Data:
    users = sorted({one.user for one in life.accounts.sessions.values()})
    return {"users": [{"id": user, "last_active_seconds": 1.0} for user in users]}


async def _log_types(life: Life, session: Session, data: Data) -> Data:
    return life.log.types()


async def _log(life: Life, session: Session, data: Data) -> Data:
    return life.log.recent(list(data["types"]), dict(data["last_sequence_ids"]))


async def _interrupt(life: Life, session: Session, data: Data) -> Data:
    others = data.get("other_sessions") is True
    for one in life.accounts.sessions.values():
        if one is session or (others and one.user == session.user):
            one.interrupts += 1
    life.change.happened()
    return {"success": True}


async def _interrupt_user(life: Life, session: Session, data: Data) -> Data:
    found = [one for one in life.accounts.sessions.values() if one.user == data["name"]]
    for one in found:
        one.interrupts += 1
    life.change.happened()
    return {"success": True} if found else {"error": "No user by that name exists."}


async def _generate(life: Life, session: Session, data: Data) -> Data:
    params = Params(data, life.models)
    errors: list[str] = []
    session.add(waiting_gens=params.images)

    def say(message: Data) -> None:
        if "error" in message:
            errors.append(message["error"])

    made = Generation(life, session, params, say)
    # Closing the connection does not stop it.
    await asyncio.shield(life.start(made.run()))
    return {"error": errors[0]} if errors else {"images": made.images}


ROUTES = {
    "getcurrentstatus": Route("fundamental_generate_tab_access", _current),
    "getglobalstatus": Route("read_server_info_panels", _global),
    "listbackends": Route("view_backends_list", _backends),
    "listmodels": Route("fundamental_model_access", _models),
    "describemodel": Route("fundamental_model_access", _describe),
    "listloadedmodels": Route("fundamental_model_access", _loaded_models),
    "getserverresourceinfo": Route("read_server_info_panels", _resources),
    "listconnectedusers": Route("read_server_info_panels", _users),
    "listlogtypes": Route("view_logs", _log_types),
    "listrecentlogmessages": Route("view_logs", _log),
    "interruptall": Route("basic_image_generation", _interrupt),
    "admininterruptuser": Route("interrupt_others", _interrupt_user),
    "generatetext2image": Route("basic_image_generation", _generate),
    "generatetext2imagews": Route("basic_image_generation"),
}
