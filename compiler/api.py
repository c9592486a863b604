"""``grad`` and its relatives: what users call from Python."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Literal, TypeVar, Unpack, overload

from gradc.faces.functions import (
    Argnums,
    Differentiated,
    Gradient,
    ValueAndGradient,
)
from gradc.faces.options import OptionKeywords, chosen_options
from gradc.later import Later

if TYPE_CHECKING:
    from gradc.faces.expressions import Expression
    from gradc.faces.models import Model
    from gradc.faces.typed import GradientOf, ValueAndGradientOf

T = TypeVar("T")
A = TypeVar("A")  # the first argument
V = TypeVar("V")  # the value
X = TypeVar("X")  # the further result


@overload
def grad(
    function: Callable[Concatenate[A, ...], Any],
    argnums: Literal[0] = 0,
    has_aux: Literal[False] = False,
    **options: Unpack[OptionKeywords],
) -> GradientOf[A]: ...


@overload
def grad(
    function: Callable[Concatenate[A, ...], tuple[Any, X]],
    argnums: Literal[0] = 0,
    *,
    has_aux: Literal[True],
    **options: Unpack[OptionKeywords],
) -> GradientOf[tuple[A, X]]: ...


@overload
def grad(
    function: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> GradientOf[Any]: ...


@overload
def grad(
    function: None = None,
    argnums: Argnums = 0,
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> Callable[[Callable[..., Any]], GradientOf[Any]]: ...


def grad(
    function: Callable[..., Any] | None = None,
    argnums: Argnums = 0,
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> Any:
    """The gradient of a function that returns one float.

    Parameters
    ----------
    function : callable
        A plain function, lambda, closure, method, ``functools.partial`` or numba dispatcher.
    argnums : int, str or sequence of them
        The arguments to differentiate with respect to, by position or name.
    has_aux : bool
        Whether the function returns ``(value, aux)``; then the result is ``(gradient, aux)``.
    **options
        ``target="cpu" | "cuda" | "python"``, ``style="loops" | "numpy"``, ``fastmath=True``,
        ``cache=True``, ``memory_limit=None`` (bytes of tape, see :func:`checkpoint`),
        ``boundscheck=True`` (with False, indices are trusted), ``share=True`` (with False, every
        call of a function is read in its place), ``parallel=False`` (with True,
        independent iterations run in threads, with the same results for any number of them).

    Returns
    -------
    Gradient
        A callable of the same arguments. The gradient has the structure, shapes and dtypes of
        the argument; with a sequence of `argnums` it is a tuple.

    Raises
    ------
    GradcError
        On the first call with arguments of new types, when the function cannot be
        differentiated; the message names the line.

    Examples
    --------
    >>> import gradc
    >>> gradc.grad(lambda x: x**3)(2.0)
    12.0
    """
    if function is None:
        return lambda decorated: Gradient(decorated, argnums, has_aux, chosen_options(options))
    return Gradient(function, argnums, has_aux, chosen_options(options))


@overload
def value_and_grad(
    function: Callable[Concatenate[A, ...], V],
    argnums: Literal[0] = 0,
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> ValueAndGradientOf[tuple[V, A]]: ...


@overload
def value_and_grad(
    function: Callable[..., V],
    argnums: Argnums = 0,
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> ValueAndGradientOf[tuple[V, Any]]: ...


@overload
def value_and_grad(
    function: None = None,
    argnums: Argnums = 0,
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> Callable[[Callable[..., V]], ValueAndGradientOf[tuple[V, Any]]]: ...


def value_and_grad(
    function: Callable[..., Any] | None = None,
    argnums: Argnums = 0,
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> Any:
    """The value and the gradient in one sweep; parameters as for :func:`grad`.

    Returns
    -------
    ValueAndGradient
        A callable that returns ``(value, gradient)``; with `has_aux`
        ``((value, aux), gradient)``.

    Examples
    --------
    >>> import gradc
    >>> gradc.value_and_grad(lambda x: x**3)(2.0)
    (8.0, 12.0)
    """
    if function is None:
        return lambda decorated: ValueAndGradient(
            decorated, argnums, has_aux, chosen_options(options)
        )
    return ValueAndGradient(function, argnums, has_aux, chosen_options(options))


@overload
def vjp(
    function: Callable[..., V],
    *args: Any,
    has_aux: Literal[False] = False,
    **options: Unpack[OptionKeywords],
) -> tuple[V, Callable[[V], tuple[Any, ...]]]: ...


@overload
def vjp(
    function: Callable[..., tuple[V, X]],
    *args: Any,
    has_aux: Literal[True],
    **options: Unpack[OptionKeywords],
) -> tuple[V, Callable[[V], tuple[Any, ...]], X]: ...


def vjp(
    function: Callable[..., Any],
    *args: Any,
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> Any:
    """The value at a point, and the function from output cotangents to argument cotangents.

    Parameters
    ----------
    function : callable
    *args
        The point. Arguments without floats get the cotangent None.
    has_aux : bool
        Whether the function returns ``(value, aux)``; then `aux` is returned as a third item.
    **options
        As for :func:`grad`.

    Returns
    -------
    value
        What the function returns.
    pullback : callable
        ``pullback(y_bar)`` takes a cotangent of the structure of the value and returns one
        cotangent for each argument.

    Examples
    --------
    >>> import gradc
    >>> value, pullback = gradc.vjp(lambda x, y: x * y, 2.0, 5.0)
    >>> value, pullback(1.0)
    (10.0, (5.0, 2.0))
    """
    from gradc.faces.products import pullback_at, pullback_with_aux

    if has_aux:
        return pullback_with_aux(function, args, chosen_options(options))
    return pullback_at(function, args, chosen_options(options))


@overload
def jvp(
    function: Callable[..., V],
    args: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: Literal[False] = False,
    **options: Unpack[OptionKeywords],
) -> tuple[V, V]: ...


@overload
def jvp(
    function: Callable[..., tuple[V, X]],
    args: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: Literal[True],
    **options: Unpack[OptionKeywords],
) -> tuple[V, V, X]: ...


def jvp(
    function: Callable[..., Any],
    args: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: bool = False,
    **options: Unpack[OptionKeywords],
) -> Any:
    """The value and the directional derivative along `tangents`.

    Parameters
    ----------
    function : callable
    args, tangents : sequence
        The point and, for each argument, a tangent of its structure (None: no change).
    has_aux : bool
        Whether the function returns ``(value, aux)``; then `aux` is returned as a third item.
    **options
        As for :func:`grad`.

    Examples
    --------
    >>> import gradc
    >>> gradc.jvp(lambda x, y: x * y, (2.0, 5.0), (1.0, 0.0))
    (10.0, 5.0)
    """
    from gradc.faces.products import pushforward, pushforward_with_aux

    if has_aux:
        return pushforward_with_aux(function, args, tangents, chosen_options(options))
    return pushforward(function, args, tangents, chosen_options(options))


def check_grads(
    function: Callable[..., Any],
    args: Sequence[Any],
    order: int = 1,
    modes: Sequence[str] = ("fwd", "rev"),
    **options: Unpack[OptionKeywords],
) -> None:
    """Check derivatives against extrapolated differences and against each other.

    Parameters
    ----------
    function : callable
    args : sequence
        The point; float64 for a sharp check.
    order : int
        Up to which order; from the second on in all combinations of the modes.
    modes : sequence of {"fwd", "rev"}
    **options
        As for :func:`grad`.

    Raises
    ------
    GradientCheckError
        Naming the mode, the worst element and both values.
    """
    from gradc.faces.function_check import check_function

    check_function(function, args, order, tuple(modes), chosen_options(options))


def compile_expression(
    text: str, wrt: Sequence[str] | None = None, **options: Unpack[OptionKeywords]
) -> Expression:
    """Compile a formula such as ``"(2*x1 + 3*x2)**2 + 3"`` with its gradient.

    Parameters
    ----------
    text : str
        Arithmetic on names and numbers; the text is parsed, never executed.
    wrt : sequence of str, optional
        The names to differentiate with respect to; all by default.
    **options
        As for :func:`grad`.

    Returns
    -------
    Expression
        ``e(1.0, 3.0)`` or ``e(x1=1.0, x2=3.0)`` returns ``(value, (d1, d2))``. Positions are
        those of `wrt`, then the other names as they first appear.

    Raises
    ------
    ModelFileError
        Where the text is no formula.

    Examples
    --------
    >>> import gradc
    >>> gradc.compile_expression("(2*x1 + 3*x2)**2 + 3", wrt=("x1", "x2"))(1.0, 3.0)
    (124.0, (44.0, 66.0))
    """
    from gradc.faces.expressions import Expression
    from gradc.frontend.formula import parse_formula

    return Expression(parse_formula(text, wrt), chosen_options(options))


def from_sympy(expr: Any, symbols: Sequence[Any], **options: Unpack[OptionKeywords]) -> Expression:
    """Compile a SymPy expression with its gradient.

    Parameters
    ----------
    expr : sympy.Expr
    symbols : sequence of sympy.Symbol
        In the order of the arguments; the gradient is with respect to all of them.
    **options
        As for :func:`grad`.
    """
    from gradc.faces.expressions import Expression
    from gradc.frontend.sympy_import import from_sympy as import_expression

    return Expression(import_expression(expr, symbols), chosen_options(options))


def load_model(path: str | Path, **options: Unpack[OptionKeywords]) -> Model:
    """Read a network spec and compile its loss, gradient and prediction.

    Parameters
    ----------
    path : path-like
        A TOML file; reading it runs nothing.
    **options
        As for :func:`grad`.

    Raises
    ------
    ModelFileError
        With every problem of the file.
    """
    from gradc.faces.models import Model

    return Model(Path(path), chosen_options(options))


def stop_gradient(x: T) -> T:
    """Return `x`; in a differentiated function its derivative is taken as zero."""
    return x


def checkpoint(loop_or_function: T) -> T:
    """Let loops and functions be computed again for their adjoint instead of recorded.

    Used as ``for i in gradc.checkpoint(range(n)):`` it is about that loop: of n steps about
    2 sqrt(n) are kept and each is computed twice. As a decorator, or around a function where it is
    called, it is about what the calls of that function record: only their arguments are kept, and
    each runs again when the adjoint comes to it. Where that would save nothing (one call, outside
    of loops, or the function that is differentiated itself) its loops keep checkpoints. It changes
    nothing but memory and time; `memory_limit` chooses from a number of bytes instead.

    Parameters
    ----------
    loop_or_function : range, iterable or callable

    Returns
    -------
    The same object.
    """
    if isinstance(loop_or_function, types.FunctionType):
        loop_or_function.__dict__["__gradc_checkpoint__"] = True
    return loop_or_function


checkpoint.__gradc_intrinsic__ = "checkpoint"  # type: ignore[attr-defined]
stop_gradient.__gradc_intrinsic__ = "stop_gradient"  # type: ignore[attr-defined]

for _function, _module, _meaning in (
    (grad, "gradc.faces.meanings", "GRADIENT"),
    (value_and_grad, "gradc.faces.meanings", "VALUE_AND_GRADIENT"),
    (vjp, "gradc.faces.products", "VJP"),
    (jvp, "gradc.faces.products", "JVP"),
):
    vars(_function)["__gradc_transform__"] = Later(_module, _meaning)

__all__ = [
    "Differentiated",
    "check_grads",
    "checkpoint",
    "compile_expression",
    "from_sympy",
    "grad",
    "jvp",
    "load_model",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
