"""One network in three libraries, each as its users would write a training step of it.

All start from the same parameters and see the same batch. A contender's `step` does forward,
backward and update, and gives the loss of before the update as a Python float.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Problem:
    """A network, its initial parameters and a batch; the loss is softmax cross-entropy.

    Attributes
    ----------
    spec : Path
        A network spec for gradc; linear layers and activations in turn.
    activation : str
        ``"relu"`` or ``"sigmoid"``, between the linear layers.
    learning_rate, momentum : float
    x, y : ndarray
        ``(n, features)`` floats and n integer labels.
    parameters : tuple of ndarray
        ``w1``, ``b1``, ``w2`` ...; a weight is ``(inputs, units)``.
    """

    spec: Path
    activation: str
    learning_rate: float
    momentum: float
    x: Array
    y: Array
    parameters: tuple[Array, ...]

    @property
    def summary(self) -> str:
        """Widths, activation, batch and element type."""
        widths = [self.x.shape[1], *(bias.shape[0] for bias in self.parameters[1::2])]
        layers = "-".join(map(str, widths))
        batch = f"batch of {len(self.x)}, {self.x.dtype}"
        return f"{self.spec.stem} ({layers}, {self.activation}), {batch}"


class Contender(Protocol):
    """A library that trains a `Problem`."""

    def reset(self) -> None:
        """Go back to the initial parameters, with an optimiser that has no past."""

    def gradients(self) -> tuple[float, Sequence[Any]]:
        """Loss and gradients at the parameters; nothing changes."""

    def step(self) -> float:
        """One training step."""

    def update(self) -> bool:
        """The update of the last gradients alone; False where it is no part of its own."""

    def as_arrays(self, values: Sequence[Any]) -> list[Array]:
        """Gradients or parameters, in the order and layout of the problem."""

    def parameters(self) -> list[Array]:
        """The parameters now, in the order and layout of the problem."""


class Gradc:
    """gradc's kernel with the optimiser of its runtime."""

    def __init__(self, problem: Problem) -> None:
        import gradc

        self.problem = problem
        self.model = gradc.load_model(problem.spec)
        self.reset()

    def reset(self) -> None:
        from gradc_runtime.optimisers import make_optimiser

        problem = self.problem
        self.values = [value.copy() for value in problem.parameters]
        self.optimiser = make_optimiser(
            "momentum",
            self.values,
            learning_rate=problem.learning_rate,
            momentum=problem.momentum,
        )

    def gradients(self) -> tuple[float, Sequence[Array]]:
        loss, self.last = self.model.value_and_grad(self.values, self.problem.x, self.problem.y)
        return loss, self.last

    def step(self) -> float:
        loss, gradients = self.gradients()
        self.optimiser.update(gradients)
        return loss

    def update(self) -> bool:
        self.optimiser.update(self.last)
        return True

    def as_arrays(self, values: Sequence[Any]) -> list[Array]:
        return list(values)

    def parameters(self) -> list[Array]:
        return self.values


class Torch:
    """PyTorch eager: ``nn.Sequential``, ``cross_entropy`` and ``optim.SGD``."""

    fused = False

    def __init__(self, problem: Problem) -> None:
        import torch

        torch.set_num_threads(1)
        self.problem = problem
        self.x, self.y = torch.from_numpy(problem.x), torch.from_numpy(problem.y)
        self.reset()

    def reset(self) -> None:
        import torch

        problem = self.problem
        activation = {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid}[problem.activation]
        layers: list[torch.nn.Module] = []
        for w, b in zip(problem.parameters[::2], problem.parameters[1::2], strict=True):
            if layers:
                layers.append(activation())
            layer = torch.nn.Linear(*w.shape)
            with torch.no_grad():
                # torch keeps weights as (units, inputs)
                layer.weight.copy_(torch.from_numpy(w.T.copy()))
                layer.bias.copy_(torch.from_numpy(b))
            layers.append(layer)
        self.network = torch.nn.Sequential(*layers)
        self.optimiser = torch.optim.SGD(
            self.network.parameters(),
            lr=problem.learning_rate,
            momentum=problem.momentum,
            fused=self.fused,
        )

    def gradients(self) -> tuple[float, Sequence[Any]]:
        from torch.nn.functional import cross_entropy

        self.optimiser.zero_grad()
        loss = cross_entropy(self.network(self.x), self.y)
        loss.backward()
        return loss.item(), [each.grad for each in self.network.parameters()]

    def step(self) -> float:
        loss, _ = self.gradients()
        self.optimiser.step()
        return loss

    def update(self) -> bool:
        self.optimiser.step()
        return True

    def as_arrays(self, values: Sequence[Any]) -> list[Array]:
        # weights transposed, biases as they are
        return [value.detach().numpy().T for value in values]

    def parameters(self) -> list[Array]:
        return self.as_arrays(list(self.network.parameters()))


class TorchCompiled(Torch):
    """The loss with its backward pass through ``torch.compile``, and the fused update.

    The compiled function takes the parameters as arguments, so that a reset does not compile anew.
    """

    fused = True

    def __init__(self, problem: Problem) -> None:
        import torch
        from torch.nn.functional import cross_entropy

        super().__init__(problem)
        activation = {"relu": torch.relu, "sigmoid": torch.sigmoid}[problem.activation]

        def loss_of(x: Any, y: Any, *parameters: Any) -> Any:
            for index, (w, b) in enumerate(zip(parameters[::2], parameters[1::2], strict=True)):
                x = torch.nn.functional.linear(activation(x) if index else x, w, b)
            return cross_entropy(x, y)

        self.loss_of = torch.compile(loss_of)

    def gradients(self) -> tuple[float, Sequence[Any]]:
        self.optimiser.zero_grad()
        loss = self.loss_of(self.x, self.y, *self.network.parameters())
        loss.backward()
        return loss.item(), [each.grad for each in self.network.parameters()]


class Jax:
    """JAX: forward, backward and update in one compiled function that reuses the old buffers."""

    def __init__(self, problem: Problem) -> None:
        import jax
        import jax.numpy as jnp

        self.problem = problem
        self.x, self.y = jnp.asarray(problem.x), jnp.asarray(problem.y)
        activation = {"relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid}[problem.activation]

        def loss_of(parameters: list[Any], x: Any, y: Any) -> Any:
            for index, (w, b) in enumerate(zip(parameters[::2], parameters[1::2], strict=True)):
                x = (activation(x) if index else x) @ w + b
            return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x), y[:, None], axis=1))

        def step(parameters: list[Any], velocities: list[Any], x: Any, y: Any) -> Any:
            loss, gradients = jax.value_and_grad(loss_of)(parameters, x, y)
            moved = [
                problem.momentum * v - problem.learning_rate * g
                for v, g in zip(velocities, gradients, strict=True)
            ]
            return loss, [p + v for p, v in zip(parameters, moved, strict=True)], moved

        self.gradients_of = jax.jit(jax.value_and_grad(loss_of))
        self.step_of = jax.jit(step, donate_argnums=(0, 1))
        self.reset()

    def reset(self) -> None:
        import jax.numpy as jnp

        self.values = [jnp.array(value) for value in self.problem.parameters]
        self.velocities = [jnp.zeros_like(value) for value in self.values]

    def gradients(self) -> tuple[float, Sequence[Any]]:
        import jax

        loss, gradients = jax.block_until_ready(self.gradients_of(self.values, self.x, self.y))
        return float(loss), gradients

    def step(self) -> float:
        import jax

        loss, self.values, self.velocities = jax.block_until_ready(
            self.step_of(self.values, self.velocities, self.x, self.y)
        )
        return float(loss)

    def update(self) -> bool:
        return False

    def as_arrays(self, values: Sequence[Any]) -> list[Array]:
        return [np.asarray(value) for value in values]

    def parameters(self) -> list[Array]:
        return self.as_arrays(self.values)


def compiled_torch(problem: Problem) -> tuple[TorchCompiled | None, str]:
    """PyTorch compiled, or None and why it cannot be: it needs a C++ compiler."""
    import torch

    contender = TorchCompiled(problem)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            contender.gradients()
    except (RuntimeError, torch._dynamo.exc.TorchDynamoException) as error:
        return None, str(error).strip().splitlines()[0]
    return contender, ""
