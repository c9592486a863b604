"""A function of the zoo with the arguments it is tried at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

Fn = TypeVar("Fn", bound=Callable[..., Any])


@dataclass(frozen=True)
class Case:
    """One function and its arguments; floats and float arrays among them are differentiable.

    Attributes
    ----------
    name : str
        ``file.function``, with a number where a function is tried at several points.
    fn : callable
    args : tuple
    smooth : bool
        Whether the function is differentiable at these arguments.
    """

    name: str
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    smooth: bool = True


@dataclass
class Group:
    """The functions of one file; used as a decorator with the arguments to try.

    A function may be decorated several times.
    """

    name: str
    cases: list[Case] = field(default_factory=list)

    def __call__(self, *args: Any, smooth: bool = True) -> Callable[[Fn], Fn]:
        def add(fn: Fn) -> Fn:
            self.add(fn, *args, smooth=smooth)
            return fn

        return add

    def add(self, fn: Callable[..., Any], *args: Any, smooth: bool = True, name: str = "") -> None:
        title = f"{self.name}.{name or fn.__name__}"
        count = sum(case.name.split("#")[0] == title for case in self.cases)
        self.cases.append(Case(f"{title}#{count + 1}" if count else title, fn, args, smooth))

    def add_all(self, fns: Mapping[str, Callable[..., Any]], *args: Any) -> None:
        for name, fn in fns.items():
            self.add(fn, *args, name=name)
