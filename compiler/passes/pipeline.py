"""Pipelines as text: ``simplify,cse,dce,reverse{wrt=0},loops{fuse=true,blas=true}``.

The text is the same on the command line and in Python. Names stand for pass classes of a
registry that the caller supplies, and options for the fields of the class.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args, get_type_hints

from gradc.errors import GradcError
from gradc.ir.core import Function
from gradc.ir.printer import to_text
from gradc.ir.routines import routines_of
from gradc.ir.verify import verify
from gradc.passes.base import Context, Pass
from gradc.passes.routines import in_routines

Registry = Mapping[str, type[Pass]]

ALL = "all"
_ITEM = re.compile(r"\s*(?P<name>[\w-]+)\s*(?:\{(?P<options>[^{}]*)\})?\s*(?:,|$)")
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one pass took, and whether it changed anything."""

    name: str
    seconds: float
    changed: bool


def parse_pipeline(text: str, registry: Registry) -> list[Pass]:
    """Read the text of a pipeline.

    Parameters
    ----------
    text : str
        Names separated by commas, each with its options in braces. An option is ``name=value``;
        a value is ``true`` or ``false``, a number, a word, ``none``, or numbers or words joined
        by ``+`` where the option is a tuple.
    registry : mapping of name to pass class

    Raises
    ------
    GradcError
        With everything that is wrong with the text.
    """
    passes: list[Pass] = []
    problems: list[str] = []
    position = 0
    while position < len(text.rstrip().rstrip(",")):
        item = _ITEM.match(text, position)
        if item is None:
            problems.append(f"a pass or name{{option=value}} belongs at {text[position:]!r}")
            break
        position = item.end()
        made = _make(item["name"], item["options"], registry, problems)
        if made is not None:
            passes.append(made)
    if problems:
        raise GradcError(f"pipeline {text!r}: " + "; ".join(problems))
    return passes


def pipeline_text(passes: Iterable[Pass]) -> str:
    """Write a pipeline so that :func:`parse_pipeline` reads it back; defaults are left out."""
    return ",".join(_pass_text(each) for each in passes)


def run_pipeline(
    function: Function,
    passes: Sequence[Pass],
    *,
    context: Context | None = None,
    verify_each: bool = False,
    print_after: Collection[str] = (),
    stop_after: str | None = None,
    timings: list[Timing] | None = None,
    write: Callable[[str], object] = print,
    routines: bool = True,
) -> Function:
    """Run passes in order.

    Parameters
    ----------
    function : Function
    passes : sequence of Pass
    context : Context, optional
        What the passes share; a fresh one unless given.
    verify_each : bool
        Check the invariants of the IR after each pass.
    print_after : collection of str
        Names of the passes after which the function is written as IR text; ``"all"`` for each.
    stop_after : str, optional
        Return what the first pass of this name made.
    timings : list, optional
        Is extended by one :class:`Timing` a pass.
    write : callable
        Takes the text that is asked for.
    routines : bool
        Whether the passes run on the routines that the function calls, too, but for those that
        take the program as a whole (``whole``).

    Raises
    ------
    GradcError
        When `print_after` or `stop_after` names no pass of the pipeline.
    InternalError
        When a pass leaves IR that is not valid.
    """
    _check_names(passes, print_after, stop_after)
    context = context if context is not None else Context()
    for each in passes:
        start = time.perf_counter()
        result = _run(each, function, context, routines)
        seconds = time.perf_counter() - start
        if timings is not None:
            timings.append(Timing(each.name, seconds, result is not function))
        function = result
        if each.name in print_after or ALL in print_after:
            write(f"# after {_pass_text(each)}\n{to_text(function)}")
        if verify_each:
            for called in routines_of(function):
                if called.function is not None:
                    verify(called.function, each.name)
            verify(function, each.name)
        if each.name == stop_after:
            break
    return function


def _run(each: Pass, function: Function, context: Context, routines: bool) -> Function:
    result = each.run(function, context)
    if not routines or getattr(each, "whole", False):
        return result
    return in_routines(result, lambda called: each.run(called, context))


def _make(name: str, options: str | None, registry: Registry, problems: list[str]) -> Pass | None:
    cls = registry.get(name)
    if cls is None:
        problems.append(f"there is no pass {name!r}{suggestion(name, registry)}")
        return None
    hints = get_type_hints(cls)
    fields = {item.name: hints[item.name] for item in _fields(cls)}
    values: dict[str, Any] = {}
    count = len(problems)
    for part in filter(None, (part.strip() for part in (options or "").split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if key not in fields:
            problems.append(f"pass {name} has no option {key!r}{suggestion(key, fields)}")
            continue
        try:
            values[key] = _read(value if equals else "true", fields[key])
        except ValueError:
            problems.append(f"option {key} of {name} cannot be {value!r}: {_wanted(fields[key])}")
    return cls(**values) if len(problems) == count else None


def _fields(cls: type[Pass]) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(cast("type[Any]", cls))


def _read(text: str, kind: Any) -> Any:
    choices = get_args(kind)
    if type(None) in choices:
        if text == "none":
            return None
        (kind,) = (choice for choice in choices if choice is not type(None))
        return _read(text, kind)
    if choices and kind is not None:  # tuple[item, ...]
        return tuple(_read(item.strip(), choices[0]) for item in text.split("+"))
    if kind is bool:
        if text not in _BOOLEANS:
            raise ValueError(text)
        return _BOOLEANS[text]
    return kind(text)


def _wanted(kind: Any) -> str:
    choices = [choice for choice in get_args(kind) if choice not in (type(None), Ellipsis)]
    if choices:
        inner = _wanted(choices[0])
        return f"none or {inner}" if type(None) in get_args(kind) else f"{inner}, joined by '+'"
    return {bool: "true or false", int: "an integer", float: "a number"}.get(kind, "a word")


def _pass_text(each: Pass) -> str:
    given = [
        f"{item.name}={_written(getattr(each, item.name))}"
        for item in _fields(type(each))
        if getattr(each, item.name) != item.default
    ]
    return each.name + (f"{{{','.join(given)}}}" if given else "")


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return "+".join(_written(item) for item in value)
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def _check_names(
    passes: Sequence[Pass], print_after: Collection[str], stop_after: str | None
) -> None:
    known = [each.name for each in passes]
    asked = [("print-after", name) for name in print_after if name != ALL]
    if stop_after is not None:
        asked.append(("stop-after", stop_after))
    problems = [
        f"{option}={name}: the pipeline has no pass of this name"
        + (suggestion(name, known) or f"; it is {', '.join(dict.fromkeys(known))}")
        for option, name in asked
        if name not in known
    ]
    if problems:
        raise GradcError("; ".join(problems))


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say which known name is close to a misspelt one, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
