"""Layered drawing of a directed acyclic graph (the steps of Sugiyama, Tagawa and Toda, 1981).

Nodes are put into layers by their longest path, edges over several layers get a bend in each,
the order within layers is improved by barycentres, and positions follow their neighbours as
closely as the distances between nodes allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 12
_ALIGNMENTS = 24


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node is drawn: its centre and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished drawing.

    Attributes
    ----------
    boxes : mapping
        By node.
    paths : mapping
        By edge, the points from the border of its source to that of its target.
    width, height : float
    down : bool
        Whether the graph runs downwards, else to the right.
    """

    boxes: Mapping[str, Box]
    paths: Mapping[tuple[str, str], tuple[tuple[float, float], ...]]
    width: float
    height: float
    down: bool


@dataclass(frozen=True, slots=True)
class Spacing:
    """Distances: between layers, between nodes of a layer, and around the whole."""

    layers: float = 56.0
    nodes: float = 26.0
    margin: float = 16.0


def layers_of(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Layer numbers by longest path; a source stands just before its first use.

    Parameters
    ----------
    nodes : sequence of str
        In topological order.
    edges : sequence of (source, target)
    """
    before: dict[str, list[str]] = {node: [] for node in nodes}
    after: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in edges:
        before[target].append(source)
        after[source].append(target)
    layer: dict[str, int] = {}
    for node in nodes:
        layer[node] = max((layer[other] + 1 for other in before[node]), default=0)
    for node in nodes:
        if not before[node] and after[node]:
            layer[node] = min(layer[other] for other in after[node]) - 1
    return layer


def draw(
    sizes: Mapping[str, tuple[float, float]],
    edges: Sequence[tuple[str, str]],
    *,
    down: bool = False,
    spacing: Spacing | None = None,
) -> Drawing:
    """Lay out a graph.

    Parameters
    ----------
    sizes : mapping
        Width and height of each node, in topological order.
    edges : sequence of (source, target)
        Each once.
    down : bool
        Let the graph run downwards instead of to the right.
    spacing : Spacing, optional
    """
    return _Layout(sizes, edges, down, spacing or Spacing()).run()


class _Layout:
    """Works with *depth* (along the edges) and *place* (across), whatever the direction is."""

    def __init__(
        self,
        sizes: Mapping[str, tuple[float, float]],
        edges: Sequence[tuple[str, str]],
        down: bool,
        spacing: Spacing,
    ) -> None:
        self.sizes, self.edges, self.down, self.spacing = sizes, list(edges), down, spacing
        self.layer = layers_of(list(sizes), self.edges)
        self.chains: dict[tuple[str, str], list[str]] = {}
        self.before: dict[str, list[str]] = {node: [] for node in sizes}
        self.after: dict[str, list[str]] = {node: [] for node in sizes}
        self._bend_long_edges()
        count = max(self.layer.values(), default=-1) + 1
        self.rows: list[list[str]] = [[] for _ in range(count)]
        for node, layer in self.layer.items():
            self.rows[layer].append(node)
        self.places: dict[str, float] = {}

    def _bend_long_edges(self) -> None:
        for number, (source, target) in enumerate(self.edges):
            chain = [source]
            for layer in range(self.layer[source] + 1, self.layer[target]):
                bend = f"bend {number} {layer}"
                self.layer[bend] = layer
                self.before[bend], self.after[bend] = [], []
                chain.append(bend)
            chain.append(target)
            self.chains[source, target] = chain
            for one, other in pairwise(chain):
                self.after[one].append(other)
                self.before[other].append(one)

    def run(self) -> Drawing:
        self._order()
        self._place()
        depths = self._depths()
        low = min((self.places[node] - self.across(node) / 2 for node in self.places), default=0.0)
        shift = self.spacing.margin - low
        boxes = {node: self._box(node, depths, shift) for node in self.sizes}
        paths = {
            edge: tuple(self._points(chain, depths, shift)) for edge, chain in self.chains.items()
        }
        right = max((box.x + box.width / 2 for box in boxes.values()), default=0.0)
        bottom = max((box.y + box.height / 2 for box in boxes.values()), default=0.0)
        for points in paths.values():
            right = max(right, *(x for x, _ in points))
            bottom = max(bottom, *(y for _, y in points))
        margin = self.spacing.margin
        return Drawing(boxes, paths, right + margin, bottom + margin, self.down)

    # -- sizes in either direction ------------------------------------------------------------

    def across(self, node: str) -> float:
        width, height = self.sizes.get(node, (8.0, 8.0))
        return width if self.down else height

    def along(self, node: str) -> float:
        width, height = self.sizes.get(node, (0.0, 0.0))
        return height if self.down else width

    # -- order within layers --------------------------------------------------------------------

    def _order(self) -> None:
        best, least = [list(row) for row in self.rows], self._crossings()
        for sweep in range(_SWEEPS):
            forwards = sweep % 2 == 0
            neighbours = self.before if forwards else self.after
            rows = self.rows if forwards else self.rows[::-1]
            for fixed, row in pairwise(rows):
                position = {node: index for index, node in enumerate(fixed)}
                current = {node: index for index, node in enumerate(row)}
                row.sort(key=lambda node: _mean(position, neighbours[node], current[node]))
            crossings = self._crossings()
            if crossings < least:
                best, least = [list(row) for row in self.rows], crossings
        self.rows = best

    def _crossings(self) -> int:
        total = 0
        for row, following in zip(self.rows, self.rows[1:], strict=False):
            position = {node: index for index, node in enumerate(following)}
            ends = [
                position[other]
                for node in row
                for other in sorted(self.after[node], key=lambda each: position.get(each, 0))
                if other in position
            ]
            total += sum(
                1 for i, first in enumerate(ends) for second in ends[i + 1 :] if second < first
            )
        return total

    # -- positions --------------------------------------------------------------------------------

    def _place(self) -> None:
        for row in self.rows:
            offset = 0.0
            for node in row:
                self.places[node] = offset + self.across(node) / 2
                offset += self.across(node) + self.spacing.nodes
        for step in range(_ALIGNMENTS):
            rows = self.rows if step % 2 == 0 else self.rows[::-1]
            for row in rows:
                self._align(row)

    def _align(self, row: Sequence[str]) -> None:
        """Move each node towards the mean of its neighbours, keeping order and distances."""
        wanted, weights = [], []
        for node in row:
            near = [*self.before[node], *self.after[node]]
            # bends pull harder, so that long edges are straight
            pull = [(self.places[n], 3.0 if n not in self.sizes else 1.0) for n in near]
            total = sum(weight for _, weight in pull)
            mean = sum(place * weight for place, weight in pull) / total if total else None
            wanted.append(self.places[node] if mean is None else mean)
            weights.append(max(total, 0.1))
        offsets = [0.0]
        for one, other in pairwise(row):
            gap = (self.across(one) + self.across(other)) / 2 + self.spacing.nodes
            offsets.append(offsets[-1] + gap)
        free = [place - offset for place, offset in zip(wanted, offsets, strict=True)]
        fitted = _increasing(free, weights)
        for node, place, offset in zip(row, fitted, offsets, strict=True):
            self.places[node] = place + offset

    def _depths(self) -> list[float]:
        """The centre of each layer."""
        depths, edge = [], self.spacing.margin
        for row in self.rows:
            thick = max((self.along(node) for node in row), default=0.0)
            depths.append(edge + thick / 2)
            edge += thick + self.spacing.layers
        return depths

    def _box(self, node: str, depths: Sequence[float], shift: float) -> Box:
        depth, place = depths[self.layer[node]], self.places[node] + shift
        x, y = (place, depth) if self.down else (depth, place)
        return Box(x, y, *self.sizes[node])

    def _points(
        self, chain: Sequence[str], depths: Sequence[float], shift: float
    ) -> list[tuple[float, float]]:
        points = []
        for index, node in enumerate(chain):
            depth, place = depths[self.layer[node]], self.places[node] + shift
            half = self.along(node) / 2
            if node not in self.sizes:
                # straight through the layer: curves belong to the gaps between layers
                half = max(self.along(other) for other in self.rows[self.layer[node]]) / 2
            ends = [depth + half] if index == 0 else [depth - half, depth + half]
            if index == len(chain) - 1:
                ends = [depth - half]
            points += [(place, end) if self.down else (end, place) for end in ends]
        return points


def _mean(position: Mapping[str, int], nodes: Sequence[str], default: int) -> float:
    found = [position[node] for node in nodes if node in position]
    return sum(found) / len(found) if found else float(default)


def _increasing(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The increasing sequence nearest to `values` (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        mean, total, count = value, weight, 1
        while pools and pools[-1][0] > mean:
            other, more, members = pools.pop()
            mean = (mean * total + other * more) / (total + more)
            total, count = total + more, count + members
        pools.append((mean, total, count))
    return [mean for mean, _, count in pools for _ in range(count)]
