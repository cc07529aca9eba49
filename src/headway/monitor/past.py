"""A prompt that ended before any server watched its ComfyUI: what its own history says.

Rule 1: one question for one prompt that somebody monitors, never the whole history.
Rule 2: no answer is no news.
"""

from __future__ import annotations

from collections.abc import Callable

from headway.dialects.comfyui.desk import Want
from headway.dialects.comfyui.ears import Ears
from headway.dialects.comfyui.history import LARGEST_HISTORY, Entry, read_history
from headway.errors import HeadwayError
from headway.model.events import AnyEvent
from headway.model.keys import kind_of, source_of
from headway.model.views import SourceView
from headway.sources.comfyui_link import history_path
from headway.sources.http import Answer, Asker, clean_url, session


async def past_of(prompt: str, source: SourceView, *, clock: Callable[[], float]) -> list[AnyEvent]:
    """What happened to it there; [] if its history has none, or cannot be read."""
    path = history_path(prompt)
    if not path:
        return []
    try:
        async with session() as client:
            asker = Asker(client, clean_url(str(source.meta.get("url", ""))), clock=clock)
            answer = await asker.ask(path, limit=LARGEST_HISTORY)
    except HeadwayError:
        return []
    return _read(answer, prompt, source, clock())


def _read(answer: Answer | None, prompt: str, source: SourceView, now: float) -> list[AnyEvent]:
    if answer is None or answer.status != 200 or answer.body is None:
        return []
    found = read_history(answer.body, prompt)
    if not isinstance(found, Entry):
        return []
    ears = Ears(source_of(source.key))
    ears.remember([], source)
    if answer.ahead is not None:
        ears.clock(answer.ahead, now)
    heard = ears.history(Want("history", prompt), found, now)
    return [event for event in heard.events if kind_of(event.key) == "job"]
