"""Weak points of an older command line for SwarmUI, and the test that shows each is absent.

"generate", "pipeline" or "images" stands where the part that could have it has tests of its
own, or is not here.

1  the live view breaks on real messages; it hears an interrupt only at the next one
   tests/dialects/swarmui/test_stream.py::test_two_images_are_two_jobs
2  cancel calls what does not exist
   tests/actions/test_swarmui.py::test_a_cancel_interrupts_our_session_and_no_other
3  cancelling all makes a new session and interrupts that one
   tests/actions/test_swarmui.py::test_a_cancel_waits_for_what_comes_of_it
4  back ends and version are never read; `running` is taken for work
   tests/sources/test_swarmui.py::test_an_idle_swarmui_is_idle_though_its_back_end_is_running
5  progress stays 0 or is made up from time
   tests/dialects/swarmui/test_stream.py::test_steps_come_from_the_back_ends_own_frames
6  Ctrl-C says "cancelling" and asks nobody
   generate
7  of several processes one erases or revives what another wrote
   tests/host/test_sessions.py::test_of_many_that_come_at_once_one_stands_for_all
8  a killed process leaves a job that runs for ever
   tests/sources/test_swarmui.py::\
test_a_generation_that_the_server_does_not_count_any_more_ended_somehow
9  one file for all servers, with one entry for each session
   tests/host/test_sessions.py::test_what_is_kept_is_found_by_another_process
10 commands that need no server speak to it
   images
11 settings are written where they cannot be
   generate
12 settings are searched for in the wrong order
   tests/test_config.py::test_flags_win_over_the_environment_and_that_over_the_file
13 settings for generations are read and not used
   generate
14 a secret of the environment is written into a file that everybody reads
   tests/sources/test_swarmui.py::test_no_event_holds_the_session_or_the_token
15 settings for how much is said are read and not used
   generate
16 LoRAs go out as a map, which the server refuses
   tests/actions/test_swarmui.py::\
test_loras_go_out_as_two_lists_and_the_frames_of_the_back_end_are_asked_for
17 a Bearer key opens no account
   tests/sources/test_swarmui.py::test_accounts_are_entered_with_the_token_as_a_cookie
18 a session that expired is never renewed, for 401 is looked at before the body
   tests/sources/test_swarmui.py::test_a_session_that_the_server_forgot_is_renewed_once
19 models have fields that the server does not send, and remote ones are hidden
   tests/actions/test_swarmui.py::test_models_are_listed_with_what_is_known_of_them
20 an option alone does nothing
   images
21 placeholders stay, paths break, files overwrite each other
   generate
22 images that come inside messages are taken for paths; paths go out as they are
   tests/sources/test_swarmui.py::test_blanks_and_signs_of_a_path_go_out_encoded
23 talk on stdout spoils the data there
   generate
24 the same field has two names in two formats
   generate
25 one very long time-out for everything
   tests/test_probe_swarmui.py::test_one_that_is_away_is_a_line_and_not_an_error
26 pipeline
27 pipeline
28 pipeline
29 pipeline
30 pipeline
31 pipeline
32 images
33 images
34 images
35 images
"""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
TEXT = (__doc__ or "").replace("\\\n", "")
ELSEWHERE = {"generate", "pipeline", "images"}


def points() -> dict[int, str]:
    """Number → the test that is named for it, or where it belongs."""
    found = re.findall(r"^(\d+) +(.+?)(?=^\d+ |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL)
    return {int(number): said.split()[-1] for number, said in found}


def test_every_point_is_in_the_table() -> None:
    assert sorted(points()) == list(range(1, 36))


def test_every_test_that_is_named_exists() -> None:
    missing = []
    for number, named in points().items():
        if named in ELSEWHERE:
            continue
        file, _, test = named.partition("::")
        path = HERE.parent / file
        if not path.exists() or f"def {test}(" not in path.read_text(encoding="utf-8"):
            missing.append((number, named))

    assert not missing
