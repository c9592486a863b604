"""A network's compiled programs: equal to the evaluator, safe from bad targets, on every target."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gradc.errors import GradTypeError
from gradc.faces.models import Model
from gradc.frontend.network import initial_values, loss_function, predict_function
from gradc.frontend.network_spec import parse_network_spec
from gradc.ir.types import DType
from gradc.options import Options
from gradc.prims.evaluate import evaluate

SPEC = """\
[model]
name = "net"
input = [5]
dtype = "{dtype}"
[[layer]]
type = "linear"
units = 4
[[layer]]
type = "{activation}"
[[layer]]
type = "linear"
units = 3
{last}
[loss]
type = "{loss}"
"""


def network(options: Options, *, dtype="float64", activation="tanh", loss="cross_entropy") -> Model:
    last = '[[layer]]\ntype = "softmax"' if loss == "nll" else ""
    text = SPEC.format(dtype=dtype, activation=activation, last=last, loss=loss)
    path = Path("net.toml")
    return Model(path, options, spec=parse_network_spec(text, path))


def batch(model: Model, samples: int = 7):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(samples, 5)).astype(model.dtype.numpy)
    if model.spec.loss.type == "mse":
        return x, rng.normal(size=(samples, 3)).astype(model.dtype.numpy)
    return x, rng.integers(0, 3, samples)


TARGETS = [Options(), Options(target="python", style="numpy"), Options(target="python")]


@pytest.mark.parametrize("options", TARGETS, ids=["cpu", "numpy", "loops"])
@pytest.mark.parametrize(
    ("dtype", "activation", "loss"),
    [
        ("float64", "tanh", "cross_entropy"),
        ("float64", "sigmoid", "mse"),
        ("float32", "relu", "nll"),
        ("float64", "sign", "cross_entropy"),
    ],
)
def test_programs_equal_the_evaluator(options, dtype, activation, loss):
    model = network(options, dtype=dtype, activation=activation, loss=loss)
    x, y = batch(model)
    params = initial_values(model.spec, 1)
    found, gradient = model.value_and_grad(params, x, y)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    (wanted,) = evaluate(loss_function(model.spec), [x, y, *params])
    assert found == pytest.approx(float(wanted), rel=tolerance)
    wanted_bars = evaluate(model.gradient.function, [x, y, *params])[1:]
    for bar, wanted_bar, param in zip(gradient, wanted_bars, params, strict=True):
        np.testing.assert_allclose(bar, wanted_bar, rtol=tolerance, atol=tolerance)
        assert bar.dtype == param.dtype
        assert bar.shape == param.shape
        assert bar.flags.c_contiguous
    (outputs,) = evaluate(predict_function(model.spec), [x, *params])
    np.testing.assert_allclose(model.predict(params, x), outputs, rtol=tolerance, atol=tolerance)
    _, same = model.evaluate(params, x, y)
    np.testing.assert_allclose(same, outputs, rtol=tolerance, atol=tolerance)
    assert len(model.layers(params, x)) == len(model.spec.layers)


@pytest.mark.parametrize("options", TARGETS, ids=["cpu", "numpy", "loops"])
def test_program_alone_refuses_targets_that_do_not_fit(options):
    """What is saved and called elsewhere has nothing in front of it."""
    model = network(options)
    x, y = batch(model)
    params = initial_values(model.spec, 1)
    kernel = model.gradient.kernel
    run = kernel.py_func if options.target == "python" else kernel
    for label in (-1, 3, 2**40):
        wrong = y.copy()
        wrong[4] = label
        with pytest.raises(IndexError, match=r"a label in y is not in 0 \.\. 2"):
            run(x, wrong, *params)
    with pytest.raises(ValueError, match="x and y have different numbers of samples"):
        run(x, y[:-1], *params)
    with pytest.raises(ValueError, match="there are no samples"):
        run(x[:0], y[:0], *params)


X = np.zeros((3, 5))
Y = np.array([0, 1, 2])


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X[:, :4], Y, "x: samples of shape (5,) belong here, one a row, not an array of shape "
                      "(3, 4)"),
        (X[0, 0], Y, "x: samples of shape (5,) belong here, one a row, not an array of shape ()"),
        (X[:0], Y[:0], "x: there are no samples"),
        (X.astype(complex), Y, "x: numbers belong here, not complex128"),
        (X, Y[:2], "y: 3 targets belong here, not (2,)"),
        (X, Y * 1.0, "y: integer labels belong here, not float64 of shape (3,)"),
        (X, Y[:, None], "y: integer labels belong here, not int64 of shape (3, 1)"),
        (X, Y + 1, "y: label 3 is not in 0 .. 2 (the model has 3 outputs)"),
        (X, Y - 1, "y: label -1 is not in 0 .. 2 (the model has 3 outputs)"),
    ],
)  # fmt: skip
def test_samples_and_targets_that_do_not_fit(x, y, message):
    model = network(Options(target="python", style="numpy"))
    with pytest.raises(GradTypeError) as caught:
        model.value_and_grad(model.initial(), x, y)
    assert str(caught.value) == message


def test_parameters_that_do_not_fit_do_not_reach_the_kernel():
    model = network(Options(target="python", style="numpy"))
    w1, b1, w2, b2 = model.initial()
    with pytest.raises(GradTypeError) as caught:
        model.value_and_grad([w1[:, :2], b1[:2], w2, b2.astype(np.float32)], X, Y)
    assert str(caught.value) == (
        "w1: float64 of shape (5, 4) belongs here, not float64 of shape (5, 2)\n"
        "b1: float64 of shape (4,) belongs here, not float64 of shape (2,)\n"
        "b2: float64 of shape (3,) belongs here, not float32 of shape (3,)"
    )
    with pytest.raises(GradTypeError, match="params: 3 arrays for the parameters w1, b1, w2, b2"):
        model.predict([w1, b1, w2], X)


def test_arrays_in_another_order_are_taken():
    model = network(Options())
    params = model.initial()
    x, y = batch(model)
    loss, _ = model.value_and_grad(params, x, y)
    frozen = [np.asfortranarray(param) for param in params]
    for array in frozen:
        array.flags.writeable = False
    same, _ = model.value_and_grad(frozen, np.asfortranarray(x), y.astype(np.uint8))
    assert same == loss


def test_any_number_of_samples_runs_the_same_program():
    model = network(Options())
    params = initial_values(model.spec, 1)
    for samples in (1, 2, 33):
        x, y = batch(model, samples)
        loss, _ = model.value_and_grad(params, x, y)
        (wanted,) = evaluate(loss_function(model.spec), [x, y, *params])
        assert loss == pytest.approx(float(wanted), rel=1e-12)


def test_the_callers_arrays_are_not_written():
    model = network(Options())
    x, y = batch(model)
    params = initial_values(model.spec, 1)
    given = [x, y, *params]
    before = [array.copy() for array in given]
    model.value_and_grad(params, x, y)
    for array, copy in zip(given, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_float64_is_asked_for_by_a_check():
    model = network(Options(target="python", style="numpy"), dtype="float32")
    wide = model.in_dtype(DType.F64)
    x, y = batch(wide)
    params = initial_values(model.spec, 1, DType.F64)
    loss, gradient = wide.value_and_grad(params, x, y)
    assert isinstance(loss, float)
    assert all(bar.dtype == np.float64 for bar in gradient)


def test_saved_program_runs_without_the_compiler(tmp_path):
    model = network(Options())
    model.save(tmp_path / "net_gradient.py")
    x, y = batch(model)
    params = initial_values(model.spec, 1)
    np.savez(tmp_path / "data.npz", x=x, y=y, **{f"p{i}": p for i, p in enumerate(params)})
    code = (
        "import sys; sys.modules['gradc'] = None\n"
        "import numpy as np\n"
        "from net_gradient import net_loss_value_and_grad as run\n"
        "d = np.load('data.npz')\n"
        "loss, *bars = run(d['x'], d['y'], *(d[f'p{i}'] for i in range(4)))\n"
        "print(repr(float(loss)), len(bars))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    loss, _ = model.value_and_grad(params, x, y)
    assert done.stdout.split() == [repr(loss), "4"]
