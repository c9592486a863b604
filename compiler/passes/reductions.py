"""What sums and extrema start from, and how they take in one more element."""

from __future__ import annotations

from gradc.ir.core import Value
from gradc.ir.types import DType
from gradc.passes.frames import Frame
from gradc.passes.loop_nodes import Form, Node
from gradc.prims.arithmetic import ADD
from gradc.prims.compare import GT, LAND, LNOT, LOR, LT, SELECT
from gradc.prims.elementary import ISNAN, MAXIMUM, MINIMUM
from gradc.prims.shape import ARGMAX, ARGMIN, MAX, SUM, least

SEARCHES = frozenset({ARGMAX, ARGMIN})


def accumulates(node: Node) -> bool:
    """Whether a reduction sums up in an array, not in a scalar for each element."""
    if node.form is not Form.REDUCE or not node.out_shape:
        return False
    return 0 in node.axes or len(node.shape) - 1 not in node.axes


def start_of(node: Node) -> tuple[float | int, DType]:
    """What a reduction starts from."""
    assert node.out is not None
    searches = node.prim in SEARCHES
    dtype = node.op.args[0].type.dtype if searches else node.out.type.dtype
    if node.prim is SUM:
        return (0.0 if dtype.is_float else 0), dtype
    return least(dtype, larger=node.prim in (MAX, ARGMAX)), dtype


def combined(frame: Frame, node: Node, total: Value, value: Value, name: str) -> Value:
    emit = frame.builder.emit
    if node.prim is SUM:
        return emit(ADD, (total, value), name=name)
    if value.type.is_float:
        return emit(MAXIMUM if node.prim is MAX else MINIMUM, (total, value), name=name)
    better = emit(GT if node.prim is MAX else LT, (value, total))
    return emit(SELECT, (better, value, total), name=name)


def search(frame: Frame, node: Node, value: Value, index: Value) -> None:
    """Keep the first extremum and its place; the first NaN counts as one, as in NumPy."""
    best_cell, place_cell = node.cells
    best, place = frame.read(best_cell), frame.read(place_cell)
    emit = frame.builder.emit
    better = emit(GT if node.prim is ARGMAX else LT, (value, best))
    if value.type.is_float:
        fresh = emit(LNOT, (emit(ISNAN, (best,)),))
        better = emit(LOR, (better, emit(LAND, (emit(ISNAN, (value,)), fresh))))
    frame.write(best_cell, emit(SELECT, (better, value, best), name=best_cell.name))
    frame.write(place_cell, emit(SELECT, (better, index, place), name=place_cell.name))
