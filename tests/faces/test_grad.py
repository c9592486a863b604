"""What ``grad`` and its relatives take and return."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

import gradc
from gradc import grad, value_and_grad

X = np.array([0.3, -0.7, 1.2])


def weighted(x, w, power):
    return np.sum(w * x**2) * power


def pair(x):
    return np.sum(x * x), {"largest": np.max(x), "count": len(x), "name": "pair"}


class Point(NamedTuple):
    a: float
    b: np.ndarray


@dataclass
class Layer:
    weight: np.ndarray
    bias: float
    steps: int


def uncompiled(function, *args, **kwargs):
    return grad(function, *args, target="python", **kwargs)


def test_argnums_by_position_name_and_sequence():
    w = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(uncompiled(weighted)(X, w, 2.0), 4 * w * X)
    np.testing.assert_allclose(uncompiled(weighted, "w")(X, w, 2.0), 2 * X**2)
    both = uncompiled(weighted, ("power", 0))(X, w, 2.0)
    assert isinstance(both, tuple)
    assert both[0] == pytest.approx(np.sum(w * X**2))
    np.testing.assert_allclose(both[1], 4 * w * X)
    by_keyword = uncompiled(weighted, "power")(X, power=2.0, w=w)
    assert by_keyword == pytest.approx(np.sum(w * X**2))


def test_has_aux():
    gradient, aux = uncompiled(pair, has_aux=True)(X)
    np.testing.assert_allclose(gradient, 2 * X)
    assert aux == {"largest": 1.2, "count": 3, "name": "pair"}
    (value, aux), gradient = value_and_grad(pair, has_aux=True, target="python")(X)
    assert value == pytest.approx(np.sum(X * X))
    assert aux["largest"] == 1.2
    np.testing.assert_allclose(gradient, 2 * X)


def test_types_of_gradients_are_those_of_arguments():
    def f(a, b, c):
        return a * b * np.sum(c)

    single = X.astype(np.float32)
    a_bar, b_bar, c_bar = uncompiled(f, (0, 1, 2))(2.0, np.float32(3.0), single)
    assert type(a_bar) is float
    assert type(b_bar) is np.float32
    assert c_bar.dtype == np.float32
    zero_d = uncompiled(lambda x: x * x)(np.array(3.0))
    assert isinstance(zero_d, np.ndarray)
    assert zero_d == 6.0


def test_containers_keep_their_structure():
    def f(params, scale):
        total = params["point"].a * np.sum(params["point"].b) + params["list"][0]
        return scale * (total + params["layer"].bias * np.sum(params["layer"].weight))

    params = {
        "point": Point(2.0, X),
        "list": [1.5, None],
        "layer": Layer(np.ones(2), 3.0, 4),
    }
    bars = uncompiled(f)(params, 2.0)
    assert isinstance(bars["point"], Point)
    assert bars["point"].a == pytest.approx(2 * np.sum(X))
    np.testing.assert_allclose(bars["point"].b, 4.0)
    assert bars["list"] == [2.0, None]
    assert isinstance(bars["layer"], Layer)
    assert bars["layer"].steps is None
    assert bars["layer"].bias == pytest.approx(4.0)


def writes(x):
    x[0] = x[1] * 2.0
    return np.sum(x * x)


@pytest.mark.parametrize("target", ["python", "cpu"])
def test_the_callers_arrays_keep_their_values(target):
    x = X.copy()
    gradient = grad(writes, target=target)(x)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_allclose(gradient, [0.0, 10 * X[1], 2 * X[2]])
    frozen = X.copy()
    frozen.flags.writeable = False
    np.testing.assert_allclose(grad(writes, target=target)(frozen), gradient)


def test_layouts_of_arrays():
    def f(a):
        return np.sum(a * a * a)

    base = np.arange(24.0).reshape(4, 6) / 10
    for a in (np.asfortranarray(base), base[::2, ::-1], base.T, base.astype(">f8")):
        bar = grad(f)(a)
        assert bar.flags.c_contiguous
        np.testing.assert_allclose(bar, 3 * np.asarray(a, float) ** 2)


def test_other_sizes_compile_nothing():
    g = grad(lambda x: np.sum(np.sin(x)))
    g(X)
    count = len(g._programs)
    np.testing.assert_allclose(g(np.linspace(0, 1, 100)), np.cos(np.linspace(0, 1, 100)))
    assert len(g._programs) == count


def test_an_empty_array_has_a_program_of_its_own():
    def f(x):
        return np.sum(np.sin(x)) + np.sum(x[:1]) + np.sum(x[x > 0.5])

    g = grad(f)
    for shape in ((3, 2), (0, 2), (3, 0), (1, 2), (0, 2), (3, 2), (4, 5)):
        x = np.ones(shape)
        wanted = np.cos(x) + (x > 0.5)
        wanted[:1] += 1.0
        np.testing.assert_allclose(g(x), wanted)
    assert len(g._programs) == 4


def test_what_is_not_reached_may_index_an_empty_array():
    def f(x):
        total = np.sum(x * x)
        for k in range(len(x)):
            total += x[0] * x[k]
        return total + x[0] if len(x) > 0 else total

    assert grad(f, target="python")(np.ones(0)).shape == (0,)
    with pytest.raises(IndexError, match=r"test_grad\.py:.*out of range for size 0"):
        grad(lambda x: np.sum(x) + x[0], target="python")(np.ones(0))


def test_decorator_and_method():
    class Model:
        scale = 3.0

        @grad(argnums=1, target="python")
        def loss(self, x):
            return self.scale * x * x

    assert Model().loss(2.0) == 12.0

    @gradc.value_and_grad(target="python")
    def square(x):
        """Squares."""
        return x * x

    assert square(3.0) == (9.0, 6.0)
    assert square.__doc__ == "Squares."
    assert square.primal(3.0) == 9.0


def test_gradient_of_gradient():
    assert grad(grad(lambda x: x**4))(2.0) == pytest.approx(48.0)
    third = grad(grad(grad(lambda x: math.sin(2 * x))))
    assert third(0.3) == pytest.approx(-8 * math.cos(0.6))


def test_source_before_a_call_is_that_for_floats():
    g = grad(lambda x: x**3)
    assert "x_bar = 3.0 * x**2" in g.source
    with pytest.raises(gradc.GradTypeError, match="depends on the types of its arguments"):
        _ = grad(lambda x: x[0]).source


def test_dispatcher_is_callable_from_njit():
    import numba

    g = grad(lambda x: x**3)
    g(2.0)
    inner = g.dispatcher

    @numba.njit
    def total(n):
        s = 0.0
        for i in range(n):
            s += inner(float(i))
        return s

    assert total(4) == pytest.approx(3 * (1 + 4 + 9))


def test_saved_module_runs_without_the_compiler(tmp_path):
    g = grad(weighted, argnums=(0, 2))
    w = np.ones(3)
    expected = g(X, w, 2.0)
    path = g.save(tmp_path / "saved.py")
    script = (
        "import sys; sys.modules['gradc'] = None\n"
        "import numpy as np, saved\n"
        "a, b = saved.weighted_grad(np.array([0.3, -0.7, 1.2]), np.ones(3), 2.0)\n"
        "print(a.tolist(), b)\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", script], cwd=path.parent, capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == f"{expected[0].tolist()} {expected[1]}"


def test_index_out_of_range_names_the_line():
    def f(x, i):
        return x[i] * 2.0

    for target in ("python", "cpu"):
        with pytest.raises(
            IndexError, match=r"test_grad.py:\d+: index 7 is out of range for size 3"
        ):
            grad(f, target=target)(X, 7)
        np.testing.assert_array_equal(grad(f, target=target)(X, -1), [0.0, 0.0, 2.0])


def test_sizes_that_do_not_fit_name_the_line():
    with pytest.raises(ValueError, match=r"test_grad.py:\d+: operands of w \* x \*\* 2"):
        grad(weighted)(X, np.ones(4), 1.0)


def test_division_by_zero_is_numpys():
    for target in ("python", "cpu"):
        assert grad(lambda x: 1.0 / x, target=target)(0.0) == -math.inf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: grad(lambda x: x * x)(3), "argument 'x' is no float but an int"),
        (lambda: grad(lambda x: x * x)(np.arange(3)), "is no float but an array of int64"),
        (lambda: grad(lambda x: x * x)(X), "returns an array of 1 axes"),
        (lambda: grad(lambda x: (x, x))(1.0), "returns a tuple of 2"),
        (lambda: grad(lambda x: x, argnums=1)(1.0), "argnums names 1"),
        (lambda: grad(lambda x: x, argnums="y")(1.0), "argnums names 'y'"),
        (lambda: grad(lambda x: x, argnums=[])(1.0), "argnums is a position"),
        (lambda: grad(lambda x: x)(1.0 + 2.0j), "complex"),
        (lambda: grad(lambda x: x)(np.array([1j])), "dtype complex128"),
        (lambda: grad(3), "a function belongs here"),
        (lambda: grad(lambda x: x, targett="cpu"), "there is no option 'targett'; did you mean"),
        (lambda: grad(lambda x: x, target="gpu"), "it is one of cpu, cuda, python"),
        (lambda: grad(lambda x: x, parallel=True, target="cuda"), "parallel=True is for the CPU"),
        (lambda: grad(lambda x: x, memory_limit=0), "memory_limit=0; it is a number of bytes"),
        (lambda: grad(lambda x: x, memory_limit=1.5), "memory_limit=1.5; it is a number of bytes"),
        (
            lambda: grad(lambda x: x, memory_limit=10, target="cuda"),
            "memory_limit is for the CPU",
        ),
    ],
)
def test_misuse_is_a_type_error_in_words(call, message):
    with pytest.raises(gradc.GradTypeError, match=message):
        call()


def test_check_finds_a_wrong_gradient(monkeypatch):
    def f(x):
        return np.sum(np.sin(x))

    g = grad(f, target="python")
    g.check(X)
    derivative = g.specialize(X)
    kernel = derivative.kernel()
    monkeypatch.setattr(derivative, "_kernel", lambda *args: kernel(*args) * 1.001)
    with pytest.raises(gradc.GradientCheckError, match="derivative"):
        g.check(X)


def test_relu_does_not_hide_nan():
    for target in ("python", "cpu"):
        e = gradc.compile_expression("relu(x)", target=target)
        assert math.isnan(e(math.nan)[0])
        assert e(-1.0) == (0.0, (0.0,))
        assert e(2.0) == (2.0, (1.0,))


def test_has_aux_of_products():
    value, pullback, aux = gradc.vjp(pair, X, has_aux=True, target="python")
    assert value == pytest.approx(np.sum(X * X))
    np.testing.assert_allclose(pullback(2.0)[0], 4 * X)
    assert aux == {"largest": 1.2, "count": 3, "name": "pair"}
    value, dot, aux = gradc.jvp(pair, (X,), (X,), has_aux=True, target="python")
    assert dot == pytest.approx(2 * np.sum(X * X))
    assert aux["name"] == "pair"
    with pytest.raises(gradc.GradTypeError, match="has_aux=True"):
        gradc.vjp(weighted, X, X, 2.0, has_aux=True, target="python")


@pytest.mark.parametrize("shape", [(), (1,), (2,), (7,), (3, 1)])
def test_a_cotangent_of_another_shape_is_refused(shape):
    value, pullback = gradc.vjp(lambda x: (x[0], {"y": x * x}), X, target="python")
    with pytest.raises(
        gradc.GradTypeError, match=r"the cotangent of result 1 has shape .*has \(3,\)"
    ):
        pullback((1.0, {"y": np.ones(shape)}))
    np.testing.assert_allclose(pullback(value)[0], [X[0] + 2 * X[0] ** 3, *(2 * X[1:] ** 3)])


def test_the_four_combinations_of_modes():
    def f(x):
        return np.sum(np.sin(x) * x[0] ** 2)

    v = np.array([0.5, 1.0, -2.0])
    gradient = grad(f, target="python")
    forward_over_reverse = gradc.jvp(gradient, (X,), (v,), target="python")[1]
    reverse_over_reverse = gradc.vjp(gradient, X, target="python")[1](v)[0]

    def along(x):
        return gradc.jacfwd(f, target="python")(x) @ v

    reverse_over_forward = grad(along, target="python")(X)
    forward_over_forward = gradc.jacfwd(along, target="python")(X)
    wanted = gradc.hessian(f, target="python")(X) @ v
    for found in (
        forward_over_reverse,
        reverse_over_reverse,
        reverse_over_forward,
        forward_over_forward,
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def moved(x, n):
    x[0:n] = x[1:3]
    return np.sum(x)


@pytest.mark.parametrize("target", ["python", "cpu"])
def test_a_gradient_says_which_sizes_do_not_fit(target):
    slope = gradc.grad(moved, target=target)
    np.testing.assert_array_equal(slope(np.ones(3), 2), [0, 1, 2])
    with pytest.raises(ValueError, match=r"test_grad\.py:\d+: could not broadcast"):
        slope(np.ones(3), 3)
