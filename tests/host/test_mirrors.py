"""What is known of installed mirrors, in a file for the user alone."""

from pathlib import Path

import pytest

from headway.host import mirrors
from headway.host.mirrors import Mirror

ONE = Mirror("id1", "/a", "token1")


def test_a_mirror_is_known_until_it_is_forgotten(tmp_path: Path) -> None:
    where = str(tmp_path)
    mirrors.remember(ONE, where)
    mirrors.remember(Mirror("id2", "/b", "token2"), where)

    assert mirrors.token_of("id1", where) == "token1"
    mirrors.forget("/a", where)
    assert [one.id for one in mirrors.known(where)] == ["id2"]
    assert mirrors.token_of("id1", where) == ""


def test_one_comfyui_has_one_mirror(tmp_path: Path) -> None:
    where = str(tmp_path)
    mirrors.remember(ONE, where)
    mirrors.remember(Mirror("id9", "/a", "token9"), where)

    assert [one.id for one in mirrors.known(where)] == ["id9"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"mirrors": 3}', '{"mirrors": [{"id": 1}, 2]}'])
def test_what_cannot_be_read_is_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / mirrors.FILE).write_text(text)

    assert mirrors.known(str(tmp_path)) == []


def test_the_token_is_not_in_what_is_printed() -> None:
    assert "token1" not in repr(ONE)
