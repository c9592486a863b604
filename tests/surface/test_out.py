"""The argument `out`: what is written, what it is, and what it may be, as in NumPy.

Each function that has `out` is called into a row of a larger array, whose gradient says whether the
write is seen; the calls are written to a module, since gradc reads source text.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.frontend.python.outs import FUNCTIONS, METHODS, out_of
from tests.frontend.python.support import run
from tests.surface.calling import gradient_problem, value_problem, written
from tests.surface.crossing import MATRIX

#: A call of each function, without `out`, in which `x` is a matrix. Methods are called on it.
CALLS = {
    "sum": "np.sum(x, axis=0)",
    "prod": "np.prod(x, axis=1)",
    "nansum": "np.nansum(x, axis=0, keepdims=True)",
    "nanprod": "np.nanprod(x, axis=0)",
    "mean": "np.mean(x, axis=-1)",
    "nanmean": "np.nanmean(x, axis=0)",
    "var": "np.var(x, axis=0, ddof=1)",
    "std": "np.std(x, axis=0)",
    "nanvar": "np.nanvar(x, axis=0)",
    "nanstd": "np.nanstd(x, axis=1)",
    "max": "np.max(x, axis=0)",
    "min": "np.min(x, axis=0, initial=0.5)",
    "amax": "np.amax(x, axis=0)",
    "amin": "np.amin(x, axis=0)",
    "nanmax": "np.nanmax(x, axis=0)",
    "nanmin": "np.nanmin(x, axis=1)",
    "any": "np.any(x > 0.0, axis=0)",
    "all": "np.all(x > 0.0, axis=0)",
    "argmax": "np.argmax(x, axis=0)",
    "argmin": "np.argmin(x, axis=1)",
    "nanargmax": "np.nanargmax(x, axis=0)",
    "nanargmin": "np.nanargmin(x, axis=0)",
    "ptp": "np.ptp(x, axis=0)",
    "median": "np.median(x, axis=0)",
    "nanmedian": "np.nanmedian(x, axis=1)",
    "quantile": "np.quantile(x, [0.2, 0.7], axis=0)",
    "percentile": "np.percentile(x, 30.0, axis=0)",
    "nanquantile": "np.nanquantile(x, 0.3, axis=1)",
    "nanpercentile": "np.nanpercentile(x, 30.0, axis=0)",
    "cumsum": "np.cumsum(x, axis=0)",
    "cumprod": "np.cumprod(x)",
    "nancumsum": "np.nancumsum(x, axis=1)",
    "nancumprod": "np.nancumprod(x, axis=0)",
    "cumulative_sum": "np.cumulative_sum(x, axis=0)",
    "cumulative_prod": "np.cumulative_prod(x, axis=1, include_initial=True)",
    "take": "np.take(x, [0, -1], axis=1)",
    "choose": "np.choose([0, 1, 0, 2], x)",
    "compress": "np.compress([True, False, True], x, axis=0)",
    "concat": "np.concat([x, 2.0 * x])",
    "concatenate": "np.concatenate([x, 2.0 * x], axis=1)",
    "stack": "np.stack([x, 2.0 * x], axis=1)",
    "dot": "np.dot(x, x[0])",
    "outer": "np.outer(x[0], x[1])",
    "linalg.multi_dot": "np.linalg.multi_dot([x, x.T, x])",
    "einsum": "np.einsum('ij,ik->jk', x, x)",
    "clip": "np.clip(x, 0.0, 1.0)",
    "around": "np.around(x, 1)",
    "round": "np.round(x)",
    "fix": "np.fix(x)",
    "isposinf": "np.isposinf(x)",
    "isneginf": "np.isneginf(x)",
    "trace": "np.trace(np.stack([x, 2.0 * x]), axis1=0)",
    "fft.fft": "np.fft.fft(x)",
    "fft.ifft": "np.fft.ifft(x)",
    "fft.rfft": "np.fft.rfft(x, axis=0)",
    "fft.irfft": "np.fft.irfft(x)",
    "fft.hfft": "np.fft.hfft(x)",
    "fft.ihfft": "np.fft.ihfft(x)",
    "fft.fft2": "np.fft.fft2(x)",
    "fft.ifft2": "np.fft.ifft2(x)",
    "fft.rfft2": "np.fft.rfft2(x)",
    "fft.irfft2": "np.fft.irfft2(x)",
    "fft.fftn": "np.fft.fftn(x)",
    "fft.ifftn": "np.fft.ifftn(x)",
    "fft.rfftn": "np.fft.rfftn(x)",
    "fft.irfftn": "np.fft.irfftn(x)",
    "add.reduce": "np.add.reduce(x, axis=1)",
    "logaddexp.reduce": "np.logaddexp.reduce(x)",
    "hypot.reduce": "np.hypot.reduce(x)",
    "maximum.reduce": "np.maximum.reduce(x, axis=0, initial=0.5)",
    "multiply.accumulate": "np.multiply.accumulate(x)",
    "subtract.accumulate": "np.subtract.accumulate(x, axis=1)",
    "multiply.outer": "np.multiply.outer(x, x[0])",
    "matmul": "np.matmul(x, x.T)",
    "add": "np.add(x, x[0])",
    "vecdot": "np.vecdot(x, x)",
    ".sum": "x.sum(axis=0)",
    ".prod": "x.prod(axis=0)",
    ".mean": "x.mean(0)",
    ".var": "x.var(axis=0)",
    ".std": "x.std(0, ddof=1)",
    ".max": "x.max(axis=0)",
    ".min": "x.min(0)",
    ".any": "(x > 0.0).any(axis=0)",
    ".all": "(x > 0.0).all(axis=0)",
    ".argmax": "x.argmax(axis=0)",
    ".argmin": "x.argmin(0)",
    ".cumsum": "x.cumsum(axis=0)",
    ".cumprod": "x.cumprod(axis=1)",
    ".take": "x.take([0, 1], axis=0)",
    ".choose": "np.array([0, 1, 0, 2]).choose(x)",
    ".compress": "x.compress([True, False, True], axis=0)",
    ".dot": "x.dot(x[0])",
    ".clip": "x.clip(0.0, 1.0)",
    ".round": "x.round(1)",
    ".trace": "np.stack([x, 2.0 * x]).trace(1, 1, 2)",
}
PASSED_OVER = ("fft.hfft", "fft.ifft2", "fft.irfft2")
CALLED = {name: text for name, text in CALLS.items() if name not in PASSED_OVER}
#: Values that jump, or that have no derivative.
JUMPS = ("any", "all", "arg", "round", "around", "fix", "inf")
NOT_AT_ONCE = ("concat", "concatenate", "stack", "ptp")


def with_out(text: str, out: str = "z[1]") -> str:
    return f"{text[:-1]}, out={out})"


def shape_and_dtype(call: Callable[[Any], Any], x: np.ndarray) -> tuple[tuple[int, ...], str]:
    made = np.asarray(call(x))
    kind = {"b": "bool", "i": "int", "f": "float", "c": "complex"}[made.dtype.kind]
    return made.shape, kind


def real(text: str, dtype: str) -> str:
    return f"({text}).real + ({text}).imag" if dtype == "complex" else f"1 * {text}"


def made(text: str, call: Callable[[Any], Any]) -> list[str]:
    """Programs with `out`: into a row, whose name is the result; in float32; over an operand."""
    shape, dtype = shape_and_dtype(call, MATRIX)
    whole = f"np.zeros((3, *{shape}), dtype={dtype})"
    lines = [
        f"z = {whole}; r = {with_out(text)}; z[1] = z[1] + r; return {real('r', dtype)},"
        f" {real('z', dtype)}"
    ]
    if dtype == "float":
        size = int(np.prod(shape))
        lines.append(
            f"w = np.zeros({size + 12}); w[:12] = x.ravel(); x = w[:12].reshape(3, 4);"
            f" {with_out(text, f'w[7:{7 + size}].reshape{shape}')}; return 1.0 * w"
        )
    return lines


def programs(folder: Path) -> Iterator[tuple[str, int, Callable[[Any], Any]]]:
    names = list(CALLED)
    plain = written([f"return {CALLED[name]}" for name in names], folder / "plain.py")
    texts = {name: made(CALLED[name], call) for name, call in zip(names, plain, strict=True)}
    listed = [(name, k, text) for name, all_of in texts.items() for k, text in enumerate(all_of)]
    calls = written([text for _, _, text in listed], folder / "into.py")
    yield from ((name, k, call) for (name, k, _), call in zip(listed, calls, strict=True))


def test_values_and_gradients(tmp_path: Path) -> None:
    failures = []
    for name, k, call in programs(tmp_path):
        expected = call(MATRIX)
        if k == 0 and not any(word in name for word in JUMPS):
            problem = gradient_problem(call, MATRIX, expected)
        elif k == 1 and (name in NOT_AT_ONCE or name.startswith(".")):
            continue
        else:
            problem = value_problem(call, MATRIX, expected)
        if problem is not None:
            failures.append(f"{name}, program {k}: {problem}")
    assert failures == []


def test_an_operand_that_is_written_to_too_early_is_refused(tmp_path: Path) -> None:
    calls = [call for name, k, call in programs(tmp_path) if k == 1 and name in NOT_AT_ONCE]
    assert len(calls) == len(NOT_AT_ONCE)
    for call in calls:
        with pytest.raises(gradc.GradcError, match="overlaps with it"):
            gradc.vjp(call, MATRIX, target="python")


@pytest.mark.parametrize("name", PASSED_OVER)
def test_what_numpy_passes_over_is_refused(name: str) -> None:
    function = getattr(np.fft, name[4:])

    def f(x: Any) -> Any:
        z = np.zeros((3, 9), dtype=complex)
        function(x, out=z)
        return z.real

    given = np.full((3, 6), 7.0 + 0j) if name != "fft.ifft2" else np.full((3, 4), 7.0 + 0j)
    assert np.all(function(MATRIX, out=given.real if name != "fft.ifft2" else given) != 7.0)
    assert np.all(given == 7.0), "NumPy writes to it since this version: take it"
    with pytest.raises(gradc.GradcError, match=f"leaves `out` of np.{name} as it is"):
        gradc.vjp(f, MATRIX, target="python")


def test_every_out_is_tried() -> None:
    tried = {getattr(np, name, None) for name in CALLS} | {
        np.linalg.multi_dot,
        *(getattr(np.fft, name[4:]) for name in CALLS if name.startswith("fft.")),
    }
    assert [function for function in FUNCTIONS if function not in tried] == []
    assert [name for name in METHODS if f".{name}" not in CALLS] == []


@pytest.mark.parametrize("module", [np, np.linalg, np.fft], ids=lambda module: module.__name__)
def test_the_table_says_what_numpy_says(module: Any) -> None:
    for name in dir(module):
        function = getattr(module, name)
        if isinstance(function, type | np.ufunc) or not callable(function):
            continue
        try:
            parameters = inspect.signature(function).parameters
        except (TypeError, ValueError):
            continue  # a function in C, before NumPy 2.4
        if "out" not in parameters or "busday" in name:
            continue
        how = out_of(function)
        assert how is not None, name
        places = [
            one.name
            for one in parameters.values()
            if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
        ]
        if "out" in places:
            assert list(how.names) == places, name
        else:
            assert "out" not in how.names


def test_out_by_place() -> None:
    def f(x: Any) -> Any:
        z = np.zeros((8, 4))
        np.sum(x, 0, None, z[0])
        np.var(x, 0, None, z[1], 1)
        np.add(x[0], x[1], z[2])
        np.median(x, 0, z[3], False)
        x.max(0, z[4])
        np.divmod(x[1], 0.3, z[5], z[6])
        np.divmod(x[2], 0.3, out=(z[6], z[7]))
        np.take(x[0], [0, 1, 2, 9], 0, z[5], "clip")
        np.sum(x, 0, None, None, True)
        return z

    expected = f(MATRIX)
    assert gradient_problem(f, MATRIX, expected) is None


DTYPES = ("float64", "float32", "int64", "bool")


def test_dtypes_of_out(tmp_path: Path) -> None:
    """What is taken is taken by NumPy, and what NumPy takes without a loss of kind is taken."""
    names = [name for name in CALLED if not name.startswith("fft.") and ".clip" not in name]
    plain = written([f"return {CALLED[name]}" for name in names], tmp_path / "plain.py")
    bodies, cases = [], []
    for (name, call), dtype in product(zip(names, plain, strict=True), DTYPES):
        made = np.asarray(call(MATRIX))
        bodies.append(f"z = np.ones((2, *{made.shape}), np.{dtype}); "
                      f"{with_out(CALLED[name])}; return z")  # fmt: skip
        cases.append((name, dtype, np.can_cast(made.dtype, dtype, "same_kind")))
    calls = written(bodies, tmp_path / "dtypes.py")
    failures = []
    for (name, dtype, keeps), call in zip(cases, calls, strict=True):
        try:
            with np.errstate(invalid="ignore"):
                expected = call(MATRIX)
        except (TypeError, ValueError):
            expected = None
        try:
            found = run(call, MATRIX)
        except gradc.GradcError:
            if expected is not None and keeps:
                failures.append(f"{name} into {dtype} is refused")
            continue
        if expected is None:
            failures.append(f"{name} into {dtype} is taken")
        else:
            np.testing.assert_allclose(found, expected, rtol=3e-6, err_msg=f"{name} {dtype}")
    assert failures == []


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda x, z: np.sum(x, axis=0, out=z[None]), "an array of 1 axes, and `out` has 2"),
        (lambda x, z: np.sum(x, out=z), "an array of 0 axes, and `out` has 1"),
        (lambda x, z: np.add(x, x, out=z), "an array of 2 axes, and `out` has 1"),
        (lambda x, z: np.sum(x, out=z[0]), "is an array, not a float"),
        (lambda x, z: np.sum(x, axis=0, out=[0.0]), "is an array, not a list"),
        (lambda x, z: np.sum(x, 0, None, z, out=z), "got `out` twice"),
        (lambda x, z: np.add(x[0], x[1], z, out=z), "got `out` twice"),
        (lambda x, z: np.sort(x, out=z), "unexpected keyword argument 'out'"),
        (lambda x, z: np.add(x, x, dtype=int), "does not become that"),
        (lambda x, z: np.multiply(1j * x[0], 2.0, out=z), "complex numbers, which do not fit"),
    ],
)
def test_what_is_refused(call: Callable[..., Any], told: str) -> None:
    def f(x: Any) -> Any:
        z = np.zeros(4)
        call(x, z)
        return z

    with pytest.raises(gradc.GradcError) as caught:
        gradc.vjp(f, MATRIX, target="python")
    assert told in str(caught.value)


def test_a_size_that_is_known_later_is_compared_when_it_runs() -> None:
    def f(x: Any, n: int) -> Any:
        z = np.zeros(n)
        np.sum(x, axis=0, out=z)
        return z

    assert gradc.vjp(f, MATRIX, 4, target="python")[0].shape == (4,)
    with pytest.raises(ValueError, match="has another shape than the result"):
        gradc.vjp(f, MATRIX, 5, target="python")
