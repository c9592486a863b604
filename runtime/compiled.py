"""What the helpers of :mod:`gradc_runtime.arrays` become in compiled programs.

The functions of that module are plain Python. Where a kernel is compiled they are replaced by
what is made here, which means the same; importing this module imports numba.
"""

from __future__ import annotations

import functools
import types as types_of_python
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numba
import numpy as np
from numba.core import cgutils
from numba.core import types as numba_types
from numba.core.errors import TypingError
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from gradc_runtime import (
    arrays,
    blas,
    compiled_sorting,
    index_sets,
    schedule,
    sorting,
    workspaces,
)
from gradc_runtime.caching import can_cache
from gradc_runtime.providers import compiled_form

types: Any = numba_types  # declares fewer types than it has


@intrinsic
def _wrap(context: Any, index: Any, size: Any, line: Any) -> Any:
    """:func:`gradc_runtime.arrays.wrap`, written into the kernel as it stands.

    As an ordinary function it would be called, and no loop around the call is vectorised; written
    out by numba's own inlining it takes most of a second to compile.
    """
    signature = types.int64(types.int64, types.int64, types.int64)
    return signature, _generate_wrap


def _generate_wrap(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    index, size, line = args
    negative = builder.icmp_signed("<", index, index.type(0))
    wrapped = builder.select(negative, builder.add(index, size), index)
    # one comparison for both ends: as an unsigned number a negative one is large
    outside = builder.icmp_unsigned(">=", wrapped, size)
    with builder.if_then(outside, likely=False):
        context.call_conv.return_dynamic_user_exc(
            builder,
            arrays.IndexOutOfRangeError,
            (line, index, size),
            tuple(signature.args[k] for k in (2, 0, 1)),
        )
    return wrapped


@intrinsic
def choose(context: Any, condition: Any, yes: Any, no: Any) -> Any:
    """:func:`gradc_runtime.arrays.choose`."""
    kind = context.unify_types(types.unliteral(yes), types.unliteral(no))
    if not isinstance(kind, types.Integer | types.Float | types.Boolean):
        raise TypingError(f"no choice between {yes} and {no}")

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pairs = zip(args[1:], signature.args[1:], strict=True)
        chosen, other = (context.cast(builder, arg, its, kind) for arg, its in pairs)
        return builder.select(args[0], chosen, other)

    return kind(types.boolean, yes, no), generate


def _extremum(sign: str) -> Any:
    """``max`` or ``min`` of two numbers, as Python has it: the first of two that are equal.

    numba compiles a function of its own for that of integers, through all of its passes.
    """

    @intrinsic
    def extremum(context: Any, a: Any, b: Any) -> Any:
        kind = context.unify_types(types.unliteral(a), types.unliteral(b))
        if not isinstance(kind, types.Integer | types.Float):
            raise TypingError(f"no order of {a} and {b}")

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pairs = zip(args, signature.args, strict=True)
            first, second = (context.cast(builder, arg, its, kind) for arg, its in pairs)
            if isinstance(kind, types.Float):
                other = builder.fcmp_ordered(sign, second, first)
            elif kind.signed:
                other = builder.icmp_signed(sign, second, first)
            else:
                other = builder.icmp_unsigned(sign, second, first)
            return builder.select(other, second, first)

        return kind(a, b), generate

    return extremum


# Python's own functions that stand for others in compiled programs.
BUILTINS: Mapping[str, Any] = {"max": _extremum(">"), "min": _extremum("<")}


@intrinsic
def _refuse_limit(context: Any, line: Any, needed: Any, limit: Any) -> Any:
    """:func:`gradc_runtime.schedule.refuse_limit`."""
    signature = types.int64(types.int64, types.int64, types.int64)
    return signature, _generate_refusal


def _generate_refusal(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    context.call_conv.return_dynamic_user_exc(
        builder, schedule.MemoryLimitError, tuple(args), tuple(signature.args)
    )
    builder.position_at_end(builder.append_basic_block("after_refusal"))
    return args[0]


@intrinsic
def _attempt(context: Any, function: Any, failed: Any, block: Any, *args: Any) -> Any:
    """:func:`gradc_runtime.arrays.attempt`."""
    given = args[0].types if isinstance(args[0], types.BaseTuple) else args
    inner = function.get_call_type(context, (block, *given), {})

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        compiled = function.dispatcher.get_compile_result(inner)
        context.active_code_library.add_linking_library(compiled.library)
        _, flags, number, rest = values
        passed = [number, *cgutils.unpack_tuple(builder, rest, len(given))]
        status, _ = context.call_internal_no_propagate(builder, compiled.fndesc, inner, passed)
        with builder.if_then(status.is_error, likely=False):
            array = make_array(failed)(context, builder, flags)
            place = builder.gep(array.data, [number])
            builder.store(cgutils.true_byte, place)
        return context.get_dummy_value()

    return types.none(function, failed, block, types.StarArgTuple(given)), generate


def counterpart(value: Any, names: Iterable[str], fastmath: bool) -> Any:
    """What a global name of a generated program stands for in its compiled form.

    `names` are all names that the program uses, and the element types of its arguments (``f4``).
    With `fastmath` elementary functions are those that loops can be vectorised with.
    """
    if value is np:
        from gradc_runtime.allocation import numpy_for
        from gradc_runtime.extrema import extrema
        from gradc_runtime.vector_math import vector_functions

        fast = {**vector_functions(names), **extrema(names)} if fastmath else {}
        return numpy_for(names, fast)
    if (made := compiled_form(value, names)) is not None:
        return made
    return counterparts().get(value, value) if callable(value) else value


@functools.cache
def counterparts() -> Mapping[Callable[..., Any], Any]:
    """For each helper that compiled programs may call, what it is there."""
    sorts = compiled_functions(compiled_sorting)
    return {
        arrays.wrap: _wrap,
        arrays.choose: choose,
        arrays.grow: numba.njit(arrays.grow),
        arrays.prange: numba.prange,
        arrays.attempt: _attempt,
        arrays.dot: blas.dot,
        arrays.workspace: workspaces.workspace,
        **compiled_functions(index_sets),
        sorting.argsort: sorts[compiled_sorting.argsort],
        sorting.in_order: sorts[compiled_sorting.in_order],
        sorting.in_order_shared: sorts[compiled_sorting.in_order_shared],
        sorting.from_order_shared: sorts[compiled_sorting.from_order_shared],
        **compiled_functions(schedule, refuse_limit=_refuse_limit),
    }


@functools.cache
def compiled_functions(
    module: types_of_python.ModuleType, **given: Any
) -> Mapping[Callable[..., Any], Any]:
    """The functions of a module of plain Python, compiled so that they call each other compiled.

    What is `given` stands in the place of a function. Nothing is compiled before it is called;
    what has been is found in numba's file cache.
    """
    own = {
        name: function
        for name, function in vars(module).items()
        if isinstance(function, types_of_python.FunctionType)
        and function.__module__ == module.__name__
    }
    namespace = dict(vars(module))
    made: dict[Callable[..., Any], Any] = {}
    for name, function in own.items():
        if name in given:
            namespace[name] = made[function] = given[name]
            continue
        copy = types_of_python.FunctionType(
            function.__code__, namespace, name, function.__defaults__
        )
        copy.__module__, copy.__qualname__ = module.__name__, name
        namespace[name] = made[function] = numba.njit(
            copy, error_model="numpy", nogil=True, cache=can_cache(function)
        )
    return made
