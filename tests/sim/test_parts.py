"""The pure parts: the order of nodes, signatures, the throttle, pictures."""

import struct
import zlib
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from headway.sim import workflows
from headway.sim.comfyui import graph as graphs
from headway.sim.comfyui import pictures
from headway.sim.comfyui.progress import Throttle

FEW = settings(max_examples=40, deadline=None)


@st.composite
def acyclic(draw: st.DrawFn) -> workflows.Graph:
    """A graph whose nodes are fed by earlier ones."""
    graph: workflows.Graph = {}
    for number in range(draw(st.integers(1, 12))):
        feeders = draw(st.sets(st.sampled_from(sorted(graph)))) if graph else set()
        inputs = {f"in{place}": [feeder, 0] for place, feeder in enumerate(sorted(feeders))}
        graph[str(number)] = workflows.node("Any", constant=draw(st.integers(0, 2)), **inputs)
    return graph


@FEW
@given(acyclic())
def test_every_node_comes_after_those_that_feed_it(graph: workflows.Graph) -> None:
    order = graphs.upstream_first(graph)

    assert sorted(order) == sorted(graph)
    for node in graph:
        assert all(order.index(feeder) < order.index(node) for feeder in graphs.links(graph[node]))


@FEW
@given(acyclic(), st.randoms())
def test_signatures_do_not_depend_on_the_order_of_nodes(
    graph: workflows.Graph, rng: object
) -> None:
    names = list(graph)
    rng.shuffle(names)

    assert graphs.signatures({name: graph[name] for name in names}) == graphs.signatures(graph)


@FEW
@given(acyclic())
def test_a_change_upstream_changes_exactly_what_is_downstream(graph: workflows.Graph) -> None:
    changed = {**graph, "0": workflows.node("Any", constant=99)}
    downstream = {"0"}
    for node in graphs.upstream_first(graph):
        if downstream.intersection(graphs.links(graph[node])):
            downstream.add(node)

    before, after = graphs.signatures(graph), graphs.signatures(changed)

    assert {node for node in graph if before[node] != after[node]} == downstream


@FEW
@given(acyclic())
def test_needed_are_the_output_and_its_ancestors_up_to_cached_ones(graph: workflows.Graph) -> None:
    output = list(graph)[-1]

    all_of_them = graphs.needed(graph, [output], cached=lambda node: False)
    only_output = graphs.needed(graph, [output], cached=lambda node: True)

    assert all(set(graphs.links(graph[node])) <= set(all_of_them) for node in all_of_them)
    assert only_output == [output]


@FEW
@given(st.lists(st.floats(0.0, 0.5), min_size=1, max_size=60))
def test_the_throttle_lets_first_and_last_and_no_more_than_ten_a_second(gaps: list[float]) -> None:
    throttle, now, said = Throttle(speed=1.0), 0.0, []
    for value, gap in enumerate(gaps, start=1):
        now += gap
        if throttle.lets(value, len(gaps), now=now, picture=False):
            said.append((value, now))

    assert (said[0][0], said[-1][0]) == (1, len(gaps))
    middle = said[:-1]
    assert all(later[1] - earlier[1] >= 0.1 for earlier, later in pairwise(middle))


def test_a_throttled_bar_always_shows_a_picture() -> None:
    throttle = Throttle(speed=1.0)

    assert [throttle.lets(value, 100, now=0.0, picture=True) for value in (1, 2, 3)] == [True] * 3


def test_a_png_holds_the_pixels_it_says() -> None:
    png = pictures.png(7, width=512, height=256)

    assert struct.unpack(">II", png[16:24]) == (64, 32)
    data = png[png.index(b"IDAT") + 4 : png.index(b"IEND") - 8]
    assert len(zlib.decompress(data)) == 32 * (1 + 3 * 64)
    assert pictures.png(7) != pictures.png(8)


def test_a_jpeg_is_framed_and_has_no_marker_in_its_scan() -> None:
    for seed in range(50):
        jpeg = pictures.jpeg(seed, detail=1 + seed % 8)
        scan = jpeg[jpeg.index(b"\xff\xda") + 14 : -2]

        assert jpeg.startswith(b"\xff\xd8\xff\xe0\0\x10JFIF\0")
        assert jpeg.endswith(b"\xff\xd9")
        assert b"\xff" not in scan.replace(b"\xff\0", b"")
