"""What ``gradc check`` checks: a function of numbers at a point, with its gradient there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradc.cli.points import PointError
from gradc.errors import GradcError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradc.cli.arguments import Arguments
    from gradc.cli.models import FormulaModel, NetworkModel, PythonModel
    from gradc.cli.programs import Called
    from gradc.faces.models import Model as Network
    from gradc.options import Options

    Array = NDArray[Any]

_DRAWS = 100
"""How often a random point is drawn anew where the function is not finite."""
_SEED = 0
MOST_PARAMETERS = 1_000_000
"""Of a network that is checked."""
_SINGLE_EPSILON = 2.0**-23


@dataclass(frozen=True)
class Subject:
    """A function of numbers at a point, with the gradient that the adjoint gives there.

    Attributes
    ----------
    title : str
        The function and the point, for people.
    value : callable
        From the numbers to the value.
    point, gradient : sequence of float
        One number for each of `names`.
    names : sequence of str
    epsilon : float
        The rounding unit of the function's arithmetic.
    """

    title: str
    value: Callable[[Sequence[float]], float]
    point: Sequence[float]
    gradient: Sequence[float]
    names: Sequence[str]
    epsilon: float = 2.0**-52


def formula_subjects(
    model: FormulaModel, options: Options, at: dict[str, Any] | None, wrt: Any, count: int
) -> Iterator[Subject]:
    import numpy as np

    from gradc.cli.programs import load_formula
    from gradc.faces.expressions import Expression

    formula = load_formula(model, wrt, options)
    expression = Expression(formula.parsed, options)

    def value(numbers: Sequence[float]) -> float:
        return float(expression(*numbers)[0])

    def subject(numbers: Sequence[float]) -> Subject:
        fixed = list(numbers[len(formula.wrt) :])
        at_point = ", ".join(
            f"{name} = {number:.6g}" for name, number in zip(formula.names, numbers, strict=True)
        )
        return Subject(
            f"f at {at_point}",
            lambda moved: value([*moved, *fixed]),
            list(numbers[: len(formula.wrt)]),
            expression(*numbers)[1],
            formula.wrt,
        )

    if at is not None:
        yield subject(_finite_point(formula.arguments(at)))
        return
    rng = np.random.Generator(np.random.PCG64(_SEED))
    for _ in range(count):
        yield subject(_draw(value, lambda: list(rng.uniform(0.25, 1.75, len(formula.names)))))


def _draw(value: Callable[[list[float]], float], draw: Callable[[], list[float]]) -> list[float]:
    """Draw points until the function is finite at one."""
    for _ in range(_DRAWS):
        point = [float(number) for number in draw()]
        if math.isfinite(value(point)):
            return point
    raise GradcError(
        f"the function is finite at none of {_DRAWS} random points between 0.25 and 1.75; "
        "give one with --at"
    )


def _finite_point(numbers: list[float]) -> list[float]:
    if not all(map(math.isfinite, numbers)):
        raise PointError("--at: a check needs finite numbers")
    return numbers


def function_subjects(
    model: PythonModel,
    options: Options,
    at: dict[str, Any] | None,
    wrt: Any,
    types: Any,
    count: int,
) -> Iterator[Subject]:
    from gradc.cli.programs import load_call

    for seed in range(count if at is None else 1):
        called = load_call(model, options, wrt=wrt, point=at, types=types, seed=seed)
        yield _called(called, "at the point" if at is not None else f"at random point {seed + 1}")


def _called(called: Called, where: str) -> Subject:
    """A Python function as one of the numbers in its differentiated arguments."""
    import numpy as np

    arguments = called.arguments
    given = dict(zip(arguments.names, arguments.values, strict=True))
    parts = [np.asarray(given[name]) for name in called.wrt]
    _finite_point([float(number) for part in parts for number in part.ravel()])

    def moved(numbers: Sequence[float]) -> Arguments:
        left = list(numbers)
        values = dict(given)
        for name, part in zip(called.wrt, parts, strict=True):
            own, left = left[: part.size], left[part.size :]
            array = np.array(own, dtype=part.dtype).reshape(part.shape)
            values[name] = array if part.ndim else type(given[name])(array[()])
        return arguments.with_values([values[name] for name in arguments.names])

    _, gradient = called.run(arguments)
    single = any(part.dtype == np.float32 for part in parts)
    return Subject(
        f"{called.title} {where}",
        lambda numbers: called.run(moved(numbers))[0],
        [float(number) for part in parts for number in part.ravel()],
        [float(number) for bar in gradient for number in np.ravel(bar)],
        [
            label
            for name, part in zip(called.wrt, parts, strict=True)
            for label in _labels(name, part)
        ],
        _SINGLE_EPSILON if single else Subject.epsilon,
    )


def network_subjects(
    model: NetworkModel,
    options: Options,
    checkpoint: Path | None,
    data: Path | None,
    count: int | None,
) -> Iterator[Subject]:

    from gradc.cli.networks import first_batch, parameters
    from gradc.cli.programs import load_network
    from gradc.ir.types import DType

    stored = load_network(model, options)
    if stored.spec.parameter_count > MOST_PARAMETERS:
        raise GradcError(
            f"{stored.name} has {stored.spec.parameter_count:,} parameters; a check moves them all "
            f"hundreds of times and takes at most {MOST_PARAMETERS:,}. Check it with fewer units"
        )
    network = stored.in_dtype(DType.F64)
    x, y, source = first_batch(network, data)
    if count is None:
        which = "initial parameters" if checkpoint is None else f"the parameters of {checkpoint}"
        draws = [(which, parameters(stored, checkpoint))]
    else:
        draws = [(f"parameters drawn with seed {n}", network.initial(n)) for n in range(count)]
    for which, params in draws:
        title = f"{network.name} in float64: {which}, {source}"
        yield _network_subject(network, title, params, x, y)


def _network_subject(
    network: Network, title: str, params: Sequence[Array], x: Array, y: Array
) -> Subject:
    """A network's loss as a function of the numbers in its parameters."""
    import numpy as np

    wide = [np.asarray(param, np.float64) for param in params]
    _, gradient = network.value_and_grad(wide, x, y)
    pairs = zip(network.parameter_names, wide, strict=True)
    return Subject(
        title,
        lambda numbers: network.value_and_grad(_unflat(numbers, wide), x, y)[0],
        np.concatenate([param.ravel() for param in wide]).tolist(),
        np.concatenate([bar.ravel() for bar in gradient]).tolist(),
        [label for name, param in pairs for label in _labels(name, param)],
    )


def _unflat(numbers: Sequence[float], like: Sequence[Array]) -> list[Array]:
    import numpy as np

    ends = np.cumsum([array.size for array in like])[:-1]
    parts = np.split(np.asarray(numbers), ends)
    return [part.reshape(array.shape) for part, array in zip(parts, like, strict=True)]


def _labels(name: str, part: Array) -> Iterator[str]:
    """``x``, or ``x[0, 1]`` for each element of an array."""
    import numpy as np

    if not part.ndim:
        yield name
        return
    for index in np.ndindex(part.shape):
        yield f"{name}[{', '.join(map(str, index))}]"
