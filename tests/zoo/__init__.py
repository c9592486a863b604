"""A zoo of small functions: what the language takes, each with arguments to try it at.

Tests of the front end compare the value of each with Python's own; tests of gradients and of
passes run over the same list.
"""

from tests.zoo import (
    arithmetic,
    branches,
    calls,
    containers,
    derivatives,
    elementwise,
    found_by_fuzzing,
    indexing,
    iteration,
    jumps,
    loops,
    matrices,
    more_numpy,
    mutation,
    names,
    nested,
    numerics,
    numpy_scalars,
    products,
    recursion,
    reductions,
    selection,
    shaping,
    steps,
)
from tests.zoo.case import Case

CASES: list[Case] = [
    case
    for module in (
        arithmetic,
        elementwise,
        reductions,
        indexing,
        shaping,
        loops,
        jumps,
        iteration,
        mutation,
        branches,
        calls,
        containers,
        derivatives,
        nested,
        numpy_scalars,
        products,
        matrices,
        recursion,
        selection,
        more_numpy,
        found_by_fuzzing,
        names,
        numerics,
        steps,
    )
    for case in module.zoo.cases
]
