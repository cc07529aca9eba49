"""The 35 weak points of the program whose work this one takes over, and what holds them off.

`POINTS` is the table: the number, the weak point in a few words, and the tests that show
that it is not so here; or, after "not here:", why it cannot be so. A row that names a test
which does not exist fails, and so does a number without a row.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from tests.cli.conftest import Run, home, hw
from tests.cli.studio import Studio, studio

from headway.cli import codes

ROOT = Path(__file__).parent.parent
__all__ = ["home", "hw"]  # fixtures of the command line


class Point(NamedTuple):
    """`shown`: "file::test" below tests/, or why it does not apply."""

    number: int
    weak: str
    shown: tuple[str, ...]


STREAM = "dialects/swarmui/test_stream.py::"
SWARM = "actions/test_swarmui.py::"
SOURCE = "sources/test_swarmui.py::"
CLI = "cli/test_generate.py::"
SEEN = "whole/test_detection.py::test_"
HERE = "whole/test_weak_points.py::"
FILE = "generate/test_pipeline_file.py::"
NO_IMAGES = "not here: pictures are saved as they come; nothing crops, scales or traces them"
NO_INIT = "not here: no command writes settings"

POINTS = (
    Point(1, "live progress ends in a panic", (f"{SWARM}test_images_are_made_and_can_be_read",
          f"{STREAM}test_no_frame_makes_it_raise_or_end")),
    Point(2, "cancel calls what does not exist",
          (f"{SWARM}test_a_cancel_interrupts_our_session_and_no_other",)),
    Point(3, "cancel --all cancels nothing and says it did",
          (f"{SWARM}test_cancelling_says_how_many_others_stop_too",
           f"{SWARM}test_a_cancel_waits_for_what_comes_of_it",
           f"{CLI}test_other_peoples_work_is_asked_about_first")),
    Point(4, "status reads no back ends and takes 'running' for work",
          ("dialects/swarmui/test_backends.py::test_the_map_is_read_and_each_state_has_its_word",
           f"{SOURCE}test_an_idle_swarmui_is_idle_though_its_back_end_is_running")),
    Point(5, "0 % to the end, or a made-up ramp",
          (f"{STREAM}test_steps_come_from_the_back_ends_own_frames",
           f"{STREAM}test_a_model_load_is_said_and_never_measured")),
    Point(6, "Ctrl-C says cancelling and interrupts nothing",
          (f"{CLI}test_the_first_interrupt_asks_the_back_end_to_stop",)),
    Point(7, "two processes overwrite each other's state",
          ("cli/test_detach.py::test_many_at_once_lose_and_double_nothing",)),
    Point(8, "kill -9 leaves a ghost",
          (f"{SEEN}the_answer_is_right_or_says_that_it_cannot_know",)),
    Point(9, "state is not kept apart by server",
          (f"{SEEN}the_same_id_at_two_servers_is_two_jobs",)),
    Point(10, "commands that need no state touch it",
          (f"{HERE}test_what_needs_no_state_leaves_none",)),
    Point(11, "config init writes where it may not", (NO_INIT,)),
    Point(12, "settings are searched in the wrong order",
          ("test_config.py::test_flags_win_over_the_environment_and_that_over_the_file",)),
    Point(13, "settings of generate are read and ignored",
          (f"{HERE}test_a_setting_that_would_be_ignored_is_refused",)),
    Point(14, "config set writes secrets into a file that all can read",
          (NO_INIT, "test_config.py::test_secrets_are_masked_wherever_settings_are_shown")),
    Point(15, "quiet and verbose of the file are unused",
          (f"{HERE}test_a_setting_that_would_be_ignored_is_refused",)),
    Point(16, "LoRAs are sent in a shape that is refused",
          (f"{SWARM}test_loras_go_out_as_two_lists_and_the_frames_of_the_back_end_are_asked_for",)),
    Point(17, "accounts cannot be entered",
          (f"{SOURCE}test_accounts_are_entered_with_the_token_as_a_cookie",)),
    Point(18, "a session that ended is never renewed",
          (f"{SOURCE}test_a_session_that_the_server_forgot_is_renewed_once",
           f"{SWARM}test_a_session_that_the_server_forgot_is_renewed_and_the_request_sent_again")),
    Point(19, "models have fields that do not exist, remote ones are hidden",
          (f"{SWARM}test_models_are_listed_with_what_is_known_of_them",)),
    Point(20, "an option to scale down does nothing", (NO_IMAGES,)),
    Point(21, "names of files: a literal {seed}, broken paths, overwriting",
          (f"{CLI}test_what_was_made_is_on_stdout_and_saved_under_its_name",
           "generate/test_params.py::test_a_seed_that_was_left_open_is_drawn_and_then_known",
           "generate/test_naming.py::test_a_value_never_adds_a_directory",
           "generate/test_naming.py::test_no_file_is_overwritten")),
    Point(22, "data URLs are taken for paths, paths are not encoded",
          (f"{STREAM}test_an_image_that_came_inside_its_message_can_be_had_at_once",
           f"{SOURCE}test_blanks_and_signs_of_a_path_go_out_encoded")),
    Point(23, "talk on stdout breaks the JSON",
          (f"{CLI}test_the_answer_as_data_holds_nothing_but_data",)),
    Point(24, "YAML has other keys than JSON",
          (f"{HERE}test_yaml_says_the_same_as_json",)),
    Point(25, "a call may take 40 minutes",
          ("test_probe.py::test_one_that_says_nothing_costs_its_patience_and_no_more",)),
    Point(26, "the summary counts twice", (f"{HERE}test_a_summary_counts_each_asset_once",)),
    Point(27, "texts of prompts come in random order",
          (f"{FILE}test_metadata_is_inherited_in_a_stable_order_and_an_override_keeps_its_place",
           f"{FILE}test_the_same_file_makes_the_same_list")),
    Point(28, "subgroups get the seeds of their parent", (f"{FILE}test_seed_offsets_add_up",)),
    Point(29, "a file of another format makes nothing, with success",
          (f"{HERE}test_a_file_of_another_format_is_refused",)),
    Point(30, "success after failures",
          (f"{CLI}test_a_failure_stops_what_has_not_begun_unless_it_is_to_go_on",)),
    Point(31, "nothing is resumed, and paths lead out",
          (f"{CLI}test_a_pipeline_is_made_and_then_skipped",
           "generate/test_naming.py::test_a_path_that_leads_elsewhere_is_refused")),
    Point(32, "cropping overwrites the original", (NO_IMAGES,)),
    Point(33, "a filter is not the one that it is called", (NO_IMAGES,)),
    Point(34, "0 cannot be chosen", (NO_IMAGES,
          "generate/test_params.py::test_a_seed_that_was_given_is_kept")),
    Point(35, "some pictures are encoded anew and some are not", (NO_IMAGES,)),
)  # fmt: skip


@pytest.fixture
def there(home: Path) -> Iterator[Studio]:
    with studio(speed=50) as one:
        config = f'[plane]\ndiscover = false\n[sources.studio]\nurl = "{one.url}"\n'
        (home / "config.toml").write_text(config)
        yield one


def test_every_weak_point_has_its_row() -> None:
    assert [one.number for one in POINTS] == list(range(1, 36))


@pytest.mark.parametrize("point", POINTS, ids=lambda one: str(one.number))
def test_what_a_row_names_is_there(point: Point) -> None:
    for shown in point.shown:
        if shown.startswith("not here: "):
            continue
        file, _, name = shown.partition("::")
        tree = ast.parse((ROOT / file).read_bytes())
        kinds = ast.FunctionDef | ast.AsyncFunctionDef
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def test_what_needs_no_state_leaves_none(home: Path, hw: Run) -> None:
    for command in (["version"], ["config", "--show"], ["completion", "bash"]):
        assert hw(*command)[0] == codes.DONE

    assert not (home / "state").exists()


def test_a_setting_that_would_be_ignored_is_refused(home: Path, hw: Run) -> None:
    (home / "config.toml").write_text("[generate]\nsteps = 77\n")

    code, _, talk = hw("generate", "image", "-p", "a fox")

    assert code == codes.USAGE
    assert "no setting 'generate'" in talk


@pytest.mark.parametrize("command", [["status"], ["models", "list"], ["config"], ["sources"]])
def test_yaml_says_the_same_as_json(there: Studio, hw: Run, command: list[str]) -> None:
    def keys(value: object) -> object:
        if isinstance(value, dict):
            return {name: keys(one) for name, one in value.items()}
        return [keys(one) for one in value] if isinstance(value, list) else None

    as_json = json.loads(hw(*command, "--format", "json")[1])
    as_yaml = yaml.safe_load(hw(*command, "--format", "yaml")[1])

    assert keys(as_yaml) == keys(as_json)


def test_a_summary_counts_each_asset_once(there: Studio, hw: Run, home: Path) -> None:
    assets = [{"id": f"a{n}", "prompt": f"a {n}", "params": {"steps": 1}} for n in range(3)]
    deck = {"assets": [{"name": "All", "assets": assets[:1], "subgroups": [
        {"name": "Inner", "assets": assets[1:]}]}]}  # fmt: skip
    (home / "deck.yaml").write_text(json.dumps(deck))

    code, said, talk = hw(
        "pipeline", str(home / "deck.yaml"), "-o", str(home / "out"), "--format", "json"
    )

    assert code == codes.DONE
    assert len(json.loads(said)) == len(there.comfy.prompts) == 3
    assert talk.splitlines()[-1].endswith("3 made")


def test_a_file_of_another_format_is_refused(home: Path, hw: Run) -> None:
    (home / "deck.yaml").write_text("major_arcana:\n  - {number: 0, name: The Fool}\n")

    code, said, talk = hw("pipeline", str(home / "deck.yaml"))

    assert (code, said) == (codes.USAGE, "")
    assert "deck.yaml:1:1" in talk
