"""What the tests of passes share: running a pass on IR text, and comparing meanings."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.parser import parse_text
from gradc.ir.printer import to_text
from gradc.ir.verify import verify
from gradc.ir.walk import clone_region
from gradc.passes.base import Context, Pass
from gradc.prims.evaluate import evaluate
from gradc.prims.table import TABLE


def parse(text: str) -> Function:
    """Parse IR text, indented as it stands in a test."""
    return verify(parse_text(textwrap.dedent(text), TABLE))


def apply(function: Function, *passes: Pass) -> Function:
    """Run passes, checking the IR after each."""
    for each in passes:
        function = verify(each.run(function, Context()), each.name)
    return function


def check(before: str, after: str, *passes: Pass, names: bool = True) -> Function:
    """Assert that passes turn one text into another, and have nothing to do on that.

    Without `names`, values may be called differently.
    """
    result = apply(parse(before), *passes)
    expected = parse(after)
    texts = [to_text(f) if names else to_text(anonymous(f)) for f in (result, expected)]
    assert texts[0] == texts[1]
    for each in passes:
        assert each.run(result, Context()) is result
    return result


def anonymous(function: Function) -> Function:
    """The function with every value, and every size that an integer makes, called alike."""
    mapping: dict[Value, Value] = {}
    copy = clone_region(function.body, mapping)
    names = {value: Value(value.type, "v", value.loc) for value in mapping.values()}

    def renamed(region: Region) -> Region:
        ops = tuple(
            Op(
                op.prim,
                tuple(names[arg] for arg in op.args),
                op.params,
                tuple(names[out] for out in op.outs),
                tuple(renamed(inner) for inner in op.regions),
            )
            for op in region.ops
        )
        params = tuple(names[param] for param in region.params)
        return Region(params, ops, tuple(names[value] for value in region.yields))

    return Function(function.name, renamed(copy))


def unchanged(text: str, *passes: Pass) -> None:
    """Assert that passes hand back the same object."""
    function = parse(text)
    for each in passes:
        assert each.run(function, Context()) is function


def outcome(function: Function, args: Sequence[Any]) -> tuple[Any, ...]:
    """The results, or the error that the function raises."""
    try:
        return evaluate(function, args)
    except (IndexError, ValueError) as error:
        return (type(error), str(error))


def assert_same_bits(left: Sequence[Any], right: Sequence[Any]) -> None:
    """Assert equality to the last bit; all NaN are one, zeros have signs."""
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        np.testing.assert_array_equal(a, b, strict=True)
        if np.asarray(a).dtype.kind == "f":
            signs = [np.signbit(np.where(np.isnan(x), 0.0, x)) for x in (a, b)]
            np.testing.assert_array_equal(*signs)


def assert_close(left: Sequence[Any], right: Sequence[Any], rtol: float = 1e-9) -> None:
    """Assert equality but for rounding."""
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
