"""Derivatives, errors and texts of programs whose functions are compiled once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradc
from gradc import driver
from gradc.driver import compile_function
from gradc.ir.parser import parse_text
from gradc.ir.printer import to_text
from gradc.ir.routines import routines_of
from gradc.ir.verify import verify
from gradc.ir.walk import all_ops
from gradc.options import Options
from gradc.prims.evaluate import evaluate
from gradc.prims.table import TABLE
from tests.passes.sharing import ALL, FEW, V, both, lowered, shared, wave, written

# -- derivatives --------------------------------------------------------------------------------

STATEMENTS = (
    "t = np.sin(t) * a + c",
    "t = t * b - np.exp(-t * t)",
    "t = t / (1.0 + a * a) + b",
    "t = np.tanh(t) + c * t",
    "t = t * t * 0.1 + a",
)


def long_function(places: int, statements: int = 60) -> Callable[..., Any]:
    """A function of many statements, called at some places."""
    body = [STATEMENTS[place % len(STATEMENTS)] for place in range(statements)]
    lines = ["def long(a, b, c):", "    t = a * b", *(f"    {line}" for line in body)]
    lines += ["    return np.tanh(t)", "", "", "def f(x, y):", "    s = 0.0"]
    lines += [f"    s = s + long(x, y, {0.1 * place:.1f}) * y" for place in range(places)]
    return written("\n".join([*lines, "    return s", ""]), "f")


@pytest.mark.parametrize("style", ["loops", "numpy"])
def test_the_program_grows_by_a_call(style):
    lengths, ops = {}, {}
    for places in (4, 12):
        function = lowered(long_function(places), 0.3, 0.7)
        options = Options(target="python", cache=False, style=style)
        made = compile_function(function, "value_and_grad", (0, 1), options)
        lengths[places] = len(made.source.splitlines())
        ops[places] = len(list(all_ops(made.function.body)))
        assert made.source.count("def long(a, b, c):") == 1
        assert made.source.count("def long_vjp(a, b, c, ") == 1
    assert lengths[12] - lengths[4] <= 8 * 6
    assert ops[12] - ops[4] <= 8 * 12
    options = Options(target="python", cache=False, share=False)
    apart = compile_function(lowered(long_function(4), 0.3, 0.7), "value_and_grad", (0, 1), options)
    assert len(apart.source.splitlines()) > 2 * lengths[12]


def test_right_to_second_order(monkeypatch):
    options = {"argnums": (0, 1), "target": "python", "cache": False}
    f = long_function(12)
    value, gradient = gradc.value_and_grad(f, **options)(0.3, 0.7)
    assert value == pytest.approx(f(0.3, 0.7), rel=1e-13)
    apart = gradc.value_and_grad(f, share=False, **options)
    assert gradient == pytest.approx(apart(0.3, 0.7)[1], rel=1e-11)
    f = long_function(3, statements=20)
    monkeypatch.setattr(driver, "SHARE", FEW)
    second = gradc.hessian(f, **options)
    ours = second(0.3, 0.7)
    np.testing.assert_allclose(ours, gradc.hessian(f, share=False, **options)(0.3, 0.7), rtol=1e-9)
    assert "long_vjp_jvp" in second.specialize(0.3, 0.7).compiled.source
    gradc.check_grads(f, (0.3, 0.7), order=2, target="python")


def layers(x, w, v):
    def layer(h, scale):
        h = np.tanh(h * scale) + 0.1 * h
        for i in range(len(h)):
            h[i] += np.sin(scale * h[i]) * w[i]
        return h

    def block(h, scale):
        return layer(layer(h, scale), 0.5) * x

    return np.sum(block(v, x) * block(w, 0.3)) + np.sum(layer(v, x))


FACES = {
    "value_and_grad": lambda **o: gradc.value_and_grad(layers, argnums=(0, 1, 2), **o),
    "jacfwd": lambda **o: gradc.jacfwd(layers, argnums=(0, 1, 2), **o),
    "jacrev": lambda **o: gradc.jacrev(layers, argnums=(0, 2), **o),
    "hessian": lambda **o: gradc.hessian(layers, argnums=1, **o),
    "hvp": lambda **o: lambda x, w, v: gradc.hvp(layers, argnums=2, **o)(x, w, v, w),
    "jvp": lambda **o: lambda *args: gradc.jvp(layers, args, args, **o),
    "vjp": lambda **o: lambda *args: gradc.vjp(layers, *args, **o)[1](1.5),
    "grad of grad": lambda **o: gradc.grad(
        lambda x, w, v: gradc.grad(layers)(x, w, v) * x, argnums=(0, 1), **o
    ),
    "batch": lambda **o: gradc.grad(
        lambda x, w, v: np.sum(gradc.batch(layers, in_axes=(0, None, None))(w, 0.5 * w, v) * x),
        argnums=(0, 1, 2),
        **o,
    ),
    "checkpoint": lambda **o: gradc.grad(gradc.checkpoint(layers), argnums=(1, 2), **o),
    "memory_limit": lambda **o: gradc.grad(layers, argnums=(1, 2), memory_limit=10_000, **o),
}


@pytest.mark.parametrize("style", ["loops", "numpy"])
@pytest.mark.parametrize("face", FACES)
def test_every_derivative(face, style, monkeypatch):
    def make(**options):
        return FACES[face](target="python", cache=False, style=style, **options)

    how = FEW if style == "loops" else "share{least=-1000000,sites=1,copies=true}"
    ours, theirs = both(make, 0.4, V, V[::-1].copy(), monkeypatch=monkeypatch, how=how)
    flat = [
        np.concatenate([np.ravel(each) for each in _leaves(result)]) for result in (ours, theirs)
    ]
    np.testing.assert_allclose(*flat, rtol=1e-10)


def _leaves(result: Any) -> list[Any]:
    if isinstance(result, tuple | list):
        return [leaf for part in result for leaf in _leaves(part)]
    return [result]


def test_compiled_and_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "SHARE", FEW)
    f = gradc.value_and_grad(layers, argnums=(0, 1), cache=False, parallel=True)
    w = V[::-1].copy()
    value, gradient = f(0.4, V, w)
    apart = gradc.value_and_grad(layers, argnums=(0, 1), target="python", share=False)
    np.testing.assert_allclose(value, apart(0.4, V, w)[0], rtol=1e-12)
    for ours, theirs in zip(gradient, apart(0.4, V, w)[1], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11)
    text = f.save(tmp_path / "saved.py").read_text()
    assert "def layer(" in text
    assert "def layer_vjp(" in text


def test_views_as_arguments_compiled(monkeypatch):
    def first(a, b):
        c = a.reshape(-1) * 2.0
        return np.sum(np.sin(c) * b) + np.tanh(b)

    def f(a, x):
        return first(a, x) * first(a.T, x) + first(a[::-1], x) * first(a[:, 1:], x)

    a = np.arange(6.0).reshape(2, 3) / 6.0
    monkeypatch.setattr(driver, "SHARE", ALL)
    ours = gradc.grad(f, cache=False)(a, 0.3)
    theirs = gradc.grad(f, target="python", share=False)(a, 0.3)
    np.testing.assert_allclose(ours, theirs, rtol=1e-11)


def test_two_functions_of_one_name(monkeypatch):
    def kernel(x):
        return np.sin(x) * x + np.cos(x)

    def of(n):
        def kernel_(x):
            return np.exp(-x) * x + n * x

        return kernel_

    one = of(2)

    def f(x):
        return kernel(x) * kernel(2.0 * x) + one(x) * one(0.5 * x)

    monkeypatch.setattr(driver, "SHARE", FEW)
    ours = gradc.grad(f, target="python", cache=False)
    assert ours(0.3) == pytest.approx(gradc.grad(f, target="python", share=False)(0.3))
    names = [line for line in ours.source.splitlines() if line.startswith("def ")]
    assert len(set(names)) == len(names) == 5


# -- errors and explanations --------------------------------------------------------------------


def test_a_check_in_a_function_whose_result_is_not_used(monkeypatch):
    def positive(x):
        if x < 0:
            raise ValueError("negative")
        return np.sin(x) * x + np.cos(x)

    def f(x):
        positive(x)
        return x * x + 0.0 * positive(2.0 * x)

    monkeypatch.setattr(driver, "SHARE", ALL)
    for g in (gradc.grad(f, target="python"), gradc.jacfwd(f, target="python")):
        assert g(0.3) == pytest.approx(0.6)
        with pytest.raises(ValueError, match="negative"):
            g(-0.3)


def test_an_index_out_of_range_names_the_line_in_the_function(monkeypatch):
    def at(v, k):
        s = 0.0
        for i in range(k):
            s += np.sin(v[i]) * v[i + 1]
        return s

    def f(v, k):
        return at(v, k) * at(2.0 * v, k)

    line = at.__code__.co_firstlineno + 3
    monkeypatch.setattr(driver, "SHARE", FEW)
    g = gradc.grad(f, target="python")
    assert "at_vjp" in g.specialize(V, 2).compiled.source
    with pytest.raises(IndexError, match=rf"line {line}: an index"):
        g(V, 3)


def test_explanations_look_into_what_is_called(monkeypatch):
    def f(x):
        return wave(x, x, 0.5) + wave(2.0 * x, x, 1.5)

    line = wave.__code__.co_firstlineno + 2
    apart = gradc.grad(f, target="python", share=False)
    apart(0.3)
    monkeypatch.setattr(driver, "SHARE", FEW)
    g = gradc.grad(f, target="python")
    g(0.3)
    told = g.explain(line)
    assert told.splitlines()[1:6] == apart.explain(line).splitlines()[1:6]
    assert "wave_vjp" in g.source


def test_where_a_nan_comes_from(monkeypatch):
    def log_of(x, c):
        return np.log(x - c) * x + np.sin(x)

    def f(x):
        return log_of(x, 0.5) + log_of(x, 1.0)

    monkeypatch.setattr(driver, "SHARE", FEW)
    with pytest.raises(gradc.errors.NonFiniteError, match=r"log\(x - c\)"):
        gradc.debug_nans(f, target="python")(1.0)


def test_not_in_cuda_kernels(monkeypatch):
    def f(x, y):
        return wave(x, y, 0.5) + wave(y, x, 1.5)

    monkeypatch.setattr(driver, "SHARE", FEW)
    g = gradc.grad(f, target="cuda")
    text = g.specialize(np.ones(4), np.ones(4)).compiled.text("loops")
    assert "wave(" not in text.replace("line", "")


# -- as text ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["primal", "value_and_grad", "jvp", "hessian"])
def test_programs_with_routines_are_read_back(mode):
    def even(x, n):
        return x if n == 0 else odd(x * 1.1, n - 1)

    def odd(x, n):
        return -x if n == 0 else even(x * x, n - 1)

    def f(x, y, n):
        return wave(x, y, 0.5) + wave(y, x, 1.5) * even(x, n)

    function = shared(f, 0.3, 0.7, 3)
    made = compile_function(function, mode, (0, 1), Options(target="python", cache=False)).function
    for locations in (False, True):
        text = to_text(made, locations)
        again = parse_text(text, TABLE)
        assert to_text(again, locations) == text
        for each in [again, *(routine.function for routine in routines_of(again))]:
            verify(each)
    args = [0.3, 0.7, 3, *([1.0, 0.5] if mode == "jvp" else [])]
    for ours, theirs in zip(evaluate(again, args), evaluate(made, args), strict=True):
        assert ours == theirs


def test_wrong_texts_of_calls():
    call = "    y: f64 = call(x, routine={})\n    return (y,)\n"
    g = "def g(x: f64):\n    return (x,)\n\n\n"
    with pytest.raises(ValueError, match="line 2: g is no function before this one"):
        parse_text("def f(x: f64):\n" + call.format("g"), TABLE)
    with pytest.raises(ValueError, match="line 6: h is no function before this one"):
        parse_text(g + "def f(x: f64):\n" + call.format("h"), TABLE)
    with pytest.raises(ValueError, match="line 5: g is defined twice"):
        parse_text(g + g + "def f(x: f64):\n" + call.format("g"), TABLE)
    with pytest.raises(ValueError, match="line 1: function definitions belong here"):
        parse_text("x = 1\n", TABLE)


# -- which are put in their places again --------------------------------------------------------


def test_calls_in_loops_are_put_in_their_places_by_the_compiler(monkeypatch):
    def f(x, v):
        s = wave(x, x, 0.5)
        for i in range(len(v)):
            s += wave(x, v[i], 0.5) * wave(v[i], x, 1.5)
        return s

    def straight(x):
        return wave(x, x, 0.5) + wave(2.0 * x, x, 1.5)

    monkeypatch.setattr(driver, "SHARE", FEW)
    g = gradc.value_and_grad(f, argnums=(0, 1), target="python")
    g(0.3, V)
    assert g.source.count("@routine(inline=True)") == 2
    h = gradc.value_and_grad(straight, target="python")
    h(0.3)
    assert (h.source.count("@routine()"), h.source.count("inline")) == (2, 0)
    # together they would be too large
    monkeypatch.setattr("gradc.passes.inlined.LARGEST", 5)
    g = gradc.value_and_grad(f, argnums=(0, 1), target="python")
    g(0.3, V)
    assert g.source.count("inline=True") == 0


def test_what_calls_itself_is_called(monkeypatch):
    def power(x, n):
        return 1.0 if n == 0 else x * power(x, n - 1)

    def f(x, n):
        s = 0.0
        for i in range(n):
            s += power(x, i)
        return s

    g = gradc.grad(f, target="python")
    assert g(2.0, 4) == pytest.approx(1.0 + 4.0 + 12.0)
    assert "inline=True" not in g.source


def test_sparse_derivatives_of_what_has_routines(monkeypatch):
    def bond(a, b):
        return np.sin(a * b) + np.cos(a) * b

    def chain(v):
        s = bond(v[0], v[-1])
        for i in range(len(v) - 1):
            s += bond(v[i], v[i + 1])
        return s

    monkeypatch.setattr(driver, "SHARE", ALL)
    v = np.linspace(0.1, 0.9, 6)
    found = gradc.sparse_jacobian(gradc.grad(chain, target="python"), target="python")(v)
    wanted = gradc.hessian(chain, target="python", share=False)(v)
    np.testing.assert_allclose(found.toarray(), wanted, rtol=1e-11, atol=1e-13)
