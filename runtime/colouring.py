"""Colourings of sparsity patterns: which columns can be had from one directional derivative.

Columns of a Jacobian that share no row fall together (Curtis, Powell and Reid, 1974, "On the
estimation of sparse Jacobian matrices"). For a symmetric Hessian less is enough: in a star
colouring every entry is alone in its row with its colour, or the transposed one is (Coleman and
Moré, 1984, "Estimation of sparse Hessian matrices and graph coloring problems"; the greedy
algorithm here follows Gebremedhin, Tarafdar, Manne and Pothen, 2007, "New acyclic and star
coloring algorithms with application to computing Hessians").

Patterns come in compressed form, as SciPy has them: ``starts`` and ``indices``. The functions are
plain Python; what calls them compiles them (:func:`gradc_runtime.compiled.compiled_functions`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# Large and odd: neighbouring pairs get places far apart.
_SPREAD, _SHIFT = 2654435761, 40503


def pair_work(starts: Array) -> int:
    """How many pairs of entries share a row: the work of :func:`colour_groups` at most."""
    work = 0
    for row in range(starts.size - 1):
        count = starts[row + 1] - starts[row]
        work += count * count
    return work


def colour_groups(
    row_starts: Array, row_columns: Array, column_starts: Array, column_rows: Array, order: Array
) -> Array:
    """Colour columns so that no two of a colour have an entry in the same row.

    Parameters
    ----------
    row_starts, row_columns : ndarray
        The columns of each row.
    column_starts, column_rows : ndarray
        The rows of each column.
    order : ndarray
        The order in which the columns are coloured, each with the first colour that is free.

    Returns
    -------
    ndarray of int64
        A colour for each column, from 0; -1 for a column without entries.
    """
    columns = column_starts.size - 1
    colours = np.full(columns, -1, np.int64)
    taken_by = np.full(columns + 1, -1, np.int64)
    for column in order:
        if column_starts[column] == column_starts[column + 1]:
            continue
        for i in range(column_starts[column], column_starts[column + 1]):
            row = column_rows[i]
            for j in range(row_starts[row], row_starts[row + 1]):
                colour = colours[row_columns[j]]
                if colour >= 0:
                    taken_by[colour] = column
        colour = 0
        while taken_by[colour] == column:
            colour += 1
        colours[column] = colour
    return colours


def slot_of(keys: Array, vertex: int, colour: int) -> int:
    """The place of a pair in an open hash table whose free places are negative."""
    count = keys.shape[0]
    slot: int = (vertex * _SPREAD + colour * _SHIFT) % count
    while keys[slot, 0] >= 0 and (keys[slot, 0] != vertex or keys[slot, 1] != colour):
        slot += 1
        if slot == count:
            slot = 0
    return slot


def colour_star(starts: Array, neighbours: Array, order: Array) -> Array:
    """Colour the vertices of a graph so that no path of four has only two colours.

    The vertices of two colours then form stars. While the colours are given out, each vertex
    remembers the colours of the centres of those stars in which it is an outer vertex: a further
    neighbour must not get one of them.

    Parameters
    ----------
    starts, neighbours : ndarray
        A symmetric pattern; entries on the diagonal are not looked at.
    order : ndarray
        The order in which the vertices are coloured.

    Returns
    -------
    ndarray of int64
        A colour for each vertex, from 0.
    """
    count, size = starts.size - 1, neighbours.size
    colours = np.full(count, -1, np.int64)
    taken_by = np.full(count + 1, -1, np.int64)
    # for the vertex at hand: by colour, for whom the next was noted, and a neighbour of the colour
    first = np.full((count + 1, 2), -1, np.int64)
    # the centres of each outer vertex, a linked list: heads, then following entries and colours
    heads = np.full(count, -1, np.int64)
    links = np.full((2 * size + 2, 2), -1, np.int64)
    used = np.zeros(1, np.int64)
    # the first neighbour of each colour that a vertex has got so far, by vertex and colour
    keys = np.full((2 * size + 3, 2), -1, np.int64)
    firsts = np.zeros(2 * size + 3, np.int64)
    for vertex in order:
        forbid(starts, neighbours, colours, vertex, taken_by, first, heads, links)
        own = 0
        while taken_by[own] == vertex:
            own += 1
        colours[vertex] = own
        for i in range(starts[vertex], starts[vertex + 1]):
            near = neighbours[i]
            if near != vertex and colours[near] >= 0:
                meet(keys, firsts, near, own, vertex, colours, heads, links, used)
                meet(keys, firsts, vertex, colours[near], near, colours, heads, links, used)
    return colours


def forbid(
    starts: Array,
    neighbours: Array,
    colours: Array,
    vertex: int,
    taken_by: Array,
    first: Array,
    heads: Array,
    links: Array,
) -> None:
    """Mark the colours that a vertex must not get."""
    for i in range(starts[vertex], starts[vertex + 1]):
        near = neighbours[i]
        colour = colours[near]
        if near == vertex or colour < 0:
            continue
        taken_by[colour] = vertex
        entry = heads[near]
        while entry >= 0:
            taken_by[links[entry, 1]] = vertex
            entry = links[entry, 0]
        if first[colour, 0] != vertex:
            first[colour, 0], first[colour, 1] = vertex, near
            continue
        # the vertex is a centre between two of one colour: none of their other neighbours may
        # have its colour
        for outer in (near, first[colour, 1]):
            for j in range(starts[outer], starts[outer + 1]):
                if neighbours[j] != outer and colours[neighbours[j]] >= 0:
                    taken_by[colours[neighbours[j]]] = vertex


def meet(
    keys: Array,
    firsts: Array,
    middle: int,
    colour: int,
    outer: int,
    colours: Array,
    heads: Array,
    links: Array,
    used: Array,
) -> None:
    """Note that `middle` has a neighbour of a colour; with the second it becomes a centre."""
    slot = slot_of(keys, middle, colour)
    if keys[slot, 0] < 0:
        keys[slot, 0], keys[slot, 1], firsts[slot] = middle, colour, outer
        return
    if firsts[slot] >= 0:
        remember(firsts[slot], colours[middle], heads, links, used)
        firsts[slot] = -1
    remember(outer, colours[middle], heads, links, used)


def remember(outer: int, centre: int, heads: Array, links: Array, used: Array) -> None:
    """Enter the colour of a centre for one of its outer vertices."""
    entry = used[0]
    links[entry, 0], links[entry, 1] = heads[outer], centre
    heads[outer] = entry
    used[0] = entry + 1


def star_sources(starts: Array, indices: Array, colours: Array) -> tuple[Array, Array]:
    """Where each entry of a symmetric matrix is alone in a product with a star colouring.

    Returns
    -------
    rows, groups : ndarray of int64
        Entry k of the pattern is in row ``rows[k]`` of the product along colour ``groups[k]``; the
        row is -1 where the colouring is none.
    """
    size = indices.size
    rows, groups = np.full(size, -1, np.int64), np.full(size, -1, np.int64)
    count = starts.size - 1
    seen_by = np.full(count + 1, -1, np.int64)
    seen = np.zeros(count + 1, np.int64)
    keys = np.full((2 * size + 3, 2), -1, np.int64)
    alone = np.zeros(2 * size + 3, np.bool_)
    for row in range(count):
        for k in range(starts[row], starts[row + 1]):
            colour = colours[indices[k]]
            if seen_by[colour] != row:
                seen_by[colour], seen[colour] = row, 0
            seen[colour] += 1
        for k in range(starts[row], starts[row + 1]):
            colour = colours[indices[k]]
            slot = slot_of(keys, row, colour)
            keys[slot, 0], keys[slot, 1] = row, colour
            alone[slot] = seen[colour] == 1
    for row in range(count):
        for k in range(starts[row], starts[row + 1]):
            column = indices[k]
            if alone[slot_of(keys, row, colours[column])]:
                rows[k], groups[k] = row, colours[column]
            elif alone[slot_of(keys, column, colours[row])]:
                rows[k], groups[k] = column, colours[row]
    return rows, groups
