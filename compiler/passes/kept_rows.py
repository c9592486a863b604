"""A part of an array that is read after the array has its next version is kept by itself.

Before::

    put(x, zero, i)             makes the next version of x
    add_at(y, x[i], k)          reads x as it was: all of x has to be copied

After::

    row = x[i]
    put(x, zero, i)             may write in place
    add_at(y, row, k)

It is for readers that cannot come before the store, which :mod:`gradc.passes.readers_first` looks
at: in the adjoint of ``x[k] = x[k - 1] + v`` the reader of ``x_bar[k]`` adds to ``x_bar[k - 1]``,
and that is the next version but one of the same array.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from gradc.ir.core import Value
from gradc.ir.types import Type
from gradc.passes.loop_nodes import Base, Form, Node, Ref, identity, same_entries, shape_of


def rows_kept(nodes: Sequence[Node], wanted: Iterable[Base] = ()) -> list[Node]:
    """Return nodes with further ones, which keep parts of arrays that are overwritten.

    Parameters
    ----------
    nodes : sequence of Node
        In an order in which they can be computed. Their operands are changed.
    wanted : iterable of Base
        What is needed as it is afterwards: keeping a part of it is of no use.
    """
    order, whole = list(nodes), set(wanted)
    for store in nodes:
        if store.form is not Form.STORE or store.updates is None or store.updates.base in whole:
            continue
        place = order.index(store)
        behind = order[place + 1 :]
        readers = [node for node in behind if _reads(node, store.updates.base)]
        if _reads_elsewhere(store):
            readers.append(store)
        later = _made_by([store, *behind])
        if readers and all(_reads_parts(node, store.updates.base, later) for node in readers):
            kept = _keep(readers, store.updates.base)
            order[place:place] = kept
    return order


def _reads(node: Node, base: Base) -> bool:
    return any(ref.base is base for ref in node.refs())


def _made_by(nodes: Sequence[Node]) -> set[Base]:
    """What indices can refer to that nodes make: themselves, and the values of single ops."""
    singles = [node for node in nodes if node.form is Form.SINGLE]
    return {*nodes, *(out for node in singles for out in node.op.outs)}


def _reads_elsewhere(store: Node) -> bool:
    """Whether a store writes what it has read in another part of its own array."""
    old = store.updates
    return old is not None and any(
        ref.base is old.base and ref.shape and not same_entries(ref.entries, old.entries)
        for ref in store.inputs
    )


def _reads_parts(node: Node, base: Base, later: Collection[Base]) -> bool:
    """Whether a node reads nothing of an array but parts that need nothing made later."""
    if node.form is Form.SINGLE:
        return False
    parts = [ref for ref in node.inputs if ref.base is base]
    own = _reads_elsewhere(node) and node.updates is not None and node.updates.base is base
    if sum(ref.base is base for ref in node.refs()) > len(parts) + own:
        return False  # as an index, or to make its next version
    return all(
        len(ref.shape) < len(shape_of(base))
        and all(each.base not in later for each in _indices(ref))
        for ref in parts
    )


def _indices(ref: Ref) -> list[Ref]:
    return [each for part in ref.parts() for each in part.all()]


def _keep(readers: Sequence[Node], base: Base) -> list[Node]:
    """Let nodes read copies of the parts of an array; returns what makes the copies."""
    kept: list[tuple[Ref, Node]] = []

    def copied(ref: Ref, node: Node) -> Ref:
        if ref.base is not base:
            return ref
        for other, copy in kept:
            if other.shape == ref.shape and same_entries(other.entries, ref.entries):
                return identity(copy, ref.shape)
        pattern = base.out if isinstance(base, Node) else base
        assert pattern is not None
        out = Value(Type(pattern.type.dtype, ref.shape), "row", node.op.loc)
        kept.append((ref, Node(Form.MAP, node.op, ref.shape, (ref,), out)))
        return identity(kept[-1][1], ref.shape)

    for node in readers:
        node.inputs = tuple(copied(ref, node) for ref in node.inputs)
    return [copy for _, copy in kept]
