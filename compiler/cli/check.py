"""``gradc check``: the adjoint against difference quotients, and who is right."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradc.cli import options as shared
from gradc.cli.failures import CHECK_FAILED, DONE, WRONG_INPUT
from gradc.cli.points import at_option
from gradc.cli.types import types_option
from gradc.errors import GradcError

if TYPE_CHECKING:
    from gradc.cli.subjects import Subject
    from gradc.explain.check_report import CheckReport


@click.command(
    cls=shared.ModelCommand, name="check", short_help="The adjoint against difference quotients."
)
@shared.model_argument
@at_option("The point; random by default.")
@click.option(
    "--random",
    "count",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Check at N random points; of a network, with N draws of its parameters.",
)
@shared.wrt_option
@types_option()
@shared.run_target_option
@shared.checkpoint_option
@shared.data_option
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw the errors against the step, as a PNG.",
)
def command(
    model_text: str,
    at: dict[str, Any] | None,
    count: int | None,
    wrt: tuple[str, ...] | None,
    types: Any,
    target: str,
    checkpoint: Path | None,
    data: Path | None,
    plot: Path | None,
) -> int:
    """Compare the gradient of MODEL with one-sided and central differences at many steps.

    The verdict rests on central differences extrapolated to step zero, which know their own
    error. A network is checked in float64, on the first batch of its data.

    Exit status: 0 right, 1 wrong, 2 the input is wrong or the point decides nothing.
    """
    from gradc.cli.models import FormulaModel, NetworkModel, resolve
    from gradc.cli.outputs import check_writable
    from gradc.cli.programs import refuse_option
    from gradc.cli.subjects import formula_subjects, function_subjects, network_subjects

    model = resolve(model_text)
    if at is not None and count is not None:
        raise GradcError("--at and --random exclude each other")
    if plot is not None:
        check_writable(plot)
    style = "numpy" if target == "python" else "loops"
    options = shared.make_options(target=target, style=style)
    if isinstance(model, NetworkModel):
        for given, option in ((at, "--at"), (wrt, "--wrt"), (types, "--types")):
            refuse_option(given, option, "a network", "it is checked on the first batch")
        subjects = network_subjects(model, options, checkpoint, data, count)
    else:
        for given, option in ((checkpoint, "--checkpoint"), (data, "--data")):
            refuse_option(given, option, "this model", "only networks have parameters and data")
        if isinstance(model, FormulaModel):
            refuse_option(types, "--types", "a formula", "its variables are floats")
            subjects = formula_subjects(model, options, at, wrt, count or 1)
        else:
            subjects = function_subjects(model, options, at, wrt, types, count or 1)
    return _report(subjects, plot)


def _report(subjects: Iterable[Subject], plot: Path | None) -> int:
    """Print the study of the first subject, a line for each further one, and the worst again."""
    from rich.text import Text

    from gradc.cli.terminal import console
    from gradc.explain.check_report import study
    from gradc.explain.check_view import print_study

    out = console()
    reports: list[CheckReport] = []
    titles: list[str] = []
    for subject in subjects:
        report = study(
            subject.value, subject.point, subject.gradient, subject.names, epsilon=subject.epsilon
        )
        reports.append(report)
        titles.append(subject.title)
        if len(reports) == 1 or not report.passed:
            out.print(Text(subject.title, style="bold"), soft_wrap=True)
            out.print()
            print_study(report, out)
        else:
            out.print(f"{subject.title}: {report.message}", soft_wrap=True)
    shown = max(reports, key=lambda report: (not report.passed, _relative_error(report)))
    if math.isfinite(_relative_error(shown)):
        out.print(f"largest relative error: {_relative_error(shown):.1e}", soft_wrap=True)
    if plot is not None:
        _draw_plot(shown, titles[reports.index(shown)], plot)
    if any(report.verdict == "differs" for report in reports):
        return CHECK_FAILED
    return DONE if all(report.passed for report in reports) else WRONG_INPUT


def _relative_error(report: CheckReport) -> float:
    """The largest relative distance between the adjoint and the extrapolated differences.

    Relative to the largest derivative: one that is zero has no relative error of its own.
    """
    scale = max(max(abs(part.adjoint), abs(part.reference)) for part in report.components)
    gaps = [abs(part.adjoint - part.reference) for part in report.components]
    return max(gaps) / scale if scale else 0.0


def _draw_plot(report: CheckReport, title: str, path: Path) -> None:
    from gradc.cli.outputs import write_file
    from gradc.cli.terminal import console, list_written
    from gradc.explain.check_view import study_png

    png = study_png(report, title)
    if png is None:
        raise GradcError("--plot: matplotlib is not installed (pip install 'gradc[plot]')")
    list_written(console(), [write_file(path, png)])
