"""Colourings: right for every pattern, and few colours where that is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array, diags_array, eye_array, kron, random_array

from gradc_runtime import colouring
from gradc_runtime.compiled import compiled_functions

COMPILED = compiled_functions(colouring)


def call(function, *args):
    return COMPILED[function](*args)


def parts(matrix):
    matrix = csr_array(matrix)
    matrix.sort_indices()
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)


def grouped(matrix):
    matrix = csr_array(matrix)
    order = np.arange(matrix.shape[1])
    return call(colouring.colour_groups, *parts(matrix), *parts(matrix.T), order)


def random_pattern(rng, rows, columns):
    density = float(rng.uniform(0.02, 0.5))
    return random_array((rows, columns), density=density, rng=rng).tocsr()


@pytest.mark.parametrize("seed", range(20))
def test_columns_of_a_colour_share_no_row(seed):
    rng = np.random.default_rng(seed)
    matrix = random_pattern(rng, *rng.integers(1, 40, 2))
    colours = grouped(matrix)
    entries = np.diff(matrix.tocsc().indptr)
    assert np.array_equal(colours < 0, entries == 0)
    for row in range(matrix.shape[0]):
        found = colours[matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]]
        assert len(set(found)) == len(found)


def star(matrix):
    starts, indices = parts(matrix)
    colours = call(colouring.colour_star, starts, indices, np.arange(len(starts) - 1))
    rows, groups = call(colouring.star_sources, starts, indices, colours)
    return starts, indices, colours, rows, groups


@pytest.mark.parametrize("seed", range(40))
def test_a_symmetric_matrix_is_read_off_a_star_colouring(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 50))
    half = random_pattern(rng, size, size)
    matrix = csr_array(half + half.T + eye_array(size))
    matrix.data = rng.normal(size=matrix.nnz)
    matrix = csr_array(matrix + matrix.T)
    starts, indices, colours, rows, groups = star(matrix)
    assert rows.min() >= 0
    seeds = (colours == np.arange(colours.max() + 1)[:, None]).astype(float)
    products = (matrix @ seeds.T).T
    found = csr_array((products[groups, rows], indices, starts), shape=matrix.shape)
    np.testing.assert_allclose(found.toarray(), matrix.toarray(), atol=1e-14)


def test_a_wrong_star_colouring_is_seen():
    starts, indices = parts(np.ones((3, 3)))
    rows, _ = call(colouring.star_sources, starts, indices, np.zeros(3, np.int64))
    assert rows.min() == -1


def test_few_colours():
    band = diags_array([np.ones(999), np.ones(1000), np.ones(999)], offsets=[-1, 0, 1])
    assert star(band)[2].max() + 1 == 3
    assert grouped(band).max() + 1 == 3
    line = diags_array([np.ones(29), np.ones(30), np.ones(29)], offsets=[-1, 0, 1])
    grid = kron(line, eye_array(30)) + kron(eye_array(30), line)
    assert grouped(grid).max() + 1 <= 8
    assert star(grid)[2].max() + 1 <= 8


def test_an_arrow_has_two_colours_and_costs_its_entries():
    size = 20_000
    rows = np.concatenate([np.arange(size), np.zeros(size - 1, int), np.arange(1, size)])
    columns = np.concatenate([np.arange(size), np.arange(1, size), np.zeros(size - 1, int)])
    arrow = csr_array((np.ones(rows.size), (rows, columns)))
    assert star(arrow)[2].max() + 1 == 2
