"""Checks of indices go, and everything else stays as it was."""

from __future__ import annotations

import numpy as np
import pytest

from gradc import grad


def gathered(x, indices):
    total = 0.0
    for i in range(indices.shape[0]):
        total += x[indices[i]] * x[indices[i]] * (i + 1.0)
    return total


X = np.array([0.5, -1.5, 2.0])
INDICES = np.array([0, -1, 2, -3, 1])


@pytest.mark.parametrize("target", ["python", "cpu"])
def test_the_same_where_indices_fit(target):
    checked = grad(gathered, target="python")(X, INDICES)
    trusting = grad(gathered, target=target, boundscheck=False)
    np.testing.assert_allclose(trusting(X, INDICES), checked, rtol=1e-14)
    assert "wrap(" not in trusting.source


def test_checks_are_there_unless_they_are_switched_off():
    gradient = grad(gathered, target="python")
    with pytest.raises(IndexError, match="index 3 is out of range for size 3"):
        gradient(X, np.array([3]))
    assert "wrap(" in gradient.source
