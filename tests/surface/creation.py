"""Making arrays, element types, and asking for shapes."""

import numpy as np

from tests.surface.case import Surface

surface = Surface()

VECTOR = np.array([0.4, -0.3, 0.9, 1.7])
MATRIX = np.array([[0.4, -0.3, 0.9], [1.1, 0.2, -1.7]])
SINGLE = np.array([0.4, -0.3, 0.9], np.float32)
WHOLE = np.array([3, -1, 2])


def filled_by_parts(x):
    out = np.empty(3)
    out[0], out[1:] = x[0], x[2:]
    return out


def filled_like(x):
    out = np.empty_like(x)
    out[...] = x * 2.0
    return out


surface("numpy.zeros", lambda x: np.zeros(4) + x, VECTOR)
surface("numpy.zeros", lambda x: np.zeros((2, x.shape[1]), dtype=np.float32) + x, MATRIX)
surface("numpy.ones", lambda x: np.ones((2, 3), np.int64) * x, MATRIX)
surface("numpy.full", lambda x, y: np.full((2, 3), y) * x, MATRIX, 0.7)
surface("numpy.full", lambda x, y: np.full((2, 3), y) * x, MATRIX, VECTOR[:3])
surface("numpy.full", lambda x: np.full(3, x[0], dtype=np.float32), SINGLE)
surface("numpy.empty", filled_by_parts, VECTOR)
surface("numpy.zeros_like", lambda x: np.zeros_like(x) + x, MATRIX)
surface("numpy.ones_like", lambda x: np.ones_like(x, dtype=np.float64) * x, SINGLE)
surface("numpy.full_like", lambda x, y: np.full_like(x, y) * x, SINGLE, 0.7)
surface("numpy.empty_like", filled_like, MATRIX)
surface("numpy.array", lambda x, y: np.array([[x, y], [y * y, 1.0]]), 0.4, 0.7)
surface("numpy.array", lambda x, y: np.array([x[:2], y[1, :2]]), VECTOR, MATRIX)
surface("numpy.array", lambda x: np.array([1, x[0], True], dtype=np.float32), SINGLE)
surface("numpy.array", lambda x, n: np.array([x[k] ** k for k in range(n)]), VECTOR, 3)
surface("numpy.asarray", lambda x, y: np.asarray([x, (y, x * y)][1]), 0.4, 0.7)
surface("numpy.asarray", lambda x: np.asarray(x, dtype=np.float32), MATRIX)
surface("numpy.asanyarray", lambda x: np.asanyarray(x) * 2.0, MATRIX)
surface("numpy.ascontiguousarray", lambda x: np.ascontiguousarray(x.T), MATRIX)
surface("numpy.copy", lambda x: np.copy(x) * x, MATRIX)
surface("numpy.ndarray.copy", lambda x: x.copy() * x, MATRIX)
surface("numpy.arange", lambda x: np.arange(4) * x, VECTOR)
surface("numpy.arange", lambda x: np.arange(1, 9, 2) * x, VECTOR)
surface("numpy.arange", lambda x, n: np.arange(0.0, n) * x, VECTOR, 4, peers=False)
surface("numpy.linspace", lambda x, y: np.linspace(x, y, 5), 0.4, 2.7)
surface("numpy.linspace", lambda x, y: np.linspace(x, y, 4, endpoint=False), 0.4, 2.7)
surface("numpy.linspace", lambda x, y: np.linspace(x, y, 4, retstep=True)[1], 0.4, 2.7)
surface("numpy.logspace", lambda x, y: np.logspace(x, y, 5), 0.4, 1.7)
surface("numpy.logspace", lambda x, y: np.logspace(x, y, 4, base=2.0), 0.4, 1.7)
surface("numpy.geomspace", lambda x, y: np.geomspace(x, y, 5), 0.4, 2.7)
surface("numpy.geomspace", lambda x, y: np.geomspace(x, y, 4, endpoint=False), -0.4, -2.7)
surface("numpy.eye", lambda x: np.eye(4) * x, VECTOR)
surface("numpy.eye", lambda x: np.eye(2, 3, k=1) * x, MATRIX)
surface("numpy.identity", lambda x: np.identity(4) @ x, VECTOR)

# -- element types -------------------------------------------------------------------------------

surface("numpy.astype", lambda x: np.astype(x, np.float32), VECTOR)
surface("numpy.ndarray.astype", lambda x: x.astype(np.float32) * x, VECTOR)
surface("numpy.ndarray.astype", lambda x: x.astype(int) + x, VECTOR)
surface("numpy.ndarray.astype", lambda x: x.astype("float64") * np.pi, SINGLE)
surface("numpy.float64", lambda x: np.float64(x) * SINGLE, SINGLE)
surface("numpy.float32", lambda x: np.float32(x) * x, VECTOR)
surface("numpy.double", lambda x: np.double(x) * x, SINGLE)
surface("numpy.single", lambda x: np.single(x) * x, VECTOR)
for _name, _call in {
    "bool": lambda x: np.bool(x[0]),
    "bool_": lambda x: np.bool_(x[0]),
    "int64": lambda x: np.int64(x),
    "int32": lambda x: np.int32(x),
    "int_": lambda x: np.int_(x),
    "intc": lambda x: np.intc(x),
    "intp": lambda x: np.intp(x),
    "long": lambda x: np.long(x),
}.items():
    surface(f"numpy.{_name}", _call, VECTOR, smooth=False)
surface("numpy.result_type", lambda x: np.zeros(4, np.result_type(x, np.float32)) + x, VECTOR)
surface("numpy.add", lambda x, y: np.add(x, y), SINGLE, VECTOR[:3])
surface("numpy.add", lambda x: np.add(x, 2.5), SINGLE)
surface("numpy.add", lambda x: np.add(x, np.float64(2.5)), SINGLE)
surface("numpy.multiply", lambda x, k: np.multiply(x, k), SINGLE, WHOLE)
surface("numpy.multiply", lambda x, k: x * k * 2, SINGLE, 3)
surface("numpy.divide", lambda k, x: k / 2 + x, WHOLE, SINGLE)

# -- shapes and single elements -------------------------------------------------------------------

surface("numpy.shape", lambda x: x * np.shape(x)[0], MATRIX)
surface("numpy.size", lambda x: x * np.size(x), MATRIX)
surface("numpy.ndim", lambda x: x * np.ndim(x), MATRIX)
surface("numpy.ndarray.shape", lambda x: x * x.shape[1], MATRIX)
surface("numpy.ndarray.size", lambda x: x / x.size, MATRIX)
surface("numpy.ndarray.ndim", lambda x: x * x.ndim, MATRIX)
surface("numpy.ndarray.dtype", lambda x: np.ones(4, x.dtype) * x, VECTOR)
surface("numpy.ndarray.item", lambda x: x[1].item() * x, VECTOR, peers=False)
surface(
    "numpy.ndarray.tolist", lambda x: np.array([x[1], x[0]]).tolist()[0] * x, VECTOR, peers=False
)


def filled(x, y):
    z = x.copy()
    z.fill(y)
    return z * x


surface("numpy.ndarray.fill", filled, VECTOR, 0.7, peers=False)
