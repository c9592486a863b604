"""``sparse_jacobian`` and ``sparse_hessian`` as users call them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

import gradc
from bench.sparse import reprojection, scene
from gradc.errors import GradientCheckError, GradTypeError
from tests.sparsity.dense import dense_jacobian


def residual(u):
    r = 4.0 * u
    r[1:] -= u[:-1]
    r[:-1] -= u[1:]
    r[:, 1:] -= u[:, :-1]
    r[:, :-1] -= u[:, 1:]
    return r + np.exp(u)


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_hessian(x):
    made = np.diag(np.concatenate([1200 * x[:-1] ** 2 - 400 * x[1:] + 2, [0]]))
    made += np.diag(np.concatenate([[0], np.full(x.size - 1, 200.0)]))
    return made + np.diag(-400 * x[:-1], 1) + np.diag(-400 * x[:-1], -1)


def test_compiled_jacobian_of_a_stencil():
    u = np.random.default_rng(0).normal(size=(6, 5))
    jacobian = gradc.sparse_jacobian(residual)
    found = jacobian(u)
    assert isinstance(found, csr_array)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found.toarray(), dense_jacobian(residual, (u,), [0]), atol=1e-14)
    assert found.nnz == 5 * 30 - 2 * (6 + 5)
    assert jacobian.colours(u).max() + 1 <= 8
    jacobian.check(u)
    # other sizes compile nothing
    programs = dict(jacobian._programs)
    assert jacobian(np.ones((3, 4))).shape == (12, 12)
    assert jacobian._programs == programs


def test_compiled_hessian():
    x = np.random.default_rng(1).normal(size=9)
    hessian = gradc.sparse_hessian(rosenbrock)
    found = hessian(x)
    np.testing.assert_allclose(found.toarray(), rosenbrock_hessian(x), rtol=1e-13, atol=1e-12)
    assert found.nnz == 3 * 9 - 2
    assert hessian.colours(x).max() + 1 == 3
    hessian.check(x)


def test_large_sizes():
    x = np.linspace(-1.0, 1.0, 100_000)
    found = gradc.sparse_hessian(rosenbrock)(x)
    assert found.nnz == 3 * x.size - 2
    np.testing.assert_allclose(found.diagonal(1), -400 * x[:-1], rtol=1e-13)


def test_the_structure_is_found_once(monkeypatch):
    from gradc.faces import structure

    runs = []
    original = structure.PatternProgram.sets_at
    monkeypatch.setattr(
        structure.PatternProgram,
        "sets_at",
        lambda self, prepared: runs.append(1) or original(self, prepared),
    )
    jacobian = gradc.sparse_jacobian(residual, target="python")
    for scale in (1.0, 2.0, 3.0):
        jacobian(scale * np.ones((3, 3)))
    assert len(runs) == 1
    jacobian(np.ones((3, 4)))
    assert len(runs) == 2


def test_the_caller_owns_what_is_returned():
    jacobian = gradc.sparse_jacobian(residual, target="python")
    first = jacobian(np.zeros((3, 3)))
    wanted = first.toarray()
    first.data[:] = 0.0
    first.eliminate_zeros()
    np.testing.assert_array_equal(jacobian(np.zeros((3, 3))).toarray(), wanted)


def spread(x):
    return np.concatenate([x * x[0], x])


def test_the_cheaper_side_is_coloured():
    x = np.array([1.0, 2.0, 3.0])

    def total(x):
        return np.array([np.sum(x * x)])

    rows = gradc.sparse_jacobian(total, target="python")
    np.testing.assert_allclose(rows(x).toarray(), [[2.0, 4.0, 6.0]])
    assert rows.colours(x).size == 1
    columns = gradc.sparse_jacobian(lambda s: s * x, target="python")
    np.testing.assert_allclose(columns(2.0).toarray(), x[:, None])
    assert columns.colours(2.0).size == 1


@dataclasses.dataclass
class Parameters:
    weight: np.ndarray
    bias: float
    steps: int


def model(p, x):
    y = x.copy()
    for _ in range(p.steps):
        y = p.weight * y + p.bias
    return {"y": y, "n": len(x), "first": y[0]}


def test_containers_and_several_arguments():
    p = Parameters(np.array([0.5, 2.0]), 0.25, 2)
    x = np.array([1.0, 3.0])
    by_p, by_x = gradc.sparse_jacobian(model, argnums=(0, "x"), target="python")(p, x)
    dense = dense_jacobian(model, (p, x), [0, 1])
    assert by_p.shape == (3, 3)
    assert by_x.shape == (3, 2)
    np.testing.assert_allclose(np.hstack([by_p.toarray(), by_x.toarray()]), dense)


def test_hessian_blocks():
    def function(x, s):
        return np.sum(x**2) * s + s**3

    x = np.array([1.0, 2.0])
    (xx, xs), (sx, ss) = gradc.sparse_hessian(function, argnums=(0, 1), target="python")(x, 3.0)
    np.testing.assert_allclose(xx.toarray(), 6.0 * np.eye(2))
    np.testing.assert_allclose(xs.toarray(), 2.0 * x[:, None])
    np.testing.assert_allclose(sx.toarray(), 2.0 * x[None, :])
    np.testing.assert_allclose(ss.toarray(), [[18.0]])


def test_bundle_adjustment():
    args = scene(3, 6, 20)
    by_camera, by_point = gradc.sparse_jacobian(reprojection, (0, 1), target="python")(*args)
    dense = gradc.jacobian(reprojection, (0, 1), target="python")(*args)
    assert by_camera.nnz == 40 * 9
    assert by_point.nnz == 40 * 3
    for found, wanted in zip((by_camera, by_point), dense, strict=True):
        np.testing.assert_allclose(found.toarray(), wanted.reshape(40, -1), rtol=1e-9, atol=1e-9)


def test_single_precision():
    x = np.ones(3, np.float32)
    found = gradc.sparse_jacobian(lambda x: x[1:] * x[:-1], target="python")(x)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.toarray(), [[1, 1, 0], [0, 1, 1]])


@gradc.custom_vjp
def rounded(x):
    return np.round(x)


rounded.defvjp(lambda x: (np.round(x), None), lambda saved, x_bar: (x_bar,))


def test_a_rule_may_depend_on_what_its_function_does_not():
    """Straight through: the function is constant, and its rule says that it is the identity."""

    def function(x):
        y = np.zeros_like(x)
        for i in range(1, len(x)):
            y[i] = rounded(x[i - 1]) ** 2
        return y

    x = np.array([1.3, 2.6, -0.7])
    dense = gradc.jacobian(function, target="python")(x)
    found = gradc.sparse_jacobian(function, target="python")(x)
    np.testing.assert_allclose(found.toarray(), dense)
    assert found.nnz == 2
    whole = gradc.sparse_jacobian(lambda x: rounded(x), target="python")(x)
    np.testing.assert_allclose(whole.toarray(), np.eye(3))


def test_refusals():
    with pytest.raises(GradTypeError, match="it is one of auto, forward, reverse"):
        gradc.sparse_jacobian(residual, mode="backward")
    with pytest.raises(GradTypeError, match="for the CPU"):
        gradc.sparse_jacobian(residual, target="cuda")
    with pytest.raises(GradTypeError, match="returns no float"):
        gradc.sparse_jacobian(lambda x: len(x), target="python")(np.ones(2))
    with pytest.raises(GradTypeError, match="a gradient is that of one float"):
        gradc.sparse_hessian(residual, target="python")(np.ones((2, 2)))


def banded(x):
    """Five entries in a row, at first and last rows fewer; with a loop, a branch, a division."""
    y = np.empty(len(x))
    for i in range(len(x)):
        total = x[i] ** 2
        for j in range(max(i - 2, 0), min(i + 3, len(x))):
            if j != i:
                total += np.sin(x[j]) * x[i] / (j + 1)
        y[i] = total
    return y


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("size", [1, 2, 4, 9])
def test_passes_full_and_not(mode, size):
    """One to five colours: fewer than lanes, as many, and more, with a last pass to spare."""
    x = np.linspace(0.3, 1.7, size)
    jacobian = gradc.sparse_jacobian(banded, mode=mode, target="python")
    found = jacobian(x)
    assert jacobian.colours(x).max() + 1 == min(size, 5)
    dense = gradc.jacobian(banded, target="python")(x)
    np.testing.assert_allclose(found.toarray(), dense, rtol=1e-13)
    jacobian.check(x)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_several_results_and_a_selection(mode):
    """Cotangents behind a selection are guarded by what they are: each lane by its own."""

    def function(x, s):
        y = np.where(x > 1.0, np.sqrt(x - 1.0), x * s)
        return {"y": y, "total": y[0] * s, "last": y[1:] ** 2}

    x = np.array([0.5, 1.0, 2.0, 3.0])
    found = gradc.sparse_jacobian(function, (0, 1), mode=mode, target="python")(x, 0.7)
    dense = gradc.jacobian(function, (0, 1), mode=mode, target="python")(x, 0.7)
    for number, own in enumerate(found):
        rows = [np.reshape(dense[key][number], (-1, own.shape[1])) for key in sorted(dense)]
        np.testing.assert_allclose(own.toarray(), np.vstack([rows[2], rows[1], rows[0]]))


def test_the_program_can_be_read():
    jacobian = gradc.sparse_jacobian(residual, target="python")
    jacobian(np.ones((5, 5)))
    assert "for c in range(0, count, 4):" in jacobian.source
    hessian = gradc.sparse_hessian(rosenbrock, target="python")
    hessian(np.ones(9))
    assert "range(0, count" not in hessian.source
    assert "colours[i] == 2" in hessian.source or "colours_i == 2" in hessian.source


def test_a_wrong_value_is_found(monkeypatch):
    from gradc.faces.entries import EntriesProgram

    original = EntriesProgram.entries
    monkeypatch.setattr(EntriesProgram, "entries", lambda *args: 1.01 * original(*args))
    with pytest.raises(GradientCheckError, match="Jacobian along a random direction"):
        gradc.sparse_jacobian(residual, target="python").check(np.ones((3, 3)))


def test_the_program_of_the_pattern_can_be_read():
    jacobian = gradc.sparse_jacobian(lambda x: x[1:] * x[:-1], target="python")
    jacobian(np.ones(3))
    assert "join(sets, " in jacobian.pattern_source
