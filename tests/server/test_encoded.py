from __future__ import annotations

from headway.model.cursor import Cursor
from headway.model.views import JobView
from headway.server import encoded
from headway.server.encoded import Encoded
from headway.server.interest import Interest
from headway.server.wire import Frame
from headway.store.contract import Change
from headway.talk.messages import Filter

ALL = Interest(["jobs"], Filter())
NONE = Interest(["jobs"], Filter(source="b"))


def change(offset: int, title: str = "x") -> Change:
    view = JobView(key=f"a~{offset}~", source="a", native=str(offset), phase="queued", title=title)
    return Change(offset, view.key, view)


def frame(
    cache: Encoded,
    news: list[Change],
    *,
    offset: int = 2,
    interest: Interest = ALL,
    everything: bool = True,
) -> Frame:
    """The frame of all of these."""
    made, _, rest = cache.first(news, Cursor("e", offset), interest, everything=everything)
    assert not rest
    return made


def test_readers_in_step_get_the_very_same_bytes() -> None:
    cache, news = Encoded(), [change(1), change(2)]

    assert frame(cache, news) is frame(cache, list(news))


def test_standing_cursor_and_gone_make_other_frames() -> None:
    cache, news = Encoded(), [change(1)]
    frames = {
        frame(cache, news, offset=1),
        frame(cache, news, offset=1, everything=False),
        frame(cache, news, offset=2),
        frame(cache, news, offset=1, interest=NONE),
    }

    assert len(frames) == 4


def test_what_does_not_fit_one_frame_is_the_rest() -> None:
    news = [change(n, title="x" * 30_000) for n in range(1, 5)]

    made, cursor, rest = Encoded().first(news, Cursor("e", 9), ALL, everything=True)

    assert (len(rest), cursor.offset, made.cursor) == (2, 2, "e.2")


def test_what_is_kept_is_bounded() -> None:
    cache = Encoded()
    for offset in range(encoded.ENTITIES + 50):
        frame(cache, [change(offset)], offset=offset)

    assert len(cache._entities) == encoded.ENTITIES
    assert len(cache._frames) == encoded.FRAMES
