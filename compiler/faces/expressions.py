"""A compiled formula: its value and gradient at a point."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from gradc.driver import Compiled, Options, compile_function
from gradc.errors import GradTypeError
from gradc.faces.arguments import scalar_for_python
from gradc.frontend.scalar_ir import ParsedFormula


class Expression:
    """A formula with its gradient; call it with numbers by position or by name.

    Attributes
    ----------
    parsed : ParsedFormula
    names : tuple of str
        The arguments in their order: those differentiated first.
    wrt : tuple of str
    """

    def __init__(self, parsed: ParsedFormula, options: Options) -> None:
        self.parsed = parsed
        self.options = options
        self.names = parsed.names
        self.wrt = parsed.wrt

    def __call__(self, *args: float, **kwargs: float) -> tuple[float, tuple[float, ...]]:
        """Return ``(value, gradient)`` at a point, the gradient in the order of `wrt`."""
        point = self.point(args, kwargs)
        if self.options.target == "python":
            import numpy as np

            with np.errstate(all="ignore"):
                results = self._kernel.py_func(*map(scalar_for_python, point))
        else:
            results = self._kernel(*point)
        value, *gradient = results if isinstance(results, tuple) else (results,)
        return float(value), tuple(float(part) for part in gradient)

    def point(self, args: tuple[float, ...], kwargs: dict[str, float]) -> list[float]:
        """The numbers for all names, in order.

        Raises
        ------
        GradTypeError
            For names that are missing, unknown or given twice, and for what is no number.
        """
        problems = []
        if len(args) > len(self.names):
            problems.append(f"{len(args)} numbers for {len(self.names)} names")
        given: dict[str, Any] = dict(zip(self.names, args, strict=False))
        problems += [f"{name} is given twice" for name in kwargs if name in given]
        problems += [f"there is no {name}" for name in kwargs if name not in self.names]
        given.update(kwargs)
        missing = [name for name in self.names if name not in given]
        if missing:
            problems.append(f"no number is given for {', '.join(missing)}")
        numbers = []
        for name in self.names:
            try:
                numbers.append(float(given.get(name, 0.0)))
            except (TypeError, ValueError):
                problems.append(f"{name} = {given[name]!r} is no number")
        if problems:
            names = ", ".join(self.names)
            raise GradTypeError(f"the formula takes ({names}): {'; '.join(problems)}")
        return numbers

    @cached_property
    def compiled(self) -> Compiled:
        """Text, IR and kernel of the value and the gradient."""
        positions = [self.names.index(name) for name in self.wrt]
        return compile_function(self.parsed.function, "value_and_grad", positions, self.options)

    @cached_property
    def _kernel(self) -> Any:
        return self.compiled.kernel

    @property
    def source(self) -> str:
        """The program of value and gradient as Python text."""
        return self.compiled.source

    @property
    def ir(self) -> str:
        """The same in the text form of the IR."""
        return self.compiled.ir

    @property
    def dispatcher(self) -> Any:
        """A numba dispatcher that computes the same."""
        return self._kernel.dispatcher

    def save(self, path: str | Path) -> Path:
        """Write the program as a module that needs only ``gradc_runtime`` to run."""
        from gradc_runtime.files import write_atomically

        write_atomically(path, self.compiled.kernel_text.encode())
        return Path(path)

    def explain(self, *args: float, **kwargs: float) -> str:
        """The derivation, rule by rule, at a point where one is given."""
        from gradc.explain.derivation import derive
        from gradc.explain.terminal import derivation_text

        point = self.point(args, kwargs) if args or kwargs else None
        return derivation_text(derive(self.parsed, point))

    def check(self, *args: float, **kwargs: float) -> None:
        """Compare the gradient with extrapolated differences at a point.

        Raises
        ------
        GradientCheckError
            When they disagree.
        """
        from gradc.faces.checking import check_gradient

        point = self.point(args, kwargs)
        count = len(self.wrt)

        def value(x: list[float]) -> float:
            return self(*x, *point[count:])[0]

        check_gradient(value, point[:count], self(*point)[1], list(self.wrt))
