"""A posterior sampled with its exact gradient: logistic regression by nutpie's NUTS.

O-ring damage of the space shuttle against temperature (Dalal, Fowlkes and Hoadley, 1989, "Risk
analysis of the space shuttle"): 23 flights before the last one of Challenger, at 31 degrees
Fahrenheit. Needs ``pip install gradc[nutpie]``.
"""

import numpy as np

TEMPERATURE = np.array(
    [66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58],
    dtype=float,
)
DAMAGE = np.array([0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1], float)
CENTRE, SCALE = 70.0, 10.0


def log_posterior(intercept, slope, warmth, damage):
    """The logarithm of the posterior of a logistic regression with wide normal priors."""
    total = -0.5 * (intercept / 10.0) ** 2 - 0.5 * (slope / 10.0) ** 2
    for i in range(len(damage)):
        logit = intercept + slope * warmth[i]
        total += damage[i] * logit - np.logaddexp(0.0, logit)
    return total


def sample(draws=1000, seed=0):
    """Return the posterior as ArviZ has it."""
    import nutpie

    from gradc.bridges.nutpie import log_density

    data = {"warmth": (TEMPERATURE - CENTRE) / SCALE, "damage": DAMAGE}
    model = log_density(log_posterior, {"intercept": (), "slope": ()}, data)
    return nutpie.sample(model, draws=draws, chains=4, cores=2, seed=seed, progress_bar=False)


def risk(trace, temperature):
    """The probability of damage at a temperature, averaged over the posterior."""
    logit = trace["posterior"]["intercept"] + trace["posterior"]["slope"] * (
        (temperature - CENTRE) / SCALE
    )
    return float((1.0 / (1.0 + np.exp(-logit))).mean())


if __name__ == "__main__":
    found = sample()
    print(f"slope per 10 degrees: {float(found['posterior']['slope'].mean()):.2f}")
    for degrees in (31, 55, 70, 80):
        print(f"{degrees} F: {risk(found, degrees):.3f}")
