"""What the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gradc


def assert_gradient(fn: Callable[..., Any], args: tuple[Any, ...], *expected: Any) -> None:
    """The gradient with respect to the first arguments is what was derived by hand.

    The same program is also compared with extrapolated differences, in both modes, so that a slip
    in the derivation by hand shows.
    """
    found = gradc.grad(fn, argnums=tuple(range(len(expected))), target="python")(*args)
    for gradient, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(gradient, wanted, rtol=1e-12, atol=1e-13)
    agrees(fn, *args)


def agrees(fn: Callable[..., Any], *args: Any, order: int = 1) -> None:
    """Both modes agree with extrapolated differences of the Python function itself."""
    gradc.check_grads(fn, args, order=order, target="python")
