"""``grad`` used inside a function that is differentiated: every derivative sees the others."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

import gradc
from tests.zoo.case import Group

zoo = Group("nested")
# uncompiled where Python itself runs these functions: each call makes new ones
grad = partial(gradc.grad, target="python")
value_and_grad = partial(gradc.value_and_grad, target="python")
vjp = partial(gradc.vjp, target="python")
jvp = partial(gradc.jvp, target="python")
jacobian = partial(gradc.jacobian, target="python")
hessian = partial(gradc.hessian, target="python")
hvp = partial(gradc.hvp, target="python")

A = np.array([[2.0, 1.0], [1.0, 3.0]])

cube_slope = grad(lambda x: x**3)


@zoo(2.0, 3.0)
def slope_with_outside(x, y):
    return grad(lambda z: z * z * y)(x) * x


@zoo(1.0)
def perturbation_confusion(x):
    # Siskind and Pearlmutter (2005): the derivative is 1, not 2
    return x * grad(lambda y: x + y)(1.0)


@zoo(5.0)
def grad_in_grad(x):
    return grad(lambda y: y * grad(lambda z: z * y * x)(2.0))(3.0)


@zoo(2.0)
def derivative_made_outside(x):
    return cube_slope(x) * x


@zoo(np.array([1.0, 2.0]))
def descent(x):
    for _ in range(3):
        x = x - 0.1 * grad(lambda u: 0.5 * u @ A @ u + np.sum(np.sin(u)))(x)
    return np.sum(x * x)


@zoo(0.3)
def several_arguments(x):
    value, slopes = value_and_grad(lambda u, w: u * np.exp(w), argnums=(0, 1))(x, 2.0 * x)
    return value + slopes[0] * slopes[1]


@zoo(0.7, 5)
def loop_inside(x, n):
    def inner(y):
        s = 0.0
        for _ in range(n):
            s = s * y + x
        return s

    return grad(inner)(0.5 * x)


@zoo(np.array([0.3, -0.8, 1.1]))
def branch_around(x):
    total = 0.0
    for i in range(len(x)):
        if x[i] > 0:
            total += grad(lambda z: np.sin(z) * z)(x[i])
    return total


# -- products: one inside the other, in all four combinations; the checks are of both modes --------


@zoo(0.7, 1.3)
def slope_by_jvp(x, y):
    # both see `x` and `y` from outside
    value, slope = jvp(lambda z: z * z * y + x, (x,), (2.0,))
    return value * slope


@zoo(1.0)
def confusion_of_tangents(x):
    # Siskind and Pearlmutter (2005), with tangents inside
    return x * jvp(lambda y: x + y, (1.0,), (1.0,))[1]


@zoo(1.0)
def confusion_of_cotangents(x):
    return x * vjp(lambda y: x + y, 1.0)[1](1.0)[0]


@zoo(0.8, 1.3)
def aux_of_a_tangent(x, y):
    # what comes along depends on `x` and `y`, and has no tangent
    def energy(z):
        return (np.sin(z * y), {"square": z * z * x, "name": "energy", "power": 2})

    value, slope, aux = jvp(energy, (x,), (y,), has_aux=True)
    return value * slope + aux["square"] ** aux["power"]


@zoo(0.8, np.array([1.3, -0.4]))
def aux_of_a_cotangent(x, y):
    def stretched(z, w):
        return (z * w, z * z), (np.sum(w) * z, w)

    (product, square), pullback, (total, w) = vjp(stretched, x, y, has_aux=True)
    z_bar, w_bar = pullback((product * product, total))
    return z_bar * square + np.sum(w_bar * w) * total


@zoo(0.8, 1.3)
def arguments_that_are_named_twice(x, y):
    def f(a, b):
        return np.sin(a * b) * b

    j = jacobian(f, argnums=(0, "a", -1))(x, y)
    h = hessian(f, argnums=(0, "b", -2))(x, y)
    # along both of the vectors for `a`
    p = hvp(f, argnums=("a", 1, 0))(x, y, (x, 2.0, 3.0 * y))
    return j[0] * j[1] + h[2][1] * h[0][2] + p[0] * p[1] + p[2]


@zoo(0.8)
def jvp_in_jvp(x):
    def outer(y):
        return y * jvp(lambda z: np.sin(z * y) * x, (y,), (y,))[1]

    return jvp(outer, (x * x,), (x,))[1]


@zoo(0.8)
def vjp_in_jvp(x):
    def outer(y):
        value, pullback = vjp(lambda z: np.sin(z * y) * x, y)
        return value * pullback(y)[0]

    return jvp(outer, (x * x,), (x,))[1]


@zoo(0.8)
def jvp_in_vjp(x):
    value, pullback = vjp(lambda y: jvp(lambda z: np.exp(z * y) * x, (y,), (y,))[1], x * x)
    return pullback(x)[0] * value


@zoo(0.8)
def vjp_in_vjp(x):
    def outer(y):
        value, pullback = vjp(lambda z: np.exp(z * y) * x, y)
        return value * pullback(y)[0]

    return vjp(outer, x)[1](x)[0]


@zoo(np.array([0.3, -0.8, 1.1]), 0.5)
def products_of_arrays(x, c):
    def inner(u, w):
        return np.sin(u) * w, np.sum(u * u) * c

    value, pullback = vjp(inner, x, x * x)
    u_bar, w_bar = pullback((value[0], c))
    (first, second), dots = jvp(inner, (x, w_bar), (u_bar, None))
    return np.sum(first * dots[0]) + second * dots[1] + np.sum(w_bar)


@zoo(np.array([0.3, -0.8]), 3)
def pullback_called_several_times(x, n):
    value, pullback = vjp(lambda u: u * np.sum(u), x)
    for _ in range(n):
        value = pullback(value)[0] * 0.5
    return value


@zoo({"w": np.array([0.3, -0.8]), "b": 0.5}, 2.0)
def products_of_containers(params, x):
    def layer(p, z):
        return {"out": np.tanh(p["w"] * z + p["b"]), "count": 3}

    value, pullback = vjp(layer, params, x)
    p_bar, x_bar = pullback({"out": value["out"], "count": 0})
    _, dots = jvp(layer, (params, x), (p_bar, None))
    return np.sum(dots["out"]) * x_bar + p_bar["b"] * value["count"]


@zoo(0.4, 4)
def jvp_of_a_loop(x, n):
    def decay(y):
        while y > 0.05:
            y = y * x
        return y

    total = 0.0
    for i in range(n):
        total += jvp(decay, (1.0 + x * i,), (x,))[1]
    return total


# -- auxiliary results, names and containers of an inner gradient ----------------------------------


def energy_and_parts(position, *, stiffness, centre):
    away = position - centre
    energy = 0.5 * stiffness * np.sum(away * away)
    return energy, {"away": away, "count": len(position)}


energy_slope = grad(energy_and_parts, "position", has_aux=True)


@zoo(np.array([0.3, -0.8]), 1.7)
def aux_of_inner_gradient(x, k):
    force, parts = grad(lambda u: energy_and_parts(u, stiffness=k, centre=x * x), has_aux=True)(x)
    return np.sum(force * parts["away"]) * parts["count"]


@zoo(np.array([0.3, -0.8]), 1.7)
def aux_beside_the_value(x, k):
    (value, (tail, n)), (u_bar, c_bar) = value_and_grad(
        lambda u, c: (np.sum(u**3) * c, (u[1:] * c, 2)), (0, 1), True
    )(x, k * x[0])
    return value * tail[0] + np.sum(u_bar) * c_bar * n


@zoo(np.array([0.3, -0.8]), 1.7)
def names_and_keywords(x, k):
    first, parts = energy_slope(x, stiffness=k, centre=x * k)
    second, _ = grad(energy_and_parts, ("stiffness", "centre"), has_aux=True)(
        x, stiffness=k, centre=np.sin(x)
    )
    return np.sum(first * parts["away"]) + second[0] * np.sum(second[1])


@zoo({"w": np.array([0.3, -0.8]), "b": (0.5, 2)}, 2.0)
def gradient_of_a_dict(params, x):
    def loss(p):
        return np.sum(np.tanh(p["w"] * x + p["b"][0])) * p["b"][1]

    slopes = grad(loss)(params)
    moved = {"w": params["w"] - slopes["w"], "b": (params["b"][0] - slopes["b"][0], 2)}
    return loss(moved)


class Spring(NamedTuple):
    rest: float
    stiffness: np.ndarray


@dataclass
class Pair:
    left: Spring
    weight: float


@zoo(0.4, np.array([1.5, 0.7]))
def gradient_of_a_dataclass(rest, stiffness):
    def energy(pair, u):
        return pair.weight * np.sum(pair.left.stiffness * (u - pair.left.rest) ** 2)

    pair = Pair(Spring(rest, stiffness), rest * stiffness[0])
    slopes, u_bar = grad(energy, ("pair", 1))(pair, stiffness[1])
    return slopes.weight * slopes.left.rest + np.sum(slopes.left.stiffness) * u_bar


@zoo(0.7, np.array([1.5, 0.7]))
def gradient_of_a_tuple_and_a_list(x, y):
    pair_bar = grad(lambda pair: pair[0] ** 2 * np.sum(np.sin(pair[1] * x)))((x, y))
    list_bar = grad(lambda given: given[0] * given[1] * x)([x, x * x])
    return pair_bar[0] * np.sum(pair_bar[1]) + list_bar[0] * list_bar[1]


# -- inner functions that write to what they are given ---------------------------------------------


def cumulated(z):
    for i in range(1, len(z)):
        z[i] = z[i - 1] * z[i]
    return np.sum(z)


def scaled(z, c):
    z *= c
    z[0] = np.sin(z[1])
    return z


@zoo(np.array([1.1, 0.7, -0.4]))
def writing_inside_grad(x):
    return np.sum(grad(cumulated)(x * x) ** 2)


@zoo(np.array([1.1, 0.7, -0.4]), 0.6)
def writing_inside_jvp_in_jvp(x, c):
    def outer(y):
        return jvp(scaled, (y * x, c), (x, y[0]))[1]

    return np.sum(jvp(outer, (x * c,), (x,))[1])


@zoo(np.array([1.1, 0.7, -0.4]), 0.6)
def writing_inside_vjp_in_jvp(x, c):
    def outer(y):
        value, pullback = vjp(scaled, y * x, c)
        z_bar, c_bar = pullback(value)
        return z_bar * c_bar

    return np.sum(jvp(outer, (x * c,), (x,))[1])


@zoo(np.array([1.1, 0.7, -0.4]), 0.6)
def writing_inside_jvp_in_vjp(x, c):
    value, pullback = vjp(lambda y: jvp(scaled, (y * x, c), (x, y[0]))[1], x * c)
    return np.sum(pullback(x)[0] * value)


@zoo(np.array([1.1, 0.7, -0.4]), 0.6)
def writing_inside_vjp_in_vjp(x, c):
    def outer(y):
        value, pullback = vjp(scaled, y * x, c)
        z_bar, c_bar = pullback(value)
        return z_bar * c_bar

    return np.sum(vjp(outer, x * c)[1](x)[0])


@zoo(np.array([1.1, 0.7, -0.4]))
def writing_inside_jacobian(x):
    blocks = gradc.jacobian(lambda z: scaled(z, 0.5), target="python")(x)
    products = gradc.hvp(cumulated, target="python")(x, x)
    return np.sum(blocks) * np.sum(products)


@zoo(0.4, 1.3)
def one_argument_asked_for_twice(x, y):
    slopes = grad(lambda u, v: u * u * v, (0, -2))(x, y)
    return slopes[0] * slopes[1] * y


@zoo(0.2, np.array([0.5, -1.2, 2.0]))
def newton_step_to_the_nearest(w, x):
    def smallest(w, x):
        best = 1.0e9
        for i in range(len(x)):
            best = min(best, (x[i] - w) ** 2 + 0.1 * np.sin(w * x[i]))
        return best

    def slope(w):
        return np.sum(grad(smallest)(w, x))

    return grad(smallest)(w, x) / grad(slope)(w)
