"""The public shape: unknown is left out, and never said as 0 or idle."""

from __future__ import annotations

import msgspec

from headway.model.views import AnyView, GroupView, JobView, SourceView

decode = msgspec.json.Decoder(AnyView).decode


def test_what_is_not_known_is_not_said() -> None:
    view = JobView(key="comfy~a~", source="comfy", native="a", phase="pending")

    assert msgspec.json.decode(msgspec.json.encode(view)) == {
        "kind": "job",
        "key": "comfy~a~",
        "source": "comfy",
        "native": "a",
        "phase": "pending",
    }


def test_a_reader_that_is_older_or_newer_takes_what_it_knows() -> None:
    sent = b'{"kind":"source","key":"comfy","seen":false,"colour":"red"}'

    assert decode(sent) == SourceView(key="comfy", seen=False)


def test_zero_and_false_that_are_known_are_said_where_none_means_unknown() -> None:
    sent = msgspec.json.encode(
        [SourceView(key="c", seen=False), GroupView(key="g", id="", total=0)]
    )

    assert b'"seen":false' in sent
    assert b'"total":0' in sent


def test_every_view_is_told_by_its_kind() -> None:
    for kind in ("source", "worker", "daemon"):
        assert decode(msgspec.json.encode({"kind": kind, "key": "k"})).key == "k"
