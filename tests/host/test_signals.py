"""Being asked to stop."""

import signal

from headway.host.signals import stopping


def test_a_request_to_end_asks_politely_and_what_was_there_is_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    asked: list[int] = []

    with stopping(lambda: asked.append(1)):
        signal.raise_signal(signal.SIGTERM)
        assert asked == [1]
        assert signal.getsignal(signal.SIGTERM) == before

    assert signal.getsignal(signal.SIGTERM) == before


def test_without_a_request_nothing_happens() -> None:
    before = signal.getsignal(signal.SIGINT)
    asked: list[int] = []

    with stopping(lambda: asked.append(1)):
        assert signal.getsignal(signal.SIGINT) != before

    assert asked == []
    assert signal.getsignal(signal.SIGINT) == before
