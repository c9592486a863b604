"""The maximum flow against SciPy's."""

from __future__ import annotations

import random

import numpy as np
import pytest

from gradc.analysis.flow import maximum_flow_residual


@pytest.mark.parametrize("seed", range(40))
def test_as_much_flows_as_in_scipy(seed):
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    generator = random.Random(seed)
    size = generator.randint(2, 12)
    matrix = np.zeros((size, size), dtype=np.int32)
    for _ in range(generator.randint(1, 40)):
        tail, head = generator.randrange(size), generator.randrange(size)
        if tail != head and not matrix[head, tail]:
            matrix[tail, head] = generator.choice([1, 2, 1000, 10**8])
    edges = {(int(i), int(j)): int(matrix[i, j]) for i, j in zip(*matrix.nonzero(), strict=True)}
    left = maximum_flow_residual(edges, 0, 1)
    pushed = {edge: capacity - left[edge[0]][edge[1]] for edge, capacity in edges.items()}
    leaving = sum(flow for (tail, _), flow in pushed.items() if tail == 0)
    entering = sum(flow for (_, head), flow in pushed.items() if head == 0)
    assert leaving - entering == maximum_flow(csr_array(matrix), 0, 1).flow_value
    assert all(flow <= edges[edge] for edge, flow in pushed.items())
    balance = np.zeros(size, dtype=np.int64)
    for (tail, head), flow in pushed.items():
        balance[tail] -= flow
        balance[head] += flow
    assert not balance[2:].any()


def test_a_long_chain_is_no_deep_recursion():
    edges = {(0, 2): 5, (20000, 1): 3, **{(n, n + 1): 4 for n in range(2, 20000)}}
    left = maximum_flow_residual(edges, 0, 1)
    assert left[20000][1] == 0
    assert left[0][2] == 2
