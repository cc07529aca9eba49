"""The tree of errors is the page that describes it."""

from __future__ import annotations

import inspect

from headway import errors
from headway.errors import HeadwayError, SourceLost


def test_every_error_is_on_the_page_and_in_one_tree() -> None:
    assert errors.__doc__ is not None
    for name, error in inspect.getmembers(errors, inspect.isclass):
        assert issubclass(error, HeadwayError)
        assert f" {name} " in f"{errors.__doc__} ".replace("\n", " ")


def test_an_error_says_what_is_wrong_and_what_to_do() -> None:
    error = SourceLost("connection refused", "start the server", retry=False)

    assert (str(error), error.hint, error.retry) == (
        "connection refused",
        "start the server",
        False,
    )
    assert HeadwayError("x").hint == ""
