"""Functions of real numbers that the records of the primitive table name.

``np.sin``, ``math.sin`` and ``scipy.special.jv`` need no line here: a record says what Python code
calls it. Functions of ``math`` take numbers and give a Python float; the others broadcast, promote,
and give what NumPy gives.
"""

from __future__ import annotations

from collections.abc import Callable

from gradc.frontend.python import arithmetic
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.common import as_operand
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import shapes
from gradc.frontend.python.promote import as_float, promote
from gradc.frontend.python.public import named_function
from gradc.frontend.python.refs import Constant, Ref, Scalar
from gradc.ir.core import Primitive
from gradc.ir.types import DType
from gradc.prims.table import TABLE

REGISTRY = Registry()


def apply_named(ctx: Lowering, prim: Primitive, refs: list[Ref], name: str) -> Ref:
    """Apply a function of real numbers, element by element; the result is a NumPy float."""
    kind = as_float(promote(ctx.kind(ref) for ref in refs))
    values = arithmetic.together(ctx, refs, kind.dtype, f"operands of {name}")
    return ctx.result(ctx.emit(prim, values))


def real(ctx: Lowering, x: Ref, title: str) -> Ref:
    """A number as a Python float."""
    if ctx.shape(x):
        raise shapes(f"math.{title} takes one number, not {ctx.describe(x)}", f"use np.{title}")
    return Scalar(ctx.value(x, DType.F64), weak=True)


def apply_to_numbers(ctx: Lowering, prim: Primitive, refs: list[Ref], title: str) -> Ref:
    """Apply a function of real numbers to numbers; the result is a Python float."""
    values = [ctx.value(real(ctx, ref, title)) for ref in refs]
    return Scalar(ctx.emit(prim, values), weak=True)


def _handler(prim: Primitive, name: str) -> Callable[..., Ref]:
    module, _, own = name.rpartition(".")
    written = name.replace("numpy.", "np.").replace("scipy.special", "special")
    arity = len(prim.at[0])

    def handler(ctx: Lowering, *operands: Ref) -> Ref:
        if len(operands) != arity:
            raise shapes(f"{written}() takes {arity} arguments, {len(operands)} are given")
        if all(isinstance(ref, Constant) and ctx.is_numeric(ref) for ref in operands):
            values = [ref.value for ref in operands if isinstance(ref, Constant)]
            return arithmetic.fold(named_function(name), *values)
        if module == "math":
            return apply_to_numbers(ctx, prim, list(operands), own)
        return apply_named(ctx, prim, [as_operand(ctx, ref) for ref in operands], written)

    return handler


def _register() -> None:
    for prim in TABLE.values():
        for name in prim.names:
            lazy = name.startswith("scipy.")
            key = name if lazy else named_function(name)
            if key is not None:
                REGISTRY.function(key)(_handler(prim, name))


_register()
