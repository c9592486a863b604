"""Small numerical programs: stencils, time steps, layers, extrema so far, sums of exponentials."""

import math

import numpy as np

from tests.zoo.case import Group

zoo = Group("numerics")

V = np.array([0.5, -1.2, 2.0, 0.3, 0.9, -0.4, 1.1])
W = np.array([0.3, 0.8, -0.6, 1.4, 0.2, -0.9, 0.7])
M = np.array(
    [[0.3, -0.7, 1.2, 0.4], [0.9, 0.1, -0.5, 0.8], [-0.2, 0.6, 0.7, -1.1], [1.0, 0.2, 0.3, 0.5]]
)
SQUARE = np.array([[0.4, -0.3, 0.2], [0.1, 0.5, -0.6], [-0.2, 0.3, 0.7]])


@zoo(V, 0.1)
def diffusion(u, c):
    for _ in range(3):
        new = u.copy()
        for i in range(1, len(u) - 1):
            new[i] = u[i] + c * (u[i - 1] - 2.0 * u[i] + u[i + 1])
        u = new
    return u


@zoo(M, 0.1)
def diffusion_in_a_plane(u, c):
    for _ in range(2):
        new = np.zeros(u.shape)
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                around = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]
                new[i, j] = u[i, j] + c * (around - 4.0 * u[i, j])
        u = new
    return np.sum(u * u)


@zoo(V)
@zoo(V[:2])
def banana(x):
    total = 0.0
    for i in range(len(x) - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


@zoo(V, W)
def flow_backwards(u, v):
    # what flows against the wind, from the end to the beginning
    out = np.zeros_like(u)
    for i in range(len(u) - 2, 0, -1):
        out[i] = u[i] - 0.1 * v[i] * (u[i + 1] - u[i - 1]) + out[i + 1] * 0.5
    return out


@zoo(V)
def log_sum_exp(x):
    top = x[0]
    for i in range(1, len(x)):
        top = max(top, x[i])
    total = 0.0
    for i in range(len(x)):
        total += math.exp(x[i] - top)
    return top + math.log(total)


@zoo(V)
def softened(x):
    return np.sum(np.tanh(np.exp(-x * x) + x))


@zoo(V)
def drawdown(x):
    # the largest fall from the highest point so far
    top, worst = x[0], 0.0
    for value in x:
        if value > top:
            top = value
        worst = max(worst, top - value)
    return worst


@zoo(SQUARE, V[:3], W[:3])
def recurrent_cells(weights, state, bias):
    total = 0.0
    for t in range(4):
        state = np.tanh(weights @ state + bias * (t + 1))
        total += np.sum(state)
    return total


@zoo(SQUARE, M[:3, :3], V[:3], W[:3])
def two_layers(first, second, x, bias):
    hidden = 1.0 / (1.0 + np.exp(-(first @ x + bias)))
    return second @ hidden


@zoo(np.array([0.3, 0.7, -0.2]), np.linspace(-1.0, 1.0, 16).reshape(8, 2))
def rotated_points(angles, points):
    # each angle turns all points, and what it leaves of them is added up
    moved = np.zeros(points.shape)
    for k in range(len(angles)):
        c, s = math.cos(angles[k]), math.sin(angles[k])
        turn = np.array([[c, -s], [s, c]])
        for v in range(points.shape[0]):
            for i in range(2):
                moved[v, i] += turn[i, 0] * points[v, 0] + turn[i, 1] * points[v, 1]
    return moved


@zoo(V, 0.4)
def growing_history(x, rate):
    history = [x[0]]
    for value in x[1:]:
        if value > 0.0:
            history.append(history[-1] * (1.0 - rate) + value * rate)
    return np.sum(np.array(history) ** 2)


@zoo(0.6, -0.3, 0.2)
def error_of_a_step(angle, speed, h):
    # a step of the method of Runge and Kutta, and two of half its size
    def force(angle, speed):
        bend = 0.2 * angle * math.exp(-angle * angle) + 0.05 * math.sin(3.0 * angle)
        drag = (0.1 * abs(speed) + 0.02 * speed * speed) * speed / (1.0 + speed * speed)
        return bend - math.sin(angle) - drag + 0.3 * math.cos(2.0 * angle)

    def step(angle, speed, h):
        a, b = speed, force(angle, speed)
        c, d = speed + 0.5 * h * b, force(angle + 0.5 * h * a, speed + 0.5 * h * b)
        e, f = speed + 0.5 * h * d, force(angle + 0.5 * h * c, speed + 0.5 * h * d)
        k, m = speed + h * f, force(angle + h * e, speed + h * f)
        return (
            angle + h / 6.0 * (a + 2.0 * c + 2.0 * e + k),
            speed + h / 6.0 * (b + 2.0 * d + 2.0 * f + m),
        )

    whole = step(angle, speed, h)
    first = step(angle, speed, 0.5 * h)
    second = step(first[0], first[1], 0.5 * h)
    third = step(second[0], second[1], h)
    return abs(whole[0] - second[0]) + abs(whole[1] - second[1]) + 0.01 * third[0]


@zoo(V, W)
def prefix_sums(x, y):
    total, out = 0.0, np.empty(len(x))
    for i in range(len(x)):
        total += x[i] * y[i]
        out[i] = total * x[i]
    return out


@zoo(V, W)
def fitted_polynomial(coefficients, points):
    total = 0.0
    for t in points:
        residual, power = math.sin(t), 1.0
        for c in coefficients:
            residual -= c * power
            power *= t
        total += residual * residual
    return total


@zoo(M)
def smallest_shares(x):
    weights = np.tanh(x) + 1.0
    shares = weights / np.sum(weights)
    return np.sum(np.min(shares, axis=0) * x[0] * 0.3)
