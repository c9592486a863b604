"""What the tables of texts have in common: the writer that they ask, and the type of an entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from gradc.emit.text import Expr
from gradc.ir.core import Op, Value

Style = Literal["numpy", "loops"]


class Writer(Protocol):
    """What the functions of the table may ask for."""

    style: Style

    def expr(self, value: Value) -> Expr:
        """The text of a value."""

    def typed(self, value: Value) -> Expr:
        """The text of a value that stands alone."""

    def maker(self, value: Value) -> Op | None:
        """The op that makes a value."""

    def is_argument(self, value: Value) -> bool:
        """Whether a value is an argument of the function."""

    def is_implicit(self, value: Value) -> bool:
        """Whether a broadcast is left to NumPy."""

    def helper(self, name: str) -> str:
        """The name of a function of the runtime, which is imported then."""

    def is_like(self, value: Value) -> bool:
        """Whether a new array takes type and sizes from an argument, its operand then."""


Text = Callable[[Op, Sequence[Expr], Writer], Expr]
