"""Nodes that read an array come before the store that makes its next version, where they can.

Before::

    put(x, zero, i)        makes the next version of x
    put(y, x[i], k)        reads x as it was: x has to be copied

After::

    put(y, x[i], k)
    put(x, zero, i)        may write in place

The IR names versions, so that the order of an update and of a read of the old version is of no
consequence there; the adjoint of ``y[k] = x`` reads ``y_bar[k]`` and sets it to zero in an order
that depends on where else it is read.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.passes.loop_nodes import Base, Form, Node

# So many nodes are looked at behind a store; what reads its array later stays there.
_FAR = 64


def readers_first(nodes: Sequence[Node]) -> list[Node]:
    """Return nodes in an order in which as many stores as possible come after the reads.

    Parameters
    ----------
    nodes : sequence of Node
        In an order in which they can be computed.
    """
    order = list(nodes)
    for store in [node for node in nodes if node.form is Form.STORE and node.updates is not None]:
        place = order.index(store)
        behind = order[place + 1 : place + 1 + _FAR]
        moved: list[Node] = []
        for reader in behind:
            if reader not in moved and _reads(reader, store):
                moved += _movable(reader, store, behind, moved)
        if moved:
            group = [node for node in behind if node in moved]
            rest = [node for node in behind if node not in moved]
            order[place : place + 1 + len(behind)] = [*group, store, *rest]
    return order


def _reads(node: Node, store: Node) -> bool:
    """Whether a node reads the version of an array that a store replaces."""
    assert store.updates is not None
    return any(ref.base is store.updates.base for ref in node.refs())


def _movable(
    reader: Node, store: Node, behind: Sequence[Node], moved: Sequence[Node]
) -> list[Node]:
    """A reader and what it needs, if all of that can come before a store; else nothing."""
    found: list[Node] = []
    pending = [reader]
    while pending:
        node = pending.pop()
        if node in found or node in moved:
            continue
        if node is store or node.form is Form.SINGLE or (node.has_effect and node is not reader):
            return []
        found.append(node)
        makers = _makers(node, store, behind)
        if makers is None:
            return []
        pending += makers
    if reader.updates is not None and _is_read_between(reader, behind, [*moved, *found]):
        return []
    return found


def _makers(node: Node, store: Node, behind: Sequence[Node]) -> list[Node] | None:
    """The nodes after a store that another one needs; None where that may be the store itself."""
    made: dict[Base, Node] = {}
    for other in (store, *behind):
        made[other] = other
        if other.form is Form.SINGLE:
            for out in other.op.outs:
                made[out] = other
    needed = [made[ref.base] for ref in node.refs() if ref.base in made]
    needed += [other for other in node.after if other in made]
    return None if store in needed else needed


def _is_read_between(reader: Node, behind: Sequence[Node], moved: Sequence[Node]) -> bool:
    """Whether a store would pass a node that reads the version that it replaces."""
    between = behind[: behind.index(reader)]
    return any(node not in moved and _reads(node, reader) for node in between)
