"""The program for sizes as they come, where one that takes something for granted has failed.

A slice like ``x[k:k + 1]`` is taken to have its one element, and two axes whose sizes are known at
run time only are taken to be equal: that decides about stretching, and nearly always holds. The
program checks it. Where the check fails, the function is read once more, with such slices as any
other and axes that are repeated where they turn out to have size 1, and that program runs::

    x[:n][:1] * y        n = 3: the usual program
                         n = 0: its check fails; the program for sizes as they come gives NumPy's
                         empty array, or raises what NumPy raises
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from gradc.errors import GradcError
from gradc_runtime.arrays import IndexOutOfRangeError


def was_assumed(assumed: Collection[object], error: Exception) -> bool:
    """Whether an error of a kernel says that what was taken for granted is not so."""
    if isinstance(error, IndexOutOfRangeError):
        return error.args[0] in assumed
    if type(error) is IndexError and str(error).startswith("index "):
        # NumPy's own, of an element that a program run by Python reads ahead of the check
        return any(isinstance(line, int) for line in assumed)
    return str(error) in assumed


def results_of(derivative: Any, error: Exception, args: Sequence[Any]) -> Any:
    """The results of the program for sizes as they come, as a kernel gives them.

    Parameters
    ----------
    derivative : gradc.faces.program.Derivative
        Whose kernel failed.
    error : Exception
        How.
    args : sequence
        The arguments of the kernel.

    Returns
    -------
    object
        None where the error is about something else, or the function needs what was assumed.
    """
    program = derivative.program
    if not was_assumed(program.lowered.assumed, error):
        return None
    general = _program(program)
    if general is None:
        return None
    try:
        again = general.derivative(
            derivative.mode,
            derivative.argnums,
            derivative.has_aux,
            derivative.single,
            kind=type(derivative),
        )
    except GradcError:
        return None
    leaves = len(program.traced)
    further = args[leaves + len(program.lowered.captured) :]
    given = [*args[:leaves], *general.captured, *further]
    results = again.run_prepared(given)
    return results[0] if len(results) == 1 else tuple(results)


def _program(program: Any) -> Any:
    """The program of the same function and types for sizes as they come, made once."""
    if program.again is None:
        return None
    if program.general is None:
        try:
            program.general = program.with_lowered(program.again())
        except GradcError:
            program.again = None
    return program.general
