"""``gradc explain``: the derivation, rule by rule, and the forward and backward values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradc.cli import options as shared
from gradc.cli.points import at_option
from gradc.cli.types import types_option

if TYPE_CHECKING:
    from gradc.cli.models import FormulaModel, NetworkModel, PythonModel
    from gradc.explain.derivation import Derivation


@click.command(cls=shared.ModelCommand, name="explain", short_help="The derivation, rule by rule.")
@shared.model_argument
@at_option("The point whose values are shown; without it only formulas are.")
@shared.wrt_option
@types_option()
@shared.checkpoint_option
@shared.data_option
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write one self-contained page: graph, derivation, program.",
)
def command(
    model_text: str,
    at: dict[str, Any] | None,
    wrt: tuple[str, ...] | None,
    types: Any,
    checkpoint: Path | None,
    data: Path | None,
    html: Path | None,
) -> None:
    """Show how the gradient of MODEL comes about.

    For a formula or a function: the forward values, then each step of the backward pass with the
    name of its rule. For a network: the gradient of each layer on the first batch of its data,
    with its seeded initial parameters or those of a checkpoint, and what is wrong with it.
    """
    from gradc.cli.models import FormulaModel, NetworkModel, resolve
    from gradc.cli.outputs import check_writable
    from gradc.cli.programs import refuse_option

    model = resolve(model_text)
    if html is not None:
        check_writable(html)
    if isinstance(model, NetworkModel):
        for given, option in ((at, "--at"), (wrt, "--wrt"), (types, "--types")):
            refuse_option(given, option, "a network", "it is explained on the first batch")
        _network(model, checkpoint, data, html)
        return
    for given, option in ((checkpoint, "--checkpoint"), (data, "--data")):
        refuse_option(given, option, "this model", "only networks have parameters and data")
    if isinstance(model, FormulaModel):
        refuse_option(types, "--types", "a formula", "its variables are floats")
        derivation = _formula(model, at, wrt)
    else:
        derivation = _function(model, at, wrt, types)
    _show(derivation, html)


def _formula(
    model: FormulaModel, at: dict[str, Any] | None, wrt: tuple[str, ...] | None
) -> Derivation:
    from gradc.cli.programs import load_formula
    from gradc.explain.derivation import derive

    formula = load_formula(model, wrt, _readable())
    point = None if at is None else formula.arguments(at)
    return derive(formula.parsed, point, formula.compiled.source)


def _function(
    model: PythonModel, at: dict[str, Any] | None, wrt: tuple[str, ...] | None, types: Any
) -> Derivation:
    from gradc.cli.programs import load_call
    from gradc.explain.derivation import derive_function

    called = load_call(model, _readable(), wrt=wrt, point=at, types=types)
    point = None if at is None else called.flat_arguments
    return derive_function(
        called.primal, called.positions, point, name=called.title, program=called.compiled.source
    )


def _readable() -> Any:
    return shared.make_options(target="python", style="numpy")


def _show(derivation: Derivation, html: Path | None) -> None:
    from gradc.cli.terminal import console, list_written
    from gradc.explain.terminal import print_derivation

    out = console()
    print_derivation(derivation, out)
    if html is not None:
        from gradc.cli.outputs import write_file
        from gradc.explain.html import derivation_html

        list_written(out, [write_file(html, derivation_html(derivation))])


def _network(
    model: NetworkModel, checkpoint: Path | None, data: Path | None, html: Path | None
) -> None:
    from gradc.cli.networks import diagnosis_of, first_batch, parameters
    from gradc.cli.programs import load_network
    from gradc.cli.terminal import console, list_written
    from gradc.explain.network import network_html, print_network

    network = load_network(model, _readable())
    x, y, source = first_batch(network, data)
    found = diagnosis_of(network, parameters(network, checkpoint), x, y)
    which = "initial parameters" if checkpoint is None else str(checkpoint)
    title = f"{network.name}: {which}, {source}"
    out = console()
    print_network(found, title, out)
    if html is not None:
        from gradc.cli.outputs import write_file

        list_written(out, [write_file(html, network_html(found, title))])
