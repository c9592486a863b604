"""Sets of input indices, all in one array of integers, and their unions.

A set is the place of its record in the array ``sets``: a count and that many sorted indices, or,
for a set of more than :data:`LARGEST` indices, ``-1`` and the two sets of which it is the union.
Only sets that somebody asks for are ever written out (:func:`rows_of`). Place 0 holds how much of
the array is in use and stands for the empty set, place 1 whether there was no room for a record.

Every function here is plain Python; programs of patterns call the compiled ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# Longer sets are kept as a union of two, so that a sum over n elements needs no n**2/2 places.
LARGEST = 32
FIRST = 2


def new_sets(inputs: int, capacity: int) -> Array:
    """An array with a set for each input alone; that of input k is at ``FIRST + 2 * k``."""
    used = FIRST + 2 * inputs
    sets = np.zeros(max(capacity, used + 2 * LARGEST + 8), np.int64)
    sets[0] = used
    sets[FIRST:used:2] = 1
    sets[FIRST + 1 : used : 2] = np.arange(inputs)
    return sets


def join_two(sets: Array, a: int, b: int) -> int:
    """The union of two sets; one of them where it contains the other."""
    if a == b or b == 0:
        return a
    if a == 0:
        return b
    place = sets[0]
    if place + LARGEST + 2 > sets.size:
        sets[1] = 1
        return 0
    if sets[a] > 0 and sets[b] > 0:
        count = merge(sets, a, b, place)
        if count == sets[a]:
            return a
        if count == sets[b]:
            return b
        if count > 0:
            sets[place] = count
            sets[0] = place + 1 + count
            return int(place)
    sets[place] = -1
    sets[place + 1] = a
    sets[place + 2] = b
    sets[0] = place + 3
    return int(place)


def merge(sets: Array, a: int, b: int, place: int) -> int:
    """Write the union of two short sets behind `place`; its size, or 0 where it is too large."""
    i, i_end = a + 1, a + 1 + sets[a]
    j, j_end = b + 1, b + 1 + sets[b]
    count = 0
    while i < i_end or j < j_end:
        if count == LARGEST:
            return 0
        if j == j_end or (i < i_end and sets[i] < sets[j]):
            index = sets[i]
            i += 1
        elif i == i_end or sets[j] < sets[i]:
            index = sets[j]
            j += 1
        else:
            index = sets[i]
            i += 1
            j += 1
        count += 1
        sets[place + count] = index
    return count


def join(sets: Array, *parts: int) -> int:
    """The union of sets; what was written on the way is given back where it can be."""
    start = sets[0]
    result = 0
    linked = False
    for part in parts:
        before = sets[0]
        result = join_two(sets, result, part)
        linked = linked or (sets[0] > before and sets[before] < 0)
    if not linked and result > start:
        count = sets[result]
        for k in range(count + 1):
            sets[start + k] = sets[result + k]
        sets[0] = start + count + 1
        result = start
    return int(result)


def join_all(sets: Array, parts: Array) -> int:
    """The union of all sets in an array."""
    result = 0
    for part in parts.flat:
        result = join_two(sets, result, part)
    return result


def join_each(sets: Array, left: Array, right: Array) -> Array:
    """The unions of two arrays of sets, element by element."""
    result = left.copy()
    flat = result.reshape(-1)
    for position, part in enumerate(right.flat):
        flat[position] = join_two(sets, flat[position], part)
    return result


def join_rows(sets: Array, parts: Array) -> Array:
    """The union of all sets in each row of a matrix."""
    result = np.zeros(parts.shape[0], np.int64)
    for row in range(parts.shape[0]):
        for column in range(parts.shape[1]):
            result[row] = join_two(sets, result[row], parts[row, column])
    return result


def rows_of(sets: Array, chosen: Array, inputs: int) -> tuple[Array, Array]:
    """Write sets out as the rows of a compressed sparse matrix.

    Parameters
    ----------
    sets : ndarray of int64
    chosen : ndarray of int64
        A set for each row.
    inputs : int
        The number of columns.

    Returns
    -------
    starts, columns : ndarray of int64
        As in SciPy's CSR format, the columns of each row in order.
    """
    starts = np.zeros(chosen.size + 1, np.int64)
    columns = np.empty(4 * chosen.size + 64, np.int64)
    seen = np.full(inputs, -1, np.int64)
    visited = np.full(sets[0], -1, np.int32)
    stack = np.empty(64, np.int64)
    end = 0
    for row in range(chosen.size):
        begin = end
        depth = 0
        if chosen[row] > 0:
            stack[0] = chosen[row]
            depth = 1
        while depth > 0:
            depth -= 1
            place = stack[depth]
            if sets[place] < 0:
                if visited[place] != row:
                    visited[place] = row
                    if depth + 2 > stack.size:
                        stack = np.concatenate((stack, np.empty_like(stack)))
                    stack[depth] = sets[place + 1]
                    stack[depth + 1] = sets[place + 2]
                    depth += 2
                continue
            if end + LARGEST > columns.size:
                columns = np.concatenate((columns, np.empty_like(columns)))
            for k in range(place + 1, place + 1 + sets[place]):
                if seen[sets[k]] != row:
                    seen[sets[k]] = row
                    columns[end] = sets[k]
                    end += 1
        columns[begin:end].sort()
        starts[row + 1] = end
    return starts, columns[:end].copy()
