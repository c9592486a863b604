"""NumPy code as it is: no symbols, no control flow of a library, no graph breaks, no casts."""

import math

import numba
import numpy as np
import pytest

import gradc
from tests.threads.support import agrees, assert_gradient

V = np.array([0.5, -1.2, 2.0, 0.3])


def test_casadi_1833_python_conditions_on_values():
    """A condition on a symbol needs `if_else`, which computes both sides."""

    def piecewise(x):
        if x > 1.0:
            return np.log(x)
        return x * x - x

    agrees(piecewise, 2.0)
    agrees(piecewise, 0.4)


def test_casadi_2290_while_on_values():
    """A loop on a symbol needs a function object of its own."""

    def halved(x):
        while x > 1.0:
            x = x * 0.5 + 0.1
        return x * x

    agrees(halved, 7.0)


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(lambda v: np.sum(np.where(v > 0, v * v, -v)), id="casadi_2743_where"),
        pytest.param(lambda v: np.linalg.norm(np.cumsum(v)), id="casadi_2903_cumsum_and_norm"),
        pytest.param(
            lambda v: np.interp(0.7, [0, 1, 2, 3], v) * np.mean(v), id="pybamm_1066_interp"
        ),
    ],
)
def test_numpy_functions_take_their_arguments(function):
    """NumPy functions fail on the symbols of another library."""
    agrees(function, V)


@pytest.mark.parametrize(
    "thread", ["casadi_3490", "casadi_975", "casadi_4121", "jax_2777", "jax_200"]
)
def test_size_of_the_program_does_not_depend_on_the_data(thread):
    """Code of hundreds of MB, and hours of compilation, for long horizons."""
    steps = {"casadi_3490": 400, "casadi_975": 5_000, "casadi_4121": 20_000, "jax_2777": 100_000}

    def horizon(x, u):
        cost = 0.0
        for k in range(len(u)):
            x = x + 0.1 * (np.sin(x) + u[k])
            cost += x * x + 0.01 * u[k] ** 2
        return cost

    g = gradc.grad(horizon, argnums=(0, 1), target="python")
    few = g.specialize(0.3, np.zeros(3)).compiled.source
    many = g.specialize(0.3, np.zeros(steps.get(thread, 1_000_000))).compiled.source
    assert few == many
    assert len(few.splitlines()) < 45


def test_l4casadi_61_second_order():
    def energy(v):
        return np.sum(np.tanh(v) * v) ** 2

    agrees(energy, V, order=2)


def test_aimnetcentral_109_one_program_for_python_lists_and_branches():
    """41 graph breaks: the compiled function is slower than the uncompiled one."""

    def model(x, scale=0.5, *, cutoff=1.5):
        layers = [lambda z: np.tanh(z * scale), lambda z: z * z]
        parts = []
        for layer in layers:
            x = layer(x)
            parts.append(x.sum() if scale < cutoff else x[0])
        first, second = parts
        return first * second

    agrees(model, V)
    g = gradc.grad(model, target="python")
    g(V)
    assert g.source.count("def ") == 1


def test_pytorch_2421_norm_at_zero():
    assert_gradient(lambda x: np.linalg.norm(x) + np.sum(x), (V * 0 + 1,), 0.5 + np.ones(4))
    found = gradc.grad(lambda x: np.linalg.norm(x) + np.sum(x), target="python")(np.zeros(3))
    np.testing.assert_array_equal(found, np.ones(3))


def test_jax_347_where_with_a_division():
    """`where(x == 0, 1, sin(x)/x)` has the gradient NaN at 0."""

    def sinc(x):
        return np.sum(np.where(x == 0, 1.0, np.sin(x) / x))

    found = gradc.grad(sinc, target="python")(np.array([0.0, 1.0]))
    np.testing.assert_allclose(found, [0.0, np.cos(1) - np.sin(1)], rtol=1e-14)


def test_jax_21723_norm_of_a_difference_that_vanishes():
    def pairs(points):
        total = 0.0
        for i in range(len(points)):
            for j in range(len(points)):
                total += np.linalg.norm(points[i] - points[j])
        return total

    found = gradc.grad(pairs, target="python")(np.array([[0.0, 0.0], [3.0, 4.0]]))
    np.testing.assert_allclose(found, [[-1.2, -1.6], [1.2, 1.6]], rtol=1e-14)


@pytest.mark.parametrize("thread", ["jax_1333", "jax_22688", "jax_4967", "gpjax_128"])
def test_float64_stays_float64(thread):
    """float32 unless a flag is set: small steps are lost without a word."""

    def lost(x):
        return ((x + 1e-12) - x) * 1e12 + x

    assert gradc.value_and_grad(lost, target="python")(1.0)[0] == pytest.approx(2.0, rel=1e-3)
    g = gradc.grad(lambda v: np.sum(v * v), target="python")
    assert g(V).dtype == np.float64
    assert g(V.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("thread", ["jax_15412", "jax_26265", "jax_38584"])
def test_other_sizes_compile_nothing(thread):
    """A function is compiled anew for each shape."""
    g = gradc.grad(lambda v, w: np.sum(np.sin(v)) * w[0] + v @ v, target="python")
    programs = {id(g.specialize(np.ones(n), np.ones(m))) for n in (2, 3, 50) for m in (4, 7)}
    assert len(programs) == 1


def test_pytensor_2024_a_counted_loop_stays_one():
    """A `scan` always becomes a `while`, four times slower."""

    def summed(v):
        s = 0.0
        for i in range(len(v)):
            s = s * 0.9 + v[i] ** 2
        return s

    g = gradc.value_and_grad(summed, target="python")
    g(V)
    assert "while" not in g.source
    agrees(summed, V)


def test_pytensor_264_gradient_of_a_scan():
    def states(x, v):
        kept = np.zeros(len(v))
        for i in range(len(v)):
            x = np.tanh(x + v[i])
            kept[i] = x
        return kept

    agrees(states, 0.2, V)


def test_pymc_377_likelihood_of_ones_own():
    """A likelihood written in NumPy is a black box, differentiated by finite differences."""

    def log_likelihood(theta, x, y):
        slope, offset, log_sigma = theta
        sigma = math.exp(log_sigma)
        total = 0.0
        for k in range(len(x)):
            residual = (y[k] - slope * x[k] - offset) / sigma
            total -= 0.5 * residual**2 + log_sigma
        return total

    agrees(log_likelihood, np.array([0.4, -0.1, 0.2]), V, 2 * V)


@numba.njit
def filtered(x, alpha):
    y = x.copy()
    for i in range(1, len(x)):
        y[i] = alpha * y[i - 1] + (1.0 - alpha) * x[i]
    return np.sum(y * y)


def test_numba_8565_gradient_of_an_njit_function():
    g = gradc.grad(filtered, argnums=(0, 1), target="python")
    wanted = gradc.grad(filtered.py_func, argnums=(0, 1), target="python")(V, 0.3)
    for found, right in zip(g(V, 0.3), wanted, strict=True):
        np.testing.assert_array_equal(found, right)
    agrees(filtered.py_func, V, 0.3)


def test_numba_3923_derivative_called_in_an_njit_function():
    slope = gradc.grad(lambda x: x**3)
    assert slope(2.0) == 12.0
    inner = slope.dispatcher

    @numba.njit
    def summed(n):
        total = 0.0
        for k in range(n):
            total += inner(float(k))
        return total

    assert summed(4) == 3.0 * (1 + 4 + 9)


# -- what is said in the user's words --------------------------------------------------------------


def _text_as_number(x):
    return x + "1"


def _unknown_method(x):
    return x.sum().nope()


def _list_of_arrays_as_float(x):
    return math.sin(x) * 2


def _shapes_that_do_not_fit(x):
    return (np.zeros(3) + np.ones(4)).sum() * x[0]


def _write_of_text(x):
    y = x.copy()
    y[0] = "a"
    return y.sum()


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(_text_as_number, id="enzyme_1410"),
        pytest.param(_unknown_method, id="enzyme_2031"),
        pytest.param(_list_of_arrays_as_float, id="enzyme_2306"),
        pytest.param(_shapes_that_do_not_fit, id="enzyme_2327"),
        pytest.param(_write_of_text, id="enzyme_1482"),
    ],
)
def test_errors_name_the_line_and_no_compiler(function):
    """Type errors speak of LLVM values, not of the source."""
    with pytest.raises(gradc.GradcError) as found:
        gradc.grad(function, target="python")(V)
    text = str(found.value)
    assert "test_plain_code.py:" in text
    assert "^" in text
    assert not any(word in text.lower() for word in ("llvm", "numba", "traceback", "poison"))


def test_enzyme_2504_constant_memory_stored_to_an_active_array():
    """ "Constant memory is stored (or returned) to a differentiable variable"."""
    table = np.array([0.1, 0.2, 0.3, 0.4])

    def mixed(x):
        y = np.zeros(4)
        y[:] = table
        y[1] = x[0] * y[0]
        y[2:] = x[2:]
        return np.sum(y * y)

    agrees(mixed, V)


@pytest.mark.parametrize("thread", ["enzyme_1068", "enzyme_1714", "enzyme_2482"])
def test_integers_and_floats_in_one_container(thread):
    """Activity of mixed types cannot be told."""

    def mixed(model):
        total = 0.0
        for k in range(model["count"]):
            total += model["weights"][k] ** model["power"] * model["rate"]
        return total

    model = {"count": 3, "weights": V, "power": 2, "rate": 0.5}
    gradient = gradc.grad(mixed, target="python")(model)
    assert gradient["count"] is None
    assert gradient["power"] is None
    np.testing.assert_allclose(gradient["weights"], [*V[:3], 0.0])
    assert gradient["rate"] == pytest.approx(np.sum(V[:3] ** 2))
