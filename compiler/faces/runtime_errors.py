"""Errors that a kernel raises, restated with the user's file and source line."""

from __future__ import annotations

from numpy.linalg import LinAlgError

from gradc.errors import Location
from gradc_runtime.arrays import IndexOutOfRangeError
from gradc_runtime.linalg import MatrixError


def restate(error: Exception, where: Location) -> Exception:
    """Return an error of the same kind whose message has file, line and source line.

    Parameters
    ----------
    error : Exception
        As raised by a kernel.
    where : Location
        Of the function that was compiled.
    """
    if isinstance(error, IndexOutOfRangeError):
        line, index, size = error.args
        return IndexError(_at(where, line, f"index {index} is out of range for size {size}"))
    if isinstance(error, MatrixError):
        (line,) = error.args
        return LinAlgError(_at(where, line, error.what))
    return error


def _at(where: Location, line: int, what: str) -> str:
    source = Location(where.file, line).source_line.strip()
    return f"{where.file}:{line}: {what}" + (f"\n    {source}" if source else "")
