"""The computational graph as SVG: forward values above, backward values below, on each node."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from gradc.explain.layout import Box, Drawing, Spacing, draw
from gradc.explain.model import Derivation, Node, Share
from gradc.explain.notation import subscripted, to_text, value_text

#: A larger graph is a tangle; the tables say the same.
MOST_NODES = 150
#: Edges carry their local derivatives while there is room.
MOST_LABELLED = 14
#: A graph of more layers than this runs downwards.
MOST_COLUMNS = 6
LONGEST_LABEL = 30
LONGEST_EDGE_LABEL = 9
SMALLEST_SCALE = 0.65

_CHAR = 8.0
_ROW = 22.0


@dataclass(frozen=True, slots=True)
class _Card:
    """The texts of a node."""

    node: Node
    title: str
    lines: tuple[str, ...]
    forward: str
    backward: str

    @property
    def size(self) -> tuple[float, float]:
        longest = max(len(text) for text in (self.title, *self.lines, self.forward, self.backward))
        rows = 1 + len(self.lines) + bool(self.forward) + bool(self.backward)
        return max(92.0, longest * _CHAR + 26), rows * _ROW + 8


def graph_svg(derivation: Derivation) -> str | None:
    """Return the graph as an ``<svg>`` element; None where there are too many nodes.

    Colours are CSS variables of the page (``--forward``, ``--backward``, ``--line`` ...), so that
    the picture follows its light and dark scheme.
    """
    used = {operand for node in derivation.nodes for operand in node.operands}
    nodes = [node for node in derivation.nodes if node.key in used or node.operands or node.active]
    if not nodes or len(nodes) > MOST_NODES:
        return None
    cards = {node.key: _card(node, derivation) for node in nodes}
    edges = [(operand, node.key) for node in nodes for operand in node.operands]
    small = len(nodes) <= MOST_LABELLED
    spacing = Spacing(layers=84.0 if small else 46.0)
    sizes = {key: card.size for key, card in cards.items()}
    drawing = draw(sizes, edges, spacing=spacing)
    if len({box.x for box in drawing.boxes.values()}) > MOST_COLUMNS:
        drawing = draw(sizes, edges, down=True, spacing=Spacing(layers=50.0 if small else 40.0))
    labels = _edge_labels(derivation) if small else {}
    parts = [_edge(edge, drawing, cards, labels.get(edge, "")) for edge in edges]
    parts += [_node(cards[node.key], drawing.boxes[node.key]) for node in nodes]
    return (
        f'<svg class="graph" viewBox="0 0 {drawing.width:.0f} {drawing.height:.0f}" '
        f'style="width:{drawing.width:.0f}px;max-width:100%;min-width:{_least(drawing):.0f}px" '
        'role="img" '
        f'aria-label="Computational graph">{_ARROW}{"".join(parts)}</svg>'
    )


def _least(drawing: Drawing) -> float:
    """The width at which the texts are still legible: what is wider is scrolled."""
    return drawing.width * SMALLEST_SCALE


_ARROW = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
    'markerHeight="7" orient="auto"><path d="M0,0.5 L7,4 L0,7.5 z"/></marker></defs>'
)


def _card(node: Node, derivation: Derivation) -> _Card:
    title = ", ".join(subscripted(part) for part in node.name.split(", "))
    if node.is_result and node.name != derivation.name:
        title += f" = {derivation.name}"
    lines: tuple[str, ...] = ()
    if node.expression is not None:
        lines = (_short(to_text(node.expression, subscripts=True)),)
        lines += tuple(_short(line.partition("  (")[0]) for line in node.inside[:4])
        lines += ("...",) if len(node.inside) > 4 else ()
    return _Card(node, title, lines, _values(node.value), _values(node.bar))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"


def _values(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return _short("; ".join(_values(part) for part in value if part is not None))
    return _short(value_text(value, 5))


def _edge_labels(derivation: Derivation) -> dict[tuple[str, str], str]:
    """The local derivative of each edge that carries a single one."""
    found: dict[tuple[str, str], list[Share]] = {}
    for step in derivation.steps:
        for share in step.shares:
            found.setdefault((share.key, step.node), []).append(share)
    labels = {}
    for edge, shares in found.items():
        if len(shares) == 1 and shares[0].local is not None:
            share = shares[0]
            if share.local_value is not None:
                labels[edge] = value_text(share.local_value, 4)
            elif share.local is not None:
                text = to_text(share.local, subscripts=True)
                labels |= {edge: text} if len(text) <= LONGEST_EDGE_LABEL else {}
    return labels


# -- drawing ------------------------------------------------------------------------------------


def _node(card: _Card, box: Box) -> str:
    node = card.node
    kind = node.kind if node.kind != "operation" else (node.rule.split() or ["input"])[0]
    classes = f"node {kind}{' active' if node.active else ''}{' result' if node.is_result else ''}"
    left, top = box.x - box.width / 2, box.y - box.height / 2
    rows = [("value", card.forward)] if card.forward else []
    rows.append(("name", card.title))
    rows += [("is", line) for line in card.lines]
    rows += [("bar", card.backward)] if card.backward else []
    texts = []
    for index, (kind_of_row, text) in enumerate(rows):
        y = top + 4 + _ROW * (index + 0.5)
        texts.append(
            f'<text class="{kind_of_row}" x="{box.x:.1f}" y="{y:.1f}">{escape(text)}</text>'
        )
    frame = (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
        'rx="9"/>'
    )
    return (
        f'<g class="{classes}"><title>{escape(_tooltip(node))}</title>{frame}{"".join(texts)}</g>'
    )


def _tooltip(node: Node) -> str:
    parts = [node.name]
    if node.expression is not None:
        parts.append(f"= {to_text(node.expression)}")
    if node.rule:
        parts.append(f"({node.rule})")
    return " ".join(parts)


def _edge(edge: tuple[str, str], drawing: Drawing, cards: dict[str, _Card], label: str) -> str:
    points = drawing.paths[edge]
    active = cards[edge[0]].node.active and cards[edge[1]].node.active
    path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in pairwise(points):
        if drawing.down:
            middle = (y0 + y1) / 2
            path += f" C{x0:.1f},{middle:.1f} {x1:.1f},{middle:.1f} {x1:.1f},{y1:.1f}"
        else:
            middle = (x0 + x1) / 2
            path += f" C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"
    drawn = f'<path class="edge{" active" if active else ""}" d="{path}" marker-end="url(#arrow)"/>'
    return drawn + (_label(points, label, drawing.down) if label else "")


def _label(points: tuple[tuple[float, float], ...], label: str, down: bool) -> str:
    # on the longest piece of the way: near its source several edges run side by side
    (x0, y0), (x1, y1) = max(pairwise(points), key=lambda ends: math.dist(*ends))
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    x, y = (x + 6, y) if down else (x, y - 9)
    anchor = "start" if down else "middle"
    return (
        f'<text class="local" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
        f"\N{MULTIPLICATION SIGN}{escape(label)}</text>"
    )
