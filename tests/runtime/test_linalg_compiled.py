"""The compiled linear algebra gives what NumPy gives: stacks, empty matrices and errors, too."""

import numba
import numpy as np
import pytest

from gradc_runtime import linalg
from gradc_runtime.linalg_compiled import FORMS, compiled_module

LINE = 7


def wrapped(name):
    """A compiled function that calls the one of a name."""
    function = getattr(compiled_module([name, "f4"]), name)
    form = FORMS[name]
    count = form.operands + form.flags + form.has_line
    calls = {
        2: lambda a, b: function(a, b),
        3: lambda a, b, c: function(a, b, c),
        5: lambda a, b, c, d, e: function(a, b, c, d, e),
    }
    return numba.njit(calls[count])


FUNCTIONS = {name: wrapped(name) for name in FORMS}
SHAPES = [(3, 3), (1, 1), (0, 0), (40, 40), (2, 3, 3), (2, 0, 0), (0, 3, 3)]


def same(name, *args):
    wanted, found = getattr(linalg, name)(*args), FUNCTIONS[name](*args)
    single = np.asarray(args[0]).dtype == np.float32
    tolerance = 1e-4 if single else 1e-11
    pairs = zip(found, wanted, strict=True) if isinstance(wanted, tuple) else [(found, wanted)]
    for have, want in pairs:
        assert np.shape(have) == np.shape(want)
        assert np.ndim(have) == 0 or have.dtype == want.dtype
        scale = max(1.0, float(np.max(np.abs(want), initial=0)))
        np.testing.assert_allclose(have, want, rtol=tolerance, atol=tolerance * scale)


def example(shape, dtype=np.float64):
    rng = np.random.default_rng(shape[-1])
    return (rng.normal(size=shape) + 4 * np.eye(*shape[-2:])).astype(dtype)


CASES = [(shape, np.float64) for shape in SHAPES] + [((3, 3), np.float32)]


@pytest.mark.parametrize(("shape", "dtype"), CASES)
def test_square_matrices(shape, dtype):
    a = example(shape, dtype)
    symmetric = a @ np.swapaxes(a, -1, -2)
    side = example((*shape[:-1], 2), dtype)
    for name in ("inv", "det", "slogdet", "svd", "qr"):
        same(name, a, LINE)
    same("cofactors", a / 4, LINE)
    for scale in (0.01, 0.3, 3.0):
        same("expm", np.asarray(scale * a, dtype), LINE)
    same("solve", a, side, LINE)
    for lower in (True, False):
        same("cholesky", symmetric, lower, LINE)
        same("eigh", symmetric, lower, LINE)
        for transpose in (True, False):
            same("solve_triangular", a, side, lower, transpose, LINE)
    if len(shape) == 2:
        same("solve", a, side[:, 0].copy(), LINE)
        same("solve_triangular", a, side[:, 1].copy(), True, True, LINE)


@pytest.mark.parametrize("shape", [(5, 3), (2, 0), (2, 5, 3)])
def test_matrices_that_are_not_square(shape):
    tall = example(shape)
    wide = np.swapaxes(tall, -1, -2).copy()
    same("qr", tall, LINE)
    for a in (tall, wide):
        same("svd", a, LINE)
        for k in (-1, 0, 2):
            same("tril", a, k)
            same("triu", a, k)


def test_one_triangle_is_read():
    a = example((3, 3)) @ example((3, 3)).T
    for lower in (True, False):
        half = np.tril(a) if lower else np.triu(a)
        half += (
            np.triu(np.full((3, 3), np.nan), 1) if lower else np.tril(np.full((3, 3), np.nan), -1)
        )
        np.testing.assert_allclose(FUNCTIONS["cholesky"](half, lower, 0), linalg.cholesky(a, lower))
        np.testing.assert_allclose(FUNCTIONS["eigh"](half, lower, 0)[0], linalg.eigh(a, lower)[0])


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("solve", (np.ones((2, 2)), np.ones(2))),
        ("solve", (np.zeros((1, 2, 2)), np.ones((1, 2, 1)))),
        ("inv", (np.array([[1.0, 2.0], [3.0, 6.0]]),)),
        ("cholesky", (np.diag([1.0, -1.0]), True)),
        ("solve_triangular", (np.diag([1.0, 0.0]), np.ones(2), True, False)),
        ("svd", (np.full((2, 2), np.nan),)),
    ],
)
def test_errors_are_numpys_with_the_line(name, args):
    messages = []
    for function in (getattr(linalg, name), FUNCTIONS[name]):
        with pytest.raises(np.linalg.LinAlgError) as error:
            function(*args, LINE)
        messages.append(str(error.value))
    assert messages[0] == messages[1]
    assert messages[0].startswith("line 7: ")


def test_a_singular_matrix_has_determinant_zero_and_cofactors():
    a = np.array([[1.0, 2.0], [3.0, 6.0]])
    assert FUNCTIONS["det"](a, LINE) == 0.0
    assert FUNCTIONS["slogdet"](a, LINE) == (0.0, -np.inf)
    np.testing.assert_allclose(FUNCTIONS["cofactors"](a, LINE), [[6.0, -3.0], [-2.0, 1.0]])
