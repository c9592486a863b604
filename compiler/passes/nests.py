"""From scheduled nodes to loop nests over scalars.

A loop over the first axis of its nodes is made by taking each node at one index: what is left
is a node over the other axes, and the body of the loop is scheduled like a program of its own.
A node without axes is a scalar op, a load or a store. So ``y[i, j] = exp(x[i, j]) / s[i]`` comes
out as two loops, with the sum that makes ``s[i]`` in between inside the outer one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gradc.errors import InternalError
from gradc.ir.builder import DIM
from gradc.ir.core import Op, Primitive, Value
from gradc.ir.types import Dim, Type
from gradc.passes.buffers import Buffers
from gradc.passes.frames import Frame
from gradc.passes.fusion import Group, Plan, plan, schedule
from gradc.passes.kept_rows import rows_kept
from gradc.passes.loop_nodes import (
    Base,
    Cell,
    Entry,
    Form,
    Node,
    Ref,
    Target,
    identity,
    scalar,
    spread,
)
from gradc.passes.loop_rows import read_through, row_of, row_target, store_of, written_by
from gradc.passes.readers_first import readers_first
from gradc.passes.reductions import SEARCHES, accumulates, combined, search, start_of
from gradc.passes.views import pulled
from gradc.prims.arithmetic import ADD, MUL
from gradc.prims.index import ADD_AT, AT, GET, PUT
from gradc.prims.shape import EMPTY, SUM, ZEROS

Single = Callable[[Frame, Node], None]


@dataclass(slots=True)
class Nests:
    """Emits nodes.

    Attributes
    ----------
    single : callable
        Emits an op that is kept as it is.
    values : dict of Node to Value
        Scalar results.
    arrays : dict of Node to Cell
        Results that are arrays.
    targets : dict of Node to Target
        Reductions whose results lie in part of an array.
    """

    single: Single
    values: dict[Node, Value] = field(default_factory=dict)
    arrays: dict[Node, Cell] = field(default_factory=dict)
    targets: dict[Node, Target] = field(default_factory=dict)

    # -- blocks ----------------------------------------------------------------------------

    def block(
        self,
        frame: Frame,
        nodes: Iterable[Node],
        makers: Mapping[Value, Node] | None = None,
        results: Iterable[Base] = (),
    ) -> None:
        """Emit nodes into a frame; afterwards the arrays that are results are there as they are."""
        results = frozenset(results)
        wanted = [base for base in results if isinstance(base, Node)]
        wanted += frame.sizes.values()
        ready = rows_kept(readers_first(pulled(nodes, wanted)), results)
        made = schedule(ready, makers, frame.sizes)
        planned = plan(made, ready, wanted)
        buffers = Buffers(planned, makers or {}, frame.owned, results)
        for place, group in enumerate(planned.groups):
            if group.dim is None:
                for node in group.nodes:
                    self.point(frame, node)
            elif group.nodes:
                self.group(frame, group, buffers, place)

    def group(self, frame: Frame, group: Group, buffers: Buffers, place: int) -> None:
        """Emit a loop, with arrays for what is needed elsewhere."""
        stored: dict[Node, Target] = {}
        overwriting: dict[Node, Node] = {}  # the store that writes a map over an operand
        nodes = list(group.nodes)
        for node in group.nodes:
            if node.form is Form.REDUCE and node.target is not None:
                self.targets[node] = node.target
            elif node in buffers.plan.arrays:
                old = buffers.take(node, place, group.nodes) if frame.is_root else None
                if old is not None:
                    overwriting[node] = self.write_over(node, old, buffers.plan, nodes)
                else:
                    stored[node] = self.new_array(frame, node)
        for node in nodes:
            if node.form is Form.STORE and node.target is None:
                self.take_over(frame, node, nodes)
        for node, store in overwriting.items():
            if store.target is not None:
                self.arrays[node] = store.target.cell
        renamed = {node: self.reading_cells(node, nodes) for node in nodes}
        self.loop(frame, group, renamed, stored)

    def size(self, root: Frame, dim: Dim) -> Value:
        """The integer that a size is."""
        frame: Frame | None = root
        while frame is not None and isinstance(dim, str):
            node = frame.sizes.get(dim)
            if node is not None and node in self.values:
                return self.values[node]
            frame = frame.outer
        return root.builder.size(dim)

    # -- arrays that are written -----------------------------------------------------------

    def new_array(self, frame: Frame, node: Node) -> Target:
        """Make the array that holds the result of a node."""
        assert node.out is not None
        shape = node.out_shape
        out = node.out
        cell = Cell(Type(out.type.dtype, shape), out.name, out.loc, out.named)
        self.arrays[node] = cell
        target = identity(cell, shape)
        sums_up = accumulates(node)
        zeros = sums_up and node.prim is SUM and frame.is_root
        root = frame.root
        loc, role = node.op.loc, node.op.role
        with root.builder.at(loc, role):
            dims = tuple(self.size(root, dim) for dim in shape)
            params = {"dtype": out.type.dtype}
            made = Value(cell.type, out.name, loc)
            prim = ZEROS if zeros else EMPTY
            root.builder.append(Op(prim, dims, params, (made,), (), loc, role))
        root.write(cell, made)
        frame.changes_within(cell)
        if sums_up and not zeros:
            self.fill(frame, node, target)
        return Target(cell, target.entries)

    def fill(self, frame: Frame, node: Node, target: Ref) -> None:
        """Set an array to what a reduction starts from."""
        with frame.root.builder.at(node.op.loc, node.op.role):
            start = frame.root.builder.const(*start_of(node))
        value = spread(start, target.shape)
        filling = Node(Form.STORE, node.op, target.shape, (value,), node.out, PUT)
        assert isinstance(target.base, Cell)
        filling.target = Target(target.base, target.entries)
        self.block(frame, [filling])

    def write_over(self, node: Node, old: Ref, planned: Plan, nodes: list[Node]) -> Node:
        """Let the result of a map be the next version of an operand; return what stores it."""
        assert node.out is not None
        others = list(node.inputs)
        is_operand = old in others
        if is_operand:
            others.remove(old)  # once: of ``x + x`` the other operand is the same reference
        used_here = any(user in nodes for user, _ in planned.uses.get(node, ()))
        store = Node(Form.STORE, node.op, node.shape, (), node.out)
        if node.prim is ADD and is_operand and not used_here:
            store.inputs, store.prim = tuple(others), ADD_AT
            nodes.remove(node)
        else:
            store.inputs, store.prim = (identity(node, node.shape),), PUT
        store.updates = old
        nodes.append(store)
        return store

    def take_over(self, frame: Frame, node: Node, nodes: Sequence[Node]) -> None:
        """Let a store write to the next version of the array that it updates."""
        assert node.updates is not None
        assert node.out is not None
        before = node.updates.base
        if isinstance(before, Node) and before in nodes and before.target is not None:
            cell = before.target.cell  # one of a chain of sums
        else:
            old = self.array(frame, before)
            cell = Cell(old.type, node.out.name, node.out.loc, node.out.named)
            frame.write(cell, old)
        node.target = Target(cell, node.updates.entries)
        self.arrays[node] = cell

    def reading_cells(self, node: Node, others: Sequence[Node]) -> Node:
        """Let a node read what a store of its loop overwrites right after it."""
        stores = [
            other
            for other in others[others.index(node) :]
            if other.form is Form.STORE and other.updates is not None
        ]
        inputs = tuple(read_through(ref, stores) for ref in node.inputs)
        if all(new is old for new, old in zip(inputs, node.inputs, strict=True)):
            return node
        return replace(node, inputs=inputs)

    # -- loops -----------------------------------------------------------------------------

    def loop(
        self,
        frame: Frame,
        group: Group,
        nodes: Mapping[Node, Node],
        stored: Mapping[Node, Target],
    ) -> None:
        """Emit a loop over the first axis of nodes."""
        ready: dict[Node, Node] = {}
        for old, node in nodes.items():
            ready[old] = self.with_accumulator(frame, node, stored.get(old))
        changing = {cell for node in ready.values() for cell in written_by(node)}
        changing |= {target.cell for target in stored.values()}
        inner = frame.loop(changing)
        assert inner.index is not None
        index = scalar(inner.index)
        rows: dict[Node, Node] = {}
        for old, node in ready.items():
            rows[old] = row_of(node, index, rows, row_target(old, node, stored, index, rows))
            rows[old].is_element |= old in stored
        body = list(rows.values())
        for node, target in stored.items():
            if rows[node].target is None and 0 not in node.axes:
                body.append(store_of(node, rows[node], target, index))
        self.block(inner, body)
        first = next(iter(nodes.values()))
        inner.close(self.bounds(frame, group.dim), first)
        for old, node in ready.items():
            self.finish(frame, old, node, nodes[old])

    def bounds(self, frame: Frame, dim: Dim | None) -> tuple[Value, Value, Value]:
        """Start, stop and step of a loop."""
        assert dim is not None
        builder = frame.root.builder
        return builder.const(0), self.size(frame.root, dim), builder.const(1)

    # -- reductions ------------------------------------------------------------------------

    def with_accumulator(self, frame: Frame, node: Node, target: Target | None) -> Node:
        """Give a reduction over the first axis the variables that it needs."""
        if node.form is not Form.REDUCE or 0 not in node.axes or node.cells:
            return node
        if node.out_shape:
            if node.target is not None:
                return node
            if target is None:
                target = self.new_array(frame, node)
            return replace(node, target=target)
        assert node.out is not None
        with frame.builder.at(node.op.loc, node.op.role):
            number, dtype = start_of(node)
            starts = [frame.builder.const(number, dtype)]
            if node.prim in SEARCHES:
                starts.append(frame.builder.const(0))
        name, loc = node.out.name, node.out.loc
        size = node.out.size if node.keeps_out else None
        cells = tuple(Cell(start.type, name, loc, node.out.named, size) for start in starts)
        if len(cells) == 2:
            cells[0].name, cells[0].named, cells[0].size = "best", False, None
        for cell, start in zip(cells, starts, strict=True):
            frame.write(cell, start)
        return replace(node, cells=cells)

    def finish(self, frame: Frame, old: Node, node: Node, before: Node) -> None:
        """Make the result of a reduction over the first axis known."""
        if node.form is not Form.REDUCE or 0 not in node.axes:
            return
        if node.out_shape:
            if before.target is None and node.target is not None:
                self.arrays[old] = node.target.cell
        elif not before.cells:
            result = frame.read(node.cells[-1])
            if before.target is not None:
                with frame.builder.at(node.op.loc, node.op.role):
                    self.combine_at(frame, node, before.target, result)
            else:
                self.values[old] = result

    def combine(self, frame: Frame, node: Node) -> None:
        """Take one more element into a reduction."""
        (value,) = (self.load(frame, ref) for ref in node.inputs)
        if not node.cells:
            if node.target is not None:
                self.combine_at(frame, node, node.target, value)
                return
            self.values[node] = value
            return
        if node.prim in SEARCHES:
            assert node.index is not None
            search(frame, node, value, self.load(frame, node.index))
            return
        (cell,) = node.cells
        total = combined(frame, node, frame.read(cell), value, cell.name)
        frame.write(cell, total)

    def combine_at(self, frame: Frame, node: Node, target: Target, value: Value) -> None:
        """Take one more element into an element of an array."""
        if node.prim is SUM:
            self.write(frame, ADD_AT, target, value)
            return
        old = self.load(frame, Ref(target.cell, target.entries, ()))
        self.write(frame, PUT, target, combined(frame, node, old, value, target.cell.name))

    # -- points ----------------------------------------------------------------------------

    def point(self, frame: Frame, node: Node) -> None:
        """Emit a node without axes."""
        if node.form is Form.SINGLE:
            self.single(frame, node)
            return
        with frame.builder.at(node.op.loc, node.op.role):
            if node.form is Form.MAP:
                self.values[node] = self.element(frame, node)
            elif node.form is Form.REDUCE:
                self.combine(frame, node)
            else:
                if node.target is None:
                    self.take_over(frame, node, ())
                assert node.target is not None
                assert node.prim is not None
                (value,) = (self.load(frame, ref) for ref in node.inputs)
                self.write(frame, node.prim, node.target, value)

    def element(self, frame: Frame, node: Node) -> Value:
        """One element of a map."""
        assert node.out is not None
        if node.prim is DIM and node.out.size is not None:
            return frame.root.builder.size(node.out.size)
        args = [self.load(frame, ref, node) for ref in node.inputs]
        if node.prim is None:
            return args[0]
        if node.is_element:
            return frame.builder.emit(node.prim, args, params_of(node), name=node.out.name)
        if node.keeps_out:
            frame.builder.append(replace(node.op, args=tuple(args)))
            frame.builder.symbols.note(node.out)
            return node.out
        return self.emit(frame, node.prim, args, params_of(node), node.out)

    def emit(
        self,
        frame: Frame,
        prim: Primitive,
        args: Sequence[Value],
        params: Mapping[str, object],
        like: Value,
    ) -> Value:
        """Append a scalar op whose result is called like another value."""
        (type,) = prim.infer(args, params)
        out = frame.builder.value(type, like.name, named=like.named)
        loc, role = frame.builder.loc, frame.builder.role
        frame.builder.append(Op(prim, tuple(args), params, (out,), (), loc, role))
        return out

    def load(self, frame: Frame, ref: Ref, like: Node | None = None) -> Value:
        """The value of a reference without axes."""
        base = ref.base
        if isinstance(base, Node) and base in self.values:
            return self.values[base]
        if isinstance(base, Value) and base.type.is_scalar:
            return base
        entries = ref.entries
        if isinstance(base, Node) and base in self.targets:
            base, entries = _seen_through(ref, self.targets[base])
        array = self.array(frame, base)
        indices = [self.position(frame, entry) for entry in entries]
        params = {"spec": (AT,) * len(indices)}
        if like is not None and like.prim is None and like.out is not None:
            if like.keeps_out:
                op = replace(like.op, prim=GET, args=(array, *indices), params=params)
                frame.builder.append(op)
                frame.builder.symbols.note(like.out)
                return like.out
            return self.emit(frame, GET, [array, *indices], params, like.out)
        return frame.builder.emit(GET, [array, *indices], params, name=array.name)

    def array(self, frame: Frame, base: Base) -> Value:
        """The array that a base is."""
        if isinstance(base, Node):
            if base not in self.arrays:
                raise InternalError(f"{base} was not made into an array")
            base = self.arrays[base]
        return frame.read(base) if isinstance(base, Cell) else base

    def position(self, frame: Frame, entry: Entry) -> Value:
        """The index that an entry of a reference without axes stands for."""
        if entry.at is None:
            raise InternalError("an index depends on an axis that is not there")
        position = self.load(frame, entry.at)
        if entry.step is not None:
            position = frame.builder.emit(MUL, (self.load(frame, entry.step), position))
        if entry.start is not None:
            position = frame.builder.emit(ADD, (self.load(frame, entry.start), position))
        return position

    def write(self, frame: Frame, prim: Primitive, target: Target, value: Value) -> None:
        """Write an element of an array."""
        cell = target.cell
        array = frame.read(cell)
        indices = [self.position(frame, entry) for entry in target.entries]
        params = {"spec": (AT,) * len(indices)}
        out = Value(array.type, cell.name, frame.builder.loc, None, cell.named)
        loc, role = frame.builder.loc, frame.builder.role
        args = (array, value, *indices)
        frame.builder.append(Op(prim, args, params, (out,), (), loc, role))
        frame.write(cell, out)


def _seen_through(ref: Ref, target: Target) -> tuple[Cell, tuple[Entry, ...]]:
    """An element of what a reduction sums up in part of an array, as an element of that array."""
    entries = tuple(
        entry if entry.axis is None else ref.entries[entry.axis] for entry in target.entries
    )
    return target.cell, entries


def params_of(node: Node) -> Mapping[str, object]:
    """The parameters of what a map computes."""
    return node.op.params if node.prim is node.op.prim else {}
