"""Every error that Headway raises on purpose, split by who can act on it.

    HeadwayError
        ConfigError      the user: a setting, a flag or a file is wrong
        UsageError       the caller: an argument, an id or a request is wrong
        Unreachable      waiting, or the operator: a server does not answer
            SourceLost   waiting: a watched back end went away (the supervisor comes back)
        Refused          the user: a token is missing or does not allow this
        DialectError     us: a rule of our own model was broken
        StoreError       the operator: the file cannot be used as it is
        CursorExpired    the client: take a snapshot and go on from there

Rule 1: what foreign systems do wrong is news and becomes an event or a counted
skip; an exception is for our own contracts.
Rule 2: a message is lower case, has no full stop, and names the offending value;
`hint` says what to do next.
"""

from __future__ import annotations


class HeadwayError(Exception):
    """Any error raised on purpose. `hint` is one sentence for the reader, or ""."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(HeadwayError):
    """A setting, a flag or a configuration file cannot be used."""


class UsageError(HeadwayError):
    """The caller asked for something that does not exist or makes no sense."""


class Unreachable(HeadwayError):
    """A server does not answer, or does not answer as itself."""


class SourceLost(Unreachable):
    """A watched back end went away.

    `retry` is False where waiting cannot help (it is not the system it was said to be).
    `gone`: its side said that nobody is there (closed, refused). False: it may be working on
    and only not be heard.
    """

    def __init__(
        self, message: str, hint: str = "", *, retry: bool = True, gone: bool = False
    ) -> None:
        super().__init__(message, hint)
        self.retry = retry
        self.gone = gone


class Refused(HeadwayError):
    """The token is missing, unknown, or does not allow this."""


class DialectError(HeadwayError):
    """One of our own rooms produced something that the model does not allow."""


class StoreError(HeadwayError):
    """The store cannot be used as it is; nothing in it was overwritten."""


class CursorExpired(HeadwayError):
    """The cursor is of another epoch, above the head, or too far behind."""
