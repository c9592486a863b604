"""Arrays from outside of a function, in every memory layout and type."""

import numpy as np
import pytest

import gradc

WIDE = np.arange(12.0)
READ_ONLY = np.arange(4.0)
READ_ONLY.flags.writeable = False
OUTSIDE = {
    "strided": WIDE[::3],
    "backwards": np.arange(4.0)[::-1],
    "fortran": np.asfortranarray(np.arange(8.0).reshape(2, 4)),
    "read-only": READ_ONLY,
    "broadcast": np.broadcast_to(3.0, 4),
    "no axes": np.array(2.0),
    "one element": np.array([3.0]),
    "int32": np.arange(4, dtype=np.int32),
    "big endian": np.arange(4.0).astype(">f8"),
    "complex": np.exp(1j * np.arange(4.0)),
}


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("target", ["cpu", "python"])
def test_layouts_and_types(name, target):
    outside = OUTSIDE[name]

    def function(x):
        return np.sum((x * outside).real)

    gradient = gradc.grad(function, target=target)
    wanted = np.broadcast_to((np.ones(4) * outside).real, (2, 4) if name == "fortran" else (1, 4))
    for _ in range(2):  # the second call takes the short way
        np.testing.assert_allclose(gradient(np.ones(4)), wanted.sum(axis=0), rtol=1e-15)


def test_what_is_copied_is_read_at_each_call():
    every_third = WIDE[::3].copy()
    outside = np.zeros(12)[::3]
    gradient = gradc.grad(lambda x: np.sum(x * outside))
    for factor in (1.0, 2.0):
        outside[:] = factor * every_third
        np.testing.assert_array_equal(gradient(np.ones(4)), factor * every_third)
