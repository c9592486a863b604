"""From the array ops of a region to nodes over iteration spaces and references between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from gradc.ir.builder import DIM, Builder
from gradc.ir.core import Op, Primitive, Value
from gradc.ir.types import BOOL, INT, Dim, DType
from gradc.ir.walk import free_values
from gradc.passes.loop_nodes import (
    Base,
    Entry,
    Form,
    Node,
    Ref,
    Shape,
    identity,
    is_basic_view,
    is_row,
    scalar,
    spread,
)
from gradc.passes.views import NodeList
from gradc.prims.arithmetic import MUL
from gradc.prims.compare import EQ, GT
from gradc.prims.effects import CHECK
from gradc.prims.index import ADD_AT, ALL, AT, GET, PICK, PICK_ADD, PUT, WRAP, split_operands
from gradc.prims.linalg import MATMUL
from gradc.prims.loops import GROW
from gradc.prims.routines import is_pure
from gradc.prims.shape import (
    ARGMAX,
    ARGMIN,
    BROADCAST,
    COPY,
    EXPECT,
    MAX,
    MIN,
    RESHAPE,
    STOP_GRADIENT,
    SUM,
    TRANSPOSE,
    UNEQUAL,
)

REDUCTIONS = frozenset({SUM, MAX, MIN})
SEARCHES = frozenset({ARGMAX, ARGMIN})
# What NumPy says where there is nothing to take an extremum of.
_NOTHING = {
    MAX: "zero-size array to reduction operation maximum which has no identity",
    MIN: "zero-size array to reduction operation minimum which has no identity",
    ARGMAX: "attempt to get argmax of an empty sequence",
    ARGMIN: "attempt to get argmin of an empty sequence",
}
UPDATES = frozenset({PUT, ADD_AT, PICK_ADD, GROW})
# A matrix product of known sizes with at most this many multiplications is a loop, not a call.
SMALL_PRODUCT = 512


@dataclass(slots=True)
class Graph(NodeList):
    """The nodes of a region, and what stands for the values of the region as it was.

    Attributes
    ----------
    blas : bool
        Whether products of matrices stay ops.
    env : dict of Value to Ref
        What stands for a value; a value that is not there stands for itself.
    builder : Builder
        Makes constants in front of everything else.
    yields : tuple of Value
        What the region yields.
    positive : set of Dim
        Sizes that have been checked to be more than zero.
    checks : dict of Dim to Node
        The checks among these that this region makes.
    makers : dict of Value to Node
        The single op that makes a value which stands for itself.
    size_values : dict of str to Value
        The integers of the region that denote a size.
    stacks : dict of str to Node
        The ops that make an array of a size that nothing else has.
    """

    blas: bool = True
    env: dict[Value, Ref] = field(default_factory=dict)
    builder: Builder = field(default_factory=Builder)
    yields: tuple[Value, ...] = ()
    positive: set[Dim] = field(default_factory=set)
    checks: dict[Dim, Node] = field(default_factory=dict)
    makers: dict[Value, Node] = field(default_factory=dict)
    size_values: dict[str, Value] = field(default_factory=dict)
    stacks: dict[str, Node] = field(default_factory=dict)

    # -- references ------------------------------------------------------------------------

    def ref(self, value: Value) -> Ref:
        """What stands for a value of the region as it was."""
        return self.env.get(value) or identity(value, value.type.shape)

    def add(self, node: Node, out: Value) -> Ref:
        """Append a node; it stands for `out` from now on."""
        ref = self.append(node)
        self.env[out] = ref
        node.keeps_out = out.type.is_scalar
        self._note_size(out)
        return ref

    def _note_size(self, value: Value) -> None:
        if isinstance(value.size, str):
            self.size_values.setdefault(value.size, value)

    def map(
        self, prim: Primitive | None, op: Op, inputs: Sequence[Ref], out: Value, shape: Shape
    ) -> Node:
        """Make a map node, without appending it."""
        return Node(Form.MAP, op, shape, tuple(inputs), out, prim)

    def constant(self, number: int) -> Ref:
        """Refer to an integer constant."""
        return scalar(self.builder.const(number))

    # -- ops -------------------------------------------------------------------------------

    def op(self, op: Op) -> None:
        """Take in one op."""
        prim = op.prim
        if op.regions:
            captured = [value for region in op.regions for value in free_values(region)]
            self.single(op, captured)
        elif prim is DIM:
            self.dim(op)
        elif prim in (BROADCAST, TRANSPOSE, STOP_GRADIENT, GET) or _only_ones_move(op):
            self.viewed(op)
        elif prim is EXPECT and not self._is_there(op):
            self.expected(op)
        elif prim in REDUCTIONS:
            self.reduction(op)
        elif prim in SEARCHES:
            self.search(op)
        elif prim in (PUT, ADD_AT) and set(op.params["spec"]) != {AT}:
            self.store(op)
        elif prim is PICK:
            self.pick(op)
        elif prim is PICK_ADD:
            self.pick_add(op)
        elif prim is MATMUL and not (self.blas and worth_a_call(op)):
            self.product(op)
        elif prim is COPY and op.params.get("own"):
            # of a part that will be written over while the copy is in use
            source = self.ref(op.args[0])
            self.add(self.map(None, op, (source,), op.out, op.out.type.shape), op.out)
        elif prim is COPY and not self.ref(op.args[0]).is_identity:
            self._view_stands_for(op, self.ref(op.args[0]))
        elif is_pure(op) and prim is not WRAP and (prim.pointwise or _is_scalar(op)):
            inputs = [self.ref(arg) for arg in op.args]
            self.add(self.map(prim, op, inputs, op.out, op.out.type.shape), op.out)
        else:
            self.single(op)

    def single(self, op: Op, captured: Sequence[Value] = ()) -> None:
        """An op that is kept as it is."""
        inputs = tuple(self.operand(arg, op) for arg in op.args)
        node = Node(Form.SINGLE, op, (), inputs, reads=[self.ref(value) for value in captured])
        if op.prim in UPDATES:
            node.updates = inputs[0]
        if "symbol" in op.params:
            self.stacks[op.params["symbol"]] = node
        self.nodes.append(node)
        for out in op.outs:
            self.makers[out] = node
            self._note_size(out)

    def operand(self, value: Value, op: Op) -> Ref:
        """An operand of an op that is kept; products take views as they are, loops rows."""
        ref = self.ref(value)
        as_it_is = (op.prim is MATMUL and is_basic_view(ref)) or (bool(op.regions) and is_row(ref))
        return ref if as_it_is else self.whole(value, op)

    def whole(self, value: Value, op: Op) -> Ref:
        """A reference to all of one array: a copy where it is a part or a view."""
        ref = self.ref(value)
        if value.type.is_scalar or ref.is_identity:
            return ref
        return self.append(self.map(None, op, (ref,), value, ref.shape))

    def dim(self, op: Op) -> None:
        """A size, read off whatever has it where it is needed."""
        dim = op.args[0].type.shape[op.params["axis"]]
        self.env[op.out] = self.size(dim, op)

    def size(self, dim: Dim, op: Op) -> Ref:
        """Refer to the integer that a dimension is."""
        if isinstance(dim, int):
            return self.constant(dim)
        if dim not in self.size_values:
            out = Value(INT, dim, op.loc, dim)
            made = replace(op, prim=DIM, args=(), params={}, outs=(out,), regions=())
            node = self.map(DIM, made, (), out, ())
            if dim in self.stacks:
                node.after = (self.stacks[dim],)
            self.add(node, out)
        return self.ref(self.size_values[dim])

    # -- views -----------------------------------------------------------------------------

    def viewed(self, op: Op) -> None:
        source = self.ref(op.args[0])
        shape = op.out.type.shape
        if op.prim is STOP_GRADIENT:
            self.env[op.out] = source
            return
        if op.prim is BROADCAST:
            entries = self._broadcast_entries(op)
        elif op.prim is TRANSPOSE:
            perm = op.params["perm"]
            entries = [Entry(perm.index(axis)) for axis in range(len(perm))]
        elif op.prim is GET:
            entries = self._index_entries(op.params["spec"], op.args[1:], shape)
        else:
            entries = self._reshaped_entries(op)
        self._view_stands_for(op, self.view(source, op, entries, shape))

    def _view_stands_for(self, op: Op, ref: Ref) -> None:
        """An array is read where it is used, a scalar at once."""
        if op.out.type.is_scalar:
            self.add(self.map(None, op, (ref,), op.out, ()), op.out)
        else:
            self.env[op.out] = ref

    def _broadcast_entries(self, op: Op) -> list[Entry]:
        shape = op.out.type.shape
        entries = []
        for axis, dim in zip(op.params["axes"], op.args[0].type.shape, strict=True):
            if dim == 1 and shape[axis] != 1:
                entries.append(self._first(shape))
            else:
                entries.append(Entry(axis))
        return entries

    def _first(self, shape: Shape) -> Entry:
        return Entry(at=spread(self.constant(0).base, shape))

    def _index_entries(
        self, spec: Sequence[str], operands: Sequence[Value], shape: Shape
    ) -> list[Entry]:
        entries: list[Entry] = []
        axis = 0
        for item, own in split_operands(spec, operands):
            if item == AT:
                entries.append(Entry(at=spread(self.ref(own[0]).base, shape)))
                continue
            if item == ALL:
                entries.append(Entry(axis))
            else:
                start = None if own[0].size == 0 else self.ref(own[0])
                step = None if own[2].size == 1 else self.ref(own[2])
                entries.append(Entry(axis, None, start, step))
            axis += 1
        return entries

    def _reshaped_entries(self, op: Op) -> list[Entry]:
        """Axes of size 1 come and go; the others keep their order."""
        shape = op.out.type.shape
        kept = [axis for axis, dim in enumerate(shape) if dim != 1]
        return [
            self._first(shape) if dim == 1 else Entry(kept.pop(0)) for dim in op.args[0].type.shape
        ]

    # -- checks -----------------------------------------------------------------------------

    def _is_there(self, op: Op) -> bool:
        """Whether a check of sizes is one of an array: one that is there, or becomes a result."""
        ref = self.ref(op.args[0])
        return ref.is_identity and (isinstance(ref.base, Value) or op.out in self.yields)

    def check(self, op: Op, prim: Primitive, left: Ref, right: Ref, what: str) -> Node:
        """Append a comparison of integers that has to hold."""
        holds = self.computed(prim, op, (left, right), DType.BOOL)
        out = Value(BOOL, "ok", op.loc)
        params = {"error": "ValueError", "what": what}
        made = replace(op, prim=CHECK, args=(out,), params=params, outs=(out,), regions=())
        node = Node(Form.SINGLE, made, (), (holds,))
        self.append(node)
        return node

    def expected(self, op: Op) -> None:
        """Compare sizes, and from then on compute the operand over those that are expected."""
        ref, shape = self.ref(op.args[0]), op.out.type.shape
        what = op.params["what"] or f"line {op.loc.line}: {UNEQUAL}"
        checks = [
            self.check(op, EQ, self.size(have, op), self.size(want, op), what)
            for have, want in zip(ref.shape, shape, strict=True)
            if have != want
        ]
        renamed = _Renaming(self, dict(zip(ref.shape, shape, strict=True)))
        node = self.map(None, op, (renamed.ref(ref),), op.out, shape)
        node.after = tuple(checks)
        self.add(node, op.out)

    def not_empty(self, op: Op, dims: Iterable[Dim]) -> tuple[Node, ...]:
        """Check that there is something to take an extremum of, where one is wanted."""
        checks: list[Node] = []
        if 0 in op.out.type.shape:
            return ()
        for dim in dims:
            if (dim == 0 or isinstance(dim, str)) and dim not in self.positive:
                self.positive.add(dim)
                size, zero = self.size(dim, op), self.constant(0)
                what = f"{PurePath(op.loc.file).name}:{op.loc.line}: {_NOTHING[op.prim]}"
                self.checks[dim] = self.check(op, GT, size, zero, what)
            if dim in self.checks:
                checks.append(self.checks[dim])
        return tuple(checks)

    # -- reductions and products -----------------------------------------------------------

    def reduction(self, op: Op) -> None:
        """A sum or extremum over some axes."""
        ref, axes = self.ref(op.args[0]), tuple(op.params["axes"])
        if not axes:
            self._view_stands_for(op, ref)
            return
        node = Node(Form.REDUCE, op, ref.shape, (ref,), op.out, op.prim, axes)
        if op.prim is not SUM and not op.params.get("empty"):
            node.after = self.not_empty(op, [ref.shape[axis] for axis in axes])
        self.add(node, op.out)

    def search(self, op: Op) -> None:
        """Move the axis that is searched to the end."""
        axis, shape = op.params["axis"], op.args[0].type.shape
        others = [k for k in range(len(shape)) if k != axis]
        order = [*others, axis]
        entries = [Entry(order.index(k)) for k in range(len(shape))]
        moved = tuple(shape[k] for k in order)
        ref = self.view(self.ref(op.args[0]), op, entries, moved)
        node = Node(Form.REDUCE, op, moved, (ref,), op.out, op.prim, (len(shape) - 1,))
        node.after = self.not_empty(op, [shape[axis]])
        self.add(node, op.out)

    def product(self, op: Op) -> None:
        """A product of matrices as a sum of products of elements."""
        left, right = (self.ref(arg) for arg in op.args)
        rows, columns = left.shape[:-1], right.shape[1:]
        inner = left.shape[-1]
        # the sum runs in the middle, over rows in memory; last where it is short
        last = not columns or (isinstance(inner, int) and inner <= 8)
        order = [*rows, *columns, inner] if last else [*rows, inner, *columns]
        shape = tuple(order)
        summed = len(shape) - 1 if last else len(rows)
        column = [Entry(len(shape) - 1 if not last else len(rows))] if columns else []
        row = [Entry(0)] if rows else []
        a = self.view(left, op, [*row, Entry(summed)], shape)
        b = self.view(right, op, [Entry(summed), *column], shape)
        terms = self.computed(MUL, op, (a, b), op.out.type.dtype)
        self.add(Node(Form.REDUCE, op, shape, (terms,), op.out, SUM, (summed,)), op.out)

    # -- updates ---------------------------------------------------------------------------

    def store(self, op: Op) -> None:
        """Write a part of an array."""
        shape = op.args[1].type.shape
        entries = self._index_entries(op.params["spec"], op.args[2:], shape)
        self._store(op, op.prim, self.ref(op.args[1]), entries)

    def _store(self, op: Op, prim: Primitive, value: Ref, entries: Sequence[Entry]) -> None:
        node = Node(Form.STORE, op, value.shape, (value,), op.out, prim)
        node.updates = Ref(self.whole(op.args[0], op).base, tuple(entries), value.shape)
        self.nodes.append(node)
        self.env[op.out] = identity(node, op.out.type.shape)

    def pick(self, op: Op) -> None:
        """One element of each row: an index that is computed for each."""
        rows, shape = self.ref(op.args[0]), op.out.type.shape
        entries = self._label_entries(op, op.args[1], rows.shape)
        self._view_stands_for(op, self.view(rows, op, entries, shape))

    def pick_add(self, op: Op) -> None:
        """Add to one element of each row."""
        entries = self._label_entries(op, op.args[2], op.args[0].type.shape)
        self._store(op, ADD_AT, self.ref(op.args[1]), entries)

    def _label_entries(self, op: Op, labels: Value, rows: Shape) -> list[Entry]:
        shape = labels.type.shape
        size = self.size(rows[-1], op)
        out = Value(labels.type, "label", op.loc)
        checked = replace(op, prim=WRAP, args=(), params={"line": op.loc.line}, outs=(out,))
        inputs = (self.ref(labels), spread(size.base, shape))
        index = self.append(self.map(WRAP, checked, inputs, out, shape))
        return [*(Entry(axis) for axis in range(len(shape))), Entry(at=index)]


class _Renaming:
    """References, and the maps of a region that they are made of, over sizes of other names.

    What an outer region has made is there as it is: only how it is referred to changes.
    """

    def __init__(self, graph: Graph, dims: Mapping[Dim, Dim]) -> None:
        self.graph, self.dims = graph, dims
        self.own = frozenset(graph.nodes)
        self.copies: dict[Node, Base] = {}

    def ref(self, ref: Ref) -> Ref:
        entries = tuple(
            entry if entry.at is None else replace(entry, at=self.ref(entry.at))
            for entry in ref.entries
        )
        return Ref(self._base(ref.base), entries, self._shape(ref.shape))

    def _base(self, base: Base) -> Base:
        is_map = isinstance(base, Node) and base.form is Form.MAP and bool(base.shape)
        if not isinstance(base, Node) or not is_map or base not in self.own:
            return base
        if base not in self.copies:
            inputs = tuple(self.ref(operand) for operand in base.inputs)
            copy = replace(base, inputs=inputs, shape=self._shape(base.shape))
            self.copies[base] = self.graph.append(copy).base
        return self.copies[base]

    def _shape(self, shape: Shape) -> Shape:
        return tuple(self.dims.get(dim, dim) for dim in shape)


def _only_ones_move(op: Op) -> bool:
    """Whether a reshape only adds or drops axes of size 1."""
    if op.prim is not RESHAPE:
        return False
    source, target = (
        [dim for dim in type.shape if dim != 1] for type in (op.args[0].type, op.out.type)
    )
    return source == target


def _is_scalar(op: Op) -> bool:
    return len(op.outs) == 1 and all(value.type.is_scalar for value in (*op.args, *op.outs))


def worth_a_call(op: Op) -> bool:
    """Whether a product is one of matrices, and not a tiny one."""
    left, right = (arg.type for arg in op.args)
    if left.rank + right.rank == 2 or not left.is_float:
        return False
    dims = (*left.shape, *right.shape[1:])
    count = 1
    for dim in dims:
        if not isinstance(dim, int):
            return True
        count *= dim
    return count > SMALL_PRODUCT
