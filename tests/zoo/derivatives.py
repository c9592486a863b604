"""Derivatives, batches and custom rules inside functions that are differentiated."""

from functools import partial

import numpy as np

import gradc
from tests.zoo.case import Group

zoo = Group("derivatives")
# uncompiled where Python itself runs these functions: each call makes new ones
jacobian = partial(gradc.jacobian, target="python")
jacfwd = partial(gradc.jacfwd, target="python")
jacrev = partial(gradc.jacrev, target="python")
hessian = partial(gradc.hessian, target="python")
hvp = partial(gradc.hvp, target="python")
batch = partial(gradc.batch, target="python")
grad = partial(gradc.grad, target="python")

X = np.array([0.3, -0.8, 1.1])
ROWS = np.array([[0.3, -0.8, 1.1], [1.2, 0.4, -0.5]])


@zoo(X, 0.7)
def jacobian_with_outside(x, a):
    j = jacobian(lambda z: np.sin(z * a) * z[0])(x)
    return np.sum(j * j) + j[0, 1]


@zoo(X)
def both_modes(x):
    def f(z):
        return z * z * x[1]

    return np.sum(jacfwd(f)(x) * jacrev(f)(2.0 * x))


@zoo(X, 0.4)
def jacobian_of_several(x, s):
    a, b = jacobian(lambda z, t: {"u": z * t, "v": np.sum(z) * t}, argnums=(0, 1))(x, s)["u"]
    return np.sum(a) * s + np.sum(b * x)


@zoo(X)
def determinant_of_hessian(x):
    h = hessian(lambda z: z[0] ** 2 * z[1] + np.sin(z[2] * z[0]))(x)
    return h[0, 0] * h[2, 2] - h[0, 2] * h[2, 0] + h[0, 1]


@zoo(X, X[::-1].copy())
def product_inside(x, v):
    p = hvp(lambda z: np.sum(z**3) * z[0])(x, v)
    return p @ v


@zoo(X)
def newton_step(x):
    def f(t):
        return t**4 - t * x[0] + x[1] ** 2

    t = 1.0
    for _ in range(2):
        t = t - grad(f)(t) / hessian(f)(t)
    return t


@zoo(ROWS, X)
def batch_of_rows(rows, w):
    y = batch(lambda r, v: np.tanh(r @ v) * r[0], in_axes=(0, None))(rows, w)
    return np.sum(y * y)


@zoo(ROWS, 0.3)
def batch_over_columns(a, s):
    y = batch(lambda c: c * np.sum(c) * s, in_axes=1, out_axes=1)(a)
    return np.sum(y[0] * y[1])


@zoo(ROWS, X)
def per_sample_gradients(rows, w):
    def loss(v, r):
        return np.sin(r @ v) ** 2

    g = batch(grad(loss), in_axes=(None, 0))(w, rows)
    return np.sum(g * g)


@zoo(ROWS)
def gradient_of_batch_inside(rows):
    def total(a):
        return np.sum(batch(lambda r: np.sum(r * r) * r[1])(a))

    return np.sum(grad(total)(rows) ** 2)


@zoo(ROWS)
def batch_of_batch(rows):
    pairs = batch(batch(lambda a, b: np.sin(a) * b, in_axes=(None, 0)), in_axes=(0, None))
    return np.sum(pairs(rows[0], rows[1]) ** 2)


@zoo({"w": X, "b": 0.5}, ROWS)
def batch_with_containers(p, rows):
    def model(q, r):
        return {"y": r @ q["w"] + q["b"], "r": (r, 2.0)}

    out = batch(model, in_axes=({"w": None, "b": None}, 0))(p, rows)
    return np.sum(out["y"] ** 2) + np.sum(out["r"][0]) * out["r"][1][0]


@gradc.custom_vjp
def own_softplus(x):
    return np.log(1.0 + np.exp(x))


def _softplus_forward(x):
    e = np.exp(x)
    return np.log(1.0 + e), e / (1.0 + e)


own_softplus.defvjp(_softplus_forward, lambda s, bar: (bar * s,))


@gradc.custom_jvp
def own_square(x):
    return x * x


@own_square.defjvp
def _own_square_rule(primals, tangents):
    return own_square(primals[0]), 2.0 * primals[0] * tangents[0]


@zoo(X, 4)
def rules_in_a_loop(x, n):
    total = 0.0
    for i in range(n):
        x = own_softplus(x) - own_square(0.3 * x)
        if x[0] > 0.2:
            total += own_square(x[i % 3])
    return total + np.sum(own_softplus(x))


@zoo(ROWS)
def rules_in_a_batch(rows):
    return np.sum(batch(lambda r: own_softplus(r) * own_square(r[0]))(rows))


@zoo(X)
def rule_under_derivatives(x):
    h = hessian(lambda z: np.sum(own_softplus(z) * own_square(z)))(x)
    return h[0, 0] + h[1, 1] * h[2, 2]
