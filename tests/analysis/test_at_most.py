"""What integers of a loop's body are at most, in terms of what is known before the loop."""

from __future__ import annotations

import pytest

from gradc.analysis.affine import AffineForms
from gradc.analysis.at_most import AtMost, without_zero
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR
from gradc.ir.core import Function, Region
from gradc.ir.printer import to_text
from gradc.passes.loop_sizes import Sizes
from gradc.prims.evaluate import evaluate
from tests.passes.helpers import parse

PROGRAM = """
    def f(s: f64, n: i64(n), m: i64(m), k: i64(k)):
        zero: i64(0) = const(dtype='i64', value=0)
        minus: i64(-1) = const(dtype='i64', value=-1)
        one: i64(1) = const(dtype='i64', value=1)
        hundred: i64(100) = const(dtype='i64', value=100)
        with for_({bounds}, s) as (i, t):
            i: i64(i)
            {body}
            yield_(t)
        total: f64 = outs()
        return (total,)
"""
UP, STEPS, DOWN = "zero, n, one", "k, n, hundred", "n, zero, minus"
BLOCK = """
            stop: i64(stop) = add(i, hundred)
            end: i64(end) = imin(stop, n)
            size: i64(size) = sub(end, i)"""
CASES = [
    # name, bounds of the loop, body, bound
    ("up to the index", UP, "size: i64(size) = add(i, one)", lambda n, m, k: n),
    ("from the index on", UP, "size: i64(size) = sub(n, i)", lambda n, m, k: n),
    ("from the index on, later", STEPS, "size: i64(size) = sub(n, i)", lambda n, m, k: n - k),
    ("a block", STEPS, BLOCK, lambda n, m, k: min(100, n - k)),
    (
        "twice, and less",
        UP,
        """
            twice: i64(twice) = add(i, i)
            size: i64(size) = sub(twice, m)""",
        lambda n, m, k: 2 * (n - 1) - m,
    ),
    (
        "the larger",
        UP,
        """
            size: i64(size) = imax(i, m)""",
        lambda n, m, k: max(n - 1, m),
    ),
    (
        "less the larger: either will do",
        UP,
        """
            larger: i64(larger) = imax(i, m)
            size: i64(size) = sub(k, larger)""",
        lambda n, m, k: min(k, k - m),
    ),
    ("downwards", DOWN, "size: i64(size) = sub(i, m)", lambda n, m, k: n - m),
    ("to the end, downwards", DOWN, "size: i64(size) = sub(n, i)", lambda n, m, k: n - 1),
    ("known before", UP, "size: i64(size) = sub(n, m)", lambda n, m, k: n - m),
    ("a count", UP, "size: i64(size) = trip(i, n, one)", lambda n, m, k: max(n, 0)),
]


@pytest.mark.parametrize(
    ("name", "bounds", "body", "expected"), CASES, ids=[case[0] for case in CASES]
)
def test_bounds(name, bounds, body, expected):
    function = parse(PROGRAM.format(bounds=bounds, body=body.strip()))
    found = _bound(function)
    for given in [(7, 3, 2), (450, 5, 150), (12, 20, 10), (250, 0, 60)]:
        assert evaluate(found, (0.0, *given)) == (expected(*given),), to_text(found)


@pytest.mark.parametrize(
    "body",
    [
        "size: i64(size) = mul(i, i)",
        "size: i64(size) = floordiv(i, m)",
        """half: i64(half) = floordiv(n, i)
            size: i64(size) = imax(half, i)""",
    ],
)
def test_what_is_not_known(body):
    assert _bound(parse(PROGRAM.format(bounds=UP, body=body))) is None


def test_what_is_at_least_zero():
    body = """
            rest: i64(rest) = sub(n, i)
            size: i64(size) = imax(rest, zero)"""
    found = _bound(parse(PROGRAM.format(bounds=UP, body=body.strip())))
    assert "imax" not in to_text(found)


def _bound(function: Function) -> Function | None:
    """The function of the same arguments that returns what `size` is at most."""
    loop = next(op for op in function.body.ops if op.prim is FOR)
    before = function.body.ops[: function.body.ops.index(loop)]
    body = loop.regions[0]
    sizes = Sizes(body)
    bounds = AtMost(loop, sizes.integers, sizes.is_known, AffineForms(sizes.integers))
    bound = bounds.of(next(out for op in body.ops for out in op.outs if out.name == "size"))
    if bound is None:
        return None
    builder = Builder(Symbols.of(function))
    moved = sizes.take(bounds.forms.holders[each] for each in bounds.symbols(bound))
    result = bounds.value(without_zero(bound), builder)
    ops = (*before, *moved, *builder.ops)
    return Function(function.name, Region(function.body.params, ops, (result,)), function.loc)
