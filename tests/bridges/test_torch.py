"""PyTorch: values and derivatives to second order, against PyTorch's own."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gradc.bridges.torch import Module, function  # noqa: E402  after the library it needs
from gradc.errors import GradTypeError  # noqa: E402


def energy(x, k):
    total = 0.0
    for i in range(len(x) - 1):
        total += k * np.exp(x[i + 1] - x[i] ** 2)
    return total


def energy_of_tensors(x, k):
    return (k * torch.exp(x[1:] - x[:-1] ** 2)).sum()


def tensor(*values, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype, requires_grad=True)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_gradients(dtype):
    x, k = tensor(0.1, 0.4, -0.3, dtype=dtype), torch.tensor(2.0, dtype=dtype, requires_grad=True)
    found = torch.autograd.grad(function(energy)(x, k), (x, k))
    wanted = torch.autograd.grad(energy_of_tensors(x, k), (x, k))
    for left, right in zip(found, wanted, strict=True):
        assert left.dtype == dtype
        torch.testing.assert_close(left, right)


def test_gradcheck_to_second_order():
    x, k = tensor(0.1, 0.4, -0.3), torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(function(energy), (x, k))
    torch.autograd.gradgradcheck(function(energy), (x, k))


def test_hessian_by_torch():
    x = tensor(0.1, 0.4, -0.3)
    found = torch.autograd.functional.hessian(lambda x: function(energy)(x, 1.5), x)
    wanted = torch.autograd.functional.hessian(lambda x: energy_of_tensors(x, 1.5), x)
    torch.testing.assert_close(found, wanted)


def several(p, n):
    return {"y": p["a"] * p["b"], "count": n, "last": p["b"][-1] ** 2}


def test_containers_and_constants():
    a, b = tensor(1.0, 2.0), tensor(3.0, 4.0)
    found = function(several)({"a": a, "b": b}, 7)
    assert int(found["count"]) == 7
    (found["y"].sum() + found["last"]).backward()
    torch.testing.assert_close(a.grad, torch.tensor([3.0, 4.0], dtype=torch.float64))
    torch.testing.assert_close(b.grad, torch.tensor([1.0, 10.0], dtype=torch.float64))


def test_a_tensor_without_gradient_is_a_constant():
    a, b = tensor(1.0, 2.0), torch.tensor([3.0, 4.0], dtype=torch.float64)
    function(lambda a, b: np.sum(a * b))(a, b).backward()
    assert b.grad is None
    torch.testing.assert_close(a.grad, b)


def affine(weight, bias, x):
    return x @ weight + bias


def test_a_module_is_trained():
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(3, 2))
    x = torch.as_tensor(rng.normal(size=(20, 3)))
    wanted = x @ torch.as_tensor(weight) + 0.5
    layer = Module(affine, np.zeros((3, 2)), np.zeros(2))
    assert [tuple(p.shape) for p in layer.parameters()] == [(3, 2), (2,)]
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=100, tolerance_grad=1e-12)

    def closure():
        optimiser.zero_grad()
        loss = ((layer(x) - wanted) ** 2).mean()
        loss.backward()
        return loss

    optimiser.step(closure)
    np.testing.assert_allclose(layer.p0.detach().numpy(), weight, atol=1e-5)
    np.testing.assert_allclose(layer.p1.detach().numpy(), [0.5, 0.5], atol=1e-5)


def test_refusals():
    with pytest.raises(GradTypeError, match="for the CPU"):
        function(energy, target="cuda")
    with pytest.raises(GradTypeError, match="holds a float"):
        function(lambda n: n)(torch.tensor(3))
