"""PyTorch: a function of gradc as part of a PyTorch program, differentiated by gradc.

>>> import torch
>>> from gradc.bridges.torch import function
>>> def energy(x, k):
...     total = 0.0
...     for i in range(len(x) - 1):
...         total += 0.5 * k * (x[i + 1] - x[i]) ** 2
...     return total
>>> x = torch.tensor([0.0, 1.0, 3.0], dtype=torch.float64, requires_grad=True)
>>> function(energy)(x, 2.0).backward()
>>> x.grad
tensor([-2., -2.,  4.], dtype=torch.float64)
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Unpack

import torch

from gradc.bridges.calls import Call, Template, as_array, float_places
from gradc.faces.containers import unflatten
from gradc.faces.options import OptionKeywords


def function(fun: Callable[..., Any], **options: Unpack[OptionKeywords]) -> Callable[..., Any]:
    """A function that takes and returns tensors, as an operation of PyTorch's autograd.

    Parameters
    ----------
    fun : callable
        What gradc takes: a function of numbers and arrays, also in containers.
    **options
        As for :func:`gradc.grad`.

    Returns
    -------
    callable
        Of positional arguments. Tensors (float64, float32, integers; on the CPU) are handed over
        without a copy and differentiated where they require gradients, to any order; everything
        else is a constant. Results are tensors in the structure that `fun` returns.
    """
    call = Call.with_keywords(fun, options)

    def apply(*args: Any) -> Any:
        template, tensors = Template.of(args, torch.Tensor)
        spec: list[Any] = []
        found = _Function.apply(call, template, spec, *tensors)
        return unflatten(spec[0], list(found))

    functools.update_wrapper(apply, fun)
    return apply


class Module(torch.nn.Module):  # type: ignore[misc,unused-ignore]
    """A layer whose parameters are the first arguments of a function.

    Parameters
    ----------
    fun : callable
        ``fun(*parameters, *inputs)``.
    *initial : array_like
        The initial values of the parameters, which become ``p0``, ``p1`` and so on.
    **options
        As for :func:`gradc.grad`.
    """

    def __init__(
        self, fun: Callable[..., Any], *initial: Any, **options: Unpack[OptionKeywords]
    ) -> None:
        super().__init__()
        self.function = function(fun, **options)
        self.count = len(initial)
        for number, value in enumerate(initial):
            start = torch.as_tensor(value).detach().clone()
            self.register_parameter(f"p{number}", torch.nn.Parameter(start))

    def forward(self, *inputs: Any) -> Any:
        """Apply the function to the parameters and the inputs."""
        return self.function(*self.parameters(), *inputs)


class _Function(torch.autograd.Function):  # type: ignore[misc,unused-ignore]
    """Evaluates a call; its backward pass is the call of the pullback, differentiable again."""

    @staticmethod
    def forward(ctx: Any, call: Call, template: Template, spec: list[Any], *tensors: Any) -> Any:
        args = template.filled([as_array(tensor.detach().numpy()) for tensor in tensors])
        values, found = call.values(args)
        spec.append(found)
        ctx.call, ctx.template, ctx.args = call, template, args
        ctx.save_for_backward(*tensors)
        made = tuple(torch.as_tensor(value) for value in values)
        ctx.is_float = [value.is_floating_point() for value in made]
        ctx.mark_non_differentiable(*(v for v in made if not v.is_floating_point()))
        return made

    @staticmethod
    def backward(ctx: Any, *bars: Any) -> Any:
        seeds = [bar for bar, wanted in zip(bars, ctx.is_float, strict=True) if wanted]
        template = ctx.template.with_seeds(len(seeds))
        pullback = ctx.call.pullback(ctx.args)
        found = _Function.apply(pullback, template, [], *ctx.saved_tensors, *seeds)
        by_place = dict(zip(float_places(ctx.args), found, strict=True))
        return None, None, None, *(by_place.get(place) for place in ctx.template.places)


__all__ = ["Module", "function"]
