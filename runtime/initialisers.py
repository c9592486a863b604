"""Seeded initial values for the weights of a linear layer.

The values are drawn in float64 and then rounded, so that a float32 and a float64 model with the
same seed start from the same point.

References
----------
X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural networks,
AISTATS 2010 (equation 16). K. He, X. Zhang, S. Ren and J. Sun, Delving deep into rectifiers, ICCV
2015 (equation 10).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Initialiser:
    """A way to draw weights: a distribution with mean zero, and its variance from the fans."""

    name: str
    distribution: Literal["uniform", "normal", "constant"]
    variance: Callable[[int, int], float]

    def __call__(
        self,
        seed: int | np.random.Generator,
        fan_in: int,
        fan_out: int,
        *,
        shape: Sequence[int] | None = None,
        dtype: DTypeLike = np.float64,
    ) -> FloatArray:
        """Return new weights.

        Parameters
        ----------
        seed : int or Generator
            An int seeds ``Generator(PCG64(seed))``; pass one generator for all layers of a network.
        fan_in, fan_out : int
            How many inputs a unit has, and how many units take an input; at least 1.
        shape : sequence of int, optional
            ``(fan_in, fan_out)`` if absent.
        dtype : dtype
            float32 or float64.

        Raises
        ------
        ValueError
            For a fan below 1 or another dtype.
        """
        if fan_in < 1 or fan_out < 1:
            raise ValueError(f"fan_in and fan_out must be at least 1, not {fan_in} and {fan_out}")
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ValueError(f"dtype must be float32 or float64, not {np.dtype(dtype)}")
        if not isinstance(seed, np.random.Generator):
            seed = np.random.Generator(np.random.PCG64(seed))
        size = (fan_in, fan_out) if shape is None else tuple(shape)
        deviation = math.sqrt(self.variance(fan_in, fan_out))
        if self.distribution == "normal":
            drawn = seed.normal(0.0, deviation, size)
        elif self.distribution == "uniform":
            # the uniform distribution on +-a has the variance a**2 / 3
            limit = math.sqrt(3.0) * deviation
            drawn = seed.uniform(-limit, limit, size)
        else:
            drawn = np.zeros(size)
        return drawn.astype(dtype)


glorot_uniform = Initialiser("glorot_uniform", "uniform", lambda n_in, n_out: 2.0 / (n_in + n_out))
"""Uniform on ``+- sqrt(6 / (fan_in + fan_out))``: activations and cotangents keep about their
variance through layers whose activation is near the identity at zero (tanh)."""

glorot_normal = Initialiser("glorot_normal", "normal", lambda n_in, n_out: 2.0 / (n_in + n_out))
"""Normal with the variance ``2 / (fan_in + fan_out)``."""

he_uniform = Initialiser("he_uniform", "uniform", lambda n_in, n_out: 2.0 / n_in)
"""Uniform on ``+- sqrt(6 / fan_in)``: for relu, which passes half of the variance."""

he_normal = Initialiser("he_normal", "normal", lambda n_in, n_out: 2.0 / n_in)
"""Normal with the variance ``2 / fan_in``."""

zeros = Initialiser("zeros", "constant", lambda n_in, n_out: 0.0)
"""Zeros: right for biases and for a last layer; hidden units would stay all alike."""

INITIALISERS: Mapping[str, Initialiser] = MappingProxyType(
    {
        scheme.name: scheme
        for scheme in (glorot_uniform, glorot_normal, he_uniform, he_normal, zeros)
    }
)
"""The names a network spec may use for ``init``."""
