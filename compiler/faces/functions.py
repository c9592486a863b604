"""The callables that ``grad`` and its relatives return."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradc.errors import GradcError, GradTypeError
from gradc.faces.records import record_path, recorded_route, write_record
from gradc.faces.routes import MISS, Route
from gradc.options import Mode, Options

if TYPE_CHECKING:
    from gradc.driver import Compiled
    from gradc.faces.c_functions import CFunction
    from gradc.faces.overlaps import Overlap
    from gradc.faces.program import ArgTree, Derivative, Program
    from gradc.frontend.python import Lowered
    from gradc.ir.core import Function

Argnums = int | str | Sequence[int | str]


class Differentiated:
    """A function and its derivative; compiled for the types of the arguments of a call.

    Attributes
    ----------
    primal : callable
        The function that was differentiated.
    options : Options
    """

    mode: Mode = "grad"
    kind: type[Derivative] | None = None  # the usual one

    def __init__(
        self,
        function: Callable[..., Any],
        argnums: Argnums,
        has_aux: bool,
        options: Options,
    ) -> None:
        if not callable(function):
            raise GradTypeError(f"a function belongs here, not {function!r}")
        self.primal = function
        self.options = options
        self.has_aux = has_aux
        self.argnums = argnums
        self.single = isinstance(argnums, int | str)
        self._numbers = _checked_argnums(argnums)
        self._programs: dict[Any, Program] = {}
        self._routes: dict[tuple[type, ...], Route] = {}
        self._last: Derivative | Route | None = None
        self._c_functions: dict[Compiled, CFunction] = {}
        functools.update_wrapper(self, function, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the derivative at these arguments, compiling it for their types if need be."""
        if not kwargs:
            route = self._routes.get(tuple(map(type, args)))
            if route is not None:
                found = route.run(args)
                if found is not MISS:
                    self._last = route.derivative or route
                    return found
            return self._first_call(args)
        leaves, derivative = self.derivative_for(args, kwargs)
        return self.finish(derivative, derivative.run(leaves))

    def _first_call(self, args: tuple[Any, ...]) -> Any:
        """Find the kernel for arguments without a route, and leave one for calls like this."""
        types = tuple(map(type, args))
        # a route is there where this call does not fit it: its types have been asked for
        record = None if types in self._routes else record_path(self, args)
        if record is not None and (route := recorded_route(record, args)) is not None:
            self._routes[types] = route
            found = route.run(args)
            if found is not MISS:
                self._last = route
                return found
        from gradc.faces.new_routes import route_for

        leaves, derivative = self.derivative_for(args, {})
        results = derivative.run(leaves)
        left = route_for(derivative, args, self.finish)
        if left is not None:
            self._routes[types] = left
            # what was read may have been changed meanwhile
            if record is not None and record == record_path(self, args):
                write_record(record, derivative)
        return self.finish(derivative, results)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Bind as a method does, so that methods can be decorated."""
        return self if instance is None else functools.partial(self, instance)

    def finish(self, derivative: Derivative, results: list[Any]) -> Any:
        """Arrange the results of the kernel as the user expects them."""
        kept = len(derivative.kept)
        gradient = self.arranged(derivative.gradients(results[kept:]))
        if not self.has_aux:
            return gradient
        aux = dict(zip(derivative.kept, results, strict=False))
        return gradient, derivative.outputs(derivative.aux_tree, aux)

    def arranged(self, gradients: list[Any]) -> Any:
        """One gradient, or a tuple of them when several were asked for."""
        return gradients[0] if self.single else tuple(gradients)

    def program_for(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[list[Any], Program]:
        """The leaves of the arguments and the program for their types."""
        from gradc.faces.arguments import kind_of
        from gradc.faces.containers import flatten
        from gradc.faces.overlaps import check_lists
        from gradc.faces.samples import kind_of_sample

        # a program has its keywords by name, in whatever order a call gives them
        leaves, spec = flatten((tuple(args), dict(sorted(kwargs.items()))))
        kinds = kind_of_sample if self.options.target == "cuda" else kind_of
        key = (spec, *map(kinds, leaves))
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = self._program(args, kwargs)
        check_lists(program.lowered, tuple(args), dict(kwargs))
        if overlaps := program.overlaps(leaves):
            apart, key = program, (*key, overlaps)
            program = self._programs.get(key)
            if program is None:
                program = self._programs[key] = self._program(args, kwargs, apart, overlaps)
        return leaves, program

    def _program(
        self,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        apart: Program | None = None,
        overlaps: Sequence[Overlap] = (),
    ) -> Program:
        from gradc.faces.program import make_program

        names = parameter_names(self.primal)
        return make_program(self.primal, args, kwargs, names, self.options, apart, overlaps)

    def derivative_for(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[list[Any], Derivative]:
        """The leaves of the arguments and the derivative for their types."""
        leaves, program = self.program_for(args, kwargs)
        numbers = self.positions(len(args), kwargs)
        derivative = program.derivative(
            self.mode, numbers, self.has_aux, self.single, kind=self.kind
        )
        self._last = derivative
        return leaves, derivative

    def watched(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[Program, Function, list[Any]]:
        """What a call runs, for those who run it op by op: the function and its arguments."""
        leaves, derivative = self.derivative_for(args, kwargs)
        return derivative.program, derivative.compiled.function, derivative.prepare(leaves)

    def __gradc_lower__(
        self, positional: Sequence[ArgTree], keywords: Mapping[str, ArgTree]
    ) -> Lowered:
        """Lower the derivative for types, so that it can be differentiated and called again."""
        return self.derivative_of_types(positional, keywords).as_lowered()

    def positions(self, given: int, kwargs: Mapping[str, Any]) -> list[int | str]:
        """The differentiated arguments of a call: positions, or names of keywords."""
        return [_position(self.primal, number, given, kwargs) for number in self._numbers]

    def program_of_types(
        self, positional: Sequence[ArgTree], keywords: Mapping[str, ArgTree]
    ) -> Program:
        """The program for arguments of which only the types are known."""
        from gradc.faces.program import program_of_types

        names = parameter_names(self.primal)
        return program_of_types(self.primal, positional, keywords, names, self.options)

    def derivative_of_types(
        self, positional: Sequence[ArgTree], keywords: Mapping[str, ArgTree]
    ) -> Derivative:
        """The derivative for arguments of which only the types are known."""
        program = self.program_of_types(positional, keywords)
        numbers = self.positions(len(positional), keywords)
        return program.derivative(self.mode, numbers, self.has_aux, self.single, kind=self.kind)

    @property
    def __gradc_transform__(self) -> object:
        """What calling this inside a compiled function means."""
        from gradc.faces.meanings import GRADIENT, VALUE_AND_GRADIENT

        meaning = {"grad": GRADIENT, "value_and_grad": VALUE_AND_GRADIENT}[self.mode]
        return self.primal, self.argnums, self.has_aux, meaning

    # -- what can be looked at ---------------------------------------------------------------

    def specialize(self, *args: Any, **kwargs: Any) -> Derivative:
        """Compile for the types of these arguments without running anything."""
        return self.derivative_for(args, kwargs)[1]

    @property
    def _shown(self) -> Derivative:
        """The derivative of the last call; before the first, that for float arguments."""
        if isinstance(self._last, Route):
            self._last = self.specialize(*self._last.specimens)
        if self._last is None:
            self._last = self._for_floats()
        return self._last

    def _for_floats(self) -> Derivative:
        parameters = inspect.signature(self.primal).parameters.values()
        required = [each for each in parameters if each.default is each.empty]
        number = np.ones(1) if self.options.target == "cuda" else 1.0
        examples: dict[Any, Any] = {float: number, "float": number, int: 1, "int": 1}
        examples[inspect.Parameter.empty] = number
        try:
            args = [examples[each.annotation] for each in required]
            return self.derivative_for(args, {})[1]
        except (KeyError, TypeError, GradcError) as error:
            name = getattr(self.primal, "__name__", "the function")
            raise GradTypeError(
                f"the program of {name} depends on the types of its arguments: call it once, or "
                f"use .specialize(*args)"
            ) from error

    @property
    def _compiled(self) -> Compiled:
        """What the properties below show."""
        return self._shown.compiled

    @property
    def source(self) -> str:
        """The derivative program as Python text."""
        return self._compiled.source

    @property
    def ir(self) -> str:
        """The derivative in the text form of the IR."""
        return self._compiled.ir

    @property
    def dispatcher(self) -> Any:
        """A numba dispatcher that computes the same for flat arguments."""
        return self._compiled.kernel.dispatcher

    @property
    def address(self) -> int:
        """The address of a C function that computes the same: see `c_signature`.

        It stays valid as long as this callable lives.
        """
        return self._c_function.address

    @property
    def c_signature(self) -> str:
        """The declaration of the C function at `address`.

        A function of numbers with one result is called as it is, ``double f_grad(double x)``; an
        error that it raises is printed, and 0 is returned. Otherwise each array is a pointer to
        its elements in C order, followed by its sizes, and results follow the arguments, as
        pointers to where they are written; arrays of results bring their sizes, too::

            int32_t f_grad(const double *x, int64_t x_0, double *x_bar, int64_t x_bar_0)

        It returns 0, or 1 where the program raises, or 2 where a result has other sizes than
        were given; then nothing is written.
        """
        return self._c_function.signature

    @property
    def _c_function(self) -> CFunction:
        from gradc.faces.c_functions import CFunction

        compiled = self._compiled
        if compiled not in self._c_functions:
            self._c_functions[compiled] = CFunction(compiled)
        return self._c_functions[compiled]

    def save(self, path: str | Path) -> Path:
        """Write the program as a module that needs only ``gradc_runtime`` to run."""
        from gradc_runtime.files import write_atomically

        write_atomically(path, self._compiled.kernel_text.encode())
        return Path(path)

    def explain(self, line: int | None = None) -> str:
        """Say which rule gave which line of the derivative program.

        Parameters
        ----------
        line : int, optional
            A line of the source file: speak of that one only, and say where the values that its
            derivative needs come from: what was recorded, and why.
        """
        from gradc.explain.lines import explain_lines

        return explain_lines(self._compiled, line=line)

    def check(self, *args: Any, **kwargs: Any) -> None:
        """Compare with extrapolated differences at these arguments.

        Raises
        ------
        GradientCheckError
            When they disagree.
        """
        from gradc.faces.checking import check_derivative

        check_derivative(self, args, kwargs)


class Gradient(Differentiated):
    """What ``grad`` returns."""


class ValueAndGradient(Differentiated):
    """What ``value_and_grad`` returns."""

    mode: Mode = "value_and_grad"

    def finish(self, derivative: Derivative, results: list[Any]) -> Any:
        """The value (with its aux) and the gradient."""
        count = len(derivative.values)
        value = derivative.outputs(derivative.value_tree, results[:count])
        gradient = self.arranged(derivative.gradients(results[count:]))
        if not self.has_aux:
            return value, gradient
        return (value, derivative.outputs(derivative.aux_tree, results[:count])), gradient


def _checked_argnums(argnums: Argnums) -> tuple[int | str, ...]:
    numbers = (argnums,) if isinstance(argnums, int | str) else tuple(argnums)
    if not numbers or any(isinstance(n, bool) or not isinstance(n, int | str) for n in numbers):
        raise GradTypeError(
            f"argnums is a position, a name, or a sequence of them, not {argnums!r}"
        )
    return numbers


def parameter_names(function: Callable[..., Any]) -> list[str]:
    """The names of the parameters of a function, where they can be had."""
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _position(
    function: Callable[..., Any], number: int | str, given: int, kwargs: Mapping[str, Any]
) -> int | str:
    """The argument meant by an entry of argnums: a position, or a keyword of this call."""
    names = parameter_names(function)
    if isinstance(number, str):
        if number in kwargs:
            return number
        if number in names and names.index(number) < given:
            return names.index(number)
    elif -given <= number < given:
        return number % given
    elif 0 <= number < len(names) and names[number] in kwargs:
        return names[number]
    name = getattr(function, "__name__", "the function")
    raise GradTypeError(
        f"argnums names {number!r}, and this call of {name} has no such argument; "
        f"it has {', '.join(names[:given]) or 'none'}"
        + (f" and {', '.join(sorted(kwargs))}" if kwargs else "")
    )
