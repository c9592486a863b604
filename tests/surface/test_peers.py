"""The gradients of the surface against those of JAX and PyTorch, where they are installed.

The functions are the same: only what the names ``np`` and ``special`` stand for is replaced. What
a peer does not have, or not with these arguments, is left out.
"""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.faces.checking import is_active
from gradc.faces.containers import flatten, unflatten
from gradc.frontend.python.public import public_name
from tests.surface import CASES
from tests.surface.case import SurfaceCase

# JAX 0.10 gives 0 for the derivative in lambda at lambda = 0; extrapolated differences do not.
WRONG_IN_PEERS = {"scipy.special.boxcox", "scipy.special.boxcox1p"}

# Functions of PyTorch that have the name of one of NumPy and mean something else.
OTHERWISE_IN_TORCH = {
    "numpy.ndarray.repeat": "repeats the whole, as np.tile",
    "numpy.sum#5": "takes axis=() for all axes",
    "numpy.std": "divides by n - 1",
    "numpy.ndarray.std": "divides by n - 1",
    "numpy.var": "divides by n - 1",
    "numpy.ndarray.var": "divides by n - 1",
    "numpy.median": "of an even number takes the lower one of the two in the middle",
    "numpy.nanmedian": "of an even number takes the lower one of the two in the middle",
    "numpy.meshgrid": "has indexing='ij' by default",
    "numpy.ldexp#1": "raises 2 to integers, and has 0 for negative ones",
    "numpy.triu_indices": "gives one tensor of two rows, which indexes rows of an array",
    "numpy.tril_indices": "gives one tensor of two rows, which indexes rows of an array",
}

SAME_IN_PEERS = [
    case
    for case in CASES
    if case.smooth
    and case.peers
    and case.name not in WRONG_IN_PEERS
    and not case.name.startswith("math.")
    and any(is_active(arg) for arg in case.args)
]
# How many gradients each peer has to have taken part in: a little less than JAX 0.10 and PyTorch 2
# did (663 and 357 of 837), since versions differ in what they have.
LEAST = {"jax": 640, "torch": 345}


def with_modules(fn: Any, **modules: Any) -> Any:
    """A copy of a function for which names of modules stand for others.

    Functions of libraries that it closes over are replaced as well.
    """
    closure = fn.__closure__ or ()
    cells = [types.CellType(_replaced(cell.cell_contents, modules)) for cell in closure]
    return types.FunctionType(
        fn.__code__,
        {**fn.__globals__, **modules},
        fn.__name__,
        fn.__defaults__,
        tuple(cells) or None,
    )


def _replaced(value: Any, modules: dict[str, Any]) -> Any:
    name = public_name(value) if callable(value) else None
    if name is None:
        return value
    module, _, own = name.rpartition(".")
    return getattr(modules["special" if module == "scipy.special" else "np"], own)


def weights_for(value: Any) -> Any:
    return np.random.default_rng(7).uniform(0.5, 1.5, np.shape(value))


def is_float(value: Any) -> bool:
    return np.asarray(value).dtype.kind == "f"


def gradients_of_gradc(case: SurfaceCase) -> list[Any]:
    value, pullback = gradc.vjp(case.fn, *case.args, target="python")
    leaves, structure = flatten(value)
    bars = [weights_for(leaf) if is_float(leaf) else None for leaf in leaves]
    given = [
        bar if bar is None or isinstance(leaf, np.ndarray) else type(leaf)(bar)
        for leaf, bar in zip(leaves, bars, strict=True)
    ]
    found = pullback(unflatten(structure, given))
    return [np.asarray(one) for one in found if one is not None]


def gradients_of_jax(case: SurfaceCase) -> list[Any] | None:
    import jax

    jax.config.update("jax_enable_x64", True)
    active = [k for k, arg in enumerate(case.args) if is_active(arg)]

    def of_floats(*floats: Any) -> list[Any]:
        args = list(case.args)
        for k, value in zip(active, floats, strict=True):
            args[k] = value
        leaves = jax.tree.leaves(fn(*args))
        return [leaf for leaf in leaves if is_float(jax.numpy.zeros((), leaf.dtype))]

    try:
        fn = with_modules(case.fn, np=jax.numpy, special=jax.scipy.special)
        floats = [jax.numpy.asarray(case.args[k]) for k in active]
        value, pullback = jax.vjp(of_floats, *floats)
        bars = pullback([jax.numpy.asarray(weights_for(one), one.dtype) for one in value])
    except (AttributeError, TypeError, NotImplementedError, ValueError, IndexError):
        return None
    return [np.asarray(bar) for bar in bars]


def gradients_of_torch(case: SurfaceCase) -> list[Any] | None:
    import torch

    if not OTHERWISE_IN_TORCH.keys().isdisjoint({case.name, case.id}):
        return None
    torch.set_default_dtype(torch.float64)  # as NumPy's
    args = [
        torch.tensor(arg, requires_grad=is_active(arg))
        if isinstance(arg, float | np.ndarray)
        else arg
        for arg in case.args
    ]
    try:
        fn = with_modules(case.fn, np=torch, special=torch.special)
        values = [leaf for leaf in flatten(fn(*args))[0] if leaf.is_floating_point()]
        weights = [torch.tensor(weights_for(leaf.detach())) for leaf in values]
        torch.autograd.backward(values, weights)
    except (
        AttributeError, IndexError, NotImplementedError, RuntimeError, TypeError,
        UserWarning, ValueError,
    ):  # fmt: skip
        return None
    floats = [arg for arg in args if isinstance(arg, torch.Tensor) and arg.requires_grad]
    if any(arg.grad is None for arg in floats):
        return None
    return [arg.grad.numpy() for arg in floats]


@pytest.mark.parametrize("peer", ["jax", "torch"])
def test_gradients_agree(peer: str) -> None:
    pytest.importorskip(peer)
    gradients = {"jax": gradients_of_jax, "torch": gradients_of_torch}[peer]
    compared, wrong = 0, []
    for case in SAME_IN_PEERS:
        wanted = gradients(case)
        if wanted is None:
            continue
        compared += 1
        for found, other in zip(gradients_of_gradc(case), wanted, strict=True):
            single = np.float32 in (found.dtype, other.dtype)
            rtol, atol = (1e-6, 1e-7) if single else (1e-9, 1e-10)
            if not np.allclose(found, other, rtol=rtol, atol=atol):
                wrong.append((case.id, found, other))
    assert not wrong
    print(f"{compared} of {len(SAME_IN_PEERS)} gradients compared with {peer}")
    assert compared >= LEAST[peer]
