"""``debug_nans``: where the first infinity or NaN of a function or its derivative comes from."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Unpack

from gradc.errors import GradTypeError
from gradc.faces.functions import Argnums, Differentiated, ValueAndGradient
from gradc.faces.nonfinite import explain_nonfinite, is_finite
from gradc.faces.options import OptionKeywords, chosen_options


def debug_nans(
    function: Callable[..., Any], argnums: Argnums = 0, **options: Unpack[OptionKeywords]
) -> Callable[..., Any]:
    """A callable that says where an infinity or NaN comes from, instead of returning it.

    Calls run at full speed. Where a result is not finite, the program is run again, slowly, and the
    first operation that makes such a number out of finite ones, and from which it reaches the
    result, is reported with its line in the source and its operands.

    Parameters
    ----------
    function : callable
        A function of one float, which is taken with its gradient, or what :func:`gradc.grad` and
        its relatives return.
    argnums : int, str or sequence of them
        For a plain function: what to differentiate with respect to.
    **options
        For a plain function, as for :func:`gradc.grad`.

    Returns
    -------
    callable
        Of the same arguments: ``(value, gradient)`` for a plain function, else what the callable
        returns.

    Raises
    ------
    NonFiniteError
        By the callable; with file, line, operation, operands and loop indices.

    Examples
    --------
    >>> import gradc
    >>> def root(x):
    ...     return (x * x) ** 0.5
    >>> gradc.debug_nans(root)(0.0)  # doctest: +ELLIPSIS +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    gradc.errors.NonFiniteError: ... the derivative of this line is ...
    """
    derivative = function
    if not isinstance(function, Differentiated):
        derivative = ValueAndGradient(function, argnums, False, chosen_options(options))
    elif options:
        raise GradTypeError("the options are those of the derivative; pass none to debug_nans")

    def call(*args: Any, **kwargs: Any) -> Any:
        results = derivative(*args, **kwargs)
        if not is_finite(results):
            assert isinstance(derivative, Differentiated)
            raise explain_nonfinite(derivative, args, kwargs)
        return results

    return functools.update_wrapper(call, function, updated=())
