"""``gradc compile``: write the program of a gradient into files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradc.cli import options as shared
from gradc.cli.types import types_option
from gradc.errors import GradcError

if TYPE_CHECKING:
    from gradc.driver import Compiled, Inspection

LATER = {
    "ll": "LLVM text",
    "asm": "assembly",
    "o": "object files",
    "so": "shared libraries",
    "h": "C headers",
    "cubin": "CUDA binaries",
}
KINDS = ("py", "ir", "ptx")


def _kinds(ctx: click.Context, param: click.Parameter, given: str) -> tuple[str, ...]:
    """Read ``py,ir`` as kinds of files."""
    kinds = tuple(dict.fromkeys(kind.strip() for kind in given.split(",")))
    for kind in kinds:
        if kind in LATER:
            raise GradcError(
                f"--emit {kind}: {LATER[kind]} are not written yet; there are {', '.join(KINDS)}"
            )
        if kind not in KINDS:
            raise GradcError(f"--emit {kind[:40]!r}: no such kind; there are {', '.join(KINDS)}")
    return kinds


@click.command(
    cls=shared.ModelCommand,
    name="compile",
    short_help="Write the program of the gradient into files.",
)
@shared.model_argument
@shared.wrt_option
@types_option()
@shared.target_option
@shared.style_option
@shared.fastmath_option
@click.option(
    "--emit",
    metavar="KINDS",
    default="py",
    show_default=True,
    callback=_kinds,
    help="What to write: py (the program), ir (its intermediate form), ptx (with --target cuda).",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder; ./NAME-gradc by default."
)
@shared.inspection_options
def command(
    model_text: str,
    wrt: tuple[str, ...] | None,
    types: Any,
    target: str,
    style: str,
    fastmath: bool,
    emit: tuple[str, ...],
    output: Path | None,
    **inspect: Any,
) -> None:
    """Write the program that computes the value and the gradient of MODEL.

    The module needs only gradc_runtime to run. For a network it also holds the function that
    predicts. With --target cuda it is a kernel that runs one sample a thread; PTX is made without
    a GPU.
    """
    from gradc.cli.models import resolve
    from gradc.cli.outputs import write_files
    from gradc.cli.terminal import console, list_written

    if "ptx" in emit and target != "cuda":
        raise GradcError("--emit ptx: PTX is what CUDA programs compile to; add --target cuda")
    model = resolve(model_text)
    inspection = shared.make_inspection(**inspect)
    options = shared.make_options(target=target, style=style, fastmath=fastmath)
    name, programs = _programs(model, wrt, types, options, inspection)
    if inspection.stop_after is not None:
        _print_stopped(programs[0], inspection)
        return
    contents = _contents(name, programs, emit)
    if inspection.timings is not None:
        _print_timings(inspection)
    folder = output if output is not None else Path(f"{name}-gradc")
    list_written(console(), write_files(folder, contents))


def _programs(
    model: Any, wrt: tuple[str, ...] | None, types: Any, options: Any, inspection: Any
) -> tuple[str, list[Compiled]]:
    """What the model is called, and its programs, the gradient first."""
    from gradc.cli.models import FormulaModel, PythonModel
    from gradc.cli.programs import (
        load_call,
        load_formula,
        load_network,
        refuse_option,
        sample_gradient,
    )

    if isinstance(model, FormulaModel):
        refuse_option(types, "--types", "a formula", "its variables are floats")
        return model.name, [load_formula(model, wrt, options, inspection).compiled]
    if isinstance(model, PythonModel):
        called = load_call(model, options, wrt=wrt, types=types, inspection=inspection)
        return model.name, [called.compiled]
    refuse_option(types, "--types", "a network", "its spec says dtype and shapes")
    refuse_option(wrt, "--wrt", "a network", "the gradient is that of its parameters")
    network = load_network(model, options, inspection)
    if options.target == "cuda":
        return network.name, [sample_gradient(network)]
    return network.name, [network.gradient, network.prediction]


def _contents(name: str, programs: list[Compiled], kinds: tuple[str, ...]) -> Mapping[str, str]:
    """The text of each file."""
    made: dict[str, str] = {}
    if "py" in kinds:
        made[f"{name}.py"] = _module(programs)
    if "ir" in kinds:
        made[f"{name}.ir"] = "\n".join(program.ir for program in programs)
    if "ptx" in kinds:
        made[f"{name}.ptx"] = programs[0].ptx()
    return made


def _module(programs: list[Compiled]) -> str:
    """All programs in one module."""
    first = programs[0]
    if len(programs) == 1:
        return first.source
    from gradc.emit import emit_module
    from gradc.ir.core import Function

    style = first.options.style
    lowered = [program.lowered(style) for program in programs]
    # What is no derivative keeps the name of what it computes.
    functions = [
        Function(program.primal.name, function.body, function.loc)
        if program is not first
        else function
        for program, function in zip(programs, lowered, strict=True)
    ]
    flags = {"fastmath": first.options.fastmath}
    return emit_module(functions, style=style, title=first.title, options=flags)


def _print_stopped(program: Compiled, inspection: Inspection) -> None:
    """Print the IR where the pipeline was stopped.

    Raises
    ------
    GradcError
        When neither the derivative's pipeline nor the one before emission has such a pass.
    """
    from gradc.driver import REGISTRY, SHARE, emission_pipeline, mode_pipeline
    from gradc.ir.printer import to_text
    from gradc.passes.pipeline import parse_pipeline

    options = program.options
    derivative = f"{SHARE},{mode_pipeline('value_and_grad', (0,))}"
    emission = emission_pipeline(options.style, options.target)
    names = [[each.name for each in parse_pipeline(t, REGISTRY)] for t in (derivative, emission)]
    if inspection.stop_after in names[0]:
        click.echo(to_text(program.function), nl=False)
    elif inspection.stop_after in names[1]:
        click.echo(to_text(program.lowered(options.style)), nl=False)
    else:
        raise GradcError(
            f"--stop-after {inspection.stop_after}: the pipeline is {derivative},{emission}"
        )


def _print_timings(inspection: Inspection) -> None:
    """Print how long each pass took, the longest marked."""
    from gradc.cli.terminal import console, plain_table

    timings = inspection.timings or []
    total = sum(timing.seconds for timing in timings)
    table = plain_table("pass", "ms", "share", "changed", right=(1, 2))
    for timing in timings:
        share = timing.seconds / total if total else 0.0
        changed = "yes" if timing.changed else "no"
        table.add_row(timing.name, f"{1e3 * timing.seconds:.2f}", f"{share:.0%}", changed)
    table.add_row("all", f"{1e3 * total:.2f}", "", "")
    console().print(table)
