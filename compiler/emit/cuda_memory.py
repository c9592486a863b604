"""Where the arrays of a per-sample program lie once it is a CUDA kernel.

An array that the program makes and returns lies in the output, in the row of the sample. Any
other array lies in the thread's own memory, which has to be known in size when the kernel is
compiled and is the same each time the statement is reached. What has no such place is refused,
with the line of the source that asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from gradc.analysis.storage import StorageClasses
from gradc.emit.plan import Plan
from gradc.errors import Diagnostics
from gradc.ir.builder import CONST, DIM
from gradc.ir.core import Function, Kind, Op, Value
from gradc.ir.types import Dim
from gradc.ir.walk import all_ops
from gradc.prims.index import ADD_AT, GET, PUT
from gradc.prims.loops import GROW, TAPE
from gradc.prims.shape import COPY, EMPTY, EXPECT, RESHAPE, STOP_GRADIENT, TRANSPOSE, ZEROS

# Bytes of its own that a thread may have. The hardware's limit is 512 KiB, but the driver sets
# the same aside for every thread that the device could run at once.
MOST_BYTES = 32 * 1024

MAKERS = frozenset({EMPTY, ZEROS, COPY})
_VIEWS = frozenset({GET, EXPECT, STOP_GRADIENT, RESHAPE, TRANSPOSE})


@dataclass(slots=True)
class Memory:
    """Where arrays lie.

    Attributes
    ----------
    rows : dict
        From the value of an op that makes an array to the number of the result that it is.
    local : dict
        From the value of an op that makes an array to the sizes of the thread's own array.
    """

    rows: dict[Value, int] = field(default_factory=dict)
    local: dict[Value, tuple[int, ...]] = field(default_factory=dict)


def place_arrays(function: Function, plan: Plan) -> Memory:
    """Find a place for each array that a program makes.

    Raises
    ------
    UnsupportedSyntaxError
        With every line that needs an array for which there is no place.
    """
    memory = Memory()
    _find_rows(function, memory)
    problems = Diagnostics()
    _refuse_tapes(function, problems)
    problems.raise_if_any()
    total = 0
    for op in all_ops(function.body):
        if op.prim.kind is Kind.CONTROL or plan.is_dead(op):
            continue
        if any(out in plan.implicit for out in op.outs):
            continue
        if op.prim in MAKERS and not op.out.type.is_scalar:
            total += _place(op, memory, total, problems)
        elif not _is_known(op, plan):
            problems.add(
                op.loc,
                f"{op.prim.name} of whole arrays is not available in CUDA kernels",
                "write it as a loop over elements",
            )
    problems.raise_if_any()
    return memory


def _refuse_tapes(function: Function, problems: Diagnostics) -> None:
    for op in all_ops(function.body):
        if op.prim in (TAPE, GROW):
            problems.add(
                op.loc,
                "a loop that runs until a condition changes keeps values for the gradient, and a "
                "CUDA thread has no memory that grows",
                'use a loop over range(n), or target="cpu"',
            )


def _place(op: Op, memory: Memory, total: int, problems: Diagnostics) -> int:
    """Give an array to the thread; return how many bytes that takes."""
    if op.out in memory.rows:
        return 0
    sizes = known_sizes(op.out.type.shape)
    if sizes is None:
        problems.add(
            op.loc,
            "this makes an array whose size is not known when the kernel is compiled, and a CUDA "
            "thread has no memory for it",
            'use sizes that do not depend on data, or target="cpu"',
        )
        return 0
    count = prod(sizes) * op.out.type.dtype.numpy.itemsize
    if total <= MOST_BYTES < total + count:
        problems.add(
            op.loc,
            f"each sample needs {total + count} bytes for intermediate arrays, and a CUDA thread "
            f"has {MOST_BYTES}",
            'use smaller arrays for each sample, or target="cpu"',
        )
    memory.local[op.out] = sizes
    return count


def known_sizes(shape: tuple[Dim, ...]) -> tuple[int, ...] | None:
    """The sizes, where all of them are numbers."""
    sizes = tuple(dim for dim in shape if isinstance(dim, int))
    return sizes if len(sizes) == len(shape) else None


def _is_known(op: Op, plan: Plan) -> bool:
    """Whether kernels have a text for an op."""
    arrays = [value for value in (*op.args, *op.outs) if not value.type.is_scalar]
    if not arrays or op.prim in _VIEWS or op.prim in (DIM, CONST):
        return True
    if op.prim in (PUT, ADD_AT):
        value = op.args[1]
        spread = value in plan.implicit
        return not spread or (op.prim is PUT and plan.made_by[value].args[0].type.is_scalar)
    return False


# -- results --------------------------------------------------------------------------------------


def _find_rows(function: Function, memory: Memory) -> None:
    """Let results be made where they are returned.

    That is so for an array made once, outside of loops, whose buffer is that of one result and
    of nothing that was there before.
    """
    storage = StorageClasses(function)
    makers: dict[Value, list[Op]] = {}
    for op in all_ops(function.body):
        if op.prim in MAKERS and not op.out.type.is_scalar:
            makers.setdefault(storage.of(op.out), []).append(op)
    outside = set(function.ops)
    taken = {storage.of(param) for param in function.params}
    for number, result in enumerate(function.results):
        if result.type.is_scalar:
            continue
        home = storage.of(result)
        found = makers.get(home, [])
        others = [other for other in function.results if storage.of(other) is home]
        if len(found) == 1 and len(others) == 1 and home not in taken:
            (maker,) = found
            if maker in outside and maker.out.type == result.type:
                memory.rows[maker.out] = number
