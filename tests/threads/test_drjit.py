"""What users of Dr.Jit report: loops that cannot be run backwards, or only up to a bound."""

import numpy as np

from tests.threads.support import agrees

X = np.array([0.5, -1.2, 2.0, 0.3])


def test_drjit_53_sphere_tracing():
    """Reverse mode of a recorded loop "never will be" supported."""

    def trace(radius, direction):
        t = 0.0
        while True:
            point = np.array([-3.0, 0.0]) + t * direction
            distance = np.sqrt(point @ point) - radius
            if distance < 1e-10 or t > 10.0:
                break
            t += distance
        return t

    agrees(trace, 1.0, np.array([0.96, 0.28]))


def test_drjit_491_more_iterations_than_were_foreseen():
    """With `max_iterations` a loop that takes more steps has a wrong gradient."""

    def iterate(x, n):
        k = 0
        while k < n:
            x = x + 0.01 * np.cos(x)
            k += 1
        return x

    agrees(iterate, 0.3, 200)


def test_mitsuba_1334_loop_in_a_loop():
    """A loop in a loop cannot be differentiated backwards."""

    def nested(x):
        throughput = 1.0
        radiance = 0.0
        i = 0
        while i < len(x) and throughput > 0.01:
            transmission = 1.0
            j = 0
            while j < i:
                transmission *= np.exp(-0.1 * x[j] ** 2)
                j += 1
            radiance += throughput * transmission * x[i]
            throughput *= 0.5 + 0.1 * np.sin(x[i])
            i += 1
        return radiance

    agrees(nested, X)
