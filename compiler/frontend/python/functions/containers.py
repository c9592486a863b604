"""What :mod:`gradc.implicit_functions` asks of containers of floats."""

from __future__ import annotations

from gradc.frontend.python import sequences
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import shapes
from gradc.frontend.python.refs import Constant, Dict, List, Ref, Struct, Tuple
from gradc.frontend.python.trees import is_float, taken_apart

REGISTRY = Registry()


@REGISTRY.function("is_container")
def is_container(ctx: Lowering, x: Ref) -> Ref:
    """Whether a value is a tuple, list, dictionary, named tuple or dataclass."""
    return Constant(isinstance(x, Tuple | List | Dict | Struct))


@REGISTRY.function("floats_of")
def floats_of(ctx: Lowering, x: Ref) -> Ref:
    """The floats and arrays of floats inside of a container, at any depth."""
    return Tuple(tuple(taken_apart(ctx, x, is_float).leaves))


@REGISTRY.function("with_floats")
def with_floats(ctx: Lowering, x: Ref, leaves: Ref) -> Ref:
    """The same container around other floats."""
    items = sequences.static_items(ctx, leaves)
    parts = taken_apart(ctx, x, is_float)
    if items is None or len(items) != len(parts.leaves):
        raise shapes("as many floats as the container holds belong here")
    return parts.around(items)
