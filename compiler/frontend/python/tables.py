"""All tables together: what the front end knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradc.frontend.python import calls
from gradc.frontend.python.context import Tables
from gradc.frontend.python.expressions import EXPRESSIONS
from gradc.frontend.python.functions import (
    attributes,
    builtin_functions,
    creation,
    elementwise,
    linalg,
    mathematics,
    reductions,
    shaping,
)
from gradc.frontend.python.refs import Ref
from gradc.frontend.python.statements import STATEMENTS

_MODULES = (
    builtin_functions,
    mathematics,
    elementwise,
    reductions,
    linalg,
    shaping,
    creation,
    attributes,
)


def tables() -> Tables:
    """Return the tables of the front end."""
    functions: dict[Any, Callable[..., Ref]] = {}
    methods: dict[tuple[str, str], Callable[..., Ref]] = {}
    members: dict[str, Callable[..., Ref]] = {}
    for module in _MODULES:
        functions.update(module.REGISTRY.functions)
        methods.update(module.REGISTRY.methods)
        members.update(module.REGISTRY.attributes)
    return Tables(
        EXPRESSIONS, STATEMENTS, functions, methods, members, {"matmul": np.matmul}, calls.call
    )
