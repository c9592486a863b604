"""From a MODEL to something with a value and a gradient: what most commands begin with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradc.cli.models import FormulaModel, NetworkModel, PythonModel, with_hint
from gradc.errors import GradcError, GradTypeError

if TYPE_CHECKING:
    from gradc.cli.arguments import Arguments
    from gradc.cli.points import Nested
    from gradc.cli.types import ArgumentType
    from gradc.driver import Compiled, Inspection
    from gradc.faces.models import Model as Network
    from gradc.faces.program import Derivative
    from gradc.frontend.scalar_ir import ParsedFormula
    from gradc.ir.core import Function
    from gradc.options import Options

# What a function raises, by itself or where its arguments do not fit, about the point it is given.
_RAISED_BY_FUNCTIONS = (ArithmeticError, AssertionError, LookupError, RuntimeError, ValueError)

Point = Mapping[str, "Nested"]


@dataclass(frozen=True)
class Scalars:
    """A formula, with its program.

    Attributes
    ----------
    parsed : ParsedFormula
    compiled : Compiled
        ``(*names) -> (value, *gradient)``.
    """

    parsed: ParsedFormula
    compiled: Compiled
    text: str

    @property
    def names(self) -> tuple[str, ...]:
        """The variables, those differentiated first."""
        return self.parsed.names

    @property
    def wrt(self) -> tuple[str, ...]:
        """The variables it is differentiated with respect to."""
        return self.parsed.wrt

    def arguments(self, point: Point) -> list[float]:
        """The numbers of a point in the order of the variables.

        Raises
        ------
        PointError
            When one is missing, unknown or no number.
        """
        from gradc.cli.points import PointError, check_names

        check_names(point, self.names, "the formula")
        lists = [name for name in self.names if isinstance(point[name], list)]
        if lists:
            raise PointError(f"--at: {', '.join(lists)} of the formula: one number belongs here")
        return [float(point[name]) for name in self.names]  # type: ignore[arg-type]

    def run(self, point: Point) -> tuple[float, list[float]]:
        """The value and the gradient at a point, in the order of `wrt`."""
        from gradc.faces.expressions import Expression

        expression = Expression(self.parsed, self.compiled.options)
        value, gradient = expression(*self.arguments(point))
        return value, list(gradient)


@dataclass(frozen=True)
class Called:
    """A Python function at arguments of certain types, with its program.

    Attributes
    ----------
    derivative : Derivative
    arguments : Arguments
        Arguments of the types that the program is compiled for.
    wrt : tuple of str
        Those it is differentiated with respect to.
    title : str
    """

    derivative: Derivative
    arguments: Arguments
    wrt: tuple[str, ...]
    title: str

    @property
    def compiled(self) -> Compiled:
        """``(*names) -> (value, *gradient)``."""
        return self.derivative.compiled

    @property
    def primal(self) -> Function:
        """The function itself, in the IR."""
        return self.compiled.primal

    @property
    def positions(self) -> list[int]:
        """The parameters of `primal` that it is differentiated with respect to."""
        traced = {leaf: index for index, leaf in enumerate(self.derivative.program.traced)}
        return [traced[leaf] for group in self.derivative.leaves for leaf in group]

    @property
    def flat_arguments(self) -> list[Any]:
        """The arguments as the parameters of `primal` take them."""
        return self.derivative.prepare(self._leaves(self.arguments))

    @staticmethod
    def _leaves(arguments: Arguments) -> list[Any]:
        from gradc.faces.containers import flatten

        return flatten((arguments.args, arguments.kwargs))[0]

    def run(self, arguments: Arguments) -> tuple[float, list[Any]]:
        """The value and the gradient at arguments of the same types."""
        try:
            value, *bars = self.derivative.run(self._leaves(arguments))
        except _RAISED_BY_FUNCTIONS as error:
            kind = type(error).__name__
            raise GradcError(f"{self.title} raised {kind}: {error}") from None
        return float(value), self.derivative.gradients(bars)


def load_formula(
    model: FormulaModel,
    wrt: Sequence[str] | None,
    options: Options,
    inspection: Inspection | None = None,
) -> Scalars:
    """Read a formula and differentiate it.

    Raises
    ------
    ModelFileError
        With every problem of the text, and the file that may have been meant.
    """
    from gradc.driver import compile_function
    from gradc.frontend.formula import parse_formula

    try:
        parsed = parse_formula(model.text, wrt)
    except GradcError as error:
        raise with_hint(model, error) from None
    positions = [parsed.names.index(name) for name in parsed.wrt]
    compiled = compile_function(
        parsed.function, "value_and_grad", positions, options, inspection=inspection
    )
    return Scalars(parsed, compiled, model.text)


def load_call(
    model: PythonModel,
    options: Options,
    *,
    wrt: Sequence[str] | None = None,
    point: Point | None = None,
    types: Sequence[ArgumentType] | None = None,
    seed: int | None = None,
    inspection: Inspection | None = None,
) -> Called:
    """Import a function and differentiate it for arguments of certain types.

    Parameters
    ----------
    model : PythonModel
    options : Options
    wrt : sequence of str, optional
        Arguments to differentiate with respect to; all that are floats by default.
    point, types, seed
        As for :func:`gradc.cli.arguments.choose_arguments`.
    inspection : Inspection, optional

    Raises
    ------
    GradcError
        When the file cannot be imported, or the function cannot be differentiated.
    """
    from gradc.cli.arguments import choose_arguments
    from gradc.cli.python_files import load_function

    function = load_function(model)
    title = model.function
    arguments = choose_arguments(function, title, point=point, types=types, wrt=wrt, seed=seed)
    floats = arguments.floats
    chosen = tuple(wrt) if wrt is not None else floats
    fixed = [name for name in chosen if name not in floats]
    if fixed or not chosen:
        raise GradTypeError(_not_floats(title, fixed, arguments.names))
    try:
        derivative = _differentiated(function, arguments, chosen, options, inspection)
    except GradcError as error:
        if point is not None or types is not None:
            raise
        raise type(error)(f"{error}\n  {_taken(arguments)}") from None
    return Called(derivative, arguments, chosen, title)


def _differentiated(
    function: Callable[..., Any],
    arguments: Arguments,
    chosen: Sequence[str],
    options: Options,
    inspection: Inspection | None,
) -> Derivative:
    from gradc.faces.program import make_program

    names = [name for name in arguments.names if name not in arguments.keyword_only]
    program = make_program(function, arguments.args, arguments.kwargs, names, options)
    numbers = [arguments.key_of(name) for name in chosen]
    return program.derivative("value_and_grad", numbers, inspection=inspection)


def _taken(arguments: Arguments) -> str:
    """Say which types were assumed, for an error that may come of them."""
    kinds = {float: "a float", int: "an integer", bool: "a boolean"}
    pairs = zip(arguments.names, arguments.values, strict=True)
    taken = ", ".join(f"{name} as {kinds[type(value)]}" for name, value in pairs)
    return f"note: no types are given, so {taken} is taken; for arrays give --types or --at"


def load_network(
    model: NetworkModel, options: Options, inspection: Inspection | None = None
) -> Network:
    """Read a network spec.

    Raises
    ------
    ModelFileError
        With everything that is wrong with it.
    """
    from gradc.faces.models import Model as Network

    return Network(model.path, options, inspection=inspection)


def sample_gradient(network: Network) -> Compiled:
    """The loss of one sample and its gradient: what a CUDA thread computes of a network."""
    from gradc.driver import compile_function
    from gradc.frontend.network import sample_loss_function
    from gradc.ir.core import Function

    loss = sample_loss_function(network.spec, network.dtype)
    named = Function(f"{network.name}_{loss.name}", loss.body, loss.loc)
    params = range(2, len(loss.params))
    return compile_function(
        named,
        "value_and_grad",
        params,
        network.options,
        inspection=network.inspection,
        shared=params,
    )


def refuse_option(given: object, option: str, subject: str, reason: str) -> None:
    """Refuse an option that means nothing for a kind of model.

    Raises
    ------
    GradcError
        When it was given.
    """
    if given is not None:
        raise GradcError(f"{option} does not go with {subject}: {reason}")


def _not_floats(title: str, fixed: Sequence[str], names: Sequence[str]) -> str:
    if fixed:
        return f"--wrt: {', '.join(fixed)} of {title} is no float and cannot be differentiated"
    return f"none of the arguments ({', '.join(names)}) of {title} is a float"
