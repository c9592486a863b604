"""Tells LLVM which arrays of a kernel never share memory.

An array that a kernel makes lies in memory of its own, but LLVM sees addresses that were loaded
from somewhere. In ::

    for k in range(m):
        u_bar[rows[e], k] += p * v[cols[e], k]

it would load ``rows[e]`` and ``cols[e]`` again in every iteration, lest ``u_bar`` lies where they
do, and could not make vectors of the loop. So each load and store of an element says in which
memory it may be, and in which it certainly is not
(https://llvm.org/docs/LangRef.html#noalias-and-alias-scope-metadata). Where a kernel is inlined,
LLVM makes scopes of their own for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from llvmlite import ir

# With more pieces of memory than this, the lists would be longer than the program.
_MOST = 64

Memory = frozenset[object]


class Scopes:
    """The pieces of memory of one function, as LLVM's metadata.

    Parameters
    ----------
    module : ir.Module
    arrays : mapping of str to frozenset
        For each array names for the pieces of memory that it may lie in; those of which nothing is
        known are left out.
    """

    def __init__(self, module: ir.Module, arrays: Mapping[str, Memory]) -> None:
        self.module, self.arrays = module, arrays
        pieces = list(dict.fromkeys(piece for each in arrays.values() for piece in each))
        self.scopes: dict[object, Distinct] = {}
        self.lists: dict[Memory, tuple[Any, Any]] = {}
        if 1 < len(pieces) <= _MOST:
            domain = Distinct.of_itself(module)
            self.scopes = {piece: Distinct.of_itself(module, domain) for piece in pieces}

    def mark(self, access: Any, array: str) -> None:
        """Say of a load or store of an element where it is, and where it is not."""
        memory = self.arrays.get(array)
        if not self.scopes or not memory:
            return
        if memory not in self.lists:
            others = [scope for piece, scope in self.scopes.items() if piece not in memory]
            own = [scope for piece, scope in self.scopes.items() if piece in memory]
            self.lists[memory] = self._list(own), self._list(others)
        own_list, other_list = self.lists[memory]
        access.set_metadata("alias.scope", own_list)
        if other_list is not None:
            access.set_metadata("noalias", other_list)

    def _list(self, scopes: Iterable[Distinct]) -> Any:
        found = list(scopes)
        return self.module.add_metadata(found) if found else None


class Distinct(ir.values.MDValue):  # type: ignore[misc]
    """A node of metadata that is equal to itself only; llvmlite has no other way to write it."""

    def __init__(self, module: ir.Module, operands: tuple[Any, ...]) -> None:
        super().__init__(module, operands, str(len(module.metadata)))

    @classmethod
    def of_itself(cls, module: ir.Module, *more: Any) -> Distinct:
        """A node whose first operand is itself."""
        node = cls(module, ())
        node.operands = (node, *more)
        return node

    def descr(self, buf: list[str]) -> None:
        """Write the node."""
        listed = ", ".join(each.get_reference() for each in self.operands)
        buf += (f"distinct !{{ {listed} }}", "\n")

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)
