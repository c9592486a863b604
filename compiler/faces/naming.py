"""What arguments and results are called in errors."""

from __future__ import annotations

from typing import Any

from gradc.faces.arguments import Argument


def kind_name(argument: Argument) -> str:
    """An argument that is no float, in the words of an error."""
    spec = argument.spec
    found = getattr(spec, "type", None)
    if found is None:
        return f"a {type(getattr(spec, 'value', None)).__name__}"
    if not found.is_scalar:
        return f"an array of {found.dtype.numpy_name}"
    return {"b1": "a bool", "i64": "an int"}.get(found.dtype.value, str(found))


def tree_name(tree: Any) -> str:
    """A result that is no number, in the words of an error."""
    if isinstance(tree, tuple):
        return f"a tuple of {len(tree)}"
    return "nothing" if getattr(tree, "value", 0) is None else f"a {type(tree).__name__}"
