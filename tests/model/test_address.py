from __future__ import annotations

import pytest

from headway.model.address import address_of


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8188", "localhost:8188", "http://[::1]:8188/", "HTTP://LOCALHOST:8188/x?y"],
)
def test_all_names_of_this_machine_are_one(url: str) -> None:
    assert address_of(url) == ("127.0.0.1", 8188)


def test_without_a_port_it_is_the_usual_one() -> None:
    assert address_of("https://Studio.Example/x") == ("studio.example", 443)
    assert address_of("studio.example") == ("studio.example", 80)


@pytest.mark.parametrize("text", ["http://[half", "http://studio:port", "http://studio:99999"])
def test_what_is_no_url_is_the_same_as_itself_only(text: str) -> None:
    assert address_of(text) == (text, None)
