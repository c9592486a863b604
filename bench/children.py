"""What bench.first_gradient runs in fresh processes: one gradient, timed from inside.

Run by its path, and imports nothing of this package: whatever else is loaded would count. The last
line of output is JSON: seconds until the library was imported, seconds from there to the first
gradient, seconds of a later call, and the gradient.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections.abc import Callable
from typing import Any

NOW: Callable[[], float] = time.process_time if sys.argv[2] == "cpu" else time.perf_counter
START = NOW()
POINT = (1.0, 3.0)
LATER_CALLS = 200
MIXTURE = (200, 5, 4)
"""Points, their dimensions, and components."""


def lecture(x1: Any, x2: Any) -> Any:
    """The formula of the lecture; JAX's arrays and gradc's floats go through it alike."""
    return (2 * x1 + 3 * x2) ** 2 + 3


def gradc_formula() -> None:
    """``gradc.compile_expression``."""
    from gradc import compile_expression

    imported = NOW()
    expression = compile_expression("(2*x1 + 3*x2)**2 + 3")
    _, gradient = expression(*POINT)
    done = NOW()
    report(imported, done, lambda: expression(*POINT), gradient)


def gradc_function() -> None:
    """``gradc.grad`` of the Python function."""
    from gradc import grad

    imported = NOW()
    gradient_of = grad(lecture, argnums=(0, 1))
    gradient = gradient_of(*POINT)
    done = NOW()
    report(imported, done, lambda: gradient_of(*POINT), gradient)


def jax_formula() -> None:
    """``jax.jit(jax.grad(f))`` in float64."""
    import jax

    jax.config.update("jax_enable_x64", True)
    imported = NOW()
    gradient_of = jax.jit(jax.grad(lecture, argnums=(0, 1)))
    gradient = jax.block_until_ready(gradient_of(*POINT))
    done = NOW()
    report(imported, done, lambda: jax.block_until_ready(gradient_of(*POINT)), map(float, gradient))


def gradc_network() -> None:
    """``gradc.load_model``, and the gradient of one batch."""
    import numpy as np

    from gradc import load_model

    imported = NOW()
    x, y, parameters = batch(np)
    model = load_model(sys.argv[4])
    _, gradient = model.value_and_grad(parameters, x, y)
    done = NOW()
    norms = (float(np.linalg.norm(each)) for each in gradient)
    report(imported, done, lambda: model.value_and_grad(parameters, x, y), norms)


def jax_network() -> None:
    """``jax.jit(jax.grad(loss))`` of the network in float32: dense layers with relu between."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    imported = NOW()
    x, y, parameters = batch(np)

    def loss(parameters: list[Any], x: Any, y: Any) -> Any:
        weights, biases = parameters[::2], parameters[1::2]
        for index, (w, b) in enumerate(zip(weights, biases, strict=True)):
            x = (jax.nn.relu(x) if index else x) @ w + b
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x), y[:, None], axis=1))

    gradient_of = jax.jit(jax.grad(loss))
    gradient = jax.block_until_ready(gradient_of(parameters, x, y))
    done = NOW()
    norms = (float(np.linalg.norm(each)) for each in gradient)
    report(imported, done, lambda: jax.block_until_ready(gradient_of(parameters, x, y)), norms)


def gradc_mixture() -> None:
    """``gradc.grad`` of the Gaussian mixture of GradBench, written in loops."""
    _mixture("objective", ())


def gradc_mixture_arrays() -> None:
    """The same, written in arrays."""
    import numpy as np

    columns, rows = np.triu_indices(MIXTURE[1], 1)
    _mixture("objective_arrays", (rows, columns))


def _mixture(name: str, places: tuple[Any, ...]) -> None:
    import numpy as np

    from gradc import grad

    imported = NOW()
    function = getattr(_mixture_module(), name)
    parameters, x = mixture_data(np)
    gradient_of = grad(function, argnums=(0, 1, 2, 3))
    arguments = (*parameters, x, *places, 1.0, 0.0, 0.0)
    gradient = gradient_of(*arguments)
    done = NOW()
    norms = [float(np.linalg.norm(each)) for each in gradient]
    report(imported, done, lambda: gradient_of(*arguments), norms)


def _mixture_module() -> Any:
    spec = importlib.util.spec_from_file_location("gmm", sys.argv[5])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def jax_mixture() -> None:
    """``jax.jit(jax.grad(f))`` of the same in array operations, all points at once."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    import numpy as np

    imported = NOW()
    parameters, x = mixture_data(np)
    columns, rows = np.triu_indices(MIXTURE[1], 1)

    def objective(alpha: Any, mu: Any, q: Any, low: Any, x: Any) -> Any:
        diagonals = jnp.exp(q)
        count, size = q.shape
        factors = jnp.zeros((count, size, size)).at[:, rows, columns].set(low)
        factors = factors + diagonals[:, :, None] * jnp.eye(size)
        scaled = jnp.einsum("kij,nkj->nki", factors, x[:, None, :] - mu)
        terms = alpha + jnp.sum(q, axis=1) - 0.5 * jnp.sum(scaled * scaled, axis=2)
        likelihood = jnp.sum(jax.nn.logsumexp(terms, axis=1))
        prior = 0.5 * (jnp.sum(diagonals**2) + jnp.sum(low * low))
        return likelihood - len(x) * jax.nn.logsumexp(alpha) - prior

    gradient_of = jax.jit(jax.grad(objective, argnums=(0, 1, 2, 3)))
    gradient = jax.block_until_ready(gradient_of(*parameters, x))
    done = NOW()
    norms = [float(np.linalg.norm(each)) for each in gradient]
    report(imported, done, lambda: jax.block_until_ready(gradient_of(*parameters, x)), norms)


def mixture_data(np: Any) -> tuple[list[Any], Any]:
    """Parameters of a mixture, and points."""
    points, d, k = MIXTURE
    rng = np.random.default_rng(0)
    sizes = ((k,), (k, d), (k, d), (k, d * (d - 1) // 2))
    return [rng.normal(size=size) for size in sizes], rng.normal(size=(points, d))


def numpy_alone() -> None:
    """Nothing but Python and NumPy: what neither library can be faster than."""
    import numpy as np

    imported = NOW()
    report(imported, imported, lambda: None, [float(np.float64(0.0))])


def batch(np: Any) -> tuple[Any, Any, list[Any]]:
    """The batch and the parameters that the parent wrote."""
    with np.load(sys.argv[3]) as arrays:
        count = len(arrays.files) - 2
        return arrays["x"], arrays["y"], [arrays[f"p{index}"] for index in range(count)]


def report(imported: float, done: float, again: Callable[[], object], gradient: Any) -> None:
    """Time a later call, and print what was found."""
    again()
    start = NOW()
    for _ in range(LATER_CALLS):
        again()
    later = (NOW() - start) / LATER_CALLS
    found = {
        "import": imported - START,
        "gradient": done - imported,
        "later": later,
        "values": [float(value) for value in gradient],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    # the libraries are loaded without this file's folder on the path (python -P)
    {
        each.__name__: each
        for each in (
            gradc_formula,
            gradc_function,
            jax_formula,
            gradc_network,
            jax_network,
            gradc_mixture,
            gradc_mixture_arrays,
            jax_mixture,
            numpy_alone,
        )
    }[sys.argv[1]]()
