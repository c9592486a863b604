"""What generated programs call on array indices, growing arrays and products of matrices.

Every function here is plain Python, and an uncompiled program runs it as it stands. When a program
is compiled its helpers are replaced by what :mod:`gradc_runtime.compiled` has in their place; numba
is not imported before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class IndexOutOfRangeError(IndexError):
    """An index that does not fit its array, with the line of the user's program.

    The message is put together here and not where it is raised, since text made inside a
    compiled kernel costs seconds of compile time.

    Parameters
    ----------
    line : int
        Line of the user's source.
    index, size : int
        The index asked for, and the size of the axis.
    """

    def __init__(self, line: int, index: int, size: int) -> None:
        super().__init__(line, index, size)

    def __str__(self) -> str:
        line, index, size = self.args
        return f"line {line}: index {index} is out of range for size {size}"


def wrap(index: int, size: int, line: int) -> int:
    """Check an index and count a negative one from the end.

    Parameters
    ----------
    index, size : int
    line : int
        Line of the user's source, for the message.

    Returns
    -------
    int
        `index` where it is in ``range(size)``, ``index + size`` where that is.

    Raises
    ------
    IndexOutOfRangeError
        Elsewhere; an :class:`IndexError`.
    """
    if not -size <= index < size:
        raise IndexOutOfRangeError(line, index, size)
    return index + size if index < 0 else index


def choose(condition: Any, yes: Any, no: Any) -> Any:
    """Return one of two numbers, both of which are computed.

    Where ``yes if condition else no`` is a branch to begin with, this is an instruction: compilers
    make others of a row of branches that depend on each other, and then vectorise nothing.
    """
    return yes if condition else no


def dot(
    a: np.ndarray[Any, Any], b: np.ndarray[Any, Any], out: np.ndarray[Any, Any] | None = None
) -> np.ndarray[Any, Any]:
    """The product of two matrices, or of a matrix and a vector: :func:`numpy.dot`.

    It is written into `out` where there is one: a contiguous array, of which `a` and `b` are no
    part. Compiled programs call BLAS directly (:mod:`gradc_runtime.blas`).
    """
    product: np.ndarray[Any, Any] = np.dot(a, b, out=out)
    return product


def workspace(*sizes: Any) -> tuple[np.ndarray[Any, Any], ...]:
    """New arrays whose elements are undefined: :func:`numpy.empty` for several at once.

    Compiled programs take one block of memory for all where they are small.

    Parameters
    ----------
    *sizes : int, tuple of int or dtype
        The sizes of each array, and last their type where that is not float64.
    """
    typed = isinstance(sizes[-1], type)
    shapes, dtype = (sizes[:-1], sizes[-1]) if typed else (sizes, np.float64)
    return tuple(np.empty(shape, dtype) for shape in shapes)


def prange(count: int) -> range:
    """The numbers of the blocks of a parallel loop; in compiled programs threads share them."""
    return range(count)


def attempt(
    function: Callable[..., Any], failed: np.ndarray[Any, Any], block: int, *args: Any
) -> None:
    """Run the body of a parallel loop for one block.

    In compiled programs an error of it is noted in ``failed[block]`` and goes no further.
    """
    function(block, *args)


def grow(tape: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    """Make room for the entry number `count` of an array.

    Returns
    -------
    ndarray
        `tape` itself where there is room, else a copy of at least twice the length; what lies
        beyond the old length is undefined.
    """
    length = tape.shape[0]
    if count < length:
        return tape
    grown = np.empty((max(2 * length, count + 1),) + tape.shape[1:], tape.dtype)  # noqa: RUF005
    # entry by entry: a slice of all of them takes numba ten times as long to compile
    for entry in range(length):
        grown[entry] = tape[entry]
    return grown
