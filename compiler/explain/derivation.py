"""The derivation of a gradient: forward values, then cotangents, rule by rule.

For ``(2*x1 + 3*x2)**2 + 3`` at (1, 3)::

    forward              backward
    v1 = 2*x1       2    v5: linearity rule   dv5/dv4 = 1             1 * 1 = 1
    v2 = 3*x2       9    v4: monomial rule    dv4/dv3 = 2*v3 = 22     1 * 22 = 22
    v3 = v1 + v2   11    v3: linearity rule   dv3/dv1 = 1             22 * 1 = 22
    v4 = v3**2    121                         dv3/dv2 = 1             22 * 1 = 22
    v5 = v4 + 3   124    v2: linearity rule   dv2/dx2 = 3             22 * 3 = 66
                         v1: linearity rule   dv1/dx1 = 2             22 * 2 = 44

The cotangents are those of :mod:`gradc.adjoint`: its sweep runs over the ops one at a time, and
what it adds to the cotangents is written down.
"""

from __future__ import annotations

import linecache
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.explain.closed_form import function_expression, gradient_expressions
from gradc.explain.model import Derivation, SourceLine
from gradc.explain.nodes import NodeTable
from gradc.explain.sweep import sweep_back
from gradc.explain.trace import trace
from gradc.frontend.scalar_ir import ParsedFormula
from gradc.ir.core import Function
from gradc.ir.walk import all_ops

__all__ = ["Derivation", "derive", "derive_function", "source_of"]


def derive(
    parsed: ParsedFormula, point: Sequence[float] | None = None, program: str | None = None
) -> Derivation:
    """Derive the gradient of a formula.

    Parameters
    ----------
    parsed : ParsedFormula
        From :func:`gradc.frontend.formula.parse_formula` or
        :func:`gradc.frontend.sympy_import.from_sympy`.
    point : sequence of float, optional
        A number for each of ``parsed.names``; without it only formulas are shown.
    program : str, optional
        The generated program; made here where it is left out.
    """
    positions = [parsed.names.index(name) for name in parsed.wrt]
    if program is None:
        program = _readable_program(parsed.function, positions)
    return derive_function(parsed.function, positions, point, name="f", program=program)


def _readable_program(function: Function, positions: Sequence[int]) -> str:
    from gradc.driver import compile_function
    from gradc.options import Options

    options = Options(style="numpy")
    return compile_function(function, "value_and_grad", positions, options).source


def derive_function(
    function: Function,
    wrt: Sequence[int],
    point: Sequence[Any] | None = None,
    *,
    result: int = 0,
    name: str | None = None,
    program: str = "",
) -> Derivation:
    """Derive the gradient of a function of the IR.

    Parameters
    ----------
    function : Function
    wrt : sequence of int
        Positions of the parameters to differentiate with respect to.
    point : sequence, optional
        A value for each parameter, of its type. Loops and branches are followed there unless that
        takes more than :data:`gradc.explain.trace.LONGEST_TRACE` operations.
    result : int
        Position of the scalar result that is differentiated.
    name : str, optional
        The name of the result; that of the function by default.
    program : str
        The generated program, to be shown beside the source.
    """
    followed = trace(function, point) if point is not None else None
    shown = followed if followed is not None else function
    swept = sweep_back(shown, wrt, result)
    values = swept.values(point) if point is not None else None
    table = NodeTable(shown, swept, values, result)
    closed = gradient_expressions(function, wrt, result)
    return Derivation(
        name=name or function.name,
        formula=function_expression(function, result),
        point=None if point is None else _named_point(function, point),
        nodes=table.nodes(),
        steps=table.steps(),
        gradient=table.partials(wrt, closed),
        source=source_of(function),
        program=program,
        traced=followed is not None,
    )


def _named_point(function: Function, point: Sequence[Any]) -> dict[str, Any]:
    return {
        param.name: np.asarray(value, param.type.dtype.numpy)[()]
        for param, value in zip(function.params, point, strict=True)
    }


def source_of(function: Function) -> tuple[SourceLine, ...]:
    """The lines of the user's source from the function's first to the last that is used."""
    first = function.loc
    if not first.line:
        return ()
    lines = [
        op.loc.line for op in all_ops(function.body) if op.loc.file == first.file and op.loc.line
    ]
    last = max([first.line, *lines])
    if first.text and last == first.line:
        return (SourceLine(first.line, first.text),)
    found = [
        SourceLine(number, linecache.getline(first.file, number).rstrip("\n"))
        for number in range(first.line, last + 1)
    ]
    return tuple(found) if any(line.text for line in found) else ()
