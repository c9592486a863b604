"""``custom_vjp``, ``custom_jvp`` and ``check_rule``: functions that bring their own derivative."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Generic, ParamSpec, TypeVar, Unpack, overload

from gradc.errors import GradTypeError
from gradc.faces.options import OptionKeywords, chosen_options
from gradc.frontend.python.custom import CustomFunction

P = ParamSpec("P")
R = TypeVar("R")
Rule = TypeVar("Rule", bound=Callable[..., Any])


class Custom(Generic[P, R]):
    """A function with its own derivative; called from Python it is the function."""

    def __init__(self, function: Callable[P, R], nondiff_argnums: Sequence[int] = ()) -> None:
        if not callable(function):
            raise GradTypeError(f"a function belongs here, not {function!r}")
        self.function = function
        self.nondiff_argnums = tuple(nondiff_argnums)
        self.forward: Callable[..., Any] | None = None
        self.backward: Callable[..., Any] | None = None
        self.tangent: Callable[..., Any] | None = None
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function."""
        return self.function(*args, **kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Bind as a method does."""
        return self if instance is None else functools.partial(self, instance)

    def defvjp(self, forward: Callable[..., Any], backward: Callable[..., Any]) -> None:
        """Say what the derivative is in reverse mode.

        Parameters
        ----------
        forward : callable
            Takes the arguments of the function and returns ``(result, residuals)``: what the
            function returns, and whatever `backward` needs, in any containers.
        backward : callable
            ``backward(residuals, result_bar)`` returns a tuple with a cotangent for each
            argument, of its structure and shape, or None for none; with `nondiff_argnums`
            ``backward(*nondiff, residuals, result_bar)``, and no cotangents for those.
        """
        self.forward, self.backward = forward, backward

    def defjvp(self, rule: Rule) -> Rule:
        """Say what the derivative is in forward mode.

        Parameters
        ----------
        rule : callable
            ``rule(primals, tangents)`` takes the tuple of arguments and that of their tangents
            (None for what is no float) and returns ``(result, result_dot)``; with
            `nondiff_argnums` ``rule(*nondiff, primals, tangents)``.

        Returns
        -------
        callable
            The rule, so that this can be used as a decorator.
        """
        self.tangent = rule
        return rule

    @property
    def __gradc_custom__(self) -> CustomFunction:
        """What a call inside a compiled function means."""
        return CustomFunction(
            self.function, self.nondiff_argnums, self.forward, self.backward, self.tangent
        )


@overload
def custom_vjp(function: Callable[P, R], nondiff_argnums: Sequence[int] = ()) -> Custom[P, R]: ...


@overload
def custom_vjp(
    function: None = None, nondiff_argnums: Sequence[int] = ()
) -> Callable[[Callable[P, R]], Custom[P, R]]: ...


def custom_vjp(
    function: Callable[..., Any] | None = None, nondiff_argnums: Sequence[int] = ()
) -> Any:
    """Let a function bring its own derivative in reverse mode.

    Parameters
    ----------
    function : callable
    nondiff_argnums : sequence of int
        Positions of arguments that are not differentiated: they go to the rule as they are.

    Returns
    -------
    Custom
        The function, whose ``.defvjp(forward, backward)`` says what its derivative is. In forward
        mode the transpose of `backward` serves where `backward` is linear in the cotangent,
        unless there is a rule of its own, given with ``.defjvp``.

    Examples
    --------
    >>> import gradc
    >>> @gradc.custom_vjp
    ... def halved(x):
    ...     return x
    >>> def forward(x):
    ...     return x, None
    >>> def backward(residuals, y_bar):
    ...     return (0.5 * y_bar,)
    >>> halved.defvjp(forward, backward)
    >>> gradc.grad(lambda x: halved(x) ** 2)(3.0)
    3.0
    """
    if function is None:
        return lambda decorated: Custom(decorated, nondiff_argnums)
    return Custom(function, nondiff_argnums)


@overload
def custom_jvp(function: Callable[P, R], nondiff_argnums: Sequence[int] = ()) -> Custom[P, R]: ...


@overload
def custom_jvp(
    function: None = None, nondiff_argnums: Sequence[int] = ()
) -> Callable[[Callable[P, R]], Custom[P, R]]: ...


def custom_jvp(
    function: Callable[..., Any] | None = None, nondiff_argnums: Sequence[int] = ()
) -> Any:
    """Let a function bring its own derivative in forward mode.

    Parameters
    ----------
    function, nondiff_argnums
        As for :func:`custom_vjp`.

    Returns
    -------
    Custom
        The function, whose ``.defjvp(rule)`` says what its derivative is. In reverse mode the
        transpose of the rule serves, unless there is one of its own, given with ``.defvjp``.

    Examples
    --------
    >>> import gradc, numpy as np
    >>> @gradc.custom_jvp
    ... def log1pexp(x):
    ...     return np.log(1.0 + np.exp(x))
    >>> @log1pexp.defjvp
    ... def rule(primals, tangents):
    ...     (x,), (x_dot,) = primals, tangents
    ...     return log1pexp(x), x_dot / (1.0 + np.exp(-x))
    >>> gradc.grad(log1pexp)(0.0)
    0.5
    """
    return custom_vjp(function, nondiff_argnums)


def check_rule(
    function: Custom[..., Any], args: Sequence[Any], **options: Unpack[OptionKeywords]
) -> None:
    """Check the rule of a function at a point.

    The results of the rule's functions are compared with those of the function, each form of the
    rule with extrapolated differences along a random direction, and the two forms with each other
    where there are both.

    Parameters
    ----------
    function : Custom
        What :func:`custom_vjp` or :func:`custom_jvp` returned.
    args : sequence
        The point; float64 for a sharp check.
    **options
        As for :func:`gradc.grad`.

    Raises
    ------
    GradientCheckError
        Saying what differs, and by how much.
    """
    from gradc.faces.rule_check import check_custom

    if not isinstance(function, Custom):
        raise GradTypeError(f"a function with a rule of its own belongs here, not {function!r}")
    by_vjp = by_jvp = None
    if function.forward is not None and function.backward is not None:
        by_vjp = Custom(function.function, function.nondiff_argnums)
        by_vjp.defvjp(function.forward, function.backward)
    if function.tangent is not None:
        by_jvp = Custom(function.function, function.nondiff_argnums)
        by_jvp.defjvp(function.tangent)
    check_custom(function, by_vjp, by_jvp, args, chosen_options(options))
