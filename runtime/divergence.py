"""Noticing that training goes wrong, and saying what to do about it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXPLODED = 1e3
"""A loss this many times the initial one has diverged, even if it is still finite."""

STUCK = 3.0
"""A mean loss of an epoch this many times the initial one, ..."""
STUCK_EPOCHS = 2
"""... after this many epochs ..."""
STUCK_STEPS = 100
"""... and this many steps, has diverged too: a transient of momentum or Adam is over by then."""

SMALLEST_SCALE = 1e-3
"""Initial losses below this count as this: a perfect start must not make noise a divergence."""


class DivergenceError(ArithmeticError):
    """Training does not converge; the message says when, why, and which learning rate to try.

    Attributes
    ----------
    epoch, step : int
        Where, both from 1; step 0 is before the first one.
    suggested_learning_rate : float or None
        A tenth, to one digit; None where a lower one would not help.
    """

    def __init__(
        self, message: str, *, epoch: int, step: int, suggested_learning_rate: float | None
    ) -> None:
        super().__init__(message)
        self.epoch = epoch
        self.step = step
        self.suggested_learning_rate = suggested_learning_rate


@dataclass(frozen=True)
class Place:
    """Where training is; epoch and step count from 1."""

    epoch: int
    step: int
    steps: int


class Watch:
    """Checks each step and each epoch.

    Parameters
    ----------
    learning_rate : float
        To be named in messages.
    names : sequence of str
        What the parameters are called in messages.
    initial_loss : float or None
        The loss of the initial parameters; set it before the first `check_step`.
    """

    def __init__(
        self, learning_rate: float, names: Sequence[str], initial_loss: float | None = None
    ) -> None:
        self.learning_rate = learning_rate
        self.names = list(names)
        self.initial_loss = initial_loss

    def start(self, loss: float) -> None:
        """Note the loss of the initial parameters.

        Raises
        ------
        DivergenceError
            When it is not finite.
        """
        if not math.isfinite(loss):
            raise DivergenceError(
                f"the loss is {loss} before the first step, so no learning rate will help; "
                "scale the input to about -1 .. 1 or choose another init",
                epoch=1,
                step=0,
                suggested_learning_rate=None,
            )
        self.initial_loss = loss

    def check_step(self, place: Place, loss: float, grads: Sequence[NDArray[Any]]) -> None:
        """Raise DivergenceError for a loss or gradient that must not be followed."""
        if not math.isfinite(loss):
            raise self._error(place, f"the loss is {loss}")
        if loss > EXPLODED * self._scale:
            raise self._error(place, f"the loss is {loss:.4g}")
        for name, grad in zip(self.names, grads, strict=True):
            if not all_finite(grad):
                raise self._error(place, f"the gradient of {name} is not finite")

    def check_arrays(self, place: Place, what: str, arrays: Sequence[NDArray[Any]]) -> None:
        """Raise DivergenceError when an array is not finite; ``what`` says what they are."""
        for index, array in enumerate(arrays):
            if not all_finite(array):
                name = self.names[index % len(self.names)]
                raise self._error(place, f"{what} of {name} overflowed")

    def check_epoch(self, place: Place, train_loss: float, test_loss: float | None) -> None:
        """Raise DivergenceError when the losses of a whole epoch are beyond hope."""
        if test_loss is not None and not math.isfinite(test_loss):
            raise self._error(place, f"the loss on the test data is {test_loss}")
        early = place.epoch < STUCK_EPOCHS or place.epoch * place.steps < STUCK_STEPS
        if not early and train_loss > STUCK * self._scale:
            raise self._error(place, f"the mean loss of the epoch is still {train_loss:.4g}")

    @property
    def _scale(self) -> float:
        if self.initial_loss is None:
            raise ValueError("start was not called")
        return max(abs(self.initial_loss), SMALLEST_SCALE)

    def _error(self, place: Place, what: str) -> DivergenceError:
        lower = float(f"{self.learning_rate / 10:.0e}")
        return DivergenceError(
            f"training diverged in epoch {place.epoch}, step {place.step} of {place.steps}: {what} "
            f"({self.initial_loss:.4g} at the start) with learning_rate = {self.learning_rate:g}; "
            f"try learning_rate = {lower:g}",
            epoch=place.epoch,
            step=place.step,
            suggested_learning_rate=lower,
        )


def all_finite(array: NDArray[Any]) -> bool:
    """Return whether no element is NaN or infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        # a sum is finite only if every term is; only an overflowing one needs the second look
        return bool(np.isfinite(array.sum()) or np.isfinite(array).all())
