"""Arrays without axes that are written to: by `out=`, in place, through another name or a view."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

import gradc
from tests.surface.calling import gradient_problem, value_problem, written

X = np.array([-0.4, 0.9, 1.3, 0.2])
#: Programs of a vector `x`; `r` is an array without axes.
PROGRAMS = """
    r = np.zeros(()); np.sum(x, out=r); return r * x
    r = np.array(0.0); s = np.add(x[0], x[1], out=r); return s * r * x
    r = np.empty(()); np.dot(x, x, out=r); q = r; np.multiply(q, 2.0, out=q); return r * x
    r = np.zeros(()); r[...] = x[0]; r[()] = r[()] * x[1]; return r * x
    r = np.array(x[1]); q = r; q += x[0]; q *= x[2]; return r * x
    r = np.array(x[1]); q = np.asarray(r); q -= 1.0; s = r.copy(); s += 5.0; return r * x
    r = np.array(x[1]); q = np.array(r); q += 5.0; p = r * 1.0; p += 5.0; return r * x
    r = np.array(x[0]); v = r.reshape(1); v[0] = x[1] * r; return r * x
    r = np.array(x[0]); v = r[None]; v *= 3.0; return r * x
    z = np.zeros(3); np.sum(x, out=z[1, ...]); v = z[0, ...]; v += x[0]; return z.sum() * x
    r = np.full((), x[3]); np.copyto(r, r + x[1]); np.add.at(r, (), x[2]); return r * x
    r = np.ones_like(x[0]); r /= x[1]; return np.sin(r) * x + float(r) + max(r, 2.0)
    r = np.array(x[1]); return (r if r > 0.0 else -r) * x + (r and 2.0)
    r = np.array(x[1]); return np.array([r, x[0]]) + np.stack([r, r]) + np.where(r > 0, r, 1.0)
    r = np.array(x[1]); s = {"a": r}; s["a"][...] = x[2] * 2.0; return r * x
    r = np.array(0.5); return [r * x, abs(x) ** r, x[: int(r + 2.0)]]
"""
TEXTS = [line.strip() for line in PROGRAMS.strip().splitlines()]
LOOPS = {
    "the same object": "r = np.zeros(())\n    q = r\n    for t in x:\n        q += t * t",
    "another number": "r = np.zeros(())\n    for t in x:\n        r = r + t * t",
    "one branch": "r = np.array(x[0])\n    if x[1] > 0.0:\n        r += x[2]",
    "a number in one": "r = np.array(x[0])\n    if x[1] > 0.0:\n        r = x[2] * 2.0",
    "until": "r = np.array(1.0)\n    while r < 10.0:\n        r *= 2.0 + x[1]",
}


def test_programs(tmp_path: Path) -> None:
    bodies = [*TEXTS, *(f"{loop}\n    return r * x" for loop in LOOPS.values())]
    for text, call in zip(bodies, written(bodies, tmp_path / "calls.py"), strict=True):
        assert gradient_problem(call, X, call(X)) is None, text


def test_arguments(tmp_path: Path) -> None:
    bodies = [
        "x += 1.0; return x * 2.0",
        "q = x; q *= x; return x * 3.0",
        "np.exp(x, out=x); return x**2",
        "x[...] = x**2; y = x.copy(); y[...] = 3.0 * y; return x * y",
    ]
    for text, call in zip(bodies, written(bodies, tmp_path / "calls.py"), strict=True):
        z = np.array(0.7)
        assert gradient_problem(call, z, call(z.copy())) is None, text
        assert z == 0.7


def test_what_numpy_refuses(tmp_path: Path) -> None:
    bodies = [
        "r = np.zeros((), int); r += x[0]; return r * x",
        "r = np.zeros(()); np.add(x, 1.0, out=r); return r * x",
        "r = np.zeros((1,)); np.sum(x, out=r); return r * x",
        "np.sum(x, out=x[0]); return x",
    ]
    for call in written(bodies, tmp_path / "calls.py"):
        with pytest.raises((TypeError, ValueError)):
            call(X.copy())
        with pytest.raises((gradc.GradcError, ValueError)):
            gradc.vjp(call, X, target="python")


def test_integers_and_truths(tmp_path: Path) -> None:
    bodies = ["r = np.zeros((), int); r += 2; return r * x", "return x[: np.array(2)]"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for text, call in zip(bodies, written(bodies, tmp_path / "calls.py"), strict=True):
            assert value_problem(call, X, call(X)) is None, text
