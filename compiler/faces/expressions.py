"""A compiled formula: its value and gradient at a point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gradc.driver import Compiled, compile_function
from gradc.errors import GradcError, GradTypeError
from gradc.faces.arguments import scalar_for_python
from gradc.faces.samples import batch_of_numbers, is_batch, problem_with_counts
from gradc.frontend.scalar_ir import ParsedFormula
from gradc.options import Options
from gradc_runtime.cuda import CudaUnavailableError


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
        self._versions: dict[frozenset[int], Compiled] = {}
        self._is_plain = options.target == "cpu" and bool(self.wrt)
        self._floats = (float,) * len(self.names)

    def __call__(self, *args: Any, **kwargs: Any) -> tuple[Any, tuple[Any, ...]]:
        """Return ``(value, gradient)`` at a point, the gradient in the order of `wrt`.

        With ``target="cuda"`` the names of `wrt` are given arrays with a number for each sample,
        and so may the others be; value and gradient are arrays, then.
        """
        if self._is_plain and not kwargs and tuple(map(type, args)) == self._floats:
            value, *gradient = self._entry(*args)
            return value, tuple(gradient)
        if self.options.target == "cuda":
            return self._over_samples(self._given(args, kwargs))
        point = self.point(args, kwargs)
        if self.options.target == "python":
            with np.errstate(all="ignore"):
                results = self._kernel.py_func(*map(scalar_for_python, point))
        else:
            results = self._entry(*point)
        value, *gradient = results if isinstance(results, tuple) else (results,)
        return float(value), tuple(float(part) for part in gradient)

    def point(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[float]:
        """The numbers for all names, in order.

        Raises
        ------
        GradTypeError
            For names that are missing, unknown or given twice, and for what is no number.
        """
        return [float(number) for number in self._given(args, kwargs, float)]

    def _given(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        read: Callable[[Any], Any] = batch_of_numbers,
    ) -> list[Any]:
        """What is given for each name, in order, after all problems have been told."""
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
                numbers.append(read(given.get(name, 0.0)))
            except (TypeError, ValueError):
                problems.append(f"{name} = {given[name]!r} is no number")
        if problems:
            raise self._problem("; ".join(problems))
        return numbers

    def _problem(self, what: str) -> GradTypeError:
        return GradTypeError(f"the formula takes ({', '.join(self.names)}): {what}")

    def _over_samples(self, given: list[Any]) -> tuple[Any, tuple[Any, ...]]:
        batched = [name for name, value in zip(self.names, given, strict=True) if is_batch(value)]
        shared = frozenset(n for n, name in enumerate(self.names) if name not in batched)
        missing = [name for name in self.wrt if name not in batched]
        if missing or not batched:
            listed = ", ".join(missing or self.names)
            raise self._problem(f'target="cuda" needs an array of samples for {listed}')
        problem = problem_with_counts(zip(self.names, given, strict=True))
        if problem:
            raise self._problem(problem)
        try:
            value, *gradient = self._compiled_with(shared).kernel(*given)
        except CudaUnavailableError as error:
            raise GradcError(str(error)) from None
        return value, tuple(gradient)

    @cached_property
    def compiled(self) -> Compiled:
        """Text, IR and kernel of the value and the gradient."""
        return self._compiled_with(frozenset())

    def _compiled_with(self, shared: frozenset[int]) -> Compiled:
        """The same with parameters that all samples of a CUDA kernel share."""
        if shared not in self._versions:
            positions = [self.names.index(name) for name in self.wrt]
            self._versions[shared] = compile_function(
                self.parsed.function, "value_and_grad", positions, self.options, shared=shared
            )
        return self._versions[shared]

    @cached_property
    def _kernel(self) -> Any:
        return self.compiled.kernel

    @cached_property
    def _entry(self) -> Any:
        return self._kernel.entry

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

    def check(self, *args: Any, **kwargs: Any) -> None:
        """Compare the gradient with extrapolated differences at a point (of each sample).

        Raises
        ------
        GradientCheckError
            When they disagree.
        """
        if self.options.target != "cuda":
            self._check_at(self.point(args, kwargs))
            return
        given = self._given(args, kwargs)
        for sample in range(len(self._over_samples(given)[0])):
            self._check_at(
                [each[sample : sample + 1] if is_batch(each) else each for each in given]
            )

    def _check_at(self, point: Sequence[Any]) -> None:
        """Check at one point: of numbers, or of arrays with one sample."""
        from gradc.faces.checking import check_gradient

        count = len(self.wrt)
        batched = is_batch(point[0])

        def number(value: Any) -> float:
            return float(value[0] if batched else value)

        def value_at(x: Sequence[float]) -> float:
            given = [np.array([each]) if batched else each for each in x]
            return number(self(*given, *point[count:])[0])

        gradient = [number(bar) for bar in self(*point)[1]]
        check_gradient(value_at, [number(each) for each in point[:count]], gradient, self.wrt)
