"""C functions around kernels of arrays: what a C signature says, and the entry with that signature.

Every array is a pointer to its elements in C order, followed by its sizes; results come after the
arguments, where they are written to. For ``"f8[:, ::1], f8"`` with results of types ``f8`` and
``f8[:, ::1]``::

    int32_t f(const double *a, int64_t a_0, int64_t a_1, double b,
              double *out, double *out_1, int64_t out_1_0, int64_t out_1_1)

It returns 0; 1 where the kernel raises; 2 where a result has other sizes than were given, and then
nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradc_runtime.jit import Kernel

_C_NAMES = {"f8": "double", "f4": "float", "i8": "int64_t", "b1": "bool"}


@dataclass(frozen=True)
class CValue:
    """An argument or result.

    Attributes
    ----------
    name : str
    dtype : str
        ``"f8"``, ``"f4"``, ``"i8"`` or ``"b1"``.
    rank : int
    """

    name: str
    dtype: str
    rank: int

    @property
    def sizes(self) -> list[str]:
        """The names of the parameters that are its sizes."""
        return [f"{self.name}_{axis}" for axis in range(self.rank)]


def c_signature(name: str, arguments: Sequence[CValue], results: Sequence[CValue]) -> str:
    """The C declaration of :func:`c_entry`'s function; a plain function where all are numbers.

    Parameters
    ----------
    name : str
    arguments, results : sequence of CValue
    """
    if is_plain(arguments, results):
        given = ", ".join(f"{_C_NAMES[each.dtype]} {each.name}" for each in arguments)
        return f"{_C_NAMES[results[0].dtype]} {name}({given or 'void'})"
    parts = []
    for each in arguments:
        star = "*" if each.rank else ""
        const = "const " if each.rank else ""
        parts.append(f"{const}{_C_NAMES[each.dtype]} {star}{each.name}")
        parts += [f"int64_t {size}" for size in each.sizes]
    for each in results:
        parts.append(f"{_C_NAMES[each.dtype]} *{each.name}")
        parts += [f"int64_t {size}" for size in each.sizes]
    return f"int32_t {name}({', '.join(parts)})"


def is_plain(arguments: Sequence[CValue], results: Sequence[CValue]) -> bool:
    """Whether the function takes numbers and returns one."""
    return len(results) == 1 and not any(each.rank for each in (*arguments, *results))


def c_entry(kernel: Kernel, arguments: Sequence[CValue], results: Sequence[CValue]) -> Any:
    """A numba ``cfunc`` around a kernel, with the signature of :func:`c_signature`.

    Returns
    -------
    numba cfunc
        With ``.address``; it keeps the compiled code alive.
    """
    import numba

    types = []
    for number, each in enumerate((*arguments, *results)):
        is_pointer = each.rank or number >= len(arguments)
        types.append(f"CPointer({each.dtype})" if is_pointer else each.dtype)
        types += ["i8"] * each.rank
    namespace = {"carray": numba.carray, "kernel": kernel.dispatcher}
    exec(compile(_text(arguments, results), "<C entry>", "exec"), namespace)
    return numba.cfunc(f"i4({', '.join(types)})")(namespace["entry"])


def _text(arguments: Sequence[CValue], results: Sequence[CValue]) -> str:
    params = [name for each in (*arguments, *results) for name in (each.name, *each.sizes)]
    given = ", ".join(
        f"carray({each.name}, ({', '.join(each.sizes)},))" if each.rank else each.name
        for each in arguments
    )
    found = [f"found_{number}" for number in range(len(results))]
    lines = [f"def entry({', '.join(params)}):", "    try:"]
    lines += [f"        {', '.join(found)} = kernel({given})", "    except Exception:"]
    lines += ["        return 1"]
    for own, each in zip(found, results, strict=True):
        for axis, size in enumerate(each.sizes):
            lines += [f"    if {own}.shape[{axis}] != {size}:", "        return 2"]
    for own, each in zip(found, results, strict=True):
        if each.rank:
            lines.append(f"    carray({each.name}, ({', '.join(each.sizes)},))[...] = {own}")
        else:
            lines.append(f"    {each.name}[0] = {own}")
    return "\n".join([*lines, "    return 0", ""])
