"""Optimisers: update a list of parameter arrays in place from their gradients.

Each class holds the formula of one publication. The formulas are written with one scratch array
per parameter instead of temporaries, so that an update without ``weight_decay`` allocates nothing.

``weight_decay`` is the factor of an L2 penalty, ``weight_decay / 2 * sum(p**2)`` added to the loss
for every parameter, biases included; only in `AdamW` is it decoupled from the gradient.
"""

from __future__ import annotations

import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]


class Optimiser(ABC):
    """What the optimisers share: the parameters, their state arrays, saving and loading these.

    Parameters
    ----------
    params : sequence of ndarray
        float32 or float64 arrays of any shape. They are updated in place and keep their dtype.
    learning_rate : float
        Positive and finite. May be changed between updates.
    weight_decay : float
        Non-negative and finite.

    Raises
    ------
    ValueError
        For a hyper-parameter outside its range, or a parameter that is not a writeable float array.
    """

    slots: ClassVar[tuple[str, ...]] = ()
    """Names of the state arrays; each parameter has one of each, of its own shape and dtype."""

    def __init__(
        self, params: Sequence[FloatArray], *, learning_rate: float, weight_decay: float = 0.0
    ) -> None:
        check_hyperparameter("learning_rate", learning_rate)
        check_hyperparameter("weight_decay", weight_decay)
        self.params = list(params)
        for index, param in enumerate(self.params):
            _check_parameter(index, param)
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.steps = 0
        self._slots = {name: [np.zeros_like(p) for p in self.params] for name in self.slots}
        self._scratch = [np.empty_like(p) for p in self.params]

    def update(self, grads: Sequence[FloatArray]) -> None:
        """Take one step.

        Parameters
        ----------
        grads : sequence of ndarray
            One gradient for each parameter, of the parameter's shape. They are only read.

        Raises
        ------
        ValueError
            When the number of gradients or a shape does not fit. No parameter has changed then.
        """
        if len(grads) != len(self.params):
            raise ValueError(f"{len(grads)} gradients for {len(self.params)} parameters")
        for index, (param, grad) in enumerate(zip(self.params, grads, strict=True)):
            if np.shape(grad) != param.shape:
                raise ValueError(
                    f"gradient {index} has shape {np.shape(grad)}, its parameter {param.shape}"
                )
        self.steps += 1
        for index, (param, grad) in enumerate(zip(self.params, grads, strict=True)):
            grad = np.asarray(grad, dtype=param.dtype)
            state = [self._slots[name][index] for name in self.slots]
            self._update_one(param, self._penalised(param, grad), self._scratch[index], *state)

    def _penalised(self, param: FloatArray, grad: FloatArray) -> FloatArray:
        """Return the gradient of the loss with its L2 penalty."""
        if self.weight_decay == 0.0:
            return grad
        return np.asarray(grad + self.weight_decay * param, dtype=param.dtype)

    @abstractmethod
    def _update_one(
        self, param: FloatArray, grad: FloatArray, scratch: FloatArray, *state: FloatArray
    ) -> None:
        """Update one parameter and its state arrays (in the order of `slots`) in place."""

    def state(self) -> dict[str, NDArray[Any]]:
        """Return copies of all that the next update depends on, as plain arrays.

        Returns
        -------
        dict
            ``steps`` (int64, no axes) and ``SLOT_i`` for each state array of parameter ``i``.
        """
        arrays: dict[str, NDArray[Any]] = {"steps": np.array(self.steps, dtype=np.int64)}
        arrays.update((key, array.copy()) for key, array in self._named_slots())
        return arrays

    def load_state(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Continue from what `state` returned.

        Raises
        ------
        ValueError
            When a name, shape or dtype is not that of this optimiser; nothing has changed then.
        """
        own = dict(self._named_slots())
        if set(arrays) != {"steps", *own}:
            wrong = ", ".join(sorted(set(arrays) ^ {"steps", *own}))
            raise ValueError(f"the state is not that of {type(self).__name__}: {wrong}")
        for key, array in own.items():
            given = arrays[key]
            if given.shape != array.shape or given.dtype != array.dtype:
                raise ValueError(
                    f"state {key} is {given.dtype}{list(given.shape)}, "
                    f"expected {array.dtype}{list(array.shape)}"
                )
        steps = arrays["steps"]
        if steps.shape != () or steps.dtype.kind not in "iu" or int(steps) < 0:
            raise ValueError("state steps must be one non-negative integer")
        self.steps = int(steps)
        for key, array in own.items():
            array[...] = arrays[key]

    def _named_slots(self) -> Iterator[tuple[str, FloatArray]]:
        for name, arrays in self._slots.items():
            for index, array in enumerate(arrays):
                yield f"{name}_{index}", array


class SGD(Optimiser):
    """Gradient descent: ``p -= learning_rate * g`` (Goodfellow et al., Deep Learning, 8.3.1)."""

    def __init__(
        self,
        params: Sequence[FloatArray],
        *,
        learning_rate: float = 0.01,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, learning_rate=learning_rate, weight_decay=weight_decay)

    def _update_one(
        self, param: FloatArray, grad: FloatArray, scratch: FloatArray, *state: FloatArray
    ) -> None:
        np.multiply(grad, self.learning_rate, out=scratch)
        param -= scratch


class Momentum(Optimiser):
    """Heavy ball: ``v = momentum * v - learning_rate * g; p += v``.

    B. T. Polyak, Some methods of speeding up the convergence of iteration methods, 1964;
    in the notation of Goodfellow et al., Deep Learning, algorithm 8.2.
    """

    slots: ClassVar[tuple[str, ...]] = ("velocity",)

    def __init__(
        self,
        params: Sequence[FloatArray],
        *,
        learning_rate: float = 0.01,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, learning_rate=learning_rate, weight_decay=weight_decay)
        check_hyperparameter("momentum", momentum)
        self.momentum = momentum

    def _update_one(
        self, param: FloatArray, grad: FloatArray, scratch: FloatArray, *state: FloatArray
    ) -> None:
        (velocity,) = state
        np.multiply(grad, self.learning_rate, out=scratch)
        velocity *= self.momentum
        velocity -= scratch
        param += velocity


class Nesterov(Momentum):
    """Nesterov's accelerated gradient.

    ``v = momentum * v - learning_rate * g; p += momentum * v - learning_rate * g``

    Y. Nesterov, A method of solving a convex programming problem with convergence rate O(1/k^2),
    1983, as momentum by Sutskever et al., On the importance of initialization and momentum in deep
    learning, 2013. There the gradient is taken at the point ahead, ``theta + momentum * v``; here
    the parameters *are* that point (Bengio, Boulanger-Lewandowski and Pascanu, Advances in
    optimizing recurrent networks, 2013, equation 7), so any gradient function will do.
    """

    def _update_one(
        self, param: FloatArray, grad: FloatArray, scratch: FloatArray, *state: FloatArray
    ) -> None:
        (velocity,) = state
        np.multiply(grad, self.learning_rate, out=scratch)
        velocity *= self.momentum
        velocity -= scratch
        param -= scratch
        np.multiply(velocity, self.momentum, out=scratch)
        param += scratch


class RMSProp(Optimiser):
    """``s = beta2 * s + (1 - beta2) * g**2; p -= learning_rate * g / (sqrt(s) + epsilon)``.

    T. Tieleman and G. Hinton, Lecture 6.5: RMSProp, Neural networks for machine learning, 2012.
    """

    slots: ClassVar[tuple[str, ...]] = ("square",)

    def __init__(
        self,
        params: Sequence[FloatArray],
        *,
        learning_rate: float = 0.001,
        beta2: float = 0.9,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, learning_rate=learning_rate, weight_decay=weight_decay)
        check_hyperparameter("beta2", beta2)
        check_hyperparameter("epsilon", epsilon)
        self.beta2 = beta2
        self.epsilon = epsilon

    def _update_one(
        self, param: FloatArray, grad: FloatArray, scratch: FloatArray, *state: FloatArray
    ) -> None:
        (square,) = state
        _average_of_squares(square, grad, self.beta2, scratch)
        np.sqrt(square, out=scratch)
        scratch += self.epsilon
        np.divide(grad, scratch, out=scratch)
        scratch *= self.learning_rate
        param -= scratch


class Adam(Optimiser):
    """Adaptive moments, with the bias of both moments corrected.

    ``m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 - beta2) * g**2``
    ``p -= learning_rate * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + epsilon)``

    D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, ICLR 2015, algorithm 1.
    """

    slots: ClassVar[tuple[str, ...]] = ("mean", "square")

    def __init__(
        self,
        params: Sequence[FloatArray],
        *,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, learning_rate=learning_rate, weight_decay=weight_decay)
        check_hyperparameter("beta1", beta1)
        check_hyperparameter("beta2", beta2)
        check_hyperparameter("epsilon", epsilon)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon

    def _update_one(
        self, param: FloatArray, grad: FloatArray, scratch: FloatArray, *state: FloatArray
    ) -> None:
        mean, square = state
        np.multiply(grad, 1.0 - self.beta1, out=scratch)
        mean *= self.beta1
        mean += scratch
        _average_of_squares(square, grad, self.beta2, scratch)
        np.sqrt(square, out=scratch)
        scratch /= math.sqrt(1.0 - self.beta2**self.steps)
        scratch += self.epsilon
        np.divide(mean, scratch, out=scratch)
        scratch *= self.learning_rate / (1.0 - self.beta1**self.steps)
        param -= scratch


class AdamW(Adam):
    """Adam with decoupled weight decay: ``p -= learning_rate * weight_decay * p`` beside the step.

    I. Loshchilov and F. Hutter, Decoupled weight decay regularization, ICLR 2019, algorithm 2. The
    decay is multiplied by the learning rate, as PyTorch and Optax do; the paper's schedule
    multiplier is absorbed by it.
    """

    def __init__(
        self,
        params: Sequence[FloatArray],
        *,
        learning_rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(
            params,
            learning_rate=learning_rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            weight_decay=weight_decay,
        )

    def _penalised(self, param: FloatArray, grad: FloatArray) -> FloatArray:
        return grad

    def _update_one(
        self, param: FloatArray, grad: FloatArray, scratch: FloatArray, *state: FloatArray
    ) -> None:
        param *= 1.0 - self.learning_rate * self.weight_decay
        super()._update_one(param, grad, scratch, *state)


OPTIMISERS: Mapping[str, type[Optimiser]] = MappingProxyType(
    {
        "sgd": SGD,
        "momentum": Momentum,
        "nesterov": Nesterov,
        "rmsprop": RMSProp,
        "adam": Adam,
        "adamw": AdamW,
    }
)
"""The names a network spec may use."""


def hyperparameters(name: str) -> dict[str, float]:
    """Return the hyper-parameters that the optimiser ``name`` takes, with their defaults."""
    signature = inspect.signature(OPTIMISERS[name])
    return {p.name: p.default for p in signature.parameters.values() if p.name != "params"}


def make_optimiser(name: str, params: Sequence[FloatArray], **hyper: float) -> Optimiser:
    """Return the optimiser ``name`` over ``params``.

    Raises
    ------
    ValueError
        For an unknown name, or a hyper-parameter that this optimiser does not have.
    """
    if name not in OPTIMISERS:
        raise ValueError(f"unknown optimizer {name!r}; known are {', '.join(OPTIMISERS)}")
    known = hyperparameters(name)
    for key in hyper:
        if key not in known:
            raise ValueError(f"{name} has no {key}; it takes {', '.join(known)}")
    # the classes differ in their keywords, which were just compared with the signature
    factory: Any = OPTIMISERS[name]
    made: Optimiser = factory(params, **hyper)
    return made


def check_hyperparameter(name: str, value: float) -> None:
    """Raise ValueError unless ``value`` is in the range of the hyper-parameter ``name``."""
    problem = hyperparameter_problem(name, value)
    if problem is not None:
        raise ValueError(f"{name} {problem}, not {value}")


def hyperparameter_problem(name: str, value: float) -> str | None:
    """Return what ``value`` would have to be for the hyper-parameter ``name``, None if it is."""
    if not math.isfinite(value):
        return "must be a finite number"
    if name in ("momentum", "beta1", "beta2"):
        return None if 0.0 <= value < 1.0 else "must be at least 0 and less than 1"
    if name in ("learning_rate", "epsilon"):
        return None if value > 0.0 else "must be greater than 0"
    return None if value >= 0.0 else "must not be negative"


def _average_of_squares(
    square: FloatArray, grad: FloatArray, beta2: float, scratch: FloatArray
) -> None:
    np.multiply(grad, grad, out=scratch)
    scratch *= 1.0 - beta2
    square *= beta2
    square += scratch


def _check_parameter(index: int, param: object) -> None:
    if not isinstance(param, np.ndarray) or param.dtype not in (np.float32, np.float64):
        kind = param.dtype if isinstance(param, np.ndarray) else type(param).__name__
        raise ValueError(f"parameter {index} must be a float32 or float64 array, not {kind}")
    if not param.flags.writeable:
        raise ValueError(f"parameter {index} is read-only")
