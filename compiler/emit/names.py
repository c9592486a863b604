"""Names in generated text: legal, unique, the user's where there is one."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType

# Names that generated modules import.
MODULES = frozenset({"np", "math", "special", "kernel", "kernel_block", "failed_blocks", "routine"})
# Functions of the runtime that generated programs call, and the module each is imported from.
HELPERS: Mapping[str, str] = MappingProxyType(
    {
        "wrap": "gradc_runtime.arrays",
        "grow": "gradc_runtime.arrays",
        "prange": "gradc_runtime.arrays",
        "attempt": "gradc_runtime.arrays",
        "dot": "gradc_runtime.arrays",
        "choose": "gradc_runtime.arrays",
        "workspace": "gradc_runtime.arrays",
        "argsort": "gradc_runtime.sorting",
        "in_order": "gradc_runtime.sorting",
        "in_order_shared": "gradc_runtime.sorting",
        "from_order_shared": "gradc_runtime.sorting",
        "block_length": "gradc_runtime.schedule",
        "slot_count": "gradc_runtime.schedule",
        "advance": "gradc_runtime.schedule",
        "segment": "gradc_runtime.schedule",
        "online_block": "gradc_runtime.schedule",
        "online_slots": "gradc_runtime.schedule",
        "online_slot": "gradc_runtime.schedule",
        "online_mark": "gradc_runtime.schedule",
        "steps_of": "gradc_runtime.schedule",
        "by_step": "gradc_runtime.schedule",
        "softmax": "gradc_runtime.special",
        "logsumexp": "gradc_runtime.special",
        "linalg": "gradc_runtime",
        "fft": "gradc_runtime",
        "join": "gradc_runtime.index_sets",
        "join_all": "gradc_runtime.index_sets",
        "join_each": "gradc_runtime.index_sets",
        "join_rows": "gradc_runtime.index_sets",
    }
)
RESERVED = (
    frozenset(keyword.kwlist)
    | frozenset(keyword.softkwlist)
    | frozenset(dir(builtins))
    | MODULES
    | frozenset(HELPERS)
)
_NUMBERED = re.compile(r"_\d+$")


def identifier(name: str) -> str:
    """The nearest legal Python identifier to a name, in the form that Python compares."""
    letters = unicodedata.normalize("NFKC", name)
    # `\w` of regular expressions takes letters that Python's own table does not know
    name = "".join(letter if f"_{letter}".isidentifier() else "_" for letter in letters)
    if not name.isidentifier():
        name = f"_{name}"
    return f"{name}_" if name in RESERVED else name


def without_number(name: str) -> str:
    """The name before `_1`, `_2` was appended to tell it from others."""
    return _NUMBERED.sub("", name) or name


class Names:
    """Hands out names that are unique in one function.

    Parameters
    ----------
    kept_free : iterable of str
        Names that are handed out only when asked for as they are: the user's.
    """

    def __init__(self, kept_free: Iterable[str] = ()) -> None:
        self._kept_free = set(kept_free)
        self._taken: set[str] = set(RESERVED)
        self._counts: dict[str, int] = {}

    def reserve(self, name: str) -> None:
        """Never hand out a name: it is one of the module."""
        self._taken.add(name)

    def claim(self, name: str) -> str:
        """A name of the user: as it is if it is still free."""
        name = identifier(name)
        if name not in self._taken:
            self._taken.add(name)
            return name
        return self._numbered(name, "_")

    def suggest(self, name: str) -> str:
        """A generated name: like `name`, but never one of the user's."""
        name = identifier(name)
        if name not in self._taken and name not in self._kept_free:
            self._taken.add(name)
            return name
        return self._numbered(name, "_")

    def temporary(self) -> str:
        """A name that says nothing: t1, t2, ..."""
        return self._numbered("t", "")

    def _numbered(self, base: str, joint: str) -> str:
        count = self._counts.get(base, 0)
        while True:
            count += 1
            name = f"{base}{joint}{count}"
            if name not in self._taken and name not in self._kept_free:
                break
        self._counts[base] = count
        self._taken.add(name)
        return name
