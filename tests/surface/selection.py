"""Taking elements: sorting, searching, indexing by arrays, conditions, interpolation."""

import numpy as np

from tests.surface.case import Surface

surface = Surface()

VECTOR = np.array([0.4, -0.3, 0.9, 1.7])
MATRIX = np.array([[0.4, -0.3, 0.9], [1.1, 0.2, -1.7]])
SOLID = np.sin(np.arange(24.0) * 1.7 + 0.3).reshape(2, 3, 4)
MASK = np.array([[True, False, True], [True, True, False]])
PLACES = np.array([[2, 0], [1, 2]])
LABELS = np.array([1, 0, 2, 1])
POINTS = np.array([-1.0, 0.0, 0.5, 2.0])

surface("numpy.take", lambda x: np.take(x, np.array([2, 0, 2])), VECTOR)
surface("numpy.take", lambda x: np.take(x, [[0, 2], [1, -1]], axis=1), MATRIX)
surface("numpy.take", lambda x: np.take(x, [5, -7], mode="wrap"), VECTOR)
surface("numpy.take", lambda x: np.take(x, [5, -7], axis=0, mode="clip"), MATRIX)
surface("numpy.take", lambda x: np.take(x, 1, axis=-1), SOLID)
surface("numpy.ndarray.take", lambda x: x.take([3, 0]), MATRIX)
surface("numpy.take_along_axis", lambda x, k: np.take_along_axis(x, k, axis=1), MATRIX, PLACES)
surface("numpy.take_along_axis", lambda x, k: np.take_along_axis(x, k, 0), MATRIX, PLACES[:1, 1:])
surface("numpy.take_along_axis", lambda x, k: np.take_along_axis(x, k, None), VECTOR, LABELS)
surface("numpy.compress", lambda x: np.compress([True, False, True], x), VECTOR)
surface("numpy.compress", lambda x: np.compress([False, True], x, axis=1), MATRIX)
surface("numpy.ndarray.compress", lambda x, m: x.compress(m, axis=1), MATRIX, MASK[0])
surface("numpy.extract", lambda x: np.extract(x > 0.3, x), MATRIX)
surface("numpy.choose", lambda x: np.choose(LABELS, [x, 2 * x, x**2]), VECTOR)
surface("numpy.choose", lambda k, x: np.choose(k, x, mode="clip"), LABELS[:3] - 1, MATRIX)
surface("numpy.ndarray.choose", lambda x, k: k.choose((x, -x, 0.5)), VECTOR, LABELS)
surface("numpy.select", lambda x: np.select([x < 0, x < 1], [x**2, 3 * x], default=x), VECTOR)
surface("numpy.select", lambda x: np.select((x < 0, x > 1), (x, 1.0)), VECTOR)
surface("numpy.where", lambda x, y: np.where(x > 0.3, x, y), MATRIX, MATRIX[0])
surface("numpy.where", lambda x: x[np.where(x > 0.3)], MATRIX)
surface("numpy.nonzero", lambda x: x[np.nonzero(x > 0.4)], SOLID)
surface("numpy.ndarray.nonzero", lambda m: m.nonzero(), MASK)
surface("numpy.argwhere", lambda m: np.argwhere(m), MASK)
surface("numpy.flatnonzero", lambda m: np.flatnonzero(m), MASK)
surface("numpy.unravel_index", lambda k: np.unravel_index(k, (2, 3, 4)), np.array([5, 23, 0]))
surface("numpy.ravel_multi_index", lambda k: np.ravel_multi_index((k, k + 1), (4, 5)), LABELS)


def piecewise(x):
    return np.piecewise(x, [x < 0, x > 1], [lambda v: v**2, lambda v: 3 * v, 0.5])


surface("numpy.piecewise", piecewise, VECTOR, peers=False)
surface("numpy.piecewise", piecewise, MATRIX, peers=False)
surface("numpy.piecewise", piecewise, np.float64(1.7), peers=False)

# -- writing ---------------------------------------------------------------------------------------


def put(x, values):
    y = x * 1.0
    np.put(y, [0, -2], values)
    return y


def put_by_method(x, values):
    y = x * 1.0
    y.put([0, 5, -7], values, mode="wrap")
    return y


def put_along_axis(x, k, values):
    y = x.T * 1.0
    np.put_along_axis(y, k, values, axis=0)
    return y


def place(x, values):
    y = x * 1.0
    np.place(y, y > 0.3, values)
    return y


def putmask(x, values):
    y = x * 1.0
    np.putmask(y, y > 0.3, values)
    return y


def copyto(x, mask, value):
    y = x * 1.0
    np.copyto(y, value, where=mask)
    return y


surface("numpy.put", put, MATRIX, VECTOR[:2], peers=False)
surface("numpy.put", put, VECTOR, 0.7, peers=False)
surface("numpy.ndarray.put", put_by_method, VECTOR, MATRIX[0], peers=False)
surface("numpy.put_along_axis", put_along_axis, MATRIX, PLACES[:1], 0.7, peers=False)
surface("numpy.put_along_axis", put_along_axis, MATRIX, PLACES, MATRIX[:, :2], peers=False)
surface("numpy.place", place, MATRIX, VECTOR[:2], peers=False)
surface("numpy.putmask", putmask, MATRIX, VECTOR[:3], peers=False)
surface("numpy.copyto", copyto, MATRIX, MASK, 0.7, peers=False)

# -- sorting and searching -------------------------------------------------------------------------

surface("numpy.sort", lambda x: np.sort(x), VECTOR)
surface("numpy.sort", lambda x: np.sort(x, axis=0), SOLID)
surface("numpy.sort", lambda x: np.sort(x, axis=None), MATRIX)
surface("numpy.argsort", lambda x: x[np.argsort(-x)], VECTOR)
surface("numpy.argsort", lambda x: np.argsort(x, axis=1), SOLID, smooth=False)
surface("numpy.ndarray.argsort", lambda x: x.argsort(axis=0, kind="stable"), MATRIX, smooth=False)
surface("numpy.partition", lambda x: np.partition(x, 2)[2], VECTOR)
surface("numpy.argpartition", lambda x: x[np.argpartition(x, 1)[1]], VECTOR)


def sorted_in_place(x):
    y = x * 2.0
    y.sort(axis=0)
    y[0].partition(1)
    return y


surface("numpy.ndarray.sort", sorted_in_place, np.sort(MATRIX, axis=1), peers=False)
surface("numpy.ndarray.partition", sorted_in_place, np.sort(MATRIX, axis=1) + 0.1, peers=False)
surface("numpy.ndarray.argpartition", lambda x: x[x.argpartition(1)[1]], VECTOR)
surface("numpy.lexsort", lambda x, k: x[np.lexsort((x, k))], VECTOR, LABELS)
surface("numpy.unique", lambda x: np.unique(x), MATRIX, peers=False)
surface("numpy.unique", lambda k: np.unique(k, True, True, True), LABELS)
surface(
    "numpy.searchsorted", lambda v: np.searchsorted(POINTS, v, side="right"), MATRIX, smooth=False
)
surface("numpy.searchsorted", lambda v: np.searchsorted(POINTS, v), 0.5, smooth=False)
surface("numpy.ndarray.searchsorted", lambda a: a.searchsorted([0.1, 0.5]), POINTS, smooth=False)
surface("numpy.digitize", lambda v: np.digitize(v, POINTS), MATRIX, smooth=False)
surface("numpy.digitize", lambda v: np.digitize(v, POINTS[::-1], right=True), VECTOR, smooth=False)

# -- inserting and deleting ------------------------------------------------------------------------

surface("numpy.insert", lambda x: np.insert(x, 1, 0.7), VECTOR)
surface("numpy.insert", lambda x, y: np.insert(x, -1, y, axis=0), MATRIX, MATRIX[0] * 2)
surface("numpy.insert", lambda x, y: np.insert(x, 1, y, axis=1), MATRIX, VECTOR[:2])
surface("numpy.insert", lambda x, y: np.insert(x, 2, y), VECTOR, MATRIX[0])
surface("numpy.insert", lambda x, y: np.insert(x, [3, 1, 1], y), VECTOR, MATRIX[0])
surface("numpy.insert", lambda x, y: np.insert(x, [0, 2], y, axis=1), MATRIX, MATRIX[:, :2])
surface("numpy.delete", lambda x: np.delete(x, -2), VECTOR)
surface("numpy.delete", lambda x: np.delete(x, [0, 2], axis=1), MATRIX)
surface("numpy.delete", lambda x: np.delete(x, slice(1, 3)), VECTOR)
surface("numpy.delete", lambda x: np.delete(x, 1, axis=0), MATRIX)

# -- polynomials and interpolation -----------------------------------------------------------------

surface("numpy.polyval", lambda p, x: np.polyval(p, x), VECTOR, MATRIX)
surface("numpy.polyval", lambda p, x: np.polyval(p, x), VECTOR, 0.7)
surface("numpy.polyadd", lambda p, q: np.polyadd(p, q), VECTOR, MATRIX[0])
surface("numpy.polysub", lambda p, q: np.polysub(p, q), MATRIX[0], VECTOR)
surface("numpy.polymul", lambda p, q: np.polymul(p, q), VECTOR, MATRIX[0])
surface("numpy.polyder", lambda p: np.polyder(p, 2), VECTOR)
surface("numpy.polyint", lambda p: np.polyint(p), VECTOR)
surface("numpy.polyint", lambda p, k: np.polyint(p, 2, k), VECTOR, MATRIX[0, :2], peers=False)
surface(
    "numpy.polynomial.polynomial.polyval",
    lambda x, c: np.polynomial.polynomial.polyval(x, c),
    MATRIX,
    VECTOR,
)
surface(
    "numpy.polynomial.chebyshev.chebval",
    lambda x, c: np.polynomial.chebyshev.chebval(x, c),
    MATRIX,
    VECTOR,
)
surface("numpy.interp", lambda x, y: np.interp(x, POINTS, y), MATRIX, VECTOR)
surface("numpy.interp", lambda x, t, y: np.interp(x, t, y), 0.7, POINTS, VECTOR)
surface(
    "numpy.interp", lambda x, y: np.interp(x, POINTS, y, left=7.0, right=y[0]), MATRIX * 2, VECTOR
)
surface("numpy.interp", lambda x, t, y: np.interp(x, t, y, period=2.5), MATRIX * 2, POINTS, VECTOR)
surface("numpy.union1d", lambda x: np.union1d(x, [5.0, 6.0]), VECTOR)
surface("numpy.intersect1d", lambda x: np.intersect1d(x, [0.9, 5.0, 0.4]), VECTOR, smooth=False)
surface("numpy.setdiff1d", lambda x: np.setdiff1d(x, [5.0, 6.0]) ** 2, VECTOR)
surface("numpy.setxor1d", lambda x: np.setxor1d(x, [5.0, 6.0]) ** 2, VECTOR)
surface("numpy.array_equal", lambda x: np.array_equal(x, x + 0.0), MATRIX, smooth=False)
surface(
    "numpy.array_equal",
    lambda x: np.array_equal(x, x[:1]) or np.array_equal(x, x[0]),
    MATRIX,
    smooth=False,
)
surface(
    "numpy.array_equal",
    lambda x: np.array_equal(x, x, equal_nan=True),
    VECTOR * np.nan,
    smooth=False,
)
surface("numpy.array_equiv", lambda x: np.array_equiv(x, x[:1]), MATRIX, smooth=False)
surface("numpy.array_equiv", lambda x: np.array_equiv(x[0] * 0.0, 0.0), MATRIX, smooth=False)
surface("numpy.insert", lambda x: np.insert(x, slice(1, None, 2), [5.0, 6.0]), VECTOR)
surface("numpy.insert", lambda x: np.insert(x, [1], [5.0, 6.0]), VECTOR)
surface("numpy.insert", lambda x: np.insert(x, [1], [[5.0], [6.0]], axis=1), MATRIX)
surface("numpy.trim_zeros", lambda x: np.trim_zeros(np.append(x, [0.0, 0.0])) ** 2, VECTOR)
surface("numpy.trim_zeros", lambda x: np.trim_zeros(0.0 * x, "f"), VECTOR, smooth=False)
surface("numpy.resize", lambda x: np.resize(x, (3, 2)) ** 2, VECTOR)
surface("numpy.resize", lambda x: np.resize(x, 3), MATRIX)
