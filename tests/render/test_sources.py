"""What is watched, a line each."""

from headway.model.views import SourceView
from headway.render.sources import sources_text
from headway.talk.status import status_of

NOW = 1_800_000_000.0


def test_each_source_says_how_well_it_is_seen() -> None:
    views = [
        SourceView(key="a", seen=True, meta={"source_kind": "comfyui"}, readings={"tier": 1}),
        SourceView(key="b", seen=False, since=NOW - 60, meta={"source_kind": "comfyui"}),
        SourceView(key="c", seen=True, meta={"source_kind": "stash"}, readings={"watched": False}),
    ]

    found = sources_text(status_of(views, now=NOW, version="0"), width=100).splitlines()

    assert found[1].split()[:4] == ["a", "ComfyUI", "online", "1"]
    assert "unreachable since" in found[2]
    assert "seen, not watched yet" in found[3]


def test_without_sources_it_says_so() -> None:
    assert sources_text(status_of([], now=NOW, version="0")) == "No sources found\n"
