from __future__ import annotations

from headway.model.views import JobView
from headway.server import encoded
from headway.server.encoded import Encoded
from headway.store.contract import Change


def change(offset: int) -> Change:
    view = JobView(key=f"a~{offset}~", source="a", native=str(offset), phase="queued", title="x")
    return Change(offset, view.key, view)


def test_readers_in_step_get_the_very_same_bytes() -> None:
    cache, news = Encoded(), [change(1), change(2)]

    first = cache.frame("e.2", news, [], everything=True)
    second = cache.frame("e.2", list(news), [], everything=True)

    assert first is second


def test_standing_cursor_and_gone_make_other_frames() -> None:
    cache, news = Encoded(), [change(1)]
    frames = {
        cache.frame("e.1", news, [], everything=True),
        cache.frame("e.1", news, [], everything=False),
        cache.frame("e.2", news, [], everything=True),
        cache.frame("e.1", [], ["a~1~"], everything=True),
    }

    assert len(frames) == 4


def test_what_is_kept_is_bounded() -> None:
    cache = Encoded()
    for offset in range(encoded.ENTITIES + 50):
        cache.frame(f"e.{offset}", [change(offset)], [], everything=True)

    assert len(cache._entities) == encoded.ENTITIES
    assert len(cache._frames) == encoded.FRAMES
