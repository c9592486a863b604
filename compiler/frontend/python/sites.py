"""Marks on the ops of a call that was read in place: where copies of a function are.

Every call of a user's function is read where it stands, for its arguments as they are known there.
The pass :mod:`gradc.passes.sharing` looks among the ops that are marked for copies of one function
that are worth compiling once.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.refs import Array, Callee, Constant, Ref, Scalar, Struct, Tuple
from gradc.ir.core import Op, Site, Value
from gradc.ir.walk import free_in_ops

_LAMBDA = "inner"


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of a call before its function is read.

    Attributes
    ----------
    first : int
        How many ops its builder had.
    values : dict
        Number and name of the parameter for each number and array.
    constants : list of (int, str, str)
        Number, name and text of the constants.
    """

    first: int
    values: dict[Value, tuple[int, str]] = field(default_factory=dict)
    constants: list[tuple[int, str, str]] = field(default_factory=list)


def before_call(ctx: Lowering, names: Mapping[str, Ref]) -> Given:
    """Note where a call begins and what it is given."""
    given = Given(len(ctx.builder.ops))
    for name, ref in names.items():
        for part, own in _parts(ref, name):
            number = len(given.values) + len(given.constants)
            if isinstance(part, Constant):
                value = part.value.item() if isinstance(part.value, np.generic) else part.value
                if isinstance(value, int | float):
                    given.constants.append((number, own, repr(value)))
            elif (held := _held(ctx, part)) is not None:
                given.values.setdefault(held, (number, own))
    return given


def mark_call(ctx: Lowering, callee: Callee, given: Given) -> None:
    """Mark the ops of a call that has been read."""
    builder = ctx.builder
    ops = builder.ops[given.first :]
    if not ops or ctx.pinned is not None:
        return
    names = tuple(given.values.get(value) for value in free_in_ops(ops))
    name = _LAMBDA if isinstance(callee.node, ast.Lambda) else callee.name
    home = callee.source.location(callee.node)
    site = Site(name, callee.node, builder.loc, home, names, tuple(given.constants))
    builder.ops[given.first :] = [_marked(op, site) for op in ops]


def _parts(ref: Ref, name: str) -> Iterator[tuple[Ref, str]]:
    match ref:
        case Tuple(items=items):
            for place, item in enumerate(items):
                yield from _parts(item, f"{name}_{place}")
        case Struct(fields=fields):
            for key, part in fields.items():
                yield from _parts(part, f"{name}_{key}")
        case _:
            yield ref, name


def _held(ctx: Lowering, ref: Ref) -> Value | None:
    """The value of a number or array, if it has been read already."""
    if isinstance(ref, Scalar):
        return ref.value
    if not isinstance(ref, Array):
        return None
    if not ref.steps:
        return ctx.state.cells.get(ref.cell)
    known = ctx.state.reads.get(ref)
    return known[1] if known is not None else None


def _marked(op: Op, site: Site) -> Op:
    if op.site is None:
        return replace(op, site=site)
    root = op.site
    while root.outer is not None and root is not site:
        root = root.outer
    if root is not site:
        root.outer = site
    return op
