"""Loops under construction, with variables that become what the loops carry.

In the IR a loop changes nothing: it carries values in and out. A :class:`Frame` is the body of a
loop that is being written, and a :class:`~gradc.passes.loop_nodes.Cell` a variable in it.
Reading a cell that the loop changes makes it a parameter of the body; closing the frame makes
the loop, with what its cells held before as initial values.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gradc.errors import InternalError
from gradc.ir.builder import Builder
from gradc.ir.control import FOR
from gradc.ir.core import Op, Region, Value
from gradc.ir.types import INT
from gradc.passes.loop_nodes import Cell, Node

_INDEX_NAMES = ("i", "j", "k", "l", "m", "n")


@dataclass(eq=False, slots=True)
class Frame:
    """The ops of a region or of the body of a loop, and what cells hold there.

    Attributes
    ----------
    builder : Builder
    outer : Frame or None
    is_root : bool
        Whether it is the region in which a nest of loops stands.
    index : Value or None
        The index of the loop.
    changing : set of Cell
        The cells that the loop changes.
    sizes : dict of str to Node
        The nodes of a region that make the integers that sizes are.
    owned : frozenset of Value
        The arrays that the loop whose body a region is carries.
    """

    builder: Builder
    outer: Frame | None = None
    is_root: bool = True
    index: Value | None = None
    changing: set[Cell] = field(default_factory=set)
    params: dict[Cell, Value] = field(default_factory=dict)
    holds: dict[Cell, Value] = field(default_factory=dict)
    index_names: frozenset[str] = frozenset()
    sizes: dict[str, Node] = field(default_factory=dict)
    owned: frozenset[Value] = frozenset()

    @property
    def root(self) -> Frame:
        """The region around the nest of loops."""
        frame = self
        while not frame.is_root and frame.outer is not None:
            frame = frame.outer
        return frame

    def read(self, cell: Cell) -> Value:
        """What a cell holds now."""
        if cell not in self.holds:
            if self.outer is None:
                raise InternalError(f"{cell.name} is read before it is set")
            if cell not in self.changing:
                return self.outer.read(cell)
            param = self.builder.value(cell.type, cell.name, named=cell.named)
            self.params[cell] = self.holds[cell] = param
        return self.holds[cell]

    def write(self, cell: Cell, value: Value) -> None:
        """Let a cell hold a value."""
        self.holds[cell] = value

    def changes_within(self, cell: Cell) -> None:
        """Say that the loops from here to the root change a cell that the root holds."""
        frame: Frame | None = self
        while frame is not None and not frame.is_root:
            frame.changing.add(cell)
            frame = frame.outer

    def loop(self, changing: set[Cell]) -> Frame:
        """Start the body of a loop."""
        builder = self.builder.child()
        name = next(name for name in (*_INDEX_NAMES, "index") if name not in self.index_names)
        index = builder.value(INT, name)
        names = self.index_names | {name}
        return Frame(builder, self, False, index, set(changing), index_names=names)

    def region(
        self, builder: Builder, index_names: frozenset[str], owned: frozenset[Value]
    ) -> Frame:
        """Start a region of the program inside this one."""
        return Frame(builder, self, index_names=self.index_names | index_names, owned=owned)

    def close(self, bounds: tuple[Value, Value, Value], like: Node) -> None:
        """Append the loop to the frame around it."""
        outer, index = self.outer, self.index
        if outer is None or index is None:
            raise InternalError("the frame of a region is no loop")
        cells = list(self.params)
        inits = [outer.read(cell) for cell in cells]
        region = Region(
            (index, *(self.params[cell] for cell in cells)),
            tuple(self.builder.ops),
            tuple(self.holds[cell] for cell in cells),
        )
        with outer.builder.at(like.op.loc, like.op.role):
            outs = [
                outer.builder.value(c.type, c.name, c.size if outer.is_root else None, c.named)
                for c in cells
            ]
        args = (*bounds, *inits)
        outer.builder.append(Op(FOR, args, {}, tuple(outs), (region,), like.op.loc, like.op.role))
        for cell, out in zip(cells, outs, strict=True):
            outer.write(cell, out)
