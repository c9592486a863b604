"""Singular vectors that a matrix does not determine: values, and no derivative without a word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc

TALL = np.array([[0.3, -1.1], [2.0, 0.7], [0.1, 0.4], [-0.6, 0.2]])


def with_all(a: Any) -> Any:
    u, s, vh = np.linalg.svd(a)
    return np.sum(u**3) + np.sum(s) + np.sum(vh**3)


@pytest.mark.parametrize("a", [TALL, TALL.T])
@pytest.mark.parametrize("target", ["python", "cpu"])
def test_reverse_mode_says_where(a: np.ndarray, target: Any) -> None:
    with pytest.raises(ValueError, match=r"test_undetermined.py:16: .* full_matrices=False"):
        gradc.grad(with_all, target=target)(a)


def test_forward_mode_is_nan_there_only() -> None:
    def vectors(a: Any) -> Any:
        return np.linalg.svd(a)

    (u, s, vh), (u_dot, s_dot, vh_dot) = gradc.jvp(vectors, (TALL,), (TALL,), target="python")
    for found, wanted in zip((u, s, vh), np.linalg.svd(TALL), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-13)
    assert np.isnan(u_dot[:, 2:]).all()
    np.testing.assert_allclose(u_dot[:, :2], 0.0, atol=1e-14)  # the matrix is scaled only
    np.testing.assert_allclose(s_dot, s, rtol=1e-13)
    np.testing.assert_allclose(vh_dot, 0.0, atol=1e-14)


def test_constants_and_second_order() -> None:
    def projected(a: Any) -> Any:
        u, s, vh = np.linalg.svd(a)
        rest = gradc.stop_gradient(u)[:, 2:]
        return np.sum((rest @ rest.T @ a) ** 2) + np.sum(s**3) + np.sum(vh[0] ** 4)

    gradc.check_grads(lambda a: np.sum(np.linalg.svd(a)[1] ** 3), (TALL,), order=2, target="python")
    gradient = gradc.grad(projected, target="python")(TALL)
    assert np.isfinite(gradient).all()
