"""The front end for Python functions: source text to IR."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradc.frontend.python.lower import Leaf, Lowered, Static, lower
from gradc.frontend.python.sharing import Memory, Outside
from gradc.frontend.python.tables import tables
from gradc_runtime.collector import less_collecting

__all__ = ["Leaf", "Lowered", "Memory", "Outside", "Static", "lower_function"]


@less_collecting()
def lower_function(
    fn: Callable[..., Any],
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    as_they_come: bool = False,
) -> Lowered:
    """Read a Python function and build its IR for arguments of given types.

    Parameters
    ----------
    fn : callable
        A plain function, lambda, closure, method, ``functools.partial`` or numba dispatcher. Its
        source is read, it is not called.
    args, kwargs
        For each argument a :class:`Leaf` (a value at run time), a :class:`Static` (a constant of
        the compiled function), or a tuple, list, dict, named tuple or dataclass of those. Size
        symbols in the types are unique over all leaves; a size of 1 is the integer 1.
    as_they_come : bool
        Whether sizes that are known at run time only may be 0 and 1 wherever Python lets them.

    Returns
    -------
    Lowered

    Raises
    ------
    UnsupportedSyntaxError, UnsupportedFunctionError, AliasingError, GradTypeError
        Where the function uses what gradc does not take: with file, line and column, and with all
        problems of the function at once.
    """
    return lower(tables(), fn, args, {} if kwargs is None else kwargs, as_they_come)
