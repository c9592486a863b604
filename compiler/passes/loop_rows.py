"""Nodes at one index of their first axis: what the body of a loop over that axis computes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gradc.ir.types import Dim
from gradc.passes.loop_nodes import (
    Cell,
    Entry,
    Form,
    Node,
    Ref,
    Target,
    identity,
    same_entries,
    spread,
)
from gradc.passes.reductions import accumulates
from gradc.prims.index import PUT
from gradc.prims.shape import ARGMAX, ARGMIN


def row_of(node: Node, index: Ref, rows: Mapping[Node, Node], target: Target | None) -> Node:
    searches = node.prim in (ARGMAX, ARGMIN) and 0 in node.axes
    return replace(
        node,
        shape=node.shape[1:],
        inputs=tuple(_at(ref, index, rows) for ref in node.inputs),
        axes=tuple(axis - 1 for axis in node.axes if axis > 0),
        target=target,
        index=index if searches else node.index,
        updates=None,
        keeps_out=False,
        after=(),
    )


def row_target(
    old: Node,
    node: Node,
    stored: Mapping[Node, Target],
    index: Ref,
    rows: Mapping[Node, Node],
) -> Target | None:
    """Where a row of a node writes by itself."""
    target = node.target
    if target is None and old in stored and accumulates(node):
        target = stored[old]
    if target is None or (node.form is Form.REDUCE and 0 in node.axes):
        return target
    shape = (node.shape if node.form is Form.STORE else node.out_shape)[1:]
    return Target(target.cell, _entries_at(target.entries, index, shape, rows))


def _at(ref: Ref, index: Ref, rows: Mapping[Node, Node]) -> Ref:
    """A reference at an index of its first axis; what the loop computes is there as a row."""
    shape = ref.shape[1:]
    entries = ref.entries
    base = ref.base
    if isinstance(base, Node) and base in rows:
        base, entries = rows[base], entries[1:]
    return Ref(base, _entries_at(entries, index, shape, rows), shape)


def _entries_at(
    entries: Sequence[Entry], index: Ref, shape: tuple[Dim, ...], rows: Mapping[Node, Node]
) -> tuple[Entry, ...]:
    out = []
    for entry in entries:
        if entry.at is not None:
            out.append(replace(entry, at=_at(entry.at, index, rows)))
        elif entry.axis == 0:
            out.append(replace(entry, axis=None, at=spread(index.base, shape)))
        else:
            assert entry.axis is not None
            out.append(replace(entry, axis=entry.axis - 1))
    return tuple(out)


def store_of(node: Node, row: Node, target: Target, index: Ref) -> Node:
    """The store of a row of a result."""
    entries = _entries_at(target.entries, index, row.out_shape, {})
    value = identity(row, row.out_shape)
    store = Node(Form.STORE, node.op, row.out_shape, (value,), node.out, PUT)
    store.target = Target(target.cell, entries)
    return store


def read_through(ref: Ref, stores: Iterable[Node]) -> Ref:
    """A reference that reads the variable of a store which overwrites just what is read."""
    for store in stores:
        old, target = store.updates, store.target
        if old is None or target is None or old.base is not ref.base:
            continue
        if same_entries(old.entries, ref.entries):
            return replace(ref, base=target.cell)
    return ref


def written_by(node: Node) -> list[Cell]:
    cells = list(node.cells)
    if node.target is not None:
        cells.append(node.target.cell)
    return cells
