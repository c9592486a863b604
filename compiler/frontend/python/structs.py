"""Named tuples and dataclasses: made from values for their fields, and with other ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from gradc.frontend.python import environment
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError, shapes, unknown_function
from gradc.frontend.python.refs import Ref, Struct


def construct(
    ctx: Lowering,
    cls: type,
    args: Sequence[Ref],
    kwargs: Mapping[str, Ref],
) -> Ref:
    """Make a named tuple or a dataclass instance."""
    if issubclass(cls, BaseException):
        raise RefusedError("exceptions can be raised, not kept", "raise it where it is made")
    names: Sequence[str]
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        names = cls._fields
        defaults = dict(getattr(cls, "_field_defaults", {}))
    elif dataclasses.is_dataclass(cls):
        if hasattr(cls, "__post_init__"):
            raise RefusedError(f"{cls.__name__} has a __post_init__, which is not supported")
        own = [field for field in dataclasses.fields(cls) if field.init]
        names = [field.name for field in own]
        defaults = {
            field.name: field.default for field in own if field.default is not dataclasses.MISSING
        }
    else:
        raise unknown_function(
            f"`{cls.__name__}` objects cannot be made here",
            "use a tuple, a list, a dictionary, a named tuple or a dataclass",
        )
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    for key, value in defaults.items():
        given.setdefault(key, environment.from_python(ctx, key, value))
    missing = [name for name in names if name not in given]
    if missing or len(args) > len(names) or set(given) - set(names):
        raise shapes(f"{cls.__name__}() takes {', '.join(names)}")
    return Struct(cls, {name: given[name] for name in names})


def replaced(struct: Struct, changes: Mapping[str, Ref]) -> Struct:
    """What ``_replace`` and ``dataclasses.replace`` make: other values in some fields."""
    if hasattr(struct.cls, "__post_init__"):
        raise RefusedError(f"{struct.cls.__name__} has a __post_init__, which is not supported")
    unknown = [name for name in changes if name not in struct.fields]
    if unknown:
        raise shapes(
            f"{struct.cls.__name__} has no field `{unknown[0]}`",
            f"its fields are {', '.join(struct.fields)}",
        )
    return Struct(struct.cls, {**struct.fields, **changes})
