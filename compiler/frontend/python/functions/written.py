"""The functions of :mod:`gradc.frontend.python.written`, as handlers, and what those ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.common import is_none
from gradc.frontend.python.functions.elementwise import stop_gradient
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import RefusedError
from gradc.frontend.python.promote import Kind, promote
from gradc.frontend.python.refs import NONE, Constant, Generated, Ref, Tuple, is_listed
from gradc.frontend.python.written import (
    accumulations,
    choosing,
    counts,
    creation,
    differences,
    floats,
    integers,
    joining,
    mathematics,
    matrices,
    missing,
    padding,
    polynomials,
    quantiles,
    reductions,
    sets,
    signals,
    special,
    spectra,
    statistics,
    support,
    windows,
)

REGISTRY = Registry()

_MODULES: tuple[Any, ...] = (
    accumulations,
    choosing,
    counts,
    creation,
    differences,
    floats,
    integers,
    joining,
    mathematics,
    matrices,
    missing,
    padding,
    polynomials,
    quantiles,
    reductions,
    sets,
    signals,
    special,
    spectra,
    statistics,
    windows,
)


def _reader(function: Callable[..., Any]) -> Callable[..., Ref]:
    """A handler that reads a function written in Python at the place of the call."""

    def handler(ctx: Lowering, *args: Ref, **kwargs: Ref) -> Ref:
        # a comprehension whose length is known at run time only is an array of what it makes
        given = [common.as_operand(ctx, ref) if isinstance(ref, Generated) else ref for ref in args]
        return ctx.library(function, *given, **kwargs)

    handler.__doc__ = function.__doc__
    return handler


for _module in _MODULES:
    for _key, _function in _module.FUNCTIONS.items():
        REGISTRY.function(_key)(_reader(_function))
    for _key, _function in getattr(_module, "COMPLEX", {}).items():
        REGISTRY.complex(_key)(_reader(_function))
    for _name, _function in getattr(_module, "METHODS", {}).items():
        REGISTRY.method(_name)(_reader(_function))


@REGISTRY.function(support.refuse)
def refuse(ctx: Lowering, message: Ref, hint: Ref = NONE) -> Ref:
    """Refuse the call that is being read."""
    raise RefusedError(
        str(ctx.constant(message, "the message")),
        None if is_none(hint) else str(ctx.constant(hint, "the hint")),
    )


@REGISTRY.function(normalize_axis_tuple)
def axis_tuple(ctx: Lowering, axis: Ref, ndim: Ref) -> Ref:
    """Axes counted from the front, in the order given."""
    rank = common.integer_constant(ctx, ndim, "the number of axes")
    return Tuple(tuple(Constant(one) for one in common.axes_in_order(ctx, axis, rank)))


@REGISTRY.function(support.stretches)
def stretches(ctx: Lowering, size: Ref) -> Ref:
    """Whether a size is known to be 1."""
    return Constant(ctx.integer(size, "a size").size == 1)


REGISTRY.function(support.held)(stop_gradient)


@REGISTRY.function(support.are_equal)
def are_equal(ctx: Lowering, left: Ref, right: Ref) -> Ref:
    """Whether two sizes are known to be equal."""
    sizes = [ctx.integer(ref, "a size").size for ref in (left, right)]
    return Constant(sizes[0] is not None and sizes[0] == sizes[1])


@REGISTRY.function(support.in_one)
def in_one(ctx: Lowering, tup: Ref) -> Ref:
    """A list of open length as one array."""
    return common.as_operand(ctx, tup) if is_listed(tup) else tup


@REGISTRY.function(support.may_be_empty)
def may_be_empty(ctx: Lowering, x: Ref) -> Ref:
    """Whether an array may turn out to have no elements, where sizes are taken as they come.

    An index into such an array is one of the things that the usual program takes for granted.
    """
    sizes = ctx.builder.sizes
    if not any(map(sizes.may_be_one, ctx.shape(x))):
        return Constant(False)
    if not sizes.as_they_come:
        sizes.assumed.add(ctx.builder.loc.line)
    return Constant(sizes.as_they_come)


@REGISTRY.function(normalize_axis_index)
def axis_index(ctx: Lowering, axis: Ref, ndim: Ref) -> Ref:
    """An axis counted from the front."""
    return Constant(
        common.one_axis(ctx, axis, common.integer_constant(ctx, ndim, "the number of axes"))
    )


@REGISTRY.function(np.result_type)
def result_type(ctx: Lowering, *arrays_and_dtypes: Ref) -> Ref:
    """``np.result_type``."""
    kinds = [
        Kind(ctx.dtype(ref))
        if isinstance(ref, Constant) and isinstance(ref.value, np.dtype | type)
        else ctx.kind(common.as_operand(ctx, ref))
        for ref in arrays_and_dtypes
    ]
    return Constant(promote(kinds).dtype.numpy)
