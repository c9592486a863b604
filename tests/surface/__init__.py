"""The whole surface: every public function that gradc takes, each called at least once.

To add a function, add a line to the file of its subject::

    surface("numpy.cumsum", lambda x: np.cumsum(x, axis=0), MATRIX)

The call is made through the names ``np``, ``math`` and ``special`` (``scipy.special``) of the file:
the comparison with JAX and PyTorch puts their modules there. Values are compared with the library's
own, both modes of derivatives with extrapolated differences (unless ``smooth=False``: constants,
and points at kinks), and gradients with JAX's and PyTorch's where those are installed (unless
``peers=False``: they mean something else by it). Keep arguments small and away from kinks: three to
six elements are enough, and no size should equal another one by accident.
"""

from tests.surface import (
    basics,
    creation,
    elementwise,
    fourier,
    linear_algebra,
    named,
    reductions,
    selection,
    shaping,
    special,
)
from tests.surface.case import SurfaceCase

_MODULES = (
    named,
    elementwise,
    special,
    creation,
    basics,
    reductions,
    shaping,
    selection,
    linear_algebra,
    fourier,
)

CASES: list[SurfaceCase] = [case for module in _MODULES for case in module.surface.cases]
