"""Array ops become loop nests over scalars, fused where they run over the same elements.

Before::

    def f(x: f64[n], y: f64[n]):
        d: f64[n] = sub(x, y)
        q: f64[n] = mul(d, d)
        s: f64 = sum(q, axes=(0,))
        return (s,)

After::

    def f(x: f64[n], y: f64[n]):
        lo: i64(0) = const(dtype='i64', value=0)
        ...
        with for_(lo, n, one, zero) as (i, s):
            x_1: f64 = get(x, i, spec=('at',))
            y_1: f64 = get(y, i, spec=('at',))
            d: f64 = sub(x_1, y_1)
            q: f64 = mul(d, d)
            s_1: f64 = add(s, q)
            yield_(s_1)
        s_2: f64 = outs()
        return (s_2,)

The ops of a region become nodes over iteration spaces (:mod:`~gradc.passes.loop_graph`), nodes
are put into common loops (:mod:`~gradc.passes.fusion`), and these are emitted
(:mod:`~gradc.passes.nests`). Broadcasts, transposes and slices turn into indices. Products of
matrices stay calls of BLAS unless ``blas=false``. Sums run from left to right, which is not
NumPy's pairwise order.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, IF
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import Dim
from gradc.ir.walk import all_ops, with_body
from gradc.passes.base import Context
from gradc.passes.expand import Expand
from gradc.passes.frames import Frame
from gradc.passes.loop_graph import REDUCTIONS, SEARCHES, Graph, worth_a_call
from gradc.passes.loop_nodes import Node, Ref, is_array, shape_of
from gradc.passes.nests import Nests
from gradc.prims.index import ALL, AT, GET, PICK, PICK_ADD, SLICE
from gradc.prims.linalg import MATMUL
from gradc.prims.shape import BROADCAST, COPY, TRANSPOSE


@dataclass(frozen=True, slots=True)
class Loops:
    """Lower array ops to loops.

    Attributes
    ----------
    blas : bool
        Whether products of matrices stay ops of their own; products of vectors and tiny
        matrices of known sizes become loops in any case.
    """

    name: ClassVar[str] = "loops"
    blas: bool = True

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with loops over scalars."""
        function = Expand().run(function, context)
        if not any(is_lowered(op, self.blas) for op in all_ops(function.body)):
            return function
        return _Lowering(self.blas).function(function)


def is_lowered(op: Op, blas: bool) -> bool:
    """Whether an op works on whole arrays. A row that a loop is handed may stay as it is."""
    prim = op.prim
    if prim is MATMUL:
        return not (blas and worth_a_call(op))
    if prim in REDUCTIONS | SEARCHES | {BROADCAST, PICK, PICK_ADD, TRANSPOSE}:
        return True
    if "spec" in op.params:
        return any(item != AT for item in op.params["spec"])
    return prim.pointwise and not op.out.type.is_scalar


@dataclass(slots=True)
class _Lowering:
    """Lowers the regions of one function, from the outside in."""

    blas: bool
    env: dict[Value, Ref] = field(default_factory=dict)
    positive: dict[Frame, frozenset[Dim]] = field(default_factory=dict)
    nests: Nests = field(init=False)

    def __post_init__(self) -> None:
        self.nests = Nests(self.single)

    def function(self, function: Function) -> Function:
        symbols = Symbols()
        symbols.taken |= Symbols.of(function).taken
        frame = Frame(Builder(symbols))
        return with_body(function, self.region(function.body, frame, frozenset()))

    def region(self, region: Region, frame: Frame, positive: frozenset[Dim]) -> Region:
        """Lower a region into a frame of its own; sizes `positive` are known to be."""
        for param in region.params:
            frame.builder.symbols.note(param)
        graph = Graph([], self.blas, self.env, frame.builder, region.yields, set(positive))
        for op in region.ops:
            graph.op(op)
        results = [self.result(value, graph) for value in region.yields]
        for dim, value in graph.size_values.items():
            maker = graph.ref(value).base
            node = maker if isinstance(maker, Node) else graph.makers.get(value)
            if node is not None:
                frame.sizes[dim] = node
        self.positive[frame] = frozenset(graph.positive)
        self.nests.block(frame, graph.nodes, graph.makers, [ref.base for ref in results])
        yields = tuple(self.value(frame, ref) for ref in results)
        return Region(region.params, tuple(frame.builder.ops), yields)

    def result(self, value: Value, graph: Graph) -> Ref:
        """What a region yields: a whole array, not a view of one."""
        ref = graph.ref(value)
        if value.type.is_scalar or ref.is_identity:
            return ref
        like = Op(COPY, (), {}, (value,), (), value.loc)
        return graph.append(graph.map(None, like, (ref,), value, ref.shape))

    def value(self, frame: Frame, ref: Ref) -> Value:
        """The value that a reference to a whole array or a scalar is."""
        if is_array(ref.base):
            return self.nests.array(frame, ref.base)
        return self.nests.load(frame, ref)

    # -- ops that stay ----------------------------------------------------------------------------

    def single(self, frame: Frame, node: Node) -> None:
        """Emit an op that is kept as it is, its regions lowered."""
        op = node.op
        args = tuple(self.operand(frame, ref, op) for ref in node.inputs)
        regions = tuple(self.inner(op, region, frame) for region in op.regions)
        frame.builder.append(replace(op, args=args, regions=regions))
        for out in op.outs:
            frame.builder.symbols.note(out)

    def inner(self, op: Op, region: Region, frame: Frame) -> Region:
        names = {region.params[0].name} if op.prim is FOR else set()
        carried = region.params if op.prim is not IF else ()
        inside = frame.region(frame.builder.child(), frozenset(names), frozenset(carried))
        return self.region(region, inside, self.positive[frame])

    def operand(self, frame: Frame, ref: Ref, op: Op) -> Value:
        """An operand of an op; a product takes parts and transposes of arrays as they are."""
        if ref.is_identity or not is_array(ref.base):
            return self.value(frame, ref)
        array = self.nests.array(frame, ref.base)
        with frame.builder.at(op.loc, op.role):
            return _view_op(frame, self.nests, array, ref)


def _view_op(frame: Frame, nests: Nests, array: Value, ref: Ref) -> Value:
    """Emit the ops that make a basic view of an array."""
    spec: list[str] = []
    operands: list[Value] = []
    kept: list[int] = []
    for entry, dim in zip(ref.entries, shape_of(ref.base), strict=True):
        if entry.axis is None:
            spec.append(AT)
            operands.append(nests.position(frame, entry))
            continue
        kept.append(entry.axis)
        if entry.is_plain and ref.shape[entry.axis] == dim:
            spec.append(ALL)
            continue
        spec.append(SLICE)
        zero, one = frame.builder.const(0), frame.builder.const(1)
        start = nests.load(frame, entry.start) if entry.start is not None else zero
        step = nests.load(frame, entry.step) if entry.step is not None else one
        operands += [start, nests.size(frame, ref.shape[entry.axis]), step]
    if any(item != ALL for item in spec):
        array = frame.builder.emit(GET, [array, *operands], {"spec": tuple(spec)}, array.name)
    if kept != sorted(kept):
        perm = tuple(kept.index(axis) for axis in range(len(kept)))
        array = frame.builder.emit(TRANSPOSE, [array], {"perm": perm}, array.name)
    return array
