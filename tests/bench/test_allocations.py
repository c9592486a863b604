"""Programs of the GradBench functions make their arrays before their loops, not in them."""

from __future__ import annotations

import ast
import re
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
MAKERS = (
    "np.empty",
    "np.zeros",
    "np.ones",
    "np.full",
    "np.zeros_like",
    "np.empty_like",
    "workspace",
)


def allocations(node: ast.AST, inside: bool = False) -> Iterator[ast.Call]:
    """The calls in loops that make arrays."""
    inside = inside or isinstance(node, ast.For | ast.While)
    if inside and isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        # a product that is not written into a third array makes one
        if name in MAKERS or name.endswith(".copy") or (name == "dot" and len(node.args) == 2):
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
    for each in made:
        source = each.derivative_for(given, {})[1].compiled.kernel_text
        found = [f"{call.lineno}: {ast.unparse(call)}" for call in allocations(ast.parse(source))]
        assert not found


def test_an_allocation_in_a_loop_is_found():
    text = (
        "for i in range(3):\n    if i:\n        a = np.empty(3)\n    b = a.copy()\nc = np.zeros(3)"
    )
    assert len(list(allocations(ast.parse(text)))) == 2


# What makes memory in machine code: gradc's function for all arrays, and numba's.
ALLOCATES = re.compile(
    r"call\b.*@(new_memory_\d+|new_blocks|gradc_large_array|NRT_(MemInfo_(alloc|new)|Allocate))"
)


def allocating_loops(llvm: str, name: str) -> list[str]:
    """The blocks of the compiled function that make memory and may run again after themselves."""
    found: list[str] = []
    for body in re.findall(rf"^define [^\n]*{name}[^\n]*{{\n(.*?)^}}", llvm, re.S | re.M):
        parts = re.split(r"^([\w.$-]+|\"[^\"]+\"):[^\n]*\n", "entry:\n" + body, flags=re.M)
        names = (part.strip('"') for part in parts[1::2])
        blocks = dict(zip(names, parts[2::2], strict=True))
        after = {
            block: [end.strip('"') for end in re.findall(r"label %([\w.$-]+|\"[^\"]+\")", text)]
            for block, text in blocks.items()
        }
        for block in (each for each, text in blocks.items() if ALLOCATES.search(text)):
            seen, waiting = set(), list(after[block])
            while waiting:
                place = waiting.pop()
                if place not in seen:
                    seen.add(place)
                    waiting += after[place]
            if block in seen:
                found.append(block)
    return found


@pytest.mark.parametrize("name", ["lstm, arrays", "gmm, arrays", "det"])
def test_machine_code_allocates_before_loops(name):
    function, given = FUNCTIONS[name]
    wrt = tuple(k for k, v in enumerate(given) if isinstance(v, np.ndarray) and v.dtype == float)
    gradient = gradc.grad(function, argnums=wrt)
    compiled = gradient.derivative_for(given, {})[1].compiled
    llvm = compiled.kernel.inspect_llvm()
    assert ALLOCATES.search(llvm)
    assert not allocating_loops(llvm, f"{function.__name__}_grad")
