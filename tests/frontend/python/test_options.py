"""No option of a function is passed over in silence: it is used, refused, or changes nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import gradc
from gradc.errors import GradTypeError
from tests.frontend.python.support import run, same

FRONT_END = Path(gradc.__file__).parent / "frontend" / "python"
X = np.array([0.5, -1.25, 2.0, 0.75])

#: Options that leave the result as it is, each with the reason.
WITHOUT_EFFECT = {
    "ctx": "the context, which a handler need not ask",
    "overwrite_input": "leave to use up the argument's memory",
    "overwrite_a": "leave to use up the argument's memory",
    "overwrite_b": "leave to use up the argument's memory",
    "check_finite": "a check of the argument, not of the result",
    "lapack_driver": "several ways to one result",
    "lwork": "the size of a work array",
    "kind": "several ways to one result; sorting here is always stable",
    "stable": "sorting here is always stable",
    "kth": "what is sorted completely is partitioned at every place",
    "tensor": "matters for several polynomials at once, which are refused",
    "assume_unique": "a promise that makes NumPy faster",
}
#: The same for options of one function.
OF_ONE = {
    ("unique", "sorted"): "unsorted means any order",
    ("histogram_bin_edges", "weights"): "NumPy asks them for rules only, which are refused",
    ("sliding_window_view", "subok"): "arrays are plain ones here",
    ("inv", "lower"): "matters for assume_a, which is refused",
    ("solve", "lower"): "matters for assume_a, which is refused",
    **{
        (name, "order"): "how the result lies in memory"
        for name in (
            "einsum",
            "zeros",
            "ones",
            "empty",
            "full",
            "zeros_like",
            "ones_like",
            "empty_like",
            "full_like",
            "array",
            "asarray",
            "copy",
        )
    },
    ("real", "ctx"): "a real number is its own real part",
}


def check_value(function, *args):
    same(run(function, *args), function(*args))


def functions():
    for folder in ("written", "functions"):
        for path in sorted((FRONT_END / folder).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                # a handler without a use of any argument refuses every call
                if isinstance(node, ast.FunctionDef) and not isinstance(node.body[-1], ast.Raise):
                    yield path.stem, node


def parameters(node):
    spec = node.args
    both = [spec.vararg, spec.kwarg]
    named = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
    return [one.arg for one in (*named, *both) if one is not None]


def test_every_option_is_used():
    found = list(functions())
    assert len(found) > 300
    ignored = []
    for stem, node in found:
        used = {
            name.id for part in node.body for name in ast.walk(part) if isinstance(name, ast.Name)
        }
        ignored += [
            f"{stem}.{node.name}: {name}"
            for name in parameters(node)
            if name not in used and name not in WITHOUT_EFFECT and (node.name, name) not in OF_ONE
        ]
    assert not ignored, ignored


def test_exceptions_are_met():
    met = {name for _, node in functions() for name in parameters(node)}
    assert set(WITHOUT_EFFECT) <= met
    pairs = {(node.name, name) for _, node in functions() for name in parameters(node)}
    assert set(OF_ONE) <= pairs


def test_out_of_none_is_none():
    check_value(lambda x: np.nansum(x, out=None) + np.median(x, None, None) + x.var(out=None), X)


def test_other_options_are_refused():
    def tamed(x):
        np.nan_to_num(x, copy=False)
        return x.sum()

    def copied(x):
        z = np.zeros(4)
        np.copyto(z, x, casting="no")
        return z.sum()

    for function in (tamed, copied, lambda x: np.vstack([x, x], dtype=int).sum()):
        with pytest.raises(gradc.GradcError, match=r"nan_to_num|casting"):
            gradc.grad(function, target="python")(X)


def test_strict_zip():
    def paired(x, y):
        total = 0.0
        for a, b in zip(x, y, strict=True):
            total += a * b
        return total

    gradient = gradc.grad(paired, target="python")
    np.testing.assert_array_equal(gradient(X, 2.0 * X), 2.0 * X)
    with pytest.raises(ValueError, match=r"zip\(\) argument 2 has another length"):
        gradient(X, np.ones(5))


def test_remainders_of_integers_are_integers():
    k, m = np.array([5, -7, 4, -6, 0]), np.array([3, 3, -3, -4, 2])
    check_value(lambda k, m: np.fmod(k, m), k, m)
    check_value(lambda k, m: np.fmod(k, 4), k, m)
    check_value(lambda k, m: np.fmod(k[1], m[1]), k, m)
    check_value(lambda k, m: np.fmod(k, 2.5), k, m)
    check_value(lambda k: np.arange(9)[np.fmod(k, 3)], k)


@pytest.mark.parametrize("mode", ["vjp", "jvp", "jacobian", "jacfwd", "jacrev", "grad", "hessian"])
def test_no_float_is_returned(mode):
    def sign_of(x):
        return int(x.sum())

    calls = {
        "vjp": lambda: gradc.vjp(sign_of, X),
        "jvp": lambda: gradc.jvp(sign_of, (X,), (X,)),
    }
    with pytest.raises(GradTypeError, match="sign_of returns") as caught:
        calls.get(mode, lambda: getattr(gradc, mode)(sign_of)(X))()
    assert "test_options.py" in str(caught.value)
    assert "def sign_of(x):" in str(caught.value)


def test_tests_and_positions_have_no_derivative():
    def places(x):
        return np.argmax(x), x > 0

    with pytest.raises(GradTypeError, match="places returns no float"):
        gradc.vjp(places, X)
    with pytest.raises(GradTypeError, match="places returns no float"):
        gradc.jvp(places, (X,), (X,))
    with pytest.raises(GradTypeError, match="no float"):
        gradc.vjp(lambda x: (np.argmax(x), x.sum()), X, has_aux=True)
