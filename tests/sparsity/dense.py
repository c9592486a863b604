"""Dense Jacobians, one directional derivative at a time: what sparse ones are compared with."""

from __future__ import annotations

import numpy as np

import gradc
from gradc.faces.containers import flatten, unflatten
from gradc.faces.products import active_arguments


def dense_jacobian(function, args, active):
    """Rows for the floats of the value, columns for the floats of the active arguments."""
    columns = []
    for position in active:
        leaves, spec = flatten(args[position])
        for index, leaf in enumerate(leaves):
            if not is_float(leaf):
                continue
            for place in np.ndindex(np.shape(leaf)):
                direction = [_zero(each) for each in leaves]
                direction[index] = _one_at(leaf, place)
                tangents = [None] * len(args)
                tangents[position] = unflatten(spec, direction)
                value, dot = gradc.jvp(function, args, tangents, target="python")
                columns.append(_floats(value, dot))
    return np.array(columns).T


def is_float(leaf):
    if isinstance(leaf, np.ndarray | np.generic):
        return np.issubdtype(leaf.dtype, np.floating)
    return isinstance(leaf, float)


def _zero(leaf):
    return np.zeros_like(leaf) if is_float(leaf) and np.ndim(leaf) else 0.0


def _one_at(leaf, place):
    if not place:
        return 1.0
    made = np.zeros_like(leaf)
    made[place] = 1.0
    return made


def _floats(value, dot):
    pairs = zip(flatten(value)[0], flatten(dot)[0], strict=True)
    return np.concatenate([np.ravel(d) for v, d in pairs if is_float(v)] or [np.zeros(0)])


__all__ = ["active_arguments", "dense_jacobian", "is_float"]
