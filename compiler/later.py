"""Parts of the compiler that are named now and imported when a function is compiled.

A process that finds its gradient on the disk compiles nothing, and need not load the compiler.
"""

from __future__ import annotations

import importlib
from typing import Any


class Later:
    """Something in a module that is imported when it is asked for.

    Attributes
    ----------
    module, name : str
        Where it is found.
    """

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def load(self) -> Any:
        """Import the module and return what is meant."""
        return getattr(importlib.import_module(self.module), self.name)
