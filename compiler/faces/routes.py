"""Short ways for repeated calls: no taking apart of arguments where their types are known.

The first call of a derivative with plain numbers and arrays leaves a route for the types of its
arguments; a later call with the same ones goes from the arguments to the kernel and back::

    g = grad(f)
    g(2.0)        # flattens, looks the types up, compiles, arranges the result; leaves a route
    g(3.0)        # route: kernel.entry(3.0), which is the gradient already

A route is for positional arguments that are floats, ints, bools, NumPy scalars and arrays. It
looks at each array again: one of another element type, with other axes of size 1, not contiguous
or not writeable goes the long way, which prepares it or compiles for it. What a call leaves behind
is decided in :mod:`gradc.faces.new_routes`; a route of an earlier process needs nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from gradc.faces.program import Derivative

MISS: Any = object()
"""What a route returns for arguments that are not its own."""


class Route:
    """The short way for one tuple of argument types.

    Attributes
    ----------
    derivative : Derivative or None
        What is run; None where its kernel was found by a record.
    run : callable
        From the tuple of arguments to what the user gets, or `MISS`.
    specimens : tuple
        For a record: small arguments of the same types.
    """

    __slots__ = ("derivative", "run", "specimens")

    def __init__(
        self,
        derivative: Derivative | None,
        run: Callable[[tuple[Any, ...]], Any],
        specimens: tuple[Any, ...] = (),
    ) -> None:
        self.derivative = derivative
        self.run = run
        self.specimens = specimens


def run_of_entry(
    entry: Callable[..., Any],
    captured: tuple[Any, ...],
    checks: Sequence[tuple[int, Callable[[Any], bool]]],
    finish: Callable[[Any], Any] | None,
    instead: Callable[[Exception, Sequence[Any]], Any],
) -> Callable[[tuple[Any, ...]], Any]:
    """From the arguments to what the user gets.

    Parameters
    ----------
    entry : callable
        The compiled function.
    captured : tuple
        What it takes after the arguments.
    checks : sequence of (int, callable)
        Which arguments have to be looked at, and whether such an argument may be handed over.
    finish : callable or None
        From the results of the compiled function to what the user gets.
    instead : callable
        What a call that failed gives, of the error and all arguments, where it does not raise.
    """

    def run(given: tuple[Any, ...]) -> Any:
        for position, fits in checks:
            if not fits(given[position]):
                return MISS
        try:
            results = entry(*given, *captured)
        except (IndexError, ValueError, ZeroDivisionError) as error:
            results = instead(error, (*given, *captured))
            if results is MISS:
                return MISS
        return results if finish is None else finish(results)

    return run


def check_of_array(array: np.ndarray[Any, Any]) -> Callable[[Any], bool]:
    """Whether an array may be handed to the kernel that was compiled for this one."""
    # the one object of NumPy for this element type in the byte order of the machine
    dtype, rank = np.dtype(array.dtype.type), array.ndim
    known = tuple(min(size, 2) for size in array.shape)

    def fits(other: np.ndarray[Any, Any]) -> bool:
        return (
            other.dtype is dtype
            and other.ndim == rank
            and other.flags.carray
            and 1 not in other.shape
            and 0 not in other.shape
        )

    def fits_with_known(other: np.ndarray[Any, Any]) -> bool:
        return (
            other.dtype is dtype
            and other.flags.carray
            and tuple(min(size, 2) for size in other.shape) == known
        )

    return fits_with_known if min(known) < 2 else fits


def finish_of_gradient(
    restore: Sequence[Callable[[Any], Any] | None], single: bool
) -> Callable[[Any], Any] | None:
    """From the results of a kernel to the gradient; None where they are that already.

    Parameters
    ----------
    restore : sequence of (callable or None)
        For each result, how it gets the type of its argument; None where it has it already.
    single : bool
        Whether there is one gradient rather than a tuple of them.
    """
    if single:
        return restore[0]
    return lambda results: _restored(restore, results if isinstance(results, tuple) else (results,))


def finish_of_pair(
    convert: Callable[[Any], Any] | None,
    restore: Sequence[Callable[[Any], Any] | None],
    single: bool,
) -> Callable[[Any], Any] | None:
    """The same for a value beside the gradient."""
    if single and convert is None and restore[0] is None:
        return None

    def finish(results: tuple[Any, ...]) -> Any:
        value, *bars = results
        gradient = _restored(restore, bars)
        return convert(value) if convert else value, gradient[0] if single else gradient

    return finish


def _restored(
    restore: Sequence[Callable[[Any], Any] | None], bars: Sequence[Any]
) -> tuple[Any, ...]:
    return tuple(
        bar if back is None else back(bar) for back, bar in zip(restore, bars, strict=True)
    )
