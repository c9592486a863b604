"""Loops that end when a value says so, which other tools cannot reverse or only up to a bound."""

import numpy as np
import pytest

import gradc
from tests.threads.support import agrees

A = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -0.2], [0.5, -0.2, 2.0]])
B = np.array([1.0, -0.5, 0.8])


def test_mujoco_1207_newton_steps_with_a_line_search():
    """MJX has no reverse mode through the `while_loop` of its solver."""

    def solved(stiffness):
        x = 1.0
        for _ in range(50):
            force = stiffness * x**3 + x - 2.0
            if abs(force) < 1e-13:
                break
            step = force / (3.0 * stiffness * x**2 + 1.0)
            length = 1.0
            while abs(stiffness * (x - length * step) ** 3 + x - length * step - 2.0) > abs(force):
                length *= 0.5
            x -= length * step
        return x

    agrees(solved, 1.7)


def test_dynamiqs_917_steps_of_adaptive_size():
    """The gradient through an adaptive integrator needs another, slower solver."""

    def end(rate):
        t, y, h, tolerance = 0.0, 1.0, 0.5, 0.01
        while t < 1.0:
            h = min(h, 1.0 - t)
            slope = -rate * y
            other = -rate * (y + h * slope)
            error = abs(0.5 * h * (other - slope))
            if error > tolerance:
                h *= 0.5
                continue
            y += 0.5 * h * (slope + other)
            t += h
            if error < 0.1 * tolerance:
                h *= 2.0
        return y

    agrees(end, 1.3)


def test_cola_120_conjugate_gradients():
    """No gradient through the `while_loop` of an iterative solver."""

    def solution(shift, b):
        matrix = A + shift * np.eye(3)
        x = np.zeros(3)
        r = b.copy()
        p = r.copy()
        size = r @ r
        for _ in range(3):
            q = matrix @ p
            alpha = size / (p @ q)
            x += alpha * p
            r -= alpha * q
            before, size = size, r @ r
            if size < 1e-26:
                break
            p = r + size / before * p
        return x

    agrees(solution, 0.3, B)
    x = gradc.value_and_grad(lambda s, b: np.sum(solution(s, b)), target="python")(0.3, B)[0]
    assert x == pytest.approx(np.sum(np.linalg.solve(A + 0.3 * np.eye(3), B)))


def test_ott_7_sinkhorn_until_it_converges():
    """The loop of the solver is a `while_loop`: forward mode only, or a fixed number of steps."""

    def transport(cost):
        kernel = np.exp(-cost)
        u = np.ones(len(cost))
        v = np.ones(cost.shape[1])
        error = 1.0
        while error > 1e-3:
            u = 0.5 / (kernel @ v)
            v = 0.5 / (kernel.T @ u)
            error = np.sum(np.abs(u * (kernel @ v) - 0.5))
        return np.sum(u * (kernel * cost @ v))

    agrees(transport, np.array([[0.3, 1.2], [0.9, 0.1]]))


def test_slang_2635_no_number_of_iterations_to_declare():
    """A differentiable loop has to declare `MaxIters`."""

    def decayed(x, tenths):
        count = 0
        while x > tenths / 10:
            x = np.sin(x)
            count += 1
        return x * count

    for tenths in (9, 3):
        agrees(decayed, 1.5, tenths)


def test_slang_9267_return_from_inside_of_loops():
    """Early returns in loops whose length is not known."""

    def first_above(x, v):
        for i in range(len(v)):
            for j in range(i):
                if v[i] * v[j] > x:
                    return v[i] * v[j] * x
        return x

    v = np.array([0.2, 0.5, 1.1, 0.9])
    agrees(first_above, 0.3, v)
    agrees(first_above, 30.0, v)


@pytest.mark.parametrize("steps", [0, 1, 17])
def test_drjit_382_loop_state_is_kept_for_the_way_back(steps):
    """A loop is recorded once, and its state is lost for the reverse sweep."""

    def walk(x, n):
        position, speed = x, 1.0
        for _ in range(n):
            speed = speed - 0.1 * np.sin(position)
            position = position + 0.1 * speed
        return position * speed

    agrees(walk, 0.4, steps)


def test_drjit_253_derivative_of_a_loop_in_forward_mode_too():
    def product(x, n):
        p = 1.0
        for k in range(n):
            p *= x + k
        return p

    agrees(product, 0.4, 5, order=2)


def test_drjit_536_loop_around_a_branch_that_changes_arrays():
    def scattered(x, marks):
        total = np.zeros(3)
        for i in range(len(x)):
            if marks[i]:
                total[i % 3] += x[i] ** 2
            else:
                total[0] -= x[i]
        return total[0] * total[1] + total[2]

    agrees(scattered, np.array([0.3, -0.7, 1.1, 0.2]), np.array([True, False, True, True]))
