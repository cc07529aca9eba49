"""Sessions at other servers: one stands, and it is nobody else's to read."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from headway.host.sessions import Sessions

PLACE = "http://127.0.0.1:7801 secret"


def test_there_is_none_at_first(tmp_path: Path) -> None:
    found = Sessions(str(tmp_path)).get(PLACE)

    assert (found.number, found.text) == (0, "")


def test_what_is_kept_is_found_by_another_process(tmp_path: Path) -> None:
    Sessions(str(tmp_path)).put(PLACE, "first", after=0)

    found = Sessions(str(tmp_path)).get(PLACE)

    assert (found.number, found.text) == (1, "first")
    assert Sessions(str(tmp_path)).get("elsewhere").text == ""


def test_of_many_that_come_at_once_one_stands_for_all(tmp_path: Path) -> None:
    start = threading.Barrier(8)
    stood: list[str] = []

    def put(n: int) -> None:
        start.wait()
        stood.append(Sessions(str(tmp_path)).put(PLACE, f"mine {n}", after=0).text)

    threads = [threading.Thread(target=put, args=(n,)) for n in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert len(set(stood)) == 1
    assert Sessions(str(tmp_path)).get(PLACE).text == stood[0]


def test_a_renewal_follows_the_number_it_renews_and_the_old_one_goes(tmp_path: Path) -> None:
    kept = Sessions(str(tmp_path))
    first = kept.put(PLACE, "old", after=0)

    second = kept.put(PLACE, "new", after=first.number)
    late = kept.put(PLACE, "late", after=first.number)

    assert (second.number, second.text) == (2, "new")
    assert (late.number, late.text) == (2, "new")
    assert len(os.listdir(tmp_path / "sessions")) == 1


def test_more_can_be_written_about_the_one_that_stands(tmp_path: Path) -> None:
    kept = Sessions(str(tmp_path))
    kept.put(PLACE, "old", after=0)

    kept.replace(PLACE, "old, and more")

    assert (kept.get(PLACE).number, kept.get(PLACE).text) == (1, "old, and more")


def test_only_the_user_can_read_them_and_no_name_says_whose_they_are(tmp_path: Path) -> None:
    Sessions(str(tmp_path)).put(PLACE, "text", after=0)

    (name,) = os.listdir(tmp_path / "sessions")

    assert "secret" not in name
    if sys.platform != "win32":
        assert (tmp_path / "sessions" / name).stat().st_mode & 0o777 == 0o600


def test_where_nothing_can_be_written_it_is_used_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "sessions").write_text("not a directory")

    found = Sessions(str(tmp_path)).put(PLACE, "text", after=0)

    assert found.text == "text"
