"""Every public function of NumPy, ``math`` and ``scipy.special`` is tried, or refused by name."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.special

import gradc
from gradc.frontend.python.public import named_function, public_name
from gradc.frontend.python.refused import ALL, NOT_YET, refusal_of
from gradc.frontend.python.tables import tables
from tests.surface import CASES

MODULES = (math, np, np.linalg, np.fft, scipy.special)
HANDLERS = {**tables().functions, **tables().complex_functions}
TRIED = {case.name for case in CASES}


def public_functions(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for name in dir(module):
        value = getattr(module, name)
        if not name.startswith("_") and callable(value):
            yield f"{module.__name__}.{name}", value


FUNCTIONS = dict(pair for module in MODULES for pair in public_functions(module))
METHODS = {f"numpy.ndarray.{name}": name for name in dir(np.ndarray) if not name.startswith("_")}


def is_taken(name: str, function: Any) -> bool:
    keys = [name, public_name(function)]
    if getattr(function, "__hash__", None) is not None:
        keys.append(function)
    return any(key in HANDLERS for key in keys)


TAKEN = {name for name, function in FUNCTIONS.items() if is_taken(name, function)}


def same_object(name: str) -> set[str]:
    """The names of the same function, such as ``numpy.acos`` and ``numpy.arccos``."""
    return {other for other, function in FUNCTIONS.items() if function is FUNCTIONS[name]}


def test_what_is_taken_is_tried() -> None:
    untried = sorted(name for name in TAKEN if not same_object(name) & TRIED)
    assert untried == []


def test_what_is_not_taken_is_refused_with_a_reason() -> None:
    silent = sorted(name for name in FUNCTIONS if name not in TAKEN and refusal_of(name) is None)
    assert silent == []


def test_what_is_taken_is_not_refused() -> None:
    refused = {name: refusal_of(name) for name in TAKEN}
    both = sorted(
        name
        for name, why in refused.items()
        if why and name in why.names and why.reason != NOT_YET  # a `*` may stand for some of each
    )
    assert both == []


def test_refusals_are_of_functions_that_exist() -> None:
    unknown = [
        name
        for refusal in ALL
        for name in refusal.names
        if "*" not in name and not name.startswith("numpy.ndarray.")
        if named_function(name) is None
    ]
    assert unknown == []


def test_methods_and_attributes_of_arrays() -> None:
    known = tables()
    taken = {
        name for name, own in METHODS.items()
        if ("array", own) in known.methods or own in known.attributes
    }  # fmt: skip
    silent = [name for name in METHODS if name not in taken and refusal_of(name) is None]
    assert silent == []
    assert sorted(name for name in taken if name not in TRIED) == []


def test_cases_are_of_functions_that_exist() -> None:
    for name in TRIED:
        parts = name.split(".")
        if "ndarray" in parts:
            assert hasattr(np.ndarray, parts[-1])
        elif parts[0] == "numpy" and len(parts) == 3 and parts[1] not in ("linalg", "fft"):
            assert callable(getattr(getattr(np, parts[1]), parts[2]))
        elif not name.startswith("scipy.stats."):
            assert callable(named_function(name)), name


def test_what_is_said_to_be_the_same_is() -> None:
    s = scipy.special
    k, n, x, v = 2.0, 5.0, 0.3, 3.0
    same = [
        (s.chdtr(v, x), s.gammainc(v / 2, x / 2)),
        (s.gdtr(k, n, x), s.gammainc(n, k * x)),
        (s.pdtr(k, v), s.gammaincc(k + 1, v)),
        (s.bdtr(2, 5, x), s.betainc(n - k, k + 1, 1 - x)),
        (s.nbdtr(2, 5, x), s.betainc(n, k + 1, x)),
        (s.fdtr(k, n, x), s.betainc(k / 2, n / 2, k * x / (n + k * x))),
        (s.agm(k, n), np.pi / 4 * (k + n) / s.ellipk(((k - n) / (k + n)) ** 2)),
        (s.spherical_jn(2, x), np.sqrt(np.pi / (2 * x)) * s.jv(2.5, x)),
        (s.spherical_in(2, x), np.sqrt(np.pi / (2 * x)) * s.iv(2.5, x)),
        (s.eval_chebyc(3, x), 2 * s.eval_chebyt(3, x / 2)),
        (s.eval_sh_legendre(3, x), s.eval_legendre(3, 2 * x - 1)),
        (s.betainccinv(k, n, x), s.betaincinv(k, n, 1 - x)),
        (s.ndtri_exp(-x), s.ndtri(np.exp(-x))),
        (s.lambertw(np.exp(x)).real, s.wrightomega(x)),
        (s.jve(k, x), s.jv(k, x)),
        (s.ellipkm1(x), s.ellipk(1 - x)),
        (s.jvp(2, x), (s.jv(1, x) - s.jv(3, x)) / 2),
    ]
    for refused, instead in same:
        assert refused == pytest.approx(instead, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "told", "hint"),
    [
        (lambda x: np.roots(x), "complex", "Newton"),
        (lambda x: np.bitwise_count(x), "integers", "outside"),
        (lambda x: scipy.special.jvp(2, x), "derivative itself", "special.jv"),
        (lambda x: np.linalg.eigvals(np.outer(x, x)), "complex", "eigvalsh"),
        (lambda x: np.poly1d(x), "no plain array", ""),
        (lambda x: x.tobytes(), "files or memory", ""),
    ],
)
def test_refusals_say_why(call: Any, told: str, hint: str) -> None:
    with pytest.raises(gradc.GradcError) as caught:
        gradc.vjp(call, np.array([0.4, 0.9]), target="python")
    assert told in str(caught.value)
    assert hint in str(caught.value)
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.softmax(x),
        lambda x: np.sqr(x),
        lambda x: np.linalg.normal(x),
        lambda x: math.cosd(x[0]),
        lambda x: x.norm(),
        lambda x: x.sun(),
        lambda x: x.size_,
        lambda x: np.finfo(np.float64).epsilon * x,
    ],
)
def test_unknown_names_of_libraries_are_not_guessed(call: Any) -> None:
    with pytest.raises(gradc.GradcError) as caught:
        gradc.vjp(call, np.array([0.4, 0.9]), target="python")
    assert "did you mean" not in str(caught.value)
    assert "docs/functions.md" in str(caught.value)


def test_names_of_the_user_are_guessed() -> None:
    own = SimpleNamespace(factors=2.0)

    def call(x: Any) -> Any:
        return x * own.factor

    with pytest.raises(gradc.GradcError, match="did you mean `factors`"):
        gradc.vjp(call, np.array([0.4, 0.9]), target="python")
