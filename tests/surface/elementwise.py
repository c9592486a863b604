"""Functions of one element at a time that no record names: integers, several parts, options."""

import math

import numpy as np

from tests.surface.case import Surface

surface = Surface()

VECTOR = np.array([0.4, -0.3, 0.9])
OTHER = np.array([1.1, 0.6, -2.3])
POSITIVE = np.array([0.5, 1.3, 2.9])
MATRIX = np.array([[0.4, -0.3, 0.9], [1.6, 2.2, -1.7]])
HOLES = np.array([0.5, np.nan, np.inf, -np.inf])
SINGLE = np.array([0.4, -0.3, 0.9], np.float32)

# -- operators by name ---------------------------------------------------------------------------

surface("numpy.add", lambda x, y: np.add(x, y), MATRIX, VECTOR)
surface("numpy.subtract", lambda x, y: np.subtract(x, y), VECTOR, MATRIX)
surface("numpy.multiply", lambda x, y: np.multiply(x, y), MATRIX, VECTOR)
surface("numpy.divide", lambda x, y: np.divide(x, y), MATRIX, VECTOR)
surface("numpy.true_divide", lambda x, y: np.true_divide(x, y), VECTOR, OTHER)
surface("numpy.floor_divide", lambda x, y: np.floor_divide(x, y), VECTOR, OTHER)
surface("numpy.mod", lambda x, y: np.mod(x, y), MATRIX, OTHER, peers=False)
surface("numpy.remainder", lambda x, y: np.remainder(x, y), VECTOR, OTHER, peers=False)
surface("numpy.fmod", lambda x, y: np.fmod(x, y), VECTOR, OTHER, peers=False)
surface("numpy.divmod", lambda x, y: np.divmod(x, y)[1], VECTOR, OTHER, peers=False)
surface("numpy.power", lambda x, y: np.power(x, y), POSITIVE, OTHER)
surface("numpy.pow", lambda x: np.pow(x, 3), MATRIX)
surface("numpy.float_power", lambda x, y: np.float_power(x, y), POSITIVE, OTHER)
surface("numpy.negative", lambda x: np.negative(x), MATRIX)
surface("numpy.positive", lambda x: np.positive(x), MATRIX)
surface("numpy.absolute", lambda x: np.absolute(x), MATRIX)
surface("numpy.abs", lambda x: np.abs(x), VECTOR)
surface("numpy.square", lambda x: np.square(x), MATRIX)
surface("numpy.reciprocal", lambda x: np.reciprocal(x), POSITIVE)
surface("numpy.maximum", lambda x, y: np.maximum(x, y), MATRIX, OTHER)
surface("numpy.minimum", lambda x, y: np.minimum(x, y), MATRIX, OTHER)
surface("numpy.fmax", lambda x, y: np.fmax(x, y), MATRIX, OTHER)
surface("numpy.fmin", lambda x, y: np.fmin(x, y), MATRIX, OTHER)
surface("numpy.clip", lambda x: np.clip(x, -0.5, 1.0), MATRIX)
surface("numpy.clip", lambda x, low: np.clip(x, low, None), MATRIX, OTHER, peers=False)
surface("numpy.ndarray.clip", lambda x: x.clip(-0.5, 1.0), MATRIX)
surface("numpy.where", lambda x, y: np.where(x > y, x * y, y), MATRIX, OTHER)
surface("numpy.heaviside", lambda x: np.heaviside(0.6, x), VECTOR.astype(np.float32), smooth=False)
surface("numpy.heaviside", lambda x, y: np.heaviside(x, y) * y, VECTOR, OTHER, peers=False)
surface("numpy.ldexp", lambda x: np.ldexp(x, 3), VECTOR)
surface("numpy.ldexp", lambda x, k: np.ldexp(x, k), SINGLE, np.array([1, -2, 0]))
surface("numpy.modf", lambda x: np.modf(x)[0], MATRIX)
surface("numpy.modf", lambda x: np.modf(x), HOLES, smooth=False)
surface("numpy.nan_to_num", lambda x: np.nan_to_num(x) * x, VECTOR)
surface("numpy.nan_to_num", lambda x: np.nan_to_num(x, nan=2.0, posinf=9.0), HOLES, smooth=False)
surface("numpy.nan_to_num", lambda x: np.nan_to_num(x), HOLES.astype(np.float32), smooth=False)
surface("numpy.deg2rad", lambda x: np.deg2rad(x), VECTOR)
surface("numpy.radians", lambda x: np.radians(x), VECTOR)
surface("numpy.rad2deg", lambda x: np.rad2deg(x), VECTOR)
surface("numpy.degrees", lambda x: np.degrees(x), VECTOR)
surface("numpy.real", lambda x: np.real(x), VECTOR)
surface("numpy.ndarray.real", lambda x: x.real, VECTOR)
surface("numpy.ndarray.imag", lambda x: x.imag + x, VECTOR)
surface("numpy.ndarray.conj", lambda x: x.conj() * x, VECTOR)
surface("numpy.ndarray.conjugate", lambda x: x.conjugate() * x, VECTOR)
surface("numpy.imag", lambda x: np.imag(x) + x, VECTOR)
surface("numpy.conjugate", lambda x: np.conjugate(x), VECTOR)
surface("numpy.conj", lambda x: np.conj(x), VECTOR)

# -- constants ------------------------------------------------------------------------------------

surface("numpy.sign", lambda x: np.sign(x) * x, MATRIX)
surface("numpy.floor", lambda x: np.floor(x) + x, MATRIX)
surface("numpy.ceil", lambda x: np.ceil(x) + x, MATRIX)
surface("numpy.trunc", lambda x: np.trunc(x) + x, MATRIX)
surface("numpy.fix", lambda x: np.fix(x) + x, MATRIX)
surface("numpy.rint", lambda x: np.rint(x) + x, MATRIX)
surface("numpy.round", lambda x: np.round(x, 1) + x, MATRIX * 1.01)
surface("numpy.around", lambda x: np.around(x), MATRIX)
surface("numpy.ndarray.round", lambda x: x.round(1), MATRIX * 1.01)
surface("numpy.isnan", lambda x: np.isnan(x), HOLES, smooth=False)
surface("numpy.isinf", lambda x: np.isinf(x), HOLES, smooth=False)
surface("numpy.isfinite", lambda x: np.where(np.isfinite(x), x, 0.0), VECTOR)
surface("numpy.isposinf", lambda x: np.isposinf(x), HOLES, smooth=False)
surface("numpy.isneginf", lambda x: np.isneginf(x), HOLES, smooth=False)
surface("numpy.signbit", lambda x: np.signbit(x), np.array([0.0, -0.0, -2.0]), smooth=False)
surface("numpy.isreal", lambda x: np.isreal(x), HOLES, smooth=False)
surface("numpy.iscomplex", lambda x: np.iscomplex(x), HOLES, smooth=False)
surface("numpy.isclose", lambda x, y: np.isclose(x, y), HOLES, HOLES + 1e-9, smooth=False)
surface("numpy.isclose", lambda x: np.isclose(x, x, equal_nan=True), HOLES, smooth=False)
surface("numpy.allclose", lambda x, y: np.allclose(x, y), VECTOR, VECTOR + 1e-9, smooth=False)
for _name, _test in {
    "less": lambda x, y: np.less(x, y),
    "less_equal": lambda x, y: np.less_equal(x, y),
    "greater": lambda x, y: np.greater(x, y),
    "greater_equal": lambda x, y: np.greater_equal(x, y),
    "equal": lambda x, y: np.equal(x, y),
    "not_equal": lambda x, y: np.not_equal(x, y),
    "logical_and": lambda x, y: np.logical_and(x > 0, y),
    "logical_or": lambda x, y: np.logical_or(x > 0, y > 0),
    "logical_xor": lambda x, y: np.logical_xor(x > 0, y > 0),
    "logical_not": lambda x, y: np.logical_not(x > y),
    "bitwise_and": lambda x, y: np.bitwise_and(x > 0, y > 0),
    "bitwise_or": lambda x, y: np.bitwise_or(x > 0, y > 0),
    "bitwise_xor": lambda x, y: np.bitwise_xor(x > 0, y > 0),
    "invert": lambda x, y: np.invert(x > y),
    "bitwise_not": lambda x, y: np.bitwise_not(x > y),
    "bitwise_invert": lambda x, y: np.bitwise_invert(x > y),
}.items():
    surface(f"numpy.{_name}", _test, MATRIX, OTHER, smooth=False)
for _name, _test in {
    "bitwise_and": lambda x, k: x * np.bitwise_and(k, 13),
    "bitwise_or": lambda x, k: x * np.bitwise_or(k, x > 0.0),
    "bitwise_xor": lambda x, k: x * np.bitwise_xor(k, k[::-1]),
    "invert": lambda x, k: x * np.invert(k),
    "left_shift": lambda x, k: x * np.left_shift(k, np.array([1, 0, 3])),
    "right_shift": lambda x, k: x * np.right_shift(k, np.array([1, 70, 3])),
}.items():
    surface(f"numpy.{_name}", _test, VECTOR, np.array([12, -7, 300]))
surface("numpy.ndindex", lambda x: sum(x[i, j] * i for i, j in np.ndindex(x.shape)), MATRIX)
surface("numpy.ndenumerate", lambda x: sum(v * i for (i, _), v in np.ndenumerate(x)), MATRIX)
surface("numpy.ndarray.flat", lambda x: sum(v * k for k, v in enumerate(x.flat)), MATRIX)
surface("numpy.finfo", lambda x: x * np.finfo(x.dtype).eps * 2.0**50, VECTOR)
surface("numpy.iinfo", lambda x: x / np.iinfo(np.int64).max * 2.0**62, VECTOR)

# -- options and methods of ufuncs -----------------------------------------------------------------


def into_another(x, y):
    z = np.zeros(3)
    np.multiply(x, y, out=z)
    return z + x


def where_true(x, y):
    z = np.ones(3) * y
    np.exp(x, out=z, where=x > 0)
    return z


def added_at(x, y):
    z = np.ones(3) * x
    np.add.at(z, np.array([0, 1, 0]), y)
    np.subtract.at(z, np.array([2, 1]), y[:2])
    return z


def multiplied_at(x, y):
    z = np.ones(3) * x
    np.multiply.at(z, np.array([0, 1, 0]), y)
    np.divide.at(z, np.array([2, 1]), y[:2])
    return z


surface("numpy.multiply", into_another, VECTOR, OTHER, peers=False)
surface("numpy.exp", where_true, VECTOR, OTHER, peers=False)
surface("numpy.add", lambda x: np.add(x, 1, dtype=np.float32), SINGLE)
surface("numpy.add.at", added_at, VECTOR, OTHER, peers=False)
surface("numpy.subtract.at", added_at, VECTOR, OTHER, peers=False)
surface("numpy.multiply.at", multiplied_at, VECTOR, OTHER, peers=False)
surface("numpy.divide.at", multiplied_at, VECTOR, OTHER, peers=False)
surface("numpy.add.reduce", lambda x: np.add.reduce(x), MATRIX)
surface("numpy.multiply.reduce", lambda x: np.multiply.reduce(x, axis=1), MATRIX)
surface("numpy.maximum.reduce", lambda x: np.maximum.reduce(x), MATRIX)
surface("numpy.minimum.reduce", lambda x: np.minimum.reduce(x, axis=1), MATRIX)
surface("numpy.logical_and.reduce", lambda x: np.logical_and.reduce(x > 0), MATRIX, smooth=False)
surface("numpy.logical_or.reduce", lambda x: np.logical_or.reduce(x > 0), MATRIX, smooth=False)
surface("numpy.logaddexp.reduce", lambda x: np.logaddexp.reduce(x), MATRIX)
surface("numpy.add.accumulate", lambda x: np.add.accumulate(x), MATRIX)
surface("numpy.multiply.accumulate", lambda x: np.multiply.accumulate(x, axis=1), MATRIX)
surface("numpy.maximum.accumulate", lambda x: np.maximum.accumulate(x, axis=1), MATRIX)
surface("numpy.minimum.accumulate", lambda x: np.minimum.accumulate(x), VECTOR)
surface("numpy.subtract.outer", lambda x, y: np.subtract.outer(x, y), MATRIX, POSITIVE[:2])
surface("numpy.multiply.outer", lambda x, y: np.multiply.outer(x, y), VECTOR, POSITIVE[:2])
surface("numpy.maximum.outer", lambda x, y: np.maximum.outer(x, y), VECTOR, POSITIVE[:2])

# -- math ------------------------------------------------------------------------------------------

surface("math.log", lambda x, y: math.log(x, y), 0.4, 2.5)
surface("math.log", lambda x: math.log(x), 0.4)
surface("math.pow", lambda x, y: math.pow(x, y), 0.4, 2.5)
surface("math.hypot", lambda x, y, z: math.hypot(x, y, z), 0.4, 2.5, -1.0)
surface("math.dist", lambda x, y: math.dist((x, y), (1.0, 2.0)), 0.4, 2.5)
surface("math.dist", lambda x, y: math.dist(x, y), VECTOR, OTHER)
surface("math.fsum", lambda x: math.fsum(x), VECTOR)
surface("math.prod", lambda x: math.prod(x), VECTOR)
surface("math.prod", lambda x, y: math.prod([x, y, 0.0], start=2), 0.4, 2.5)
surface("math.radians", lambda x: math.radians(x), 0.4)
surface("math.degrees", lambda x: math.degrees(x), 0.4)
surface("math.modf", lambda x: math.modf(x)[0] + x, -7.4)
surface("math.modf", lambda x: math.modf(x), np.inf, smooth=False)
surface("math.remainder", lambda x, y: math.remainder(x, y), 7.3, 2.1)
surface("math.remainder", lambda x, y: math.remainder(x, y), -8.3, 2.1)
surface("math.remainder", lambda x, y: math.remainder(x, y), 5.0, 2.0, smooth=False)
surface("math.ldexp", lambda x: math.ldexp(x, 3), 0.4)
surface("math.ldexp", lambda x, k: math.ldexp(x, k), 0.4, -2)
surface("math.floor", lambda x: math.floor(x) * x, 2.4)
surface("math.ceil", lambda x: math.ceil(x) * x, 2.4)
surface("math.trunc", lambda x: math.trunc(x) * x, -2.4)
surface("math.isnan", lambda x: math.isnan(x), np.nan, smooth=False)
surface("math.isinf", lambda x: math.isinf(x), np.inf, smooth=False)
surface("math.isfinite", lambda x: math.isfinite(x), np.inf, smooth=False)
surface("math.isclose", lambda x, y: math.isclose(x, y), 0.4, 0.4 + 1e-12, smooth=False)
surface("math.isclose", lambda x, y: math.isclose(x, y), 0.4, np.inf, smooth=False)
surface("math.comb", lambda x: math.comb(5, 2) * x, 0.4)
surface("math.perm", lambda x: math.perm(5, 2) * x, 0.4)
surface("math.factorial", lambda x: math.factorial(4) * x, 0.4)
surface("math.gcd", lambda x: math.gcd(12, 18) * x, 0.4)
surface("math.lcm", lambda x: math.lcm(4, 6) * x, 0.4)
surface("math.isqrt", lambda x: math.isqrt(17) * x, 0.4)
if hasattr(math, "sumprod"):
    surface("math.sumprod", lambda x, y: math.sumprod(x, y), VECTOR, OTHER)


def of_integers(x):
    """Of integers that are known at run time only; the number of elements is one."""
    n = x.shape[0]
    total = math.comb(n + 3, 2) + math.perm(n, 2) + math.factorial(n) + math.isqrt(n * 7)
    return x * (total + math.gcd(n * 6, 15) + math.lcm(n, 6))


for _name in ("comb", "perm", "factorial", "isqrt", "gcd", "lcm"):
    surface(f"math.{_name}", of_integers, np.array([0.4, -0.3, 0.9, 1.7]))

surface("numpy.frexp", lambda x: np.frexp(x), np.array([0.3, -5.0, 0.5, 40.1]), peers=False)
surface("math.frexp", lambda a: math.frexp(a), 5.5)
