"""Functions of one element: math and NumPy."""

import math

import numpy as np

from tests.zoo.case import Group

zoo = Group("elementwise")

V = np.array([0.4, -0.3, 0.9])
P = np.array([0.5, 1.3, 2.9])

zoo.add_all(
    {
        "np_exp": lambda x: np.exp(x),
        "np_expm1": lambda x: np.expm1(x),
        "np_sin": lambda x: np.sin(x),
        "np_cos": lambda x: np.cos(x),
        "np_tan": lambda x: np.tan(x),
        "np_arcsin": lambda x: np.arcsin(x),
        "np_arccos": lambda x: np.arccos(x),
        "np_arctan": lambda x: np.arctan(x),
        "np_sinh": lambda x: np.sinh(x),
        "np_cosh": lambda x: np.cosh(x),
        "np_tanh": lambda x: np.tanh(x),
        "np_arcsinh": lambda x: np.arcsinh(x),
        "np_arctanh": lambda x: np.arctanh(x),
        "np_abs": lambda x: np.abs(x),
        "np_fabs": lambda x: np.fabs(x),
        "np_sign": lambda x: np.sign(x),
        "np_square": lambda x: np.square(x),
        "np_negative": lambda x: np.negative(x),
        "np_floor": lambda x: np.floor(x),
        "np_ceil": lambda x: np.ceil(x),
        "np_trunc": lambda x: np.trunc(x),
        "np_rint": lambda x: np.rint(x),
        "np_round": lambda x: np.round(x, 1),
        "np_deg2rad": lambda x: np.deg2rad(x),
        "np_rad2deg": lambda x: np.rad2deg(x),
        "np_exp2": lambda x: np.exp2(x),
        "np_cbrt": lambda x: np.cbrt(x),
        "np_isnan": lambda x: np.where(np.isnan(x), 0.0, x),
        "np_isfinite": lambda x: np.where(np.isfinite(x), x, 0.0),
    },
    V,
)
zoo.add_all(
    {
        "np_log": lambda x: np.log(x),
        "np_log1p": lambda x: np.log1p(x),
        "np_log2": lambda x: np.log2(x),
        "np_log10": lambda x: np.log10(x),
        "np_sqrt": lambda x: np.sqrt(x),
        "np_reciprocal": lambda x: np.reciprocal(x),
        "np_power": lambda x: np.power(x, 1.5),
        "np_arccosh": lambda x: np.arccosh(x + 1.0),
    },
    P,
)
zoo.add_all(
    {
        "maximum": lambda x, y: np.maximum(x, y),
        "minimum": lambda x, y: np.minimum(x, y),
        "arctan2": lambda x, y: np.arctan2(x, y),
        "hypot": lambda x, y: np.hypot(x, y),
        "logaddexp": lambda x, y: np.logaddexp(x, y),
        "add": lambda x, y: np.add(x, y) - np.subtract(x, y) * np.multiply(x, y),
        "divide": lambda x, y: np.divide(x, y) + np.mod(x, y),
        "where": lambda x, y: np.where(x > y, x * y, y),
        "logic": lambda x, y: np.where(np.logical_and(x > 0, y > 0), x, y),
        "logic_or": lambda x, y: np.where(np.logical_or(x > 0, np.logical_not(y > 0)), x, y),
        "less": lambda x, y: np.where(np.less(x, y + 0.1), x, np.greater_equal(x, 0.1) * y),
    },
    V,
    P,
)
zoo.add_all(
    {
        "math_exp": lambda x: math.exp(x) + math.expm1(x),
        "math_log": lambda x: math.log(x) + math.log1p(x) + math.log2(x) + math.log10(x),
        "math_log_base": lambda x: math.log(x, 3.0) + math.log(2.0, x),
        "math_sqrt": lambda x: math.sqrt(x) + math.cbrt(x),
        "math_trig": lambda x: math.sin(x) * math.cos(x) + math.tan(x),
        "math_inverse": lambda x: math.asin(x) - math.acos(x) + math.atan(x),
        "math_hyperbolic": lambda x: math.sinh(x) + math.cosh(x) * math.tanh(x),
        "math_inverse_hyperbolic": lambda x: math.asinh(x) + math.acosh(x + 1) + math.atanh(x),
        "math_erf": lambda x: math.erf(x) - math.erfc(x),
        "math_pow": lambda x: math.pow(x, 3) + math.pow(x, 0.5),
        "math_fabs": lambda x: math.fabs(-x) + abs(-x),
        "math_hypot": lambda x: math.hypot(x, 2.0) + math.hypot(x, 1.0, 2.0),
        "math_atan2": lambda x: math.atan2(x, 2.0) + math.atan2(1.0, x),
        "math_fmod": lambda x: math.fmod(7 * x, 2.0) + math.fmod(-7 * x, 2.0),
        "math_constants": lambda x: x * math.pi + math.e - math.tau,
        "math_angles": lambda x: math.radians(x) + math.degrees(x),
        "math_floor": lambda x: x * math.floor(3.7 * x) + math.ceil(2.2 * x) + math.trunc(9 * x),
    },
    0.7,
)


@zoo(0.7)
def builtin_numbers(x):
    return abs(x) + max(x, 0.2) * min(x, 0.5, 0.9) + pow(x, 3) + sum((x, x, 1.0))


@zoo(2.7)
def builtin_conversions(x):
    return x * int(x) + float(3) * x + round(x) + round(x, 1) * x + bool(x)


@zoo(7.5, 2.0)
def builtin_divmod(x, y):
    quotient, rest = divmod(x, y)
    return quotient * y + rest * rest


@zoo(np.array([-2.0, 0.3, 4.0]))
def clip(x):
    return np.clip(x, -1.0, 2.0) + x.clip(0.0, 1.0) + np.clip(x, None, 1.0)


@zoo(np.array([-2.0, 0.3, 4.0]), 0.5)
def nested(x, a):
    return np.exp(-np.abs(np.sin(x * a) + np.tanh(x) ** 2))


@zoo(np.array([0.2, -0.4], dtype=np.float32))
def float32_stays(x):
    return np.exp(x) * 2.0 + 1 - np.pi * x


@zoo(np.array([0.2, -0.4], dtype=np.float32), 1.5)
def float32_and_python_float(x, a):
    return a * x + a**2


@zoo(np.array([0.2, -0.4], dtype=np.float32), np.array([1.0, 2.0]))
def float32_and_float64(x, y):
    return x * y
