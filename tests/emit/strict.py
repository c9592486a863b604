"""Text made for the compiler, run by the interpreter as strictly as machine code would punish it.

In a compiled program what `np.empty` returns holds whatever was there before, and an index below
zero reads outside of the array (decision 0010). NumPy is kinder: new memory is often zero, and -1
is the last element. Here new arrays hold NaN, and a negative index is an error.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.faces.arguments import scalar_for_python
from gradc_runtime.arrays import workspace


class StrictArray(np.ndarray):
    """An array whose indices are not negative."""

    def __getitem__(self, index: Any) -> Any:
        _refuse_negative(index)
        return super().__getitem__(index)

    def __setitem__(self, index: Any, value: Any) -> None:
        _refuse_negative(index)
        super().__setitem__(index, value)


def _refuse_negative(index: Any) -> None:
    for each in index if isinstance(index, tuple) else (index,):
        if isinstance(each, int | np.integer) and not isinstance(each, bool) and each < 0:
            raise IndexError(f"an index is {each}")


class StrictNumPy:
    """NumPy, but for the functions that make arrays that a program writes to."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def empty(shape: Any, dtype: Any = float) -> Any:
        """An array that is easily told from one that was written to."""
        return _unwritten(np.empty(shape, dtype))

    @staticmethod
    def empty_like(array: Any) -> Any:
        """The same, like another array."""
        return _unwritten(np.empty_like(array))

    @staticmethod
    def zeros(shape: Any, dtype: Any = float) -> Any:
        """An array of zeros."""
        return np.zeros(shape, dtype).view(StrictArray)


def _workspace(*sizes: Any) -> tuple[Any, ...]:
    """Several such arrays at once."""
    return tuple(map(_unwritten, workspace(*sizes)))


def _unwritten(array: Any) -> Any:
    if array.dtype.kind == "f":
        array.fill(np.nan)
    elif array.dtype.kind == "i":
        array.fill(np.iinfo(array.dtype).min // 2)
    return array.view(StrictArray)


def run_strictly(text: str, name: str, args: Sequence[Any]) -> list[Any]:
    """Run a function of a generated module, uncompiled.

    Parameters
    ----------
    text : str
        The module.
    name : str
        The function.
    args : sequence
        Are left as they are.

    Returns
    -------
    list
        The results.
    """
    namespace: dict[str, Any] = {}
    exec(compile(text, f"<{name}>", "exec"), namespace)
    namespace.update(np=StrictNumPy(), workspace=_workspace)
    given = [_strict(copy.deepcopy(arg)) for arg in args]
    with np.errstate(all="ignore"):
        out = namespace[name].py_func(*given)
    return [_plain(each) for each in (out if isinstance(out, tuple) else (out,))]


def _plain(result: Any) -> Any:
    return result.view(np.ndarray) if isinstance(result, StrictArray) else result


def _strict(arg: Any) -> Any:
    return arg.view(StrictArray) if type(arg) is np.ndarray else scalar_for_python(arg)
