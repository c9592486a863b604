"""nutpie: the posterior of the example, against the same integrals on a grid."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("nutpie")

from gradc.bridges.nutpie import log_density
from gradc.errors import GradTypeError
from tests.bridges.test_examples import load


@pytest.mark.filterwarnings("ignore")
def test_the_posterior_of_the_example():
    example = load("posterior")
    trace = example.sample(draws=1000)
    warmth = (example.TEMPERATURE - example.CENTRE) / example.SCALE
    a, b = np.meshgrid(np.linspace(-6, 4, 201), np.linspace(-9, 4, 261), indexing="ij")
    logit = a[..., None] + b[..., None] * warmth
    log = (example.DAMAGE * logit - np.logaddexp(0.0, logit)).sum(-1) - (a**2 + b**2) / 200.0
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    for name, values in (("intercept", a), ("slope", b)):
        mean = (weight * values).sum()
        spread = np.sqrt((weight * (values - mean) ** 2).sum())
        draws = np.asarray(trace.posterior[name])
        assert abs(draws.mean() - mean) < 0.15 * spread
        assert 0.85 < draws.std() / spread < 1.15
    assert example.risk(trace, 31) > 0.8


@pytest.mark.filterwarnings("ignore")
def test_vectors_and_matrices_are_put_together():
    import nutpie

    def normal(v, m, centre):
        return -0.5 * np.sum((v - centre) ** 2) - 0.5 * np.sum(m**2)

    model = log_density(normal, {"v": (2,), "m": (2, 3)}, {"centre": np.array([5.0, -5.0])})
    trace = nutpie.sample(model, draws=300, chains=2, cores=1, seed=1, progress_bar=False)
    assert trace.posterior["m"].shape == (2, 300, 2, 3)
    np.testing.assert_allclose(trace.posterior["v"].mean(("chain", "draw")), [5, -5], atol=0.3)


def test_refusals():
    with pytest.raises(GradTypeError, match="at least one variable"):
        log_density(lambda: 0.0, {})
    with pytest.raises(GradTypeError, match="a gradient is that of one float"):
        log_density(lambda v: v, {"v": (2,)})
