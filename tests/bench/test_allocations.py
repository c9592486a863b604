"""Programs of the GradBench functions make their arrays before their loops, not in them.

What is known to do otherwise is named below; whoever mends one of these takes it from the list.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np
import pytest

import gradc
from bench.gradbench.functions import det, gmm, kmeans, llsq, lse, lstm, ode
from bench.gradbench.modules import primal

RNG = np.random.default_rng(5)
ALPHA, MU, Q, LOW = RNG.normal(size=3), RNG.random((3, 2)), RNG.random((3, 2)), RNG.random((3, 1))
POINTS = RNG.normal(size=(gmm.BLOCK + 4, 2))
COLUMNS, ROWS = np.triu_indices(2, 1)
LSTM = RNG.random((4, 12)), RNG.random((3, 3)), RNG.random((4, 3)), RNG.random((4, 3))
FUNCTIONS = {
    "llsq": (llsq.primal, (ALPHA, 4)),
    "lse": (lse.primal, (ALPHA,)),
    "lse, arrays": (lse.primal_arrays, (ALPHA,)),
    "gmm": (gmm.objective, (ALPHA, MU, Q, LOW, POINTS, 1.1, 1, 0.3)),
    "gmm, arrays": (
        gmm.objective_arrays,
        (ALPHA, MU, Q, LOW, POINTS, ROWS, COLUMNS, 1.1, 1, 0.3),
    ),
    "kmeans": (kmeans.cost, (MU, POINTS)),
    "kmeans, arrays": (kmeans.cost_arrays, (MU, POINTS)),
    "kmeans, step": (kmeans.direction, (MU, POINTS)),
    "kmeans, step, arrays": (kmeans.direction_arrays, (MU, POINTS)),
    "lstm": (lstm.objective, LSTM),
    "lstm, arrays": (lstm.objective_arrays, LSTM),
    "ode": (ode.last, (ALPHA, 3)),
    "det": (det.primal, (RNG.random(9), 3)),
}
# How often they allocate in loops: value, gradient.
KNOWN = {
    "gmm, arrays": (0, 1),  # once for each block of points, which may be shorter at the end
    "lstm, arrays": (1, 2),  # what one step hands to the next is a new array
    "det": (0, 1),  # the minors go on with copies of the list of columns
}
MAKERS = ("np.empty", "np.zeros", "np.ones", "np.full", "np.zeros_like", "np.empty_like")


def allocations(node: ast.AST, inside: bool = False) -> Iterator[ast.Call]:
    """The calls in loops that make arrays."""
    inside = inside or isinstance(node, ast.For | ast.While)
    if inside and isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        if name in MAKERS or name.endswith(".copy"):
            yield node
    for child in ast.iter_child_nodes(node):
        yield from allocations(child, inside)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arrays_are_made_before_loops(name):
    function, given = FUNCTIONS[name]
    wrt = tuple(
        place
        for place, value in enumerate(given)
        if isinstance(value, np.ndarray) and value.dtype == float
    )
    made = [primal(function)]
    if not name.startswith("kmeans, step"):  # which has its gradients inside
        made.append(gradc.grad(function, argnums=wrt))
    for each, known in zip(made, KNOWN.get(name, (0, 0)), strict=False):
        source = each.derivative_for(given, {})[1].compiled.kernel_text
        found = [f"{call.lineno}: {ast.unparse(call)}" for call in allocations(ast.parse(source))]
        assert len(found) == known, found


def test_an_allocation_in_a_loop_is_found():
    text = (
        "for i in range(3):\n    if i:\n        a = np.empty(3)\n    b = a.copy()\nc = np.zeros(3)"
    )
    assert len(list(allocations(ast.parse(text)))) == 2
