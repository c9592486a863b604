"""JAX: a function of gradc as part of a JAX program, differentiated by gradc.

>>> import jax
>>> from gradc.bridges.jax import function
>>> def energy(x, k):
...     total = 0.0
...     for i in range(len(x) - 1):
...         total += 0.5 * k * (x[i + 1] - x[i]) ** 2
...     return total
>>> jax.grad(jax.jit(function(energy)))(jax.numpy.array([0.0, 1.0, 3.0]), 2.0)
Array([-2., -2.,  4.], dtype=float32)
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Literal, Unpack

import jax
import numpy as np

from gradc.bridges.calls import Call, Template, as_array, float_places
from gradc.errors import GradTypeError
from gradc.faces.containers import flatten, unflatten
from gradc.faces.options import OptionKeywords
from gradc.frontend.python import Static


def function(
    fun: Callable[..., Any],
    mode: Literal["reverse", "forward"] = "reverse",
    **options: Unpack[OptionKeywords],
) -> Callable[..., Any]:
    """A function that takes and returns JAX arrays, with the derivative that gradc writes.

    It is called back on the host by ``jax.pure_callback``, so it may stand inside ``jit`` and,
    sample by sample, inside ``vmap``.

    Parameters
    ----------
    fun : callable
        What gradc takes: a function of numbers and arrays, also in containers.
    mode : {"reverse", "forward"}
        Which rule JAX gets: ``custom_vjp``, for ``grad``, ``vjp`` and ``jacrev``, or
        ``custom_jvp``, for ``jvp`` and ``jacfwd``; each to any order. JAX refuses the other
        mode: it has no rule for both of a function that it cannot transpose.
    **options
        As for :func:`gradc.grad`.

    Returns
    -------
    callable
        Of positional arguments. JAX arrays are differentiated; everything else is a constant.
    """
    if mode not in ("reverse", "forward"):
        raise GradTypeError(f"mode={mode!r}; it is one of reverse, forward")
    call = Call.with_keywords(fun, options)
    bound = _bound if mode == "reverse" else _bound_forward

    def apply(*args: Any) -> Any:
        template, arrays = Template.of(args, jax.Array)
        types, spec = call.result_types(_examples(template, arrays))
        if any(isinstance(each, Static) for each in types):
            raise GradTypeError("what JAX calls returns numbers and arrays only")
        return unflatten(spec, list(bound(call, template)(*arrays)))

    functools.update_wrapper(apply, fun)
    return apply


def _bound(call: Call, template: Template) -> Callable[..., Any]:
    """The function of the arrays alone, to the leaves of its result, with its pullback."""

    def forward(*arrays: Any) -> tuple[Any, Any]:
        return ruled(*arrays), arrays

    def backward(arrays: Any, bars: Any) -> tuple[Any, ...]:
        args = _examples(template, arrays)
        seeds = [bar for bar in bars if jax.numpy.issubdtype(bar.dtype, jax.numpy.floating)]
        pullback = _bound(call.pullback(args), template.with_seeds(len(seeds)))
        by_place = dict(zip(float_places(args), pullback(*arrays, *seeds), strict=True))
        return tuple(
            by_place[place] if place in by_place else np.zeros(np.shape(array), jax.dtypes.float0)
            for place, array in zip(template.places, arrays, strict=True)
        )

    ruled: Any = jax.custom_vjp(functools.partial(_evaluated, call, template))
    ruled.defvjp(forward, backward)
    made: Callable[..., Any] = ruled
    return made


def _bound_forward(call: Call, template: Template) -> Callable[..., Any]:
    """The same with its pushforward."""
    ruled: Any = jax.custom_jvp(functools.partial(_evaluated, call, template))

    def rule(arrays: Any, dots: Any) -> tuple[Any, Any]:
        args = _examples(template, arrays)
        by_place = dict(zip(template.places, dots, strict=True))
        leaves = flatten(tuple(args))[0]
        # a constant that is a float has a tangent, which is zero
        tangents = [
            by_place.get(place, np.zeros_like(leaves[place])) for place in float_places(args)
        ]
        pushed = _bound_forward(call.pushforward(args), template.with_seeds(len(tangents)))
        made = iter(pushed(*arrays, *map(jax.numpy.asarray, tangents)))
        values = ruled(*arrays)
        return values, tuple(
            next(made)
            if jax.numpy.issubdtype(value.dtype, jax.numpy.floating)
            else np.zeros(value.shape, jax.dtypes.float0)
            for value in values
        )

    ruled.defjvp(rule)
    made: Callable[..., Any] = ruled
    return made


def _evaluated(call: Call, template: Template, *arrays: Any) -> tuple[Any, ...]:
    """The leaves of the result, computed on the host."""
    types, _ = call.result_types(_examples(template, arrays))
    wanted = [jax.ShapeDtypeStruct(*each) for each in types if isinstance(each, tuple)]

    def run(*given: Any) -> list[Any]:
        values, _ = call.values(template.filled([as_array(array) for array in given]))
        return [np.asarray(value, each.dtype) for value, each in zip(values, wanted, strict=True)]

    return tuple(jax.pure_callback(run, wanted, *arrays, vmap_method="sequential"))


def _examples(template: Template, arrays: Any) -> tuple[Any, ...]:
    """Arguments of the types of traced arrays; their sizes count, their values do not.

    A Python number that JAX differentiates by is handed on as one, with neither shape nor dtype.
    """
    types = [(np.shape(each), jax.numpy.result_type(each)) for each in arrays]
    return template.filled([as_array(np.ones(*each)) for each in types])


__all__ = ["function"]
