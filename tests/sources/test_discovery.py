"""What is found on this machine, and what is not taken for it."""

from __future__ import annotations

import json

import pytest
from aiohttp import web
from tests.sources.test_bad_servers import STATS, page, stats
from tests.sources.watching import serving

from headway.sources.discovery import Candidate, judge, look, name_of
from headway.sources.http import Answer

OWN = Answer(200, json.dumps(STATS).encode())
PAGE = Answer(200, b"<html><title>qBittorrent WebUI</title></html>")
OTHER = Answer(200, b"<html>some page</html>")

TABLE = [
    ("comfyui", OWN, True),
    ("comfyui", Answer(404, OWN.body), False),
    ("comfyui", OTHER, False),
    ("comfyui", Answer(200, None), False),
    ("comfyui", None, False),
    ("qbittorrent", PAGE, True),
    ("qbittorrent", OTHER, False),
    ("swarmui", Answer(302, b"", "/Text2Image"), True),
    ("stash", Answer(302, b"", "/login?returnURL=%2F"), True),
    ("stash", Answer(302, b"", "https://elsewhere.example/"), False),
    ("stash", Answer(200, b"<title>Stash</title>"), True),
]


@pytest.mark.parametrize(("kind", "answer", "found"), TABLE)
def test_what_answers_is_judged_by_its_own_words(kind: str, answer: Answer, found: bool) -> None:
    assert (judge(Candidate(kind, "http://x:1"), answer) is not None) == found


def test_a_second_of_a_kind_is_named_by_its_port() -> None:
    assert name_of(Candidate("comfyui", "http://127.0.0.1:8188")) == "comfyui"
    assert name_of(Candidate("comfyui", "http://127.0.0.1:8000")) == "comfyui-8000"


async def test_looking_finds_what_is_there_and_survives_what_is_not() -> None:
    async with serving(web.get("/system_stats", stats), web.get("/", page())) as url:
        found = await look(
            [
                Candidate("comfyui", url),
                Candidate("stash", url),
                Candidate("swarmui", "http://127.0.0.1:1"),
            ]
        )

    assert [(one.kind, one.url, one.version) for one in found] == [("comfyui", url, "0.12.1")]
