"""Partial derivatives against SymPy and mpmath, to thirty digits; the documented formulas too."""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import numpy as np
import pytest
import sympy
from mpmath import mp

from gradc.adjoint.reverse import reverse
from gradc.ir.builder import Builder
from gradc.ir.core import Function, Kind, Primitive
from gradc.ir.types import F64
from gradc.prims.evaluate import evaluate
from gradc.prims.table import TABLE
from tests.prims.meanings import MPMATH, NAMES, SYMPY

DIGITS = 30
# SciPy's functions are good to some units of the last place.
ELEMENTARY, SPECIAL = 4e-15, 2e-13


def cases(names: Any) -> list[Any]:
    return [
        pytest.param(TABLE[name], point, id=f"{name}-{index}")
        for name in names
        for index, point in enumerate(TABLE[name].at)
    ]


def known_arguments(prim: Primitive) -> list[int]:
    """The arguments whose derivative is not refused."""
    return [k for k in range(len(prim.at[0])) if k not in prim.refuses]


def partials_at(prim: Primitive, point: tuple[float, ...]) -> list[float]:
    """The partial derivatives that reverse mode finds."""
    builder = Builder()
    params = [builder.value(F64, f"x{k}") for k in range(len(point))]
    function = Function(prim.name, builder.close(params, (builder.emit(prim, params),)))
    return [float(bar) for bar in evaluate(reverse(function, known_arguments(prim)), point)[1:]]


def test_meanings_are_of_primitives() -> None:
    assert set(TABLE) >= {*SYMPY, *MPMATH}


def test_most_smooth_functions_have_a_second_meaning() -> None:
    smooth = {p.name for p in TABLE.values() if p.pointwise and p.kind is not Kind.CONSTANT}
    assert len(smooth & {*SYMPY, *MPMATH}) >= 0.85 * len(smooth)


STEADY = [
    prim
    for prim in TABLE.values()
    if prim.steady and prim.pointwise and prim.kind in (Kind.ELEMENTWISE, Kind.COMPOSITE)
]


@pytest.mark.parametrize("prim", STEADY, ids=lambda prim: prim.name)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_partials_of_what_is_steady_are_finite(prim: Primitive) -> None:
    numbers = [0.0, -0.0, 1e-300, 0.5, 1.0, -1.0, 3.0, -40.0, 750.0, -750.0, 1e9, -1e9]
    for point in itertools.product(numbers, repeat=len(prim.at[0])):
        assert np.isfinite(partials_at(prim, point)).all(), point


@pytest.mark.parametrize(("prim", "point"), cases(SYMPY))
def test_partials_are_those_of_sympy(prim: Primitive, point: tuple[float, ...]) -> None:
    symbols, meaning = SYMPY[prim.name]
    exact = {symbol: sympy.Rational(*value.as_integer_ratio()) for symbol, value in
             zip(symbols, map(float, point), strict=True)}  # fmt: skip
    for symbol, partial in zip(symbols, partials_at(prim, point), strict=True):
        wanted = sympy.diff(meaning, symbol).subs(exact)
        if wanted is sympy.nan:  # a removable singularity, such as that of sinc
            wanted = sympy.diff(meaning, symbol).limit(symbol, exact[symbol])
        assert partial == pytest.approx(
            float(sympy.N(wanted.doit(), DIGITS)), rel=ELEMENTARY, abs=4e-16
        )


@pytest.mark.parametrize(("prim", "point"), cases(MPMATH))
def test_values_and_partials_are_those_of_mpmath(prim: Primitive, point: tuple[float, ...]) -> None:
    meaning, known = MPMATH[prim.name], known_arguments(prim)
    with mp.workdps(DIGITS):
        at = [mp.mpf(float(number)) for number in point]
        value = float(mp.re(meaning(*at)))
        wanted = [
            float(mp.re(mp.diff(meaning, tuple(at), tuple(int(k == j) for j in range(len(at))))))
            if len(at) > 1
            else float(mp.re(mp.diff(meaning, at[0])))
            for k in known
        ]
    assert float(prim.evaluate(*map(np.float64, point))) == pytest.approx(value, rel=SPECIAL)
    assert partials_at(prim, point) == pytest.approx(wanted, rel=SPECIAL, abs=4e-16)


def stated(prim: Primitive) -> Any:
    """The documented derivative as code; None where it is in words."""
    try:
        return compile(prim.formula.replace("refused", "None"), prim.name, "eval")
    except SyntaxError:
        return None


STATED = [
    prim.name
    for prim in TABLE.values()
    if prim.pointwise
    and prim.kind not in (Kind.CONSTANT, Kind.CONTROL)
    and prim.name not in ("ipow", "cast")
    and stated(prim) is not None
]


def argument_names(prim: Primitive) -> list[str]:
    """What a record calls its arguments."""
    rule = prim.partials or prim.vjp or prim.transpose
    return [name for name in inspect.signature(rule).parameters if name not in ("ct", "out")]


@pytest.mark.parametrize(("prim", "point"), cases(STATED))
def test_documented_formulas_are_right(prim: Primitive, point: tuple[float, ...]) -> None:
    with mp.workdps(DIGITS):
        at = [mp.mpf(float(number)) for number in point]
        names = dict(zip(argument_names(prim), at, strict=True))
        names["out"] = mp.mpf(float(prim.evaluate(*map(np.float64, point))))
        try:
            found = eval(stated(prim), {**NAMES, **names})
        except ZeroDivisionError:
            return  # the formula has a removable singularity here
    found = found if isinstance(found, tuple) else (found,)
    wanted = iter(partials_at(prim, point))
    for k, number in enumerate(found):
        assert (number is None) == (k in prim.refuses)
        if number is not None:
            assert float(mp.re(number)) == pytest.approx(next(wanted), rel=1e-10, abs=1e-12)


def test_formulas_in_words_are_few() -> None:
    smooth = [p for p in TABLE.values() if p.pointwise and p.kind is not Kind.CONSTANT]
    assert len(STATED) >= 0.9 * len(smooth)


def test_constants_stay_constant() -> None:
    for record in TABLE.values():
        if record.kind is Kind.CONSTANT:
            assert record.partials is None
            assert record.transpose is None
    assert np.sign(0.0) == 0.0
