"""An epidemic model in a JAX program: influenza in a boarding school, 1978.

Numbers of boys in bed on 14 days, of 763 (British Medical Journal, 4 March 1978, page 587). The
simulation is a loop with a runtime number of steps, which JAX cannot differentiate in reverse
mode; gradc compiles it with its gradient, and it stands in a jitted objective like any function
of JAX. Needs ``pip install gradc[jax]``.
"""

import numpy as np

IN_BED = np.array([3, 8, 26, 76, 225, 298, 258, 233, 189, 128, 68, 29, 14, 4], dtype=float)
BOYS = 763.0


def in_bed(logs, days, per_day):
    """Infectious boys on each day, by the classical Runge-Kutta method.

    `logs` are the logarithms of the rates of infection and recovery.
    """
    beta, gamma = np.exp(logs[0]), np.exp(logs[1])
    h = 1.0 / per_day
    healthy, ill = BOYS - 3.0, 3.0
    seen = np.empty(days)
    for day in range(days):
        seen[day] = ill
        for _ in range(per_day):
            s, i = healthy, ill
            total_s, total_i = 0.0, 0.0
            for stage in range(4):
                caught = beta * s * i / BOYS
                ds, di = -caught, caught - gamma * i
                weight = 1.0 if stage == 0 or stage == 3 else 2.0
                total_s += weight * ds
                total_i += weight * di
                reach = h if stage == 2 else 0.5 * h
                s, i = healthy + reach * ds, ill + reach * di
            healthy += h * total_s / 6.0
            ill += h * total_i / 6.0
    return seen


def fit(per_day=20):
    """Return the two rates of the best fit, and the root mean square of what is left."""
    import jax
    import jax.numpy as jnp
    from jax.scipy.optimize import minimize

    from gradc.bridges.jax import function

    jax.config.update("jax_enable_x64", True)
    simulate = function(in_bed)
    seen = jnp.asarray(IN_BED)

    @jax.jit
    def objective(logs):
        return jnp.mean((simulate(logs, len(IN_BED), per_day) - seen) ** 2) / 1e4

    found = minimize(objective, jnp.log(jnp.array([2.0, 0.4])), method="BFGS", tol=1e-10)
    return np.exp(np.asarray(found.x)), float(np.sqrt(found.fun * 1e4))


if __name__ == "__main__":
    (beta, gamma), left = fit()
    print(f"each day a boy infects {beta:.2f} others, and {gamma:.1%} of the ill leave their beds")
    print(f"reproduction number {beta / gamma:.2f}; residual {left:.1f} boys")
