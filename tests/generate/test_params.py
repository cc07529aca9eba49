"""What is asked for: checked by field before anything is sent."""

from __future__ import annotations

import random
from typing import Any

import pytest

from headway.errors import UsageError
from headway.generate.params import FIELDS, Lora, lora_of, params_of, seeded


def test_options_become_one_request() -> None:
    given = {"prompt": "a fox", "width": "768", "cfg": "6.5", "lora": ["ink:0.5"], "model": None}

    params = params_of(given)

    assert (params.prompt, params.width, params.cfg, params.model) == ("a fox", 768, 6.5, None)
    assert params.loras == [Lora("ink", 0.5)]


def test_length_is_another_word_for_height_and_not_a_second_one() -> None:
    assert params_of({"length": 640}).height == 640
    with pytest.raises(UsageError, match="the same thing"):
        params_of({"length": 640, "height": 640})


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"width": 0}, "width"),
        ({"height": -8}, "height"),
        ({"width": 10**9}, "width"),
        ({"steps": 0}, "steps"),
        ({"steps": "many"}, "steps"),
        ({"cfg": -1}, "cfg"),
        ({"cfg": "nan"}, "cfg"),
        ({"batch": 0}, "batch"),
        ({"seed": -2}, "seed"),
        ({"seed": 2**64}, "seed"),
        ({"hieght": 4}, "hieght"),
    ],
)
def test_what_cannot_be_right_is_refused_by_its_name(given: dict[str, Any], field: str) -> None:
    with pytest.raises(UsageError, match=field) as error:
        params_of(given)

    assert all(name in error.value.hint for name in FIELDS)


@pytest.mark.parametrize("seed", [None, -1])
def test_a_seed_that_was_left_open_is_drawn_and_then_known(seed: int | None) -> None:
    drawn = seeded(params_of({"seed": seed}), draw=random.Random(1))

    assert drawn.seed is not None
    assert drawn.seed >= 0
    assert seeded(drawn) == drawn


def test_a_seed_that_was_given_is_kept() -> None:
    assert seeded(params_of({"seed": 0})).seed == 0


@pytest.mark.parametrize(
    ("text", "name", "weight"),
    [
        ("ink", "ink", 1.0),
        ("ink:0.5", "ink", 0.5),
        ("ink:-1", "ink", -1.0),
        ("C:\\loras\\ink", "C:\\loras\\ink", 1.0),
        ("a:b:2", "a:b", 2.0),
    ],
)
def test_a_lora_is_a_name_and_maybe_a_weight(text: str, name: str, weight: float) -> None:
    assert lora_of(text) == Lora(name, weight)


@pytest.mark.parametrize("text", ["", ":1", "ink:99", "ink:1.2.3"])
def test_a_lora_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        lora_of(text)
