"""What type checkers are told of results: a gradient has the type of its argument.

The callables of :mod:`gradc.faces.functions` and :mod:`gradc.faces.jacobians` take anything and
find out at the call. These are the same with the type of what they return; none is ever made.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from gradc.faces.functions import Gradient, ValueAndGradient
from gradc.faces.jacobians import Hessian, HessianVector, Jacobian, OneModeJacobian

R = TypeVar("R")


class GradientOf(Gradient, Generic[R]):
    """A gradient that returns an ``R``."""

    def __call__(self, *args: Any, **kwargs: Any) -> R:
        """The gradient at these arguments."""
        result: R = super().__call__(*args, **kwargs)
        return result


class ValueAndGradientOf(ValueAndGradient, Generic[R]):
    """A value and gradient that are an ``R``."""

    def __call__(self, *args: Any, **kwargs: Any) -> R:
        """The value and the gradient at these arguments."""
        result: R = super().__call__(*args, **kwargs)
        return result


class JacobianOf(Jacobian, Generic[R]):
    """A Jacobian that returns an ``R``."""

    def __call__(self, *args: Any, **kwargs: Any) -> R:
        """The Jacobian at these arguments."""
        result: R = super().__call__(*args, **kwargs)
        return result


class OneModeJacobianOf(OneModeJacobian, Generic[R]):
    """A Jacobian in one mode that returns an ``R``."""

    def __call__(self, *args: Any, **kwargs: Any) -> R:
        """The Jacobian at these arguments."""
        result: R = super().__call__(*args, **kwargs)
        return result


class HessianOf(Hessian, Generic[R]):
    """A Hessian that returns an ``R``."""

    def __call__(self, *args: Any, **kwargs: Any) -> R:
        """The Hessian at these arguments."""
        result: R = super().__call__(*args, **kwargs)
        return result


class HessianVectorOf(HessianVector, Generic[R]):
    """A Hessian-vector product that is an ``R``."""

    def __call__(self, *args: Any, **kwargs: Any) -> R:
        """The product at the arguments but the last, with the last."""
        result: R = super().__call__(*args, **kwargs)
        return result
