from __future__ import annotations

from headway.server.replies import Replies


def test_what_was_done_is_answered_as_it_was() -> None:
    replies = Replies(10)
    assert replies.begin("a", "key", b"body") == ("new", b"")
    assert replies.begin("a", "key", b"body") == ("under way", b"")
    replies.end("a", "key", b"body", b"answer")

    assert replies.begin("a", "key", b"body") == ("done", b"answer")
    assert replies.begin("a", "key", b"other") == ("other", b"")
    assert replies.begin("b", "key", b"body") == ("new", b"")


def test_what_was_not_done_may_be_tried_again() -> None:
    replies = Replies(10)
    replies.begin("a", "key", b"body")
    replies.end("a", "key", b"body", None)

    assert replies.begin("a", "key", b"body") == ("new", b"")


def test_the_one_not_asked_for_longest_is_forgotten() -> None:
    replies = Replies(2)
    for key in ("1", "2"):
        replies.begin("a", key, b"")
        replies.end("a", key, b"", b"answer")
    replies.begin("a", "1", b"")
    replies.begin("a", "3", b"")
    replies.end("a", "3", b"", b"answer")

    assert replies.begin("a", "1", b"")[0] == "done"
    assert replies.begin("a", "2", b"")[0] == "new"
