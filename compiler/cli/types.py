"""Reading ``--types "f64[:], f64"``: one type for each argument, in the order of the arguments."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from gradc.errors import GradTypeError

Command = TypeVar("Command", bound=Callable[..., Any])

ELEMENTS = {
    "f64": "float64",
    "f32": "float32",
    "i64": "int64",
    "bool": "bool",
    "float64": "float64",
    "float32": "float32",
    "int64": "int64",
    "float": "float64",
    "int": "int64",
}
_ITEM = re.compile(r"\s*(?P<element>\w+)\s*(?:\[(?P<axes>[:,\s]*)\])?\s*")
_MOST_AXES = 8
_LONGEST = 2000


@dataclass(frozen=True)
class ArgumentType:
    """Element type and number of axes of one argument."""

    dtype: str
    rank: int = 0

    def __str__(self) -> str:
        return self.dtype + (f"[{', '.join(':' * self.rank)}]" if self.rank else "")


def parse_types(text: str) -> tuple[ArgumentType, ...]:
    """Read argument types: ``f64``, ``f32``, ``i64``, ``bool``, with ``[:]``, ``[:, :]`` ...

    Raises
    ------
    GradTypeError
        With the item that is wrong.
    """
    if len(text) > _LONGEST:
        raise GradTypeError(f"--types: {len(text)} characters; {_LONGEST} are plenty")
    return tuple(_parse_item(item, number) for number, item in enumerate(_split(text), 1))


def _parse_item(item: str, number: int) -> ArgumentType:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise GradTypeError(
            f"--types, item {number}: {item.strip()!r} is no type; write f64, f64[:] or f64[:, :]"
        )
    if match["element"] not in ELEMENTS:
        raise GradTypeError(
            f"--types, item {number}: there is no element type {match['element']!r}; "
            "there are f64, f32, i64 and bool"
        )
    if match["axes"] is None:
        return ArgumentType(ELEMENTS[match["element"]])
    axes = [axis.strip() for axis in match["axes"].split(",")]
    if any(axis != ":" for axis in axes):
        raise GradTypeError(
            f"--types, item {number}: {item.strip()!r}: each axis is a colon, as in f64[:, :]"
        )
    if len(axes) > _MOST_AXES:
        raise GradTypeError(f"--types, item {number}: an array has at most {_MOST_AXES} axes")
    return ArgumentType(ELEMENTS[match["element"]], len(axes))


def _split(text: str) -> list[str]:
    """Split at the commas that are outside of brackets."""
    items, depth, start = [], 0, 0
    for place, char in enumerate(text):
        depth += (char == "[") - (char == "]")
        if char == "," and depth == 0:
            items.append(text[start:place])
            start = place + 1
    return [*items, text[start:]]


def types_option() -> Callable[[Command], Command]:
    """The option ``--types``, whose value is a tuple of ArgumentType or None."""

    def read(ctx: click.Context, param: click.Parameter, given: str | None) -> Any:
        return None if given is None else parse_types(given)

    return click.option(
        "--types",
        metavar='"f64[:], f64"',
        callback=read,
        help="Types of the arguments: f64, f32, i64, bool; [:] for each axis of an array.",
    )
