"""Short constructors for primitive records, and the type rules that they share."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradc.ir.core import Kind, Params, Primitive, Texts, Value
from gradc.ir.types import DType, Type

# Binding strength of Python's operators, loosest first; calls and names bind tightest.
CONDITIONAL, OR, AND, NOT, COMPARE, BIT_OR, BIT_XOR, BIT_AND, SHIFT = range(1, 10)
SUM_LEVEL, PRODUCT, NEGATION, POWER, ATOM = range(10, 15)


def same_floats(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    """Operands of one float type and shape; the result is like them."""
    first = args[0].type
    if not first.is_float:
        raise TypeError(f"a float operand belongs here, not {first}")
    return same_types(args, params)


def same_types(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    """Operands of one type and shape; the result is like them."""
    first = args[0].type
    for other in args[1:]:
        if other.type != first:
            raise TypeError(f"operands of types {first} and {other.type}")
    return (first,)


def comparison_type(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    """Operands of one type; the result is boolean."""
    (first,) = same_types(args, params)
    return (first.with_dtype(DType.BOOL),)


def booleans(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    """Boolean operands and result."""
    (first,) = same_types(args, params)
    if first.dtype is not DType.BOOL:
        raise TypeError(f"a boolean operand belongs here, not {first}")
    return (first,)


def library_function(name: str) -> Callable[..., Any]:
    """The function of NumPy or SciPy with a full name; SciPy's is loaded when it is called."""
    module, _, own = name.rpartition(".")
    if module != "scipy.special":
        found: Callable[..., Any] = getattr(importlib.import_module(module), own)
        return found

    def special(*args: Any) -> Any:
        return getattr(importlib.import_module("gradc_runtime.special"), own)(*args)

    return special


def library_text(name: str, arity: int) -> str:
    """How programs call the function of NumPy or SciPy with a full name."""
    prefix = {"numpy": "np", "scipy.special": "special"}[name.rpartition(".")[0]]
    places = ", ".join(f"{{{k}}}" for k in range(arity))
    return f"{prefix}.{name.rpartition('.')[2]}({places})"


def elementwise(
    name: str,
    evaluate: Callable[..., Any] | None = None,
    *,
    names: Sequence[str] = (),
    partials: Callable[..., Any] | None = None,
    vjp: Callable[..., Any] | None = None,
    jvp: Callable[..., Any] | None = None,
    at: Sequence[Any],
    formula: str,
    text: str = "",
    level: int = ATOM,
    scalar: str = "",
    kind: Kind = Kind.ELEMENTWISE,
    edges: str = "",
    cost: int = 20,
    lower: Callable[..., Any] | None = None,
    infer: Callable[[Sequence[Value], Params], tuple[Type, ...]] = same_floats,
    refuses: Mapping[int, str] | None = None,
    steady: bool = False,
) -> Primitive:
    """Define a function of scalars that acts element by element (chain rule).

    The first of `names` says what it computes and how it is written, unless `evaluate` and `text`
    do; under all of them Python code calls it.
    """
    text = text or library_text(names[0], len(at[0]))
    return Primitive(
        name,
        kind,
        infer,
        evaluate or library_function(names[0]),
        Texts(scalar or text, text, level),
        partials=partials,
        vjp=vjp,
        jvp=jvp,
        lower=lower,
        at=at,
        formula=formula,
        edges=edges,
        cost=cost,
        pointwise=True,
        names=tuple(names),
        refuses=refuses or {},
        steady=steady,
    )


def constant(
    name: str,
    evaluate: Callable[..., Any],
    *,
    at: Sequence[Any],
    text: str,
    level: int = ATOM,
    scalar: str = "",
    infer: Callable[[Sequence[Value], Params], tuple[Type, ...]] = same_types,
    formula: str = "0",
    cost: int = 1,
    pointwise: bool = True,
) -> Primitive:
    """Define a function whose derivative is zero wherever it exists (constant rule)."""
    return Primitive(
        name,
        Kind.CONSTANT,
        infer,
        evaluate,
        Texts(scalar or text, text, level),
        at=at,
        formula=formula,
        cost=cost,
        pointwise=pointwise,
    )
