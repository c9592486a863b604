"""nutpie: sample a posterior whose log density and gradient are one kernel of gradc.

def log_posterior(slope, log_sigma, x, y):
    misses = (y - slope * x) / np.exp(log_sigma)
    return -0.5 * np.sum(misses**2) - len(y) * log_sigma - 0.5 * slope**2

model = log_density(log_posterior, {"slope": (), "log_sigma": ()}, {"x": x, "y": y})
trace = nutpie.sample(model, draws=1000, chains=4)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Unpack

import numpy as np
from nutpie.compiled_pyfunc import from_pyfunc

from gradc.api import value_and_grad
from gradc.errors import GradTypeError
from gradc.faces.options import OptionKeywords

Shape = tuple[int, ...]


def log_density(
    fun: Callable[..., Any],
    shapes: Mapping[str, Shape],
    data: Mapping[str, Any] | None = None,
    *,
    coords: Mapping[str, Any] | None = None,
    dims: Mapping[str, tuple[str, ...]] | None = None,
    **options: Unpack[OptionKeywords],
) -> Any:
    """A model for ``nutpie.sample``.

    Parameters
    ----------
    fun : callable
        ``fun(**variables, **data)`` returns the logarithm of the density, up to a constant, as
        one float. The variables range over all real numbers.
    shapes : mapping of name to tuple of int
        The variables; ``()`` for a number.
    data : mapping of name to value, optional
        The other arguments of `fun`.
    coords, dims : mapping, optional
        Coordinates, and the names of the axes of variables, for the trace.
    **options
        As for :func:`gradc.grad`.

    Returns
    -------
    nutpie.compiled_pyfunc.PyFuncModel
    """
    if not shapes:
        raise GradTypeError("a density needs at least one variable")
    given = dict(data or {})
    names = tuple(shapes)
    sizes = [math.prod(shape) for shape in shapes.values()]
    ends = np.cumsum([0, *sizes])
    derivative = value_and_grad(fun, argnums=names, **options)

    def variables(point: Any) -> dict[str, Any]:
        parts = {}
        for name, start, stop in zip(names, ends[:-1], ends[1:], strict=True):
            part = np.array(point[start:stop], float).reshape(shapes[name])
            parts[name] = part if shapes[name] else float(part)
        return parts

    def make_density() -> Callable[[Any], tuple[float, Any]]:
        def density(point: Any) -> tuple[float, Any]:
            value, gradient = derivative(**variables(point), **given)
            return value, np.concatenate([np.reshape(part, -1) for part in gradient])

        return density

    def make_expansion(*seeds: Any) -> Callable[[Any], dict[str, Any]]:
        return lambda point: {n: np.asarray(part) for n, part in variables(point).items()}

    # compiled here, so that a problem is reported before the chains start
    make_density()(np.zeros(int(ends[-1])))
    return from_pyfunc(
        int(ends[-1]),
        make_density,
        make_expansion,
        [np.dtype(np.float64)] * len(names),
        [tuple(shape) for shape in shapes.values()],
        list(names),
        coords=dict(coords or {}),
        dims=dict(dims or {}),
    )


__all__ = ["log_density"]
