"""``gradc eval``: the value and the gradient at a point."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradc.cli import options as shared
from gradc.cli.points import at_option
from gradc.cli.types import types_option
from gradc.errors import GradcError

if TYPE_CHECKING:
    from gradc.cli.models import FormulaModel, NetworkModel, PythonModel
    from gradc.frontend.network_spec import NetworkSpec


@click.command(
    cls=shared.ModelCommand, name="eval", short_help="The value and the gradient at a point."
)
@shared.model_argument
@at_option("The point; a value is a number or a list in brackets.")
@shared.wrt_option
@types_option()
@shared.checkpoint_option
def command(
    model_text: str,
    at: dict[str, Any] | None,
    wrt: tuple[str, ...] | None,
    types: Any,
    checkpoint: Path | None,
) -> None:
    """Print the value of MODEL and its gradient at a point.

    A network takes its samples as x=[...] and its targets as y=[...]; without y it prints what
    the network gives. Its parameters are the seeded initial ones, or those of a checkpoint.
    """
    from gradc.cli.models import FormulaModel, NetworkModel, PythonModel, resolve
    from gradc.cli.programs import refuse_option

    model = resolve(model_text)
    if at is None:
        raise GradcError("eval needs a point; give one with --at, as in --at x1=1,x2=3")
    if not isinstance(model, NetworkModel):
        refuse_option(checkpoint, "--checkpoint", "this model", "only networks have parameters")
    if isinstance(model, PythonModel):
        _function(model, at, wrt, types)
        return
    subject = "a formula" if isinstance(model, FormulaModel) else "a network"
    refuse_option(types, "--types", subject, "its types are known")
    if isinstance(model, FormulaModel):
        _formula(model, at, wrt)
        return
    refuse_option(wrt, "--wrt", "a network", "the gradient is that of its parameters")
    _network(model, at, checkpoint)


def _formula(model: FormulaModel, at: dict[str, Any], wrt: tuple[str, ...] | None) -> None:
    from gradc.cli.programs import load_formula

    formula = load_formula(model, wrt, _uncompiled())
    value, gradient = formula.run(at)
    _print_result("f", value, dict(zip(formula.wrt, gradient, strict=True)))


def _function(
    model: PythonModel, at: dict[str, Any], wrt: tuple[str, ...] | None, types: Any
) -> None:
    from gradc.cli.programs import load_call

    called = load_call(model, _uncompiled(), wrt=wrt, point=at, types=types)
    value, gradient = called.run(called.arguments)
    _print_result(called.title, value, dict(zip(called.wrt, gradient, strict=True)))
    for name in called.arguments.constants:
        click.echo(
            f"{name} was written as an integer and is constant; write {at[name]}.0 "
            f"or --wrt {name} to differentiate it"
        )


def _network(model: NetworkModel, at: dict[str, Any], checkpoint: Path | None) -> None:
    import numpy as np

    from gradc.cli.networks import parameters
    from gradc.cli.points import PointError, as_array, check_names
    from gradc.cli.programs import load_network

    network = load_network(model, _uncompiled())
    spec = network.spec
    check_names(at, ["x"], spec.name, ["y"])
    x = np.asarray(as_array("x", at["x"], network.dtype.numpy))
    if x.shape in (spec.input, (spec.features,)):
        x = x[np.newaxis]
    if not x.size or x.shape[1:] not in (spec.input, (spec.features,)):
        raise PointError(
            f"--at: x has the shape {x.shape}; {spec.name} takes samples of shape {spec.input}"
        )
    x = x.reshape(len(x), spec.features)
    params = parameters(network, checkpoint)
    if "y" not in at:
        _print_result(spec.name, network.predict(params, x), {})
        return
    value, gradient = network.value_and_grad(params, x, _targets(spec, at["y"], len(x)))
    _print_result("loss", value, dict(zip(network.parameter_names, gradient, strict=True)))


def _targets(spec: NetworkSpec, given: Any, samples: int) -> Any:
    """Labels or values that fit the network, or what is wrong with them."""
    import numpy as np

    from gradc.cli.points import PointError, as_array

    y = np.atleast_1d(as_array("y", given))
    if spec.loss.type == "mse":
        if y.size != samples * spec.outputs:
            raise PointError(
                f"--at: y has {y.size} values; {samples} of {spec.outputs} outputs belong here"
            )
        return y.reshape(samples, spec.outputs)
    if y.dtype.kind not in "iu" or y.shape != (samples,):
        raise PointError(f"--at: y is {samples} labels, integers from 0 to {spec.outputs - 1}")
    outside = y[(y < 0) | (y >= spec.outputs)]
    if outside.size:
        raise PointError(
            f"--at: y: label {outside[0]} is not in 0 .. {spec.outputs - 1} "
            f"(the model has {spec.outputs} outputs)"
        )
    return y


def _uncompiled() -> Any:
    """One evaluation does not pay for a compilation."""
    return shared.make_options(target="python", style="numpy")


def _print_result(name: str, value: Any, gradient: dict[str, Any]) -> None:
    """Print a value and its derivatives, aligned."""
    from rich.text import Text

    from gradc.cli.terminal import console, number

    out = console()
    labels = [name, *(f"d{name}/d{argument}" for argument in gradient)]
    width = max(map(len, labels))
    for label, shown in zip(labels, [value, *gradient.values()], strict=True):
        style = "bold" if label == name else ""
        out.print(
            Text(f"{label:<{width}} = ").append(number(shown, width + 3), style=style),
            soft_wrap=True,
        )
