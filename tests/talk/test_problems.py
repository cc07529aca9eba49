from __future__ import annotations

import msgspec

from headway.talk.problems import CODES, FIRST_FINAL, KINDS, Problem, problem


def test_every_code_is_one_and_its_range_says_how_to_react() -> None:
    numbers = [code.number for code in CODES]

    assert len(numbers) == len(set(numbers))
    assert all(4_100 <= number < 5_000 for number in numbers)
    assert all(code.retry == (code.number < FIRST_FINAL) for code in CODES)


def test_a_code_fits_a_close_frame() -> None:
    # RFC 6455 5.5: at most 125 bytes, two of them the code.
    assert all(len(code.message.encode()) <= 123 for code in CODES)


def test_every_kind_has_an_error_status_and_a_title() -> None:
    assert all(400 <= kind.status < 600 and kind.title for kind in KINDS.values())


def test_a_problem_names_its_type_value_and_setting() -> None:
    found = problem("host-refused", "no", value="x" * 5_000, setting="server.names")

    said = msgspec.json.decode(msgspec.json.encode(found))

    assert said["type"] == "urn:headway:problem:host-refused"
    assert (said["status"], said["setting"]) == (403, "server.names")
    assert len(said["value"]) == 200
    assert msgspec.convert(said, Problem) == found
