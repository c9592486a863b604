"""gradc: reads a function, a formula or a network spec and writes the program of its gradient.

The public names are imported when they are first used, so that ``gradc --help`` need not wait
for them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0.dev0"

if TYPE_CHECKING:
    from gradc.api import (
        check_grads,
        checkpoint,
        compile_expression,
        from_sympy,
        grad,
        jvp,
        load_model,
        stop_gradient,
        value_and_grad,
        vjp,
    )
    from gradc.batching import batch
    from gradc.debugging import debug_nans
    from gradc.derivatives import (
        hessian,
        hvp,
        jacfwd,
        jacobian,
        jacrev,
        sparse_hessian,
        sparse_jacobian,
    )
    from gradc.errors import (
        AliasingError,
        GradcError,
        GradientCheckError,
        GradTypeError,
        InternalError,
        ModelFileError,
        NonFiniteError,
        UnsupportedFunctionError,
        UnsupportedSyntaxError,
    )
    from gradc.implicit_functions import implicit
    from gradc.rules import check_rule, custom_jvp, custom_vjp

_HOMES = {
    "gradc.api": (
        "check_grads",
        "checkpoint",
        "compile_expression",
        "from_sympy",
        "grad",
        "jvp",
        "load_model",
        "stop_gradient",
        "value_and_grad",
        "vjp",
    ),
    "gradc.debugging": ("debug_nans",),
    "gradc.derivatives": (
        "hessian",
        "hvp",
        "jacfwd",
        "jacobian",
        "jacrev",
        "returning",
        "sparse_hessian",
        "sparse_jacobian",
    ),
    "gradc.batching": ("batch",),
    "gradc.implicit_functions": ("implicit",),
    "gradc.rules": ("check_rule", "custom_jvp", "custom_vjp"),
    "gradc.errors": (
        "AliasingError",
        "GradTypeError",
        "GradcError",
        "GradientCheckError",
        "InternalError",
        "ModelFileError",
        "NonFiniteError",
        "UnsupportedFunctionError",
        "UnsupportedSyntaxError",
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "AliasingError",
    "GradTypeError",
    "GradcError",
    "GradientCheckError",
    "InternalError",
    "ModelFileError",
    "NonFiniteError",
    "UnsupportedFunctionError",
    "UnsupportedSyntaxError",
    "__version__",
    "batch",
    "check_grads",
    "check_rule",
    "checkpoint",
    "compile_expression",
    "custom_jvp",
    "custom_vjp",
    "debug_nans",
    "from_sympy",
    "grad",
    "hessian",
    "hvp",
    "implicit",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "load_model",
    "returning",
    "sparse_hessian",
    "sparse_jacobian",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'gradc' has no attribute {name!r}")
    from gradc_runtime.collector import less_collecting

    with less_collecting():
        return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
