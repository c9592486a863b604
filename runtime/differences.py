"""Numerical derivatives good enough to judge others: extrapolated central differences.

Ridders' method: central differences at shrinking steps, extrapolated to step zero by Neville's
scheme; the tableau's own disagreement estimates the error (C. J. F. Ridders, 1982, "Accurate
computation of F'(x) and F'(x) F''(x)", Advances in Engineering Software 4).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_SHRINK = 1.6
_COLUMNS = 12
_SAFE = 2.0


def derivative(
    function: Callable[[float], Any], step: float = 0.1
) -> tuple[np.ndarray[Any, Any], float]:
    """The derivative of a curve at 0.

    Parameters
    ----------
    function : callable
        From a number to a number or an array, smooth around 0.
    step : float
        The first step: a length over which the function changes noticeably.

    Returns
    -------
    value : ndarray
        The derivative.
    error : float
        Estimate of the largest error of its elements; ``inf`` where the function has no
        finite values around 0.
    """
    best: np.ndarray[Any, Any] = np.asarray(np.nan)
    error = np.inf
    before: list[np.ndarray[Any, Any]] = []
    with np.errstate(all="ignore"):
        for _ in range(_COLUMNS):
            row = [_central(function, step)]
            factor = _SHRINK**2
            for column in before:
                row.append((row[-1] * factor - column) / (factor - 1.0))
                factor *= _SHRINK**2
            for index in range(1, len(row)):
                spread = _spread(row[index], row[index - 1], before[index - 1])
                if spread < error:
                    best, error = row[index], spread
            if before and _spread(row[-1], before[-1], before[-1]) >= _SAFE * error:
                break
            before = row
            step /= _SHRINK
    return best, float(error)


def _central(function: Callable[[float], Any], step: float) -> np.ndarray[Any, Any]:
    ahead = np.asarray(function(step), dtype=float)
    behind = np.asarray(function(-step), dtype=float)
    return np.asarray((ahead - behind) / (2.0 * step))


def _spread(*values: np.ndarray[Any, Any]) -> float:
    first = values[0]
    gaps = [np.max(np.abs(first - other), initial=0.0) for other in values[1:]]
    largest = float(max(gaps))
    return largest if np.isfinite(largest) else np.inf
