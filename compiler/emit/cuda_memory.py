"""Where the arrays of a per-sample program lie once it is a CUDA kernel.

An array that the program makes and returns lies in the output, in the row of the sample. Any
other array lies in the thread's own memory, which has to be known in size when the kernel is
compiled and is the same each time the statement is reached. What has no such place is refused,
with the line of the source that asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

from gradc.analysis.storage import StorageClasses
from gradc.emit.cuda_carried import Buffers
from gradc.emit.cuda_sizes import largest_sizes
from gradc.emit.plan import Plan
from gradc.errors import Diagnostics, UnsupportedFunctionError
from gradc.ir.builder import CONST, DIM
from gradc.ir.control import IF
from gradc.ir.core import Function, Kind, Op, Primitive, Value
from gradc.ir.routines import routine_of
from gradc.ir.types import Dim, Type
from gradc.ir.walk import all_ops
from gradc.prims.index import ADD_AT, ALL, AT, GET, PUT
from gradc.prims.loops import GROW, TAPE
from gradc.prims.routines import CALL
from gradc.prims.shape import AGAIN, COPY, EMPTY, EXPECT, RESHAPE, STOP_GRADIENT, TRANSPOSE, ZEROS
from gradc_runtime.special import ON_DEVICE

# Bytes of its own that a thread may have. The hardware's limit is 512 KiB, but the driver sets
# the same aside for every thread that the device could run at once.
MOST_BYTES = 32 * 1024

MAKERS = frozenset({EMPTY, ZEROS, COPY})


@dataclass(slots=True)
class Memory:
    """Where arrays lie.

    Attributes
    ----------
    rows : dict
        From the value of an op that makes an array to the number of the result that it is.
    local : dict
        From the value of an op to the sizes of the thread's own array that it is a part of, or
        that its operand is copied to before it gets another shape.
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
    order = Order(function)
    bounds = largest_sizes(function)
    problems = Diagnostics()
    _refuse_tapes(function, problems)
    problems.raise_if_any()
    total = 0
    for op in all_ops(function.body):
        if op.prim.kind is Kind.CONTROL or plan.is_dead(op):
            continue
        if any(out in plan.implicit for out in op.outs):
            continue
        if op.prim is CALL:
            problems.add(
                op.loc,
                f"{routine_of(op).name} calls itself, which is not available in CUDA kernels",
                "write it as a loop",
                UnsupportedFunctionError,
            )
            continue
        if is_array_maker(op):
            total += _place(op, op.out.type, bounds, memory, total, problems)
        elif is_reshaped(op) and not order.is_contiguous(op.args[0]):
            total += _place(op, op.args[0].type, bounds, memory, total, problems)
        elif (special := special_function(op.prim)) and special not in ON_DEVICE:
            problems.add(
                op.loc,
                f"special.{special}, which is called here or in the derivative, is not available"
                " in CUDA kernels",
                f"those that are: {', '.join(ON_DEVICE)}",
                UnsupportedFunctionError,
            )
        elif not _is_known(op, plan):
            problems.add(
                op.loc,
                f"{op.prim.name} of whole arrays is not available in CUDA kernels",
                "write it as a loop over elements",
            )
    problems.raise_if_any()
    return memory


def special_function(prim: Primitive) -> str:
    """The function of :mod:`gradc_runtime.special` that a primitive is written with, or nothing."""
    found = re.match(r"special\.(\w+)", prim.texts.scalar)
    return found[1] if found else ""


def _refuse_tapes(function: Function, problems: Diagnostics) -> None:
    for op in all_ops(function.body):
        if op.prim in (TAPE, GROW):
            problems.add(
                op.loc,
                "a loop that runs until a condition changes keeps values for the gradient, and a "
                "CUDA thread has no memory that grows",
                'use a loop over range(n), or target="cpu"',
            )


def _place(
    op: Op,
    type: Type,
    bounds: Mapping[str, int],
    memory: Memory,
    total: int,
    problems: Diagnostics,
) -> int:
    """Give an array to the thread; return how many bytes that takes."""
    if op.out in memory.rows:
        return 0
    sizes = _known_sizes(type.shape, bounds)
    if sizes is None:
        problems.add(
            op.loc,
            "this makes an array whose size is not known when the kernel is compiled, and a CUDA "
            "thread has no memory for it",
            'use sizes that do not depend on data, or target="cpu"',
        )
        return 0
    count = prod(sizes) * type.dtype.numpy.itemsize
    if total <= MOST_BYTES < total + count:
        problems.add(
            op.loc,
            f"each sample needs {total + count} bytes for intermediate arrays, and a CUDA thread "
            f"has {MOST_BYTES}",
            'use smaller arrays for each sample, or target="cpu"',
        )
    memory.local[op.out] = sizes
    return count


def is_array_maker(op: Op) -> bool:
    """Whether an op makes an array."""
    return op.prim in MAKERS and not op.out.type.is_scalar


def is_reshaped(op: Op) -> bool:
    """Whether an op is the same elements of an array under other sizes."""
    return op.prim is RESHAPE and bool(op.args[0].type.shape) and bool(op.out.type.shape)


def _known_sizes(shape: tuple[Dim, ...], bounds: Mapping[str, int]) -> tuple[int, ...] | None:
    """The sizes, or what they do not exceed, where all of them have such a number."""
    sizes = [bounds.get(dim) if isinstance(dim, str) else dim for dim in shape]
    known = tuple(size for size in sizes if size is not None)
    return known if len(known) == len(sizes) else None


def _is_known(op: Op, plan: Plan) -> bool:
    """Whether kernels have a text for an op."""
    arrays = [value for value in (*op.args, *op.outs) if not value.type.is_scalar]
    if not arrays or op.prim in (AGAIN, DIM, CONST, GET, EXPECT, STOP_GRADIENT):
        return True
    if op.prim is RESHAPE:
        return not op.args[0].type.is_scalar
    if op.prim is TRANSPOSE:
        perm = tuple(op.params["perm"])
        return perm in (tuple(range(len(perm))), tuple(reversed(range(len(perm)))))
    if op.prim in (PUT, ADD_AT):
        value = op.args[1]
        spread = value in plan.implicit
        return not spread or (op.prim is PUT and plan.made_by[value].args[0].type.is_scalar)
    return False


class Order:
    """Which arrays have their elements one after the other in memory."""

    def __init__(self, function: Function) -> None:
        self.buffers = Buffers(function)

    def is_contiguous(self, value: Value) -> bool:
        """Whether an array is known to be in C order without gaps."""
        value = self.buffers.of(value)
        op = self.buffers.makers.get(value)
        if op is None:
            return True  # an argument, or a buffer that a loop carries
        if op.prim is IF:
            number = op.outs.index(value)
            return all(self.is_contiguous(region.yields[number]) for region in op.regions)
        if op.prim is GET:
            parts = op.params["spec"]
            rows = parts.count(AT)
            leading = (AT,) * rows + (ALL,) * (len(parts) - rows)
            return tuple(parts) == leading and self.is_contiguous(op.args[0])
        if op.prim in MAKERS:  # a part of its memory, where sizes change
            return all(isinstance(dim, int) for dim in op.out.type.shape[1:])
        return op.prim is RESHAPE


# -- results --------------------------------------------------------------------------------------


def _find_rows(function: Function, memory: Memory) -> None:
    """Let results be made where they are returned.

    That is so for an array made once, outside of loops, that becomes one result by updates alone
    and lies in one buffer with no other.
    """
    storage = StorageClasses(function.body)
    buffers = Buffers(function)
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
            if maker in outside and buffers.of(result) is maker.out:
                memory.rows[maker.out] = number
