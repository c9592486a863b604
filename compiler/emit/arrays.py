"""How the structured primitives are written: whatever is not described by a template.

One function per primitive, in the table at the end: ``text(op, args, writer) -> Expr``, where
`args` are the texts of the operands. Updates of arrays are statements and are written by
:mod:`gradc.emit.statements`, which takes index texts from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradc.analysis.storage import VIEWS
from gradc.emit import matrices
from gradc.emit.text import ANY, Expr, add, binary, call, integer, literal, tuple_of, tuple_text
from gradc.emit.writing import Text, Writer
from gradc.errors import InternalError
from gradc.ir.builder import DIM
from gradc.ir.core import Kind, Op, Primitive, Value
from gradc.ir.types import Dim, DType
from gradc.prims import checkpoints
from gradc.prims.arithmetic import CAST, SUB
from gradc.prims.define import ATOM, COMPARE, PRODUCT
from gradc.prims.index import ALL, AT, GET, PICK, WRAP, split_operands
from gradc.prims.index_sets import JOIN, JOIN_ALL, JOIN_EACH, JOIN_ROWS
from gradc.prims.linalg import MATMUL
from gradc.prims.loops import FIRST_CAPACITY, GROW, TAPE, TRIP
from gradc.prims.rows import LOGSUMEXP, SOFTMAX
from gradc.prims.scans import CUMSUM
from gradc.prims.shape import (
    ARGMAX,
    ARGMIN,
    BROADCAST,
    COPY,
    EMPTY,
    MAX,
    MIN,
    RESHAPE,
    REUSE,
    SUM,
    TRANSPOSE,
    ZEROS,
    least,
)
from gradc.prims.sorting import ARGSORT, FROM_ORDER_SHARED, IN_ORDER, IN_ORDER_SHARED


def structured(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    """Write an op that has no template.

    Raises
    ------
    InternalError
        For a primitive that is not in the table.
    """
    text = _TABLE.get(op.prim) or matrices.TABLE.get(op.prim)
    if text is None:
        raise InternalError(f"{op.prim.name} (from {op.loc}) has no text in generated programs")
    return text(op, args, writer)


# -- sizes and shapes ---------------------------------------------------------------------------


def _dim(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    return Expr(f"{args[0].at(ATOM)}.shape[{op.params['axis']}]")


def _broadcast(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    source, axes, rank = args[0], op.params["axes"], len(op.args) - 1
    if axes and axes[-1] - axes[0] + 1 == len(axes) and axes[-1] == rank - 1:
        spread = source  # NumPy adds the missing axes in front
    elif axes:
        items = [":" if axis in axes else "None" for axis in range(axes[0], rank)]
        spread = Expr(f"{source.at(ATOM)}[{', '.join(items)}]")
    else:
        spread = source
    if writer.is_implicit(op.out):
        return spread
    return call("np.broadcast_to", spread, tuple_of(args[1:]))


def _transpose(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    perm = tuple(op.params["perm"])
    if perm == tuple(range(len(perm))):
        return args[0]
    if perm == tuple(reversed(range(len(perm)))):
        return Expr(f"{args[0].at(ATOM)}.T")
    if writer.style == "numpy" and perm == (*range(len(perm) - 2), len(perm) - 1, len(perm) - 2):
        return Expr(f"{args[0].at(ATOM)}.mT")
    return call("np.transpose", args[0], tuple_text(perm))


def _reshape(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    source, target = op.args[0].type, op.out.type
    if target.is_scalar:
        zeros = ", ".join("0" for _ in source.shape)
        return Expr(f"{args[0].at(ATOM)}[{zeros}]") if source.shape else args[0]
    if source.is_scalar:
        return call("np.full", tuple_of(args[1:]), args[0], *_dtype_argument(target.dtype))
    index = _new_axes(source.shape, target.shape)
    if index is not None:
        return Expr(f"{args[0].at(ATOM)}[{index}]") if index else args[0]
    whole = args[0]
    if writer.style == "loops" and not _is_contiguous(op.args[0], writer):
        whole = call("np.ascontiguousarray", whole)  # numba reshapes nothing else
    return Expr(f"{whole.at(ATOM)}.reshape({tuple_of(args[1:])})")


def _new_axes(source: Sequence[Dim], target: Sequence[Dim]) -> str | None:
    """The index that does no more than insert axes of size 1, such as ``:, None``."""
    items: list[str] = []
    rest = list(source)
    for dim in target:
        if rest and dim == rest[0]:
            items.append(":")
            rest.pop(0)
        elif dim == 1:
            items.append("None")
        else:
            return None
    if rest:
        return None
    return ", ".join(items) if len(target) > len(source) else ""


def _is_contiguous(value: Value, writer: Writer) -> bool:
    """Whether an array is certainly contiguous: an argument, or made by an op and no view."""
    maker = writer.maker(value)
    if maker is None:
        return writer.is_argument(value)
    return maker.prim not in VIEWS and maker.prim.kind is not Kind.CONTROL


# -- reductions ---------------------------------------------------------------------------------


def _reduction(function: str) -> Text:
    def text(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
        axes = op.params["axes"]
        if not axes:
            return _copy(op, args, writer)
        keywords = {}
        if len(axes) != op.args[0].type.rank:
            keywords["axis"] = tuple_text(axes)
        if op.params.get("empty"):
            dtype = op.out.type.dtype
            worst = literal(least(dtype, larger=op.prim is MAX), dtype, typed=False)
            keywords["initial"] = worst.at(ANY)
        return call(function, args[0], **keywords)

    return text


def _arg_extremum(function: str) -> Text:
    def text(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
        if op.args[0].type.rank == 1:
            return call(function, args[0])
        return call(function, args[0], axis=str(op.params["axis"]))

    return text


def _running_sum(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    axis, rank = op.params["axis"], op.args[0].type.rank
    along = {} if rank == 1 else {"axis": str(axis)}
    if not op.params["reverse"]:
        return call("np.cumsum", args[0], **along)
    backwards = f"[{', '.join([*[':'] * axis, '::-1'])}]"
    summed = call("np.cumsum", Expr(f"{args[0].at(ATOM)}{backwards}"), **along)
    return Expr(f"{summed.at(ATOM)}{backwards}")


# -- parts of arrays ----------------------------------------------------------------------------


def _get(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    index = index_text(op.params["spec"], op.args[1:], op.args[0].type.shape, writer)
    return Expr(f"{args[0].at(ATOM)}{index}")


def index_text(
    spec: Sequence[str], operands: Sequence[Value], shape: Sequence[Dim], writer: Writer
) -> str:
    """The index in brackets; axes taken whole are left out at the end.

    A slice that goes backwards cannot say where it stops without a case for the first element,
    so it is cut to its size by an index of its own: ``x[i::-1][:n]``.
    """
    items: list[str] = []
    sizes: list[str] = []
    for (item, own), dim in zip(split_operands(spec, operands), shape, strict=True):
        if item == AT:
            items.append(writer.expr(own[0]).at(0))
        elif item == ALL:
            items.append(":")
            sizes.append(":")
        else:
            text, size = _slice_text(own[0], own[1], own[2], dim, writer)
            items.append(text)
            sizes.append(size)
    while len(items) > 1 and items[-1] == ":":
        items.pop()
    text = f"[{', '.join(items)}]"
    if all(size == ":" for size in sizes):
        return text
    while sizes[-1] == ":":
        sizes.pop()
    return f"{text}[{', '.join(sizes)}]"


def _slice_text(
    start: Value, size: Value, step: Value, dim: Dim, writer: Writer
) -> tuple[str, str]:
    """A slice, and the slice that cuts what it selects to its size."""
    first = "" if start.size == 0 else writer.expr(start).at(0)
    if isinstance(step.size, int) and step.size > 0:
        every = "" if step.size == 1 else f":{step.size}"
        return f"{first}:{_stop_text(start, size, step.size, dim, writer)}{every}", ":"
    every = writer.expr(step).at(0)
    if step.size == -1 and size.size == dim:
        return "::-1", ":"
    return f"{first}::{every}", f":{writer.expr(size).at(0)}"


def _stop_text(start: Value, size: Value, step: int, dim: Dim, writer: Writer) -> str:
    if start.size == 0 and size.size == dim and step == 1:
        return ""
    maker = writer.maker(size)
    if step == 1 and maker is not None and maker.prim is SUB:
        whole, less = maker.args
        if less is start or (less.size is not None and less.size == start.size):
            return "" if whole.size == dim else writer.expr(whole).at(0)
    length = writer.expr(size)
    if step != 1:
        length = binary(length, "*", integer(step), PRODUCT)
    return add(writer.expr(start), length).at(0)


def pick_text(rows: Expr, labels: Expr, rank: int) -> str:
    """One element of each row, as an index expression."""
    if rank == 1:
        return f"{rows.at(ATOM)}[{labels.at(0)}]"
    if rank == 2:
        return f"{rows.at(ATOM)}[np.arange(len({labels.at(0)})), {labels.at(0)}]"
    raise InternalError(f"pick of an array of rank {rank} has no text in generated programs")


def _pick(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    return Expr(pick_text(args[0], args[1], op.args[0].type.rank))


def _wrap(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    return call(writer.helper("wrap"), args[0], args[1], str(op.params["line"]))


# -- creation and conversion --------------------------------------------------------------------


def _dtype_argument(dtype: DType) -> list[str]:
    return [] if dtype is DType.F64 else [f"np.{dtype.numpy_name}"]


def _creation(function: str) -> Text:
    def text(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
        type = op.out.type
        if type.is_scalar:
            return call(f"np.{type.dtype.numpy_name}", "0")
        if writer.is_like(op.out):
            return call(f"{function}_like", args[0])
        return call(function, tuple_of(args), *_dtype_argument(type.dtype))

    return text


def _tape(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    sizes = tuple_of([integer(FIRST_CAPACITY), *args])
    return call("np.empty", sizes, *_dtype_argument(op.out.type.dtype))


def _copy(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    return args[0] if op.out.type.is_scalar else Expr(f"{args[0].at(ATOM)}.copy()")


def _cast(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    dtype = op.params["dtype"]
    if dtype is DType.BOOL:
        return binary(args[0], "!=", integer(0), COMPARE)
    if op.out.type.is_scalar:
        return call(f"np.{dtype.numpy_name}", args[0])
    return Expr(f"{args[0].at(ATOM)}.astype(np.{dtype.numpy_name})")


# -- linear algebra and rows --------------------------------------------------------------------


def _matmul(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    if writer.style == "numpy":
        return binary(args[0], "@", args[1], PRODUCT)
    return call(writer.helper("dot"), *args)


def _helper(name: str) -> Text:
    return lambda op, args, writer: call(writer.helper(name), *args)


_TABLE: Mapping[Primitive, Text] = {
    DIM: _dim,
    BROADCAST: _broadcast,
    TRANSPOSE: _transpose,
    RESHAPE: _reshape,
    SUM: _reduction("np.sum"),
    MAX: _reduction("np.max"),
    MIN: _reduction("np.min"),
    ARGMAX: _arg_extremum("np.argmax"),
    ARGMIN: _arg_extremum("np.argmin"),
    CUMSUM: _running_sum,
    GET: _get,
    PICK: _pick,
    WRAP: _wrap,
    ARGSORT: _helper("argsort"),
    IN_ORDER: _helper("in_order"),
    IN_ORDER_SHARED: _helper("in_order_shared"),
    FROM_ORDER_SHARED: _helper("from_order_shared"),
    ZEROS: _creation("np.zeros"),
    EMPTY: _creation("np.empty"),
    TAPE: _tape,
    GROW: _helper("grow"),
    TRIP: lambda op, args, writer: call("len", range_text(op.args, writer)),
    COPY: _copy,
    REUSE: lambda op, args, writer: args[0],
    CAST: _cast,
    MATMUL: _matmul,
    SOFTMAX: _helper("softmax"),
    **{record: _helper(record.name) for record in checkpoints.RECORDS},
    LOGSUMEXP: _helper("logsumexp"),
    JOIN: _helper("join"),
    JOIN_ALL: _helper("join_all"),
    JOIN_EACH: _helper("join_each"),
    JOIN_ROWS: _helper("join_rows"),
}


def range_text(bounds: Sequence[Value], writer: Writer) -> str:
    """A call of ``range``, without what is the default."""
    start, _, step = bounds
    args = [writer.expr(value).at(0) for value in bounds]
    if step.size == 1:
        args = args[1:2] if start.size == 0 else args[:2]
    return f"range({', '.join(args)})"
