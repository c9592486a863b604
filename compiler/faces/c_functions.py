"""C functions of derivatives: their signatures, and where they are in memory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from gradc.driver import Compiled
from gradc.errors import GradTypeError
from gradc.ir.core import Value
from gradc.ir.types import DType
from gradc_runtime.c_entries import CValue, c_entry, c_signature, is_plain
from gradc_runtime.entries import c_address

_DTYPES = {DType.F64: "f8", DType.F32: "f4", DType.INT: "i8", DType.BOOL: "b1"}
# Names of results that say what they are; others are called after an operation.
_OURS = ("_bar", "_dot", "jac", "hess", "data")
# What means something else in C, among the names that Python has.
_C_WORDS = re.compile(
    "auto|bool|case|char|const|default|do|double|enum|extern|float|goto|inline|int|long|register|"
    "restrict|short|signed|sizeof|static|struct|switch|typedef|union|unsigned|void|volatile"
)


class CFunction:
    """A compiled program as a C function.

    Attributes
    ----------
    signature : str
        Its declaration.
    address : int
        Where it is, as long as this object is kept.
    """

    def __init__(self, compiled: Compiled) -> None:
        if compiled.options.target == "cuda":
            raise GradTypeError('a program with target="cuda" is no C function: use target="cpu"')
        function = compiled.function
        taken: set[str] = set()
        arguments = _values(function.params, "x", taken, True)
        results = _values(function.results, "out", taken, False)
        self.signature = c_signature(function.name, arguments, results)
        self._entry: Any = None
        if is_plain(arguments, results):
            self.address = c_address(compiled.kernel)
            self._entry = compiled.kernel
        else:
            self._entry = c_entry(compiled.kernel, arguments, results)
            self.address = self._entry.address


def _values(values: Sequence[Value], fallback: str, taken: set[str], given: bool) -> list[CValue]:
    made = []
    for value in values:
        known = given or value.named or value.name.endswith(_OURS)
        name = value.name if known and re.fullmatch(r"[A-Za-z]\w*", value.name, re.ASCII) else ""
        name = name or fallback
        if _C_WORDS.fullmatch(name):
            name += "_"
        own = CValue(
            _free(name, value.type.rank, taken), _DTYPES[value.type.dtype], value.type.rank
        )
        taken.update((own.name, *own.sizes))
        made.append(own)
    return made


def _free(name: str, rank: int, taken: set[str]) -> str:
    """A name that is not taken, nor are those of its sizes."""
    count, found = 0, name
    while not taken.isdisjoint((found, *CValue(found, "f8", rank).sizes)):
        count += 1
        found = f"{name}{count}"
    return found
