"""Errors that a kernel raises, restated with the user's file and source line."""

from __future__ import annotations

from gradc.errors import Location
from gradc_runtime.arrays import IndexOutOfRangeError


def restate(error: Exception, where: Location) -> Exception:
    """Return an error of the same kind whose message has file, line and source line.

    Parameters
    ----------
    error : Exception
        As raised by a kernel.
    where : Location
        Of the function that was compiled.
    """
    if not isinstance(error, IndexOutOfRangeError):
        return error
    line, index, size = error.args
    source = Location(where.file, line).source_line.strip()
    message = f"{where.file}:{line}: index {index} is out of range for size {size}"
    return IndexError(message + (f"\n    {source}" if source else ""))
