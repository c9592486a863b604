"""Products of a Jacobian with the directions of a colouring: one for each colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.faces.program import Derivative
from gradc.faces.structure import Array, Structure


def products(derivative: Derivative, prepared: Sequence[Any], structure: Structure) -> Array:
    """Take the product along each colour.

    Parameters
    ----------
    derivative : Derivative
        Of mode ``"jvp"``.
    prepared : sequence
        The arguments as the kernel takes them.
    structure : Structure
        Its directions are of columns or, in reverse mode, of rows.

    Returns
    -------
    ndarray
        A row for each colour.
    """
    results = derivative.program.lowered.function.results
    dtypes = [results[index].type.dtype.numpy for index in derivative.differentiated]
    inputs = [np.asarray(prepared[position]) for position in derivative.wrt]
    if structure.mode == "forward":
        made = np.empty((structure.count, structure.shape[0]), np.result_type(*dtypes))
        floats = [index for index, result in enumerate(results) if result.type.is_float]
        order = [len(results) + floats.index(index) for index in derivative.differentiated]
        for colour, seed in enumerate(structure.seeds):
            found = derivative.run_prepared([*prepared, *_cut(seed, inputs)])
            _join([found[place] for place in order], made[colour])
        return made
    made = np.empty((structure.count, structure.shape[1]), np.result_type(*dtypes, *inputs))
    pullback = derivative.program.derivative("vjp", derivative.argnums)
    likes = [
        np.broadcast_to(np.zeros((), dtype), shape)
        for dtype, shape in zip(dtypes, structure.result_shapes, strict=True)
    ]
    for colour, seed in enumerate(structure.seeds):
        _join(pullback.run_prepared([*prepared, *_cut(seed, likes)]), made[colour])
    return made


def _cut(seed: Array, likes: Sequence[Array]) -> list[Any]:
    """Cut a direction into arrays and numbers like these."""
    made: list[Any] = []
    start = 0
    for like in likes:
        stop = start + like.size
        part = seed[start:stop].astype(like.dtype, copy=False).reshape(like.shape)
        made.append(part if like.ndim else part[()])
        start = stop
    return made


def _join(values: Sequence[Any], out: Array) -> None:
    start = 0
    for value in values:
        stop = start + int(np.size(value))
        out[start:stop] = np.reshape(value, -1)
        start = stop
