"""Checks of rules that users wrote: against the function, differences, and each other."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from gradc.errors import GradientCheckError, GradTypeError
from gradc.faces.checking import SEED, directions, is_active
from gradc.faces.containers import flatten, unflatten
from gradc.faces.function_check import check_function
from gradc.faces.products import active_arguments, pullback_at, pushforward
from gradc.options import Options

# How far the two forms of one derivative may differ by rounding.
_ROUNDING = 1e-9


class WithRule(Protocol):
    """What has a rule: see :class:`gradc.rules.Custom`."""

    function: Callable[..., Any]
    nondiff_argnums: tuple[int, ...]
    forward: Callable[..., Any] | None
    backward: Callable[..., Any] | None
    tangent: Callable[..., Any] | None


def check_custom(
    custom: WithRule,
    in_reverse: Callable[..., Any] | None,
    in_forward: Callable[..., Any] | None,
    args: Sequence[Any],
    options: Options,
) -> None:
    """See :func:`gradc.rules.check_rule`.

    Parameters
    ----------
    custom : WithRule
    in_reverse, in_forward : callable or None
        The function with one form of the rule only, where it has that.
    """
    if in_reverse is None and in_forward is None:
        raise GradTypeError("there is no rule to check: give one with defvjp or defjvp")
    wanted = custom.function(*args)
    if custom.forward is not None:
        _same_value("the forward function", custom.forward(*args)[0], wanted)
    if custom.tangent is not None:
        _same_value("the rule of defjvp", _primal_of_tangent(custom, args), wanted)
    dual = [index % len(args) for index in custom.nondiff_argnums]
    fixed = _Fixed(args, dual)
    if in_reverse is not None:
        fixed.check(in_reverse, ("rev",), options)
    if in_forward is not None:
        fixed.check(in_forward, ("fwd",), options)
    if in_reverse is not None and in_forward is not None:
        fixed.compare(in_reverse, in_forward, options)


class _Fixed:
    """The arguments of a check, of which some stay as they are."""

    def __init__(self, args: Sequence[Any], fixed: Sequence[int]) -> None:
        self.args, self.fixed = tuple(args), set(fixed)
        self.free = [arg for index, arg in enumerate(args) if index not in self.fixed]

    def of_free(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function of the arguments that are differentiated, for what is no float."""
        if sorted(self.fixed) != list(range(len(self.fixed))):
            raise GradTypeError("check_rule takes nondiff_argnums that are the first arguments")
        return (
            functools.partial(function, *self.args[: len(self.fixed)]) if self.fixed else function
        )

    def check(self, function: Callable[..., Any], modes: tuple[str, ...], options: Options) -> None:
        """Compare one form with differences of the function."""
        check_function(self.of_free(function), self.free, 1, modes, options)

    def compare(
        self, reverse: Callable[..., Any], forward: Callable[..., Any], options: Options
    ) -> None:
        """Compare ``<y_bar, J x_dot>`` of one form with ``<J^T y_bar, x_dot>`` of the other."""
        rng = np.random.default_rng(SEED)
        leaves, spec = flatten(tuple(self.free))
        change = directions(leaves, rng)
        tangents = unflatten(
            spec,
            [
                each if each is None or np.ndim(leaf) else float(each)
                for leaf, each in zip(leaves, change, strict=True)
            ],
        )
        value, y_dot = pushforward(self.of_free(forward), self.free, tangents, options)
        _, pullback = pullback_at(self.of_free(reverse), self.free, options)
        results, out_spec = flatten(value)
        bars = [
            np.asarray(rng.standard_normal(np.shape(leaf))) if is_active(leaf) else leaf
            for leaf in results
        ]
        x_bars = pullback(unflatten(out_spec, bars))
        left = _inner(bars, flatten(y_dot)[0], [is_active(leaf) for leaf in results])
        active = active_arguments(self.free)
        right = 0.0
        position = 0
        for index, arg in enumerate(self.free):
            own = flatten(arg)[0]
            if index in active:
                given = flatten(x_bars[index])[0]
                right += _inner(
                    given,
                    change[position : position + len(own)],
                    [is_active(leaf) for leaf in own],
                )
            position += len(own)
        if not abs(left - right) <= _ROUNDING * max(abs(left), abs(right), 1.0):
            raise GradientCheckError(
                f"the two rules disagree: <y_bar, J x_dot> is {left:.12g} by defjvp, and "
                f"<J^T y_bar, x_dot> is {right:.12g} by defvjp"
            )


def _inner(left: Sequence[Any], right: Sequence[Any], active: Sequence[bool]) -> float:
    return sum(
        float(np.sum(np.asarray(one, float) * np.asarray(two, float)))
        for one, two, used in zip(left, right, active, strict=True)
        if used
    )


def _primal_of_tangent(custom: WithRule, args: Sequence[Any]) -> Any:
    assert custom.tangent is not None
    fixed = {index % len(args) for index in custom.nondiff_argnums}
    nondiff = [arg for index, arg in enumerate(args) if index in fixed]
    primals = tuple(arg for index, arg in enumerate(args) if index not in fixed)
    leaves, spec = flatten(primals)
    zeros = [
        (np.zeros_like(leaf) if np.ndim(leaf) else type(leaf)(0)) if is_active(leaf) else None
        for leaf in leaves
    ]
    return custom.tangent(*nondiff, primals, unflatten(spec, zeros))[0]


def _same_value(what: str, found: Any, wanted: Any) -> None:
    have, spec = flatten(found)
    want, wanted_spec = flatten(wanted)
    if spec != wanted_spec:
        raise GradientCheckError(
            f"{what} returns a result of the structure {spec}, the function one of {wanted_spec}"
        )
    for one, two in zip(have, want, strict=True):
        if not isinstance(two, float | int | np.ndarray | np.generic):
            continue
        if not np.allclose(one, two, rtol=1e-9, atol=1e-12, equal_nan=True):
            raise GradientCheckError(f"{what} returns {one} where the function returns {two}")
