"""Views of views, and maps seen through views.

The view of a part of a reference is a reference to the same base with composed indices, and the
view of a map is the map of views of its operands. So ``(2 * x)[1:]`` is ``2 * x[1:]``: nothing
is computed that is not read, and nothing is stored in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from gradc.ir.core import Op, Primitive, Value
from gradc.ir.types import DType, Type
from gradc.passes.fusion import RECOMPUTE_LIMIT, is_aligned
from gradc.passes.loop_nodes import Base, Entry, Form, Node, Ref, Shape, identity, is_array
from gradc.prims.arithmetic import ADD, MUL

# A single element of an expression of at most this many maps is computed by itself.
_ELEMENT_LIMIT = 12


@dataclass(slots=True)
class NodeList:
    """Nodes in the order in which they can be computed; grows while views are composed."""

    nodes: list[Node] = field(default_factory=list)

    def append(self, node: Node) -> Ref:
        """Append a node and refer to its result."""
        self.nodes.append(node)
        return identity(node, node.out_shape)

    def computed(self, prim: Primitive, op: Op, inputs: Sequence[Ref], dtype: DType) -> Ref:
        """Append a map that the program did not have; `inputs` have one shape."""
        shape = inputs[0].shape
        out = Value(Type(dtype, shape), prim.name.rstrip("_"), op.loc)
        made = replace(op, prim=prim, args=(), params={}, outs=(out,), regions=())
        return self.append(Node(Form.MAP, made, shape, tuple(inputs), out, prim))

    def view(self, ref: Ref, op: Op, entries: Sequence[Entry], shape: Shape) -> Ref:
        """Refer to part of a reference: one entry for each of its axes."""
        out = []
        for entry in ref.entries:
            if entry.at is not None:
                out.append(replace(entry, at=self.view(entry.at, op, entries, shape)))
                continue
            assert entry.axis is not None
            outer = entries[entry.axis]
            start, step = self._composed(entry, outer, op)
            out.append(Entry(outer.axis, outer.at, start, step))
        return Ref(ref.base, tuple(out), shape)

    def _composed(self, inner: Entry, outer: Entry, op: Op) -> tuple[Ref | None, Ref | None]:
        """Start and step of ``inner.start + inner.step * (outer.start + outer.step * i)``."""
        start = outer.start
        if start is not None and inner.step is not None:
            start = self.computed(MUL, op, (inner.step, start), DType.INT)
        if inner.start is not None:
            if start is not None:
                start = self.computed(ADD, op, (inner.start, start), DType.INT)
            else:
                start = inner.start
        step = outer.step if inner.step is None else inner.step
        if inner.step is not None and outer.step is not None:
            step = self.computed(MUL, op, (inner.step, outer.step), DType.INT)
        return start, step


def pulled(nodes: Iterable[Node], wanted: Iterable[Node]) -> list[Node]:
    """Let nodes that read a view of a map compute the map at what they read, where it pays.

    Parameters
    ----------
    nodes : iterable of Node
        Their operands are changed.
    wanted : iterable of Node
        Nodes whose results are needed as they are.
    """
    return _Pulling(list(nodes), set(wanted)).run()


class _Pulling:
    def __init__(self, nodes: list[Node], wanted: set[Node]) -> None:
        self.given = nodes
        self.made = NodeList()
        self.known = set(nodes)
        self.updated: set[Base] = set()
        self.uses: dict[Node, int] = dict.fromkeys(wanted, 1)
        for node in nodes:
            if node.updates is not None:
                self.updated.add(node.updates.base)
            if node.op.regions:
                self.updated.update(ref.base for ref in node.inputs if is_array(ref.base))
            for ref in node.refs():
                if isinstance(ref.base, Node):
                    self.uses[ref.base] = self.uses.get(ref.base, 0) + 1

    def run(self) -> list[Node]:
        for node in self.given:
            if node.form is not Form.SINGLE:
                node.inputs = tuple(self.pull(ref, node) for ref in node.inputs)
            self.made.append(node)
        return self.made.nodes

    def pull(self, ref: Ref, consumer: Node) -> Ref:
        base = ref.base
        if not isinstance(base, Node) or base not in self.known or not self.pays(ref, consumer):
            return ref
        seen = [
            self.pull(self.made.view(operand, base.op, ref.entries, ref.shape), consumer)
            for operand in base.inputs
        ]
        part = Node(Form.MAP, base.op, ref.shape, tuple(seen), base.out, base.prim)
        return self.made.append(part)

    def pays(self, ref: Ref, consumer: Node) -> bool:
        """Whether a map is better computed at what is read of it."""
        base = ref.base
        if not isinstance(base, Node) or base.form is not Form.MAP or not base.shape:
            return False
        if ref.is_identity or (is_aligned(ref, consumer) and consumer.shape[0] == base.shape[0]):
            return False
        cost, count, leaves = _tree(base)
        if not leaves.isdisjoint(self.updated):
            return False
        if not consumer.shape:
            return count <= _ELEMENT_LIMIT
        spread_over = set(range(len(ref.shape))) - _axes(ref)
        return not spread_over and (self.uses[base] == 1 or cost <= RECOMPUTE_LIMIT)


def _tree(node: Node) -> tuple[int, int, set[Base]]:
    """The cost of a map with those it is made of, their number, and what they read."""
    cost, count = (node.prim.cost if node.prim is not None else 0), 1
    leaves: set[Base] = set()
    for ref in node.inputs:
        if isinstance(ref.base, Node) and ref.base.form is Form.MAP and ref.base.shape:
            more, number, below = _tree(ref.base)
            cost, count = cost + more, count + number
            leaves |= below
        else:
            leaves.add(ref.base)
    return cost, count, leaves


def _axes(ref: Ref) -> set[int]:
    """The axes of a reference on which its elements depend."""
    found: set[int] = set()
    for entry in ref.entries:
        if entry.axis is not None:
            found.add(entry.axis)
        elif entry.at is not None:
            found |= _axes(entry.at)
    return found
