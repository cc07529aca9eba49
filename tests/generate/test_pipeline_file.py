"""A pipeline's file: the same list each time, and every complaint at its place."""

from __future__ import annotations

import pytest

from headway.errors import UsageError
from headway.generate.pipeline_file import MOST, Asset, read_pipeline

DECK = """
metadata: {light: soft light}
assets:
  - name: Creatures
    output_dir: creatures
    seed_offset: 100
    metadata: {style: ink wash, mood: calm}
    params: {model: dream, steps: 30, lora: [ink, paper:0.5]}
    assets:
      - id: fox
        name: Fox
        prompt: a fox at dusk
      - id: owl
        prompt: an owl
        filename: night/owl.webp
        metadata: {mood: eerie}
        params: {steps: 40}
    subgroups:
      - name: Small
        output_dir: small
        seed_offset: 10
        assets:
          - {id: mouse, prompt: a mouse, metadata: {style: ""}}
  - name: Places
    assets:
      - {id: 7, prompt: a lighthouse}
"""


def read(text: str) -> list[Asset]:
    return read_pipeline(text, name="deck.yaml")


def complaint(text: str) -> str:
    with pytest.raises(UsageError) as error:
        read(text)
    return f"{error.value} | {error.value.hint}"


def test_the_assets_come_in_the_order_of_the_file() -> None:
    assert [one.id for one in read(DECK)] == ["fox", "owl", "mouse", "7"]


def test_metadata_is_inherited_in_a_stable_order_and_an_override_keeps_its_place() -> None:
    fox, owl, mouse, house = read(DECK)

    assert fox.prompt == "a fox at dusk, soft light, ink wash, calm"
    assert owl.prompt == "an owl, soft light, ink wash, eerie"
    assert mouse.prompt == "a mouse, soft light, calm"
    assert house.prompt == "a lighthouse, soft light"


def test_seed_offsets_add_up() -> None:
    assert [one.seed for one in read(DECK)] == [100, 101, 110, 0]


def test_params_are_inherited_and_overridden() -> None:
    fox, owl, mouse, house = read(DECK)

    assert fox.params == {"model": "dream", "steps": 30, "lora": ["ink", "paper:0.5"]}
    assert owl.params["steps"] == 40
    assert mouse.params == fox.params
    assert house.params == {}


def test_directories_nest_and_the_id_names_the_file() -> None:
    assert [one.path for one in read(DECK)] == [
        "creatures/fox.png",
        "creatures/night/owl.webp",
        "creatures/small/mouse.png",
        "7.png",
    ]


def test_the_same_file_makes_the_same_list() -> None:
    assert read(DECK) == read(DECK)


def asset(fields: str) -> str:
    return f"assets:\n  - assets:\n      - {{{fields}}}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("- a\n", "deck.yaml:1:1: this should be fields with values"),
        ("decks: []\n", "deck.yaml:1:1: unknown field 'decks'"),
        ("metadata: {}\n", "there is no `assets:`"),
        ("assets: []\n", "no group has any asset"),
        ("assets: {a: 1}\n", "deck.yaml:1:9: this should be a list"),
        ("assets:\n  - asets: []\n", "deck.yaml:2:5: unknown field 'asets' | did you mean assets?"),
        (asset("id: a"), "deck.yaml:3:9: an asset needs a `prompt`"),
        (asset("prompt: a"), "deck.yaml:3:9: an asset needs an `id`"),
        (asset("id: a, prompt: [b]"), "deck.yaml:3:25: this should be a text or a number"),
        (asset("id: a, prompt: b, filename: ../x"), "deck.yaml:3:38: this path leads out"),
        (asset("id: a, id: b"), "deck.yaml:3:17: 'id' stands here twice"),
        ("assets:\n  - seed_offset: ten\n", "deck.yaml:2:18: seed_offset is a whole number"),
        ("assets:\n  - output_dir: /etc\n", "deck.yaml:2:17: not a path below"),
        ("assets: [\n", "deck.yaml:2:1: "),
        ("assets:\n\t- a\n", "deck.yaml:2:1: "),
        ("assets: !!python/object:os.system x\n", "this should be a list"),
        ("a: " + "[" * 1500, "deck.yaml"),
    ],
)
def test_a_complaint_names_the_place_and_what_to_do(text: str, said: str) -> None:
    assert said in complaint(text)


def test_two_assets_cannot_have_one_path() -> None:
    twice = "assets:\n  - assets:\n    - {id: Fox, prompt: a}\n    - {id: fox, prompt: b}\n"

    assert "deck.yaml:4:7: fox.png is made at 3:7 already" in complaint(twice)


def test_an_alias_of_an_asset_is_not_made_twice_into_one_file() -> None:
    text = "assets:\n  - assets:\n    - &a {id: a, prompt: x}\n    - *a\n"

    assert "is made at 3:7 already" in complaint(text)


def test_aliases_within_aliases_end() -> None:
    groups = ["assets:", "  - &g0 {name: g, assets: [{id: a, prompt: x}]}"]
    groups += [
        f"  - &g{n} {{name: g, subgroups: [{', '.join([f'*g{n - 1}'] * 9)}]}}" for n in range(1, 9)
    ]

    said = complaint("\n".join(groups))

    assert "already" in said or str(MOST) in said


def test_a_group_within_itself_ends() -> None:
    assert "deck.yaml" in complaint("assets:\n  - &g {name: g, subgroups: [*g]}\n")
