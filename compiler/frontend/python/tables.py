"""All tables together: what the front end knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradc.frontend.python import (
    advanced,
    calls,
    complexes,
    comprehensions,
    growing,
    listed,
    writes,
)
from gradc.frontend.python.expressions import EXPRESSIONS
from gradc.frontend.python.functions import (
    attributes,
    builtin_functions,
    common,
    complex_arrays,
    complex_functions,
    containers,
    counting,
    creation,
    decompositions,
    einsum,
    elementwise,
    extra,
    fourier,
    index_tricks,
    iterating,
    iteration_tools,
    least_squares,
    linalg,
    mathematics,
    named,
    norms,
    reductions,
    scipy_linalg,
    shaping,
    solving,
    sorting,
    special,
    ufunc_methods,
    written,
)
from gradc.frontend.python.handlers import Tables
from gradc.frontend.python.refs import Ref
from gradc.frontend.python.statements import STATEMENTS

_MODULES = (
    builtin_functions,
    containers,
    named,
    special,
    mathematics,
    elementwise,
    complex_functions,
    complex_arrays,
    fourier,
    iterating,
    iteration_tools,
    extra,
    reductions,
    counting,
    sorting,
    linalg,
    einsum,
    solving,
    decompositions,
    norms,
    least_squares,
    scipy_linalg,
    shaping,
    creation,
    ufunc_methods,
    attributes,
    written,
)


def tables() -> Tables:
    """Return the tables of the front end."""
    functions: dict[Any, Callable[..., Ref]] = {}
    of_complex: dict[Any, Callable[..., Ref]] = {}
    methods: dict[tuple[str, str], Callable[..., Ref]] = {}
    members: dict[str, Callable[..., Ref]] = {}
    for module in _MODULES:
        functions.update(module.REGISTRY.functions)
        of_complex.update(module.REGISTRY.complex_functions)
        methods.update(module.REGISTRY.methods)
        members.update(module.REGISTRY.attributes)
    return Tables(
        expressions=EXPRESSIONS,
        statements=STATEMENTS,
        functions=functions,
        complex_functions=of_complex,
        complex_attribute=complex_arrays.attribute,
        complex_binary=complexes.binary,
        complex_negate=complexes.negate,
        complex_compare=complexes.compare,
        methods=methods,
        attributes=members,
        operators={"matmul": np.matmul},
        indexed=index_tricks.BY_INDEX,
        call=calls.call,
        is_advanced=advanced.is_advanced,
        read_advanced=advanced.read,
        write_advanced=advanced.write,
        as_operand=common.as_operand,
        generated_positions=comprehensions.positions,
        has_items=listed.has_items,
        item_of=listed.item_of,
        item_of_growing=growing.item_of,
        settled=growing.settled,
        assign_whole=writes.write,
        augmented=writes.augmented,
    )
