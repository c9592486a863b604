"""A physical simulation as a layer of PyTorch: the damping of a pendulum from what a camera saw.

The simulation is a loop that writes its states into an array. PyTorch's autograd refuses such
writes, or records thousands of small operations; here the loop is one operation whose gradient
gradc has compiled. Needs ``pip install gradc[torch]``.
"""

import numpy as np

STEPS, DT, EVERY = 2000, 0.005, 40
TRUE = np.array([9.81, 0.35])  # gravity over length, damping: what is to be found
NOISE = 0.01


def swing(constants, start):
    """Angles of a damped pendulum at every so many-th step, by the symplectic Euler method."""
    angle, speed = start, 0.0
    seen = np.empty(STEPS // EVERY)
    for step in range(STEPS):
        speed += DT * (-constants[0] * np.sin(angle) - constants[1] * speed)
        angle += DT * speed
        if step % EVERY == EVERY - 1:
            seen[step // EVERY] = angle
    return seen


def observed(start=1.2, seed=0):
    """What the camera saw: the true motion with noise."""
    noise = np.random.default_rng(seed).normal(0.0, NOISE, STEPS // EVERY)
    return swing(TRUE, start) + noise


def fit(start=1.2, seed=0):
    """Return the constants that fit best, and the root mean square of what is left."""
    import torch

    from gradc.bridges.torch import Module

    seen = torch.as_tensor(observed(start, seed))
    layer = Module(swing, np.array([8.0, 0.1]))
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        loss = torch.mean((layer(start) - seen) ** 2)
        loss.backward()
        return loss

    optimiser.step(closure)
    left = closure().item() ** 0.5
    return layer.get_parameter("p0").detach().numpy().copy(), left


if __name__ == "__main__":
    (stiffness, damping), left = fit()
    print(
        f"gravity over length {stiffness:.3f} (true {TRUE[0]}), damping {damping:.4f} ({TRUE[1]})"
    )
    print(f"residual {left:.4f} (noise {NOISE})")
