"""Functions with their own derivatives: both forms, both modes, to second order, in loops."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from gradc import GradTypeError, custom_jvp, custom_vjp, grad, hessian, jacfwd, jacrev, jvp, vjp

X = np.array([0.3, -0.7, 1.2])
TARGETS = pytest.mark.parametrize("target", ["python", "cpu"])


# Derivatives with a factor of 3 that no differentiation would find: they show that rules are used.
@custom_vjp
def tripled(x):
    return np.sin(x)


def tripled_forward(x):
    return tripled(x), np.cos(x)


def tripled_backward(cosine, y_bar):
    return (3.0 * y_bar * cosine,)


tripled.defvjp(tripled_forward, tripled_backward)


@custom_jvp
def tripled_too(x):
    return np.sin(x)


@tripled_too.defjvp
def tripled_too_rule(primals, tangents):
    (x,), (x_dot,) = primals, tangents
    return tripled_too(x), 3.0 * np.cos(x) * x_dot


BOTH = pytest.mark.parametrize("f", [tripled, tripled_too], ids=["vjp", "jvp"])


@BOTH
@TARGETS
def test_either_form_serves_both_modes(f, target):
    assert f(0.5) == np.sin(0.5)
    assert grad(f, target=target)(0.5) == pytest.approx(3 * np.cos(0.5))
    value, dot = jvp(f, (0.5,), (2.0,), target=target)
    assert value == np.sin(0.5)
    assert dot == pytest.approx(6 * np.cos(0.5))
    np.testing.assert_allclose(jacfwd(f, target=target)(X), np.diag(3 * np.cos(X)))
    np.testing.assert_allclose(jacrev(f, target=target)(X), np.diag(3 * np.cos(X)))


@BOTH
@TARGETS
def test_inside_functions_and_loops(f, target):
    def g(x, n):
        total = 0.0
        y = x
        for i in range(n):
            y = f(y) * x
            if y[0] > 0.01:
                total += np.sum(f(x[i] * x)) * y[1]
        return total

    x = X
    plain = grad(lambda x, n: _with(np.sin, x, n), target="python")(x, 3)
    found = grad(g, target=target)(x, 3)
    assert not np.allclose(found, plain)
    forward = jacfwd(g, target=target)(x, 3)
    np.testing.assert_allclose(found, forward, rtol=1e-12)
    np.testing.assert_allclose(found, _by_hand(x, 3), rtol=1e-12)


def _with(f, x, n):
    total = 0.0
    y = x
    for i in range(n):
        y = f(y) * x
        if y[0] > 0.01:
            total += np.sum(f(x[i] * x)) * y[1]
    return total


def _by_hand(x, n):
    found = []
    for k in range(len(x)):
        x_dot = np.eye(len(x))[k]
        y, y_dot, total_dot = x, x_dot, 0.0
        for i in range(n):
            s, s_dot = np.sin(y), 3 * np.cos(y) * y_dot
            y, y_dot = s * x, s_dot * x + s * x_dot
            if y[0] > 0.01:
                z, z_dot = x[i] * x, x_dot[i] * x + x[i] * x_dot
                w, w_dot = np.sum(np.sin(z)), np.sum(3 * np.cos(z) * z_dot)
                total_dot += w_dot * y[1] + w * y_dot[1]
        found.append(total_dot)
    return np.array(found)


@BOTH
def test_second_order_goes_through_the_rules(f):
    # d/dx (3 cos x) = -3 sin x: the rules themselves call no tripled function
    second = grad(grad(f, target="python"), target="python")
    assert second(0.5) == pytest.approx(-3 * np.sin(0.5))
    h = hessian(lambda x: np.sum(f(x) * x), target="python")(X)
    wanted = np.diag(2 * 3 * np.cos(X) - 3 * np.sin(X) * X)
    np.testing.assert_allclose(h, wanted, rtol=1e-12)


def test_the_rule_is_used_at_every_order():
    @custom_vjp
    def half(x):
        return x * x

    def forward(x):
        return half(x), half(x)

    def backward(residual, y_bar):
        return (y_bar * residual,)

    half.defvjp(forward, backward)
    # f' = f by the rule, so every derivative is the function itself
    third = grad(grad(grad(half, target="python"), target="python"), target="python")
    assert third(3.0) == pytest.approx(9.0)
    assert jvp(grad(half, target="python"), (3.0,), (1.0,), target="python")[1] == 9.0


def test_nondiff_arguments_containers_and_none():
    @custom_vjp
    def f(kind, p, n, scale):
        y = p["a"] * p["b"][0]
        return {"y": y * scale if kind == "double" else y, "n": n}

    def forward(kind, p, n, scale):
        return f(kind, p, n, scale), (p["a"], p["b"], kind)

    def backward(residuals, bar):
        a, (b, _), kind = residuals
        factor = 7.0 if kind == "double" else 1.0
        return None, {"a": factor * bar["y"] * b, "b": (factor * bar["y"] * a, None)}, None, None

    f.defvjp(forward, backward)

    def g(a, b, s):
        return f("double", {"a": a, "b": (b, 2.0 * b)}, 4, s)["y"]

    found = grad(g, argnums=(0, 1, 2), target="python")(2.0, 3.0, 5.0)
    assert found == (21.0, 14.0, 0.0)

    @custom_vjp
    def h(x, power):
        return x**power

    h.nondiff_argnums = (1,)
    h.defvjp(lambda x, power: (x**power, x), lambda power, x, bar: (bar * 100.0 * power * x,))
    assert grad(lambda x: h(x, 3), target="python")(2.0) == 600.0


def test_keywords_and_results_of_several_parts():
    @custom_jvp
    def f(x, y):
        return x * y, [x, y]

    @f.defjvp
    def rule(primals, tangents):
        x, y = primals
        x_dot, y_dot = tangents
        return f(x, y), (5.0 * (x_dot * y + x * y_dot), [x_dot, 0.0])

    def g(x, y):
        a, (b, c) = f(y=y, x=x)
        return a + b + c

    assert grad(g, (0, 1), target="python")(2.0, 3.0) == (16.0, 10.0)
    assert jvp(g, (2.0, 3.0), (1.0, 1.0), target="python") == (11.0, 26.0)


def test_clipped_cotangents():
    @custom_vjp
    def clipped(x):
        return x

    clipped.defvjp(lambda x: (x, None), lambda _, bar: (np.clip(bar, -1.0, 1.0),))
    assert grad(lambda x: clipped(x) ** 2, target="python")(3.0) == 1.0
    with pytest.raises(GradTypeError, match=r"not linear.*forward mode"):
        jvp(lambda x: clipped(x) ** 2, (3.0,), (1.0,), target="python")
    clipped.defjvp(lambda primals, tangents: (primals[0], tangents[0]))
    assert jvp(lambda x: clipped(x) ** 2, (3.0,), (1.0,), target="python")[1] == 6.0


def test_methods_and_partial():
    class Model:
        def __init__(self):
            self.scale = 2.0

        @custom_vjp
        def run(self, x):
            return self.scale * x

    Model.__dict__["run"].defvjp(lambda self, x: (x, None), lambda _, bar: (None, 10.0 * bar))
    assert grad(Model().run, target="python")(1.0) == 10.0


def test_values_from_around():
    w = np.array([1.0, 2.0, 3.0])

    @custom_vjp
    def f(x):
        return np.sum(w * x)

    f.defvjp(lambda x: (np.sum(w * x), None), lambda _, bar: (2.0 * bar * w,))
    np.testing.assert_array_equal(grad(f, target="python")(X), 2 * w)

    def g(x, n):
        @custom_vjp
        def inner(y):
            return y * n

        return inner

    assert g(1.0, 2)(3.0) == 6.0


def test_what_flows_past_a_rule_is_refused():
    @custom_vjp
    def f(x, s):
        return x * s

    f.nondiff_argnums = (1,)
    f.defvjp(lambda x, s: (x * s, None), lambda s, _, bar: (bar * s,))
    assert grad(lambda x, s: f(x, s), target="python")(2.0, 3.0) == 3.0
    for derivative in (grad(lambda x: f(x, 2.0 * x), target="python"),):
        with pytest.raises(GradTypeError, match="depends on what is differentiated"):
            derivative(2.0)
    with pytest.raises(GradTypeError, match="depends on what is differentiated"):
        jvp(lambda x: f(x, 2.0 * x), (2.0,), (1.0,), target="python")
    assert grad(lambda x: f(x, gradc.stop_gradient(2.0 * x)), target="python")(2.0) == 4.0


def test_stop_gradient_of_a_container():
    def f(p):
        held = gradc.stop_gradient({"a": p["a"], "rest": [p["b"], None, "name", 3]})
        return np.sum(held["rest"][0] * p["a"]) * held["rest"][3] + np.sum(held["a"])

    a, b = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    found = grad(f, target="python")({"a": a, "b": b})
    np.testing.assert_array_equal(found["a"], 3.0 * b)
    np.testing.assert_array_equal(found["b"], [0.0, 0.0])
    assert gradc.stop_gradient({"a": 1.0}) == {"a": 1.0}


@pytest.mark.parametrize(
    ("forward", "backward", "message"),
    [
        (lambda x: x, lambda r, b: (b,), r"not a pair \(result, residuals\)"),
        (lambda x: ((x, x), None), lambda r, b: (b,), "another structure"),
        (lambda x: (x, None), lambda r, b: b, "not a tuple with a cotangent for each of the 1"),
        (
            lambda x: (x, None),
            lambda r, b: (b, b),
            "not a tuple with a cotangent for each of the 1",
        ),
        (lambda x: (x, None), lambda r, b: (np.sum(b),), r"has shape \(\), not \(n,\)"),
        (lambda x: (np.sum(x), None), lambda r, b: (b,), "returns a result of shape"),
    ],
)
def test_rules_that_do_not_fit(forward, backward, message):
    f = custom_vjp(lambda x: 2.0 * x)
    f.defvjp(forward, backward)
    with pytest.raises(GradTypeError, match=message):
        vjp(f, X, target="python")


def test_refusals():
    with pytest.raises(gradc.GradcError, match="no rule for its derivative yet"):
        grad(custom_vjp(lambda x: x), target="python")(1.0)

    @custom_vjp
    def writes(x):
        x[0] = 1.0
        return np.sum(x)

    writes.defvjp(lambda x: (np.sum(x), None), lambda r, bar: (bar * np.ones(3),))
    with pytest.raises(gradc.GradcError, match="writes to an argument"):
        grad(writes, target="python")(X)


def test_a_rule_with_a_loop_runs_once():
    @custom_vjp
    def root(a):
        x = a
        for _ in range(60):
            x = 0.5 * (x + a / x)
        return x

    def forward(a):
        x = root(a)
        return x, x

    root.defvjp(forward, lambda x, bar: (0.5 * bar / x,))
    gradient = grad(lambda a: root(a) * a, target="python")
    assert gradient(2.0) == pytest.approx(1.5 * np.sqrt(2.0))
    assert gradient.source.count("for ") == 1
    assert grad(grad(root, target="python"), target="python")(2.0) == pytest.approx(
        -0.25 * 2.0**-1.5
    )


def square_and_cube(x, n):
    return {"square": x * x * n, "cube": np.sum(x**3)}


def square_and_cube_rules(square=2.0, cube=3.0, dot=1.0, value=1.0):
    f = custom_vjp(square_and_cube)

    def forward(x, n):
        return {"square": value * x * x * n, "cube": np.sum(x**3)}, (x, n)

    def backward(residuals, bar):
        x, n = residuals
        return square * x * bar["square"] * n + cube * x**2 * bar["cube"], None

    def rule(primals, tangents):
        x, n = primals
        x_dot, _ = tangents
        out_dot = {"square": dot * 2.0 * x * x_dot * n, "cube": np.sum(3.0 * x**2 * x_dot)}
        return square_and_cube(x, n), out_dot

    f.defvjp(forward, backward)
    f.defjvp(rule)
    return f


def test_check_rule():
    gradc.check_rule(square_and_cube_rules(), (X, 2), target="python")
    for wrong, message in (
        ({"square": 2.1}, "reverse mode"),
        ({"cube": 2.9}, "reverse mode"),
        ({"dot": 1.01}, "forward mode"),
        ({"value": 1.01}, "the forward function returns"),
    ):
        with pytest.raises(gradc.GradientCheckError, match=message):
            gradc.check_rule(square_and_cube_rules(**wrong), (X, 2), target="python")
    # too small for differences, not for the two forms together
    with pytest.raises(gradc.GradientCheckError, match="the two rules disagree"):
        gradc.check_rule(square_and_cube_rules(dot=1.0 + 1e-8), (X, 2), target="python")
    with pytest.raises(GradTypeError, match="no rule to check"):
        gradc.check_rule(custom_vjp(square_and_cube), (X, 2))


def test_check_rule_with_nondiff_arguments():
    @custom_jvp
    def power(n, x):
        return x**n

    power.nondiff_argnums = (0,)

    @power.defjvp
    def rule(n, primals, tangents):
        return power(n, primals[0]), n * primals[0] ** (n - 1) * tangents[0]

    gradc.check_rule(power, (3, 2.0), target="python")


def test_arguments_that_are_not_differentiated_are_refused_beside_constants():
    scaled = gradc.custom_vjp(lambda n, x: n * x, nondiff_argnums=(0,))
    scaled.defvjp(lambda n, x: (scaled(n, x), None), lambda n, _, y_bar: (n * y_bar,))
    assert gradc.grad(lambda x: scaled(2.0, x), target="python")(3.0) == 2.0
    assert gradc.grad(lambda x: x * scaled(2.0, 3.0), target="python")(3.0) == 6.0
    for function in (lambda n: scaled(n, 3.0), lambda n: scaled(n, 3.0 * n)):
        with pytest.raises(GradTypeError, match="`n`, which is not among the arguments of that"):
            gradc.grad(function, target="python")(2.0)
