"""Complex numbers inside a function: views and writes, loops and branches, and what is refused."""

import numpy as np
import pytest

import gradc

X = np.array([0.4, -0.3, 0.9, 1.7, -0.8])


def views(x):
    z = x + 1j * x[::-1]
    half = z[1:4]
    half[0] = 2.0 - 1j
    z.imag[3] = x[0]
    half *= 1j
    return np.sum(np.abs(z) ** 2 * np.arange(5.0)) + half.real[1]


def copies(x):
    z = x + 0j
    z[0] = 5.0
    w = z + 0.0
    w[1] = 7j
    return np.sum(x**2) + np.abs(z[1]) + np.abs(w[1])


def summed(x):
    """A sum that begins with a real number."""
    total = 0.0
    for k in range(len(x)):
        total += x[k] * np.exp(-2j * np.pi * k * x[1])
    return abs(total)


def begun(x):
    z = x
    for k in range(3):
        z = z * (0.5 + 0.1j * k) + x
    return np.sum(z.imag**2 + z.real)


def chosen(x):
    if x[0] > 0:
        z, a = 1j * x[1], x
    else:
        z, a = x[2], 2j * x
    return (z * z).real + np.sum((a * (1 + 2j)).imag)


def chosen_twice(x):
    z = 1j * x if x[0] > 0 else x * (1 - 1j)
    return np.sum(z.imag**2)


def searched(x):
    z = 0.1 + 0.2j
    while abs(z) < 2.0:
        z = z * z + x[3] + 0.1j
    return z.real + z.imag


def passed(x):
    def turn(z, by):
        return z * np.exp(1j * by)

    pairs = [turn(x[0], x[1]), turn(1j * x[2], 0.3)]
    first, second = pairs
    return (first / second).real + len(np.array(pairs)) * abs(first)


def equal(x):
    z = x + 1j * x
    return np.sum(np.where(z == x[0] * (1 + 1j), x, x**2)) + (z[0] != z[1]) * x[2]


def shaped(x):
    z = np.outer(x[:2], x[1:4]) * (1 + 0.5j)
    w = np.stack([z.T, np.ones((3, 2), dtype=complex)]).reshape(2, -1)
    assert w.shape[0] == len(w) == 2
    assert w.ndim == 2
    assert w.dtype == np.complex128
    return np.sum(w.sum(axis=0).imag * np.arange(6.0)) + z.conj().mean().imag


FUNCTIONS = [views, copies, summed, begun, chosen, chosen_twice, searched, passed, equal, shaped]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_values_and_derivatives(function):
    value, _ = gradc.value_and_grad(function, target="python")(X)
    assert value == pytest.approx(function(X), rel=1e-13)
    gradc.check_grads(function, (X,), order=2, target="python")
    gradc.check_grads(function, (-X,), target="python")


@pytest.mark.parametrize("function", [views, passed, shaped])
def test_compiled(function):
    value, bar = gradc.value_and_grad(function)(X)
    assert value == pytest.approx(function(X), rel=1e-13)
    wanted = gradc.grad(function, target="python")(X)
    np.testing.assert_allclose(bar, wanted, rtol=1e-12, atol=1e-13)


def test_single_precision_stays():
    x = X.astype(np.float32)

    def function(x):
        z = np.fft.fft(x * np.complex64(1 + 1j)) * 2j
        assert z.dtype == np.complex64
        return np.abs(z)

    value, pullback = gradc.vjp(function, x)
    assert value.dtype == np.float32
    assert pullback(value)[0].dtype == np.float32
    np.testing.assert_allclose(value, function(x), rtol=1e-5)


def test_a_square_of_absolute_values_has_no_root():
    gradient = gradc.grad(lambda x: np.sum(np.abs(np.fft.rfft(x)) ** 2), target="python")
    gradient(X)
    assert "hypot" not in gradient.source
    assert "sqrt" not in gradient.source


def test_the_derivative_of_the_absolute_value_at_zero_is_zero():
    gradient = gradc.grad(lambda x: np.sum(np.abs(x * (1 + 2j))))
    np.testing.assert_array_equal(gradient(np.zeros(3)), np.zeros(3))


REFUSED = [
    (lambda x: np.fft.rfft(x), "returns a 1-dimensional complex array: results are real", ".real"),
    (lambda x: x[0] + 2j, "returns a complex number: results are real", ".real"),
    (lambda x: np.sqrt(1j * x).real, "`np.sqrt` of complex numbers is not supported", "np.angle"),
    (lambda x: (1j * x).max(), "`.max` of complex arrays is not supported", ""),
    (lambda x: max(1j * x[0], 1.0), "`max` of complex numbers is not supported", ""),
    (lambda x: (1j * x > 0) * x, "complex numbers have no order", "np.abs"),
    (lambda x: ((1j * x) ** x[0]).real, "powers with an integer known at compile time", "np.log"),
    (lambda x: (1j * x) // 2, "there is no `//` of complex numbers", ""),
    (lambda x: np.array([1j * x[0]], dtype=float), "do not fit into an array of real", ".real"),
    (lambda x: (1j * x).astype(float), "do not fit into an array of real", ".real"),
    (lambda x: np.fft.rfft(1j * x).real, "np.fft.rfft takes real numbers", "np.fft.fft"),
    (lambda x: np.fft.fft(x, norm="unitary").real, "norm is 'backward', 'ortho' or 'forward'", ""),
    (lambda x: np.fft.fft(x[0]).real, "takes an array, not a number", ""),
    (lambda x: np.fft.fft(x, 0).real, "takes at least one number", ""),
    (lambda x: np.fft.fft(x, axis=1).real, "axis 1 is out of bounds", ""),
    (lambda x: [z.real for z in np.fft.fft(x)], "complex array cannot be looped over", ""),
    (lambda x: np.add(1j * x, 1.0, out=x).real, "which do not fit into an array of real ones", ""),
    (lambda x: np.linalg.det(1j * np.outer(x, x)).real, "`np.linalg.det` of complex numbers", ""),
]


@pytest.mark.parametrize(("function", "told", "hint"), REFUSED)
def test_refusals(function, told, hint):
    with pytest.raises(gradc.GradcError) as caught:
        gradc.vjp(function, X, target="python")
    message = str(caught.value)
    assert told in message
    assert hint in message
    assert "problems" not in message


def test_complex_numbers_do_not_fit_into_real_arrays():
    def function(x):
        y = x.copy()
        y[0] = 1j * x[1]
        y *= 1j
        return np.sum(y)

    with pytest.raises(gradc.GradTypeError) as caught:
        gradc.grad(function)(X)
    message = str(caught.value)
    assert "y[0]: a complex number cannot be written to an array of real numbers" in message
    assert "y * 1j: the complex number 1j cannot be written" in message
    assert "hint: make that complex: np.zeros(n, dtype=complex)" in message


def test_complex_arguments_are_refused():
    with pytest.raises(gradc.GradTypeError, match="dtype complex128"):
        gradc.grad(lambda x: np.sum(x.real))(X + 1j)
