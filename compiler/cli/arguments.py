"""Arguments for a Python function: from ``--at``, from ``--types``, or from its annotations."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradc.cli.points import PointError, as_array, check_names
from gradc.cli.types import ArgumentType
from gradc.errors import GradTypeError

if TYPE_CHECKING:
    from gradc.cli.points import Nested

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_ANNOTATIONS = {
    float: "float64",
    int: "int64",
    bool: "bool",
    "float": "float64",
    "int": "int64",
    "bool": "bool",
}
_SIZE = 4
"""Sizes of example arrays: all the same, so that products of them fit."""


@dataclass(frozen=True)
class Arguments:
    """Values for the arguments of a call.

    Attributes
    ----------
    names : tuple of str
        In the order of the signature; those that are left to their defaults are not among them.
    values : tuple
        Floats, integers, booleans, arrays.
    keyword_only : frozenset of str
        Names that can only be given by name.
    constants : tuple of str
        Names whose value was taken as an integer because it was written as one.
    """

    names: tuple[str, ...]
    values: tuple[Any, ...]
    keyword_only: frozenset[str] = frozenset()
    constants: tuple[str, ...] = ()

    def with_values(self, values: Sequence[Any]) -> Arguments:
        """Return the same arguments with other values."""
        return Arguments(self.names, tuple(values), self.keyword_only, self.constants)

    @property
    def args(self) -> tuple[Any, ...]:
        """What is given by position."""
        pairs = zip(self.names, self.values, strict=True)
        return tuple(value for name, value in pairs if name not in self.keyword_only)

    @property
    def kwargs(self) -> dict[str, Any]:
        """What is given by name."""
        pairs = zip(self.names, self.values, strict=True)
        return {name: value for name, value in pairs if name in self.keyword_only}

    def key_of(self, name: str) -> int | str:
        """How an argument is named among positions and keywords."""
        return name if name in self.keyword_only else self.names.index(name)

    @property
    def floats(self) -> tuple[str, ...]:
        """The arguments that can be differentiated."""
        pairs = zip(self.names, self.values, strict=True)
        return tuple(name for name, value in pairs if _is_float(value))


def choose_arguments(
    function: Callable[..., Any],
    title: str,
    *,
    point: Mapping[str, Nested] | None,
    types: Sequence[ArgumentType] | None,
    wrt: Sequence[str] | None,
    seed: int | None = None,
) -> Arguments:
    """Find values for the arguments of a function.

    With `point` they are its values; else they are examples of the types in `types`, or in the
    annotations, where an argument without one is a float.

    Parameters
    ----------
    function : callable
    title : str
        What to call it in messages.
    point, types, wrt
        The options of the command line; None for those that were not given.
    seed : int, optional
        Draws the examples at random; ones otherwise.

    Raises
    ------
    PointError, GradTypeError
        When a value is missing or unknown, or there are more or fewer types than arguments.
    """
    parameters = _parameters(function, title)
    asked = frozenset(wrt or ())
    _check_wrt(wrt, [p.name for p in parameters], title)
    if point is not None:
        required = [p.name for p in parameters if p.default is p.empty]
        check_names(point, required, title, [p.name for p in parameters if p.name not in required])
        names = [p.name for p in parameters if p.name in point]
    elif types is not None:
        names = [p.name for p in parameters][: max(len(types), _required(parameters))]
    else:
        names = [p.name for p in parameters if p.default is p.empty]
    if not names:
        raise GradTypeError(f"{title} takes no arguments, so it has no gradient")
    chosen = [p for p in parameters if p.name in names]
    kinds = _kinds(chosen, parameters, types, title)
    keyword_only = frozenset(p.name for p in chosen if p.kind is p.KEYWORD_ONLY)
    if point is None:
        examples = _Examples(seed)
        values = tuple(
            examples.value(kind or _annotated(p, title))
            for p, kind in zip(chosen, kinds, strict=True)
        )
        return Arguments(tuple(names), values, keyword_only)
    return _from_point(chosen, kinds, point, asked, keyword_only)


def _parameters(function: Callable[..., Any], title: str) -> list[inspect.Parameter]:
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise GradTypeError(f"{title} has no signature that can be read") from None
    return [p for p in found if p.kind in (*_POSITIONAL, inspect.Parameter.KEYWORD_ONLY)]


def _required(parameters: Sequence[inspect.Parameter]) -> int:
    return sum(p.default is p.empty for p in parameters)


def _check_wrt(wrt: Sequence[str] | None, names: Sequence[str], title: str) -> None:
    from gradc.passes.pipeline import suggestion

    for name in wrt or ():
        if name not in names:
            hint = suggestion(name, names) or f"; there are {', '.join(names)}"
            raise GradTypeError(f"--wrt: {title} has no argument {name[:60]!r}{hint}")


def _kinds(
    chosen: Sequence[inspect.Parameter],
    parameters: Sequence[inspect.Parameter],
    types: Sequence[ArgumentType] | None,
    title: str,
) -> list[ArgumentType | None]:
    """The type given for each argument, if any."""
    if types is None:
        return [None] * len(chosen)
    if not _required(parameters) <= len(types) <= len(parameters):
        names = ", ".join(p.name for p in parameters)
        raise GradTypeError(f"--types: {len(types)} types for the arguments ({names}) of {title}")
    given = {p.name: kind for p, kind in zip(parameters, types, strict=False)}
    return [given.get(p.name) for p in chosen]


def _annotated(parameter: inspect.Parameter, title: str) -> ArgumentType:
    """The type that an annotation names; a float where there is none."""
    note = parameter.annotation
    if note is parameter.empty:
        return ArgumentType("float64")
    found = _ANNOTATIONS.get(note) if isinstance(note, str | type) else None
    if found is None:
        raise GradTypeError(
            f"the types of the arguments of {title} are not known; name them, one for each "
            f'argument, as in --types "f64[:], f64" (f64[:] is an array of one axis), or give a '
            f"point with --at"
        )
    return ArgumentType(found)


class _Examples:
    """Values of types; ones, or drawn at random."""

    def __init__(self, seed: int | None) -> None:
        import numpy as np

        self.rng = None if seed is None else np.random.Generator(np.random.PCG64(seed))

    def value(self, kind: ArgumentType) -> Any:
        import numpy as np

        shape = (_SIZE,) * kind.rank
        if kind.dtype in ("int64", "bool") or self.rng is None:
            ones = np.ones(shape, kind.dtype)
        else:
            ones = self.rng.uniform(0.5, 1.5, shape) * np.ones(shape, kind.dtype)
            ones = ones.astype(kind.dtype)
        return ones if kind.rank else _python_scalar(ones[()])


def _python_scalar(value: Any) -> Any:
    """A Python number, but for float32, which only NumPy has."""
    return value if value.dtype == "float32" else value.item()


def _from_point(
    chosen: Sequence[inspect.Parameter],
    kinds: Sequence[ArgumentType | None],
    point: Mapping[str, Nested],
    asked: frozenset[str],
    keyword_only: frozenset[str],
) -> Arguments:
    values: list[Any] = []
    constants: list[str] = []
    for parameter, kind in zip(chosen, kinds, strict=True):
        name, value = parameter.name, point[parameter.name]
        noted = _ANNOTATIONS.get(parameter.annotation) if parameter.annotation else None
        if kind is not None:
            values.append(_typed(name, value, kind))
        elif isinstance(value, list):
            values.append(as_array(name, value, "float64"))
        elif type(value) is int and name not in asked and noted != "float64":
            constants += [name] if noted is None else []
            values.append(value)
        else:
            values.append(value if isinstance(value, bool) else float(value))
    names = tuple(parameter.name for parameter in chosen)
    if not any(map(_is_float, values)):
        # A gradient needs a float: what was written as 1 and could be either is 1.0 then.
        values = [
            float(value) if name in constants else value
            for name, value in zip(names, values, strict=True)
        ]
        constants = []
    return Arguments(names, tuple(values), keyword_only, tuple(constants))


def _typed(name: str, value: Nested, kind: ArgumentType) -> Any:
    array = as_array(name, value)
    if array.ndim != kind.rank:
        raise PointError(
            f"--at: {name} has {array.ndim} axes, and --types gives it {kind.rank} ({kind})"
        )
    if kind.dtype in ("int64", "bool") and array.dtype.kind == "f":
        raise PointError(f"--at: {name} is a float, and --types makes it {kind}")
    converted = array.astype(kind.dtype)
    return converted if kind.rank else _python_scalar(converted)


def _is_float(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    return isinstance(value, float) if dtype is None else dtype.kind == "f"
