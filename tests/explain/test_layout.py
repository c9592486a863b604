"""The layered drawing: layers, distances, straight ways through layers, few crossings."""

import random

import pytest

from gradc.explain.layout import Drawing, Spacing, draw, layers_of

SIZE = (100.0, 60.0)


def drawing_of(edges: list[tuple[str, str]], down: bool = False) -> Drawing:
    nodes = sorted({node for edge in edges for node in edge}, key=lambda name: int(name[1:]))
    return draw(dict.fromkeys(nodes, SIZE), edges, down=down)


def random_edges(seed: int, count: int) -> list[tuple[str, str]]:
    rng = random.Random(seed)
    return sorted(
        {(f"n{rng.randrange(target)}", f"n{target}") for target in range(1, count) for _ in "ab"}
    )


LECTURE = [("n0", "n2"), ("n1", "n3"), ("n2", "n4"), ("n3", "n4"), ("n4", "n5"), ("n5", "n6")]


def test_layers_are_those_of_the_longest_path():
    nodes = [f"n{k}" for k in range(7)]
    layers = layers_of(nodes, LECTURE)
    assert layers == {"n0": 0, "n1": 0, "n2": 1, "n3": 1, "n4": 2, "n5": 3, "n6": 4}


def test_an_input_stands_just_before_its_first_use():
    layers = layers_of(
        ["a", "b", "c", "late", "d"], [("a", "b"), ("b", "c"), ("c", "d"), ("late", "d")]
    )
    assert layers["late"] == 2


def test_the_graph_of_the_lecture_is_symmetric():
    drawing = drawing_of(LECTURE)
    boxes = drawing.boxes
    assert boxes["n0"].x == boxes["n1"].x < boxes["n2"].x < boxes["n4"].x < boxes["n6"].x
    assert boxes["n2"].y + boxes["n3"].y == pytest.approx(2 * boxes["n4"].y, abs=1.0)
    assert boxes["n4"].y == pytest.approx(boxes["n6"].y, abs=1.0)


def test_down_is_the_same_turned():
    boxes = drawing_of(LECTURE, down=True).boxes
    assert boxes["n0"].y == boxes["n1"].y < boxes["n2"].y < boxes["n6"].y


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_nodes_keep_their_distance_and_edges_run_forwards(seed, down):
    edges = random_edges(seed, 30)
    drawing = drawing_of(edges, down)
    boxes = list(drawing.boxes.values())
    spacing = Spacing()
    for index, one in enumerate(boxes):
        assert one.x - one.width / 2 >= spacing.margin - 1e-6
        assert one.x + one.width / 2 <= drawing.width - spacing.margin + 1e-6
        assert one.y - one.height / 2 >= spacing.margin - 1e-6
        assert one.y + one.height / 2 <= drawing.height - spacing.margin + 1e-6
        for other in boxes[index + 1 :]:
            apart_x = abs(one.x - other.x) - (one.width + other.width) / 2
            apart_y = abs(one.y - other.y) - (one.height + other.height) / 2
            assert max(apart_x, apart_y) >= spacing.nodes - 1e-6
    assert set(drawing.paths) == set(edges)
    for (source, target), points in drawing.paths.items():
        along = [y if down else x for x, y in points]
        assert along == sorted(along)
        start, end = drawing.boxes[source], drawing.boxes[target]
        assert along[0] == (start.y + start.height / 2 if down else start.x + start.width / 2)
        assert along[-1] == (end.y - end.height / 2 if down else end.x - end.width / 2)


def test_no_edge_runs_through_a_node():
    drawing = drawing_of(random_edges(3, 25))
    for edge, points in drawing.paths.items():
        for name, box in drawing.boxes.items():
            if name in edge:
                continue
            inside = [
                (x, y)
                for x, y in points
                if abs(x - box.x) < box.width / 2 - 1 and abs(y - box.y) < box.height / 2
            ]
            assert inside == []


def test_crossings_that_can_be_avoided_are_avoided():
    edges = [("n0", "n5"), ("n1", "n4"), ("n2", "n3")]
    boxes = drawing_of(edges).boxes
    order = sorted(("n0", "n1", "n2"), key=lambda name: boxes[name].y)
    targets = sorted(("n3", "n4", "n5"), key=lambda name: boxes[name].y)
    partner = dict(edges)
    assert [partner[name] for name in order] == targets


def test_one_node_and_none():
    assert draw({"a": SIZE}, []).boxes["a"].x == 66.0
    assert draw({}, []).boxes == {}
