"""Orthogonal polynomials in their argument (NIST Handbook, 18.9); the degree is refused."""

from __future__ import annotations

from typing import Any

from gradc.ir.core import Primitive
from gradc.prims.compare import EQ, SELECT
from gradc.prims.define import elementwise


def _of_degree(name: str, formula: str, partial: Any, *parameters: str) -> Primitive:
    """A polynomial of a degree with parameters; `partial` is a function of all arguments."""
    refused = {0: f"the degree of {name}"}
    refused |= {k: f"the parameter {own} of {name}" for k, own in enumerate(parameters, start=1)}
    others = (1.3, 0.4)[: len(parameters)]

    def unless_constant(n: Any, *further: Any) -> Any:
        return SELECT(EQ(n, 0.0), 0.0, partial(n, *further))

    # spelled out, so that the documentation can name the arguments
    def of_two(n: Any, x: Any, *, out: Any) -> tuple[Any, ...]:
        return None, unless_constant(n, x)

    def of_three(n: Any, a: Any, x: Any, *, out: Any) -> tuple[Any, ...]:
        return None, None, unless_constant(n, a, x)

    def of_four(n: Any, a: Any, b: Any, x: Any, *, out: Any) -> tuple[Any, ...]:
        return None, None, None, unless_constant(n, a, b, x)

    return elementwise(
        name,
        names=(f"scipy.special.{name}",),
        partials=(of_two, of_three, of_four)[len(parameters)],
        at=[(n, *others, x) for n, x in ((3.0, 0.3), (4.0, -0.6), (0.0, 0.2))],
        formula=f"({'refused, ' * len(refused)}{formula})",
        refuses=refused,
        cost=150,
    )


EVAL_JACOBI: Primitive = _of_degree(
    "eval_jacobi",
    "(n + a + b + 1)/2*eval_jacobi(n - 1, a + 1, b + 1, x)",
    lambda n, a, b, x: 0.5 * (n + a + b + 1.0) * EVAL_JACOBI(n - 1.0, a + 1.0, b + 1.0, x),
    "a",
    "b",
)
EVAL_GEGENBAUER: Primitive = _of_degree(
    "eval_gegenbauer",
    "2*a*eval_gegenbauer(n - 1, a + 1, x)",
    lambda n, a, x: 2.0 * a * EVAL_GEGENBAUER(n - 1.0, a + 1.0, x),
    "a",
)
EVAL_GENLAGUERRE: Primitive = _of_degree(
    "eval_genlaguerre",
    "-eval_genlaguerre(n - 1, a + 1, x)",
    lambda n, a, x: -EVAL_GENLAGUERRE(n - 1.0, a + 1.0, x),
    "a",
)
EVAL_LEGENDRE = _of_degree(
    "eval_legendre",
    "(n + 1)/2*eval_jacobi(n - 1, 1, 1, x)",
    lambda n, x: 0.5 * (n + 1.0) * EVAL_JACOBI(n - 1.0, 1.0, 1.0, x),
)
EVAL_CHEBYT = _of_degree(
    "eval_chebyt", "n*eval_chebyu(n - 1, x)", lambda n, x: n * EVAL_CHEBYU(n - 1.0, x)
)
EVAL_CHEBYU: Primitive = _of_degree(
    "eval_chebyu",
    "2*eval_gegenbauer(n - 1, 2, x)",
    lambda n, x: 2.0 * EVAL_GEGENBAUER(n - 1.0, 2.0, x),
)
EVAL_LAGUERRE = _of_degree(
    "eval_laguerre",
    "-eval_genlaguerre(n - 1, 1, x)",
    lambda n, x: -EVAL_GENLAGUERRE(n - 1.0, 1.0, x),
)

RECORDS = (
    EVAL_JACOBI,
    EVAL_GEGENBAUER,
    EVAL_GENLAGUERRE,
    EVAL_LEGENDRE,
    EVAL_CHEBYT,
    EVAL_CHEBYU,
    EVAL_LAGUERRE,
)
