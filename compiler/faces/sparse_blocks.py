"""Sparse matrices from entries: the whole, or blocks of it without cutting it at each call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradc.faces.structure import Array, Structure

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class Block:
    """The pattern of a part of a matrix, as in SciPy's CSR format."""

    shape: tuple[int, int]
    starts: Array
    indices: Array

    def matrix(self, data: Array) -> csr_array:
        """A matrix with this pattern; its indices are its own, for SciPy may change them."""
        from scipy.sparse import csr_array

        return csr_array((data, self.indices.copy(), self.starts.copy()), shape=self.shape)


@dataclass(frozen=True)
class Blocks:
    """Blocks and, for the entries of one after the other, their places among the products."""

    blocks: list[Block]
    sources: Array

    def matrices(self, data: Array) -> list[csr_array]:
        """The matrices, from the entries in this order."""
        made, start = [], 0
        for block in self.blocks:
            stop = start + block.indices.size
            made.append(block.matrix(data[start:stop]))
            start = stop
        return made


def whole(structure: Structure) -> Blocks:
    """The matrix as one block."""
    return Blocks([Block(structure.shape, structure.starts, structure.indices)], structure.sources)


def cut(structure: Structure, rows: Sequence[slice], columns: Sequence[slice]) -> Blocks:
    """Cut a matrix along rows and columns; the blocks of the first rows come first."""
    blocks, sources = [], []
    for across in rows:
        starts = structure.starts[across.start : across.stop + 1]
        indices = structure.indices[starts[0] : starts[-1]]
        places = structure.sources[starts[0] : starts[-1]]
        of_row = np.repeat(np.arange(starts.size - 1), np.diff(starts))
        for along in columns:
            inside = (indices >= along.start) & (indices < along.stop)
            counts = np.bincount(of_row[inside], minlength=starts.size - 1)
            own = np.concatenate(([0], np.cumsum(counts))).astype(starts.dtype)
            shape = starts.size - 1, along.stop - along.start
            blocks.append(Block(shape, own, indices[inside] - indices.dtype.type(along.start)))
            sources.append(places[inside])
    return Blocks(blocks, np.concatenate(sources))
