"""How to compile: the keywords that every face takes, and the names of the derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Target = Literal["cpu", "cuda", "python"]
Style = Literal["loops", "numpy"]
Mode = Literal[
    "primal", "grad", "value_and_grad", "vjp", "jvp", "jacfwd", "jacrev", "hessian", "hvp"
]


@dataclass(frozen=True, slots=True)
class Options:
    """How to compile; the keywords that every face takes."""

    target: Target = "cpu"
    style: Style = "loops"
    fastmath: bool = True
    parallel: bool = False
    cache: bool = True
    memory_limit: int | None = None
    boundscheck: bool = True
    share: bool = True
