"""The study of difference quotients for the eye: tables, a curve in text, and a plot."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gradc.explain.check_report import CheckReport, Component, Quotient

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

#: Of more components than these only the summary is shown.
MOST_TABLES = 4
WIDE = 100
_COLORS = {"one-sided": "magenta", "central": "cyan"}
_STYLES = {"agrees": "green", "kink": "yellow", "differs": "red", "undecided": "yellow"}
_WORDS = {
    "agrees": "right",
    "kink": "right, at a kink",
    "differs": "WRONG",
    "undecided": "undecided",
}


def print_study(report: CheckReport, console: Console | None = None) -> None:
    """Print the study: a table of quotients for each component, then the verdict."""
    from rich.console import Console

    target = console if console is not None else Console(highlight=False)
    plain = not target.encoding.lower().startswith("utf")
    for part in _View(report, target.width, plain).parts():
        target.print(part)


def study_text(report: CheckReport, width: int = 80) -> str:
    """Return the study as plain text of at most `width` columns."""
    from rich.console import Console

    file = io.StringIO()
    console = Console(file=file, width=width, color_system=None, highlight=False)
    for part in _View(report, width).parts():
        console.print(part)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


class _View:
    def __init__(self, report: CheckReport, width: int, ascii_only: bool = False) -> None:
        self.report = report
        self.wide = width >= WIDE
        self.ascii = ascii_only
        self.bar = 16 if self.wide else 9

    def parts(self) -> list[RenderableType]:
        from rich.text import Text

        report = self.report
        parts: list[RenderableType] = [self.introduction(), ""]
        for component in report.components[:MOST_TABLES]:
            parts += [self.heading(component), *self.quotients(component), ""]
        if len(report.components) > 1:
            parts += [Text("All derivatives", "bold"), self.summary(), ""]
        verdict = Text(f"{_WORDS[report.verdict]}: ", f"bold {_STYLES[report.verdict]}")
        return [*parts, verdict.append(report.message, "default not bold")]

    def introduction(self) -> RenderableType:
        from rich.text import Text

        lines = Text("Difference quotients against the adjoint", "bold")
        for name, formula in (
            ("one-sided", "(f(x+h) - f(x))/h"),
            ("central", "(f(x+h/2) - f(x-h/2))/h"),
        ):
            lines.append(f"\n  {name:<10}", _COLORS[name]).append(formula, "default")
        lines.append("" if self.wide else "\n  < marks the smallest error", "bright_black")
        return lines

    def heading(self, component: Component) -> RenderableType:
        from rich.text import Text

        title = Text(component.name, "bold")
        return title.append(f" = {component.adjoint:.10g} by the adjoint", "not bold")

    def table(self) -> Table:
        from rich import box
        from rich.table import Table

        shape = box.ASCII2 if self.ascii else box.SIMPLE_HEAD
        return Table(box=shape, show_edge=False, header_style="bright_black")

    def quotients(self, component: Component) -> list[RenderableType]:
        from rich.text import Text

        best = component.best("one_sided"), component.best("central")
        if best == (None, None):
            return [Text("  no difference quotient is finite", "bright_black")]
        table = self.table()
        table.add_column("h", justify="right", no_wrap=True)
        for name in ("one-sided", "central"):
            table.add_column(name, justify="right", no_wrap=True)
            table.add_column("error", no_wrap=True)
        ends = _decades(component)
        for q in component.quotients:
            table.add_row(
                f"{q.h:.0e}",
                f"{q.one_sided:.9g}",
                self.error(q.one_sided_error, ends, q is best[0], "one-sided"),
                f"{q.central:.9g}",
                self.error(q.central_error, ends, q is best[1], "central"),
            )
        return [table]

    def error(
        self, error: float, ends: tuple[float, float], is_best: bool, kind: str
    ) -> RenderableType:
        """The error and a bar that is as long as its logarithm is large."""
        from rich.text import Text

        text = Text(f"{error:7.1e} " if error else "      0 ", "bold" if is_best else "")
        low, high = ends
        if error > 0 and math.isfinite(error):
            share = (math.log10(error) - low) / ((high - low) or 1.0)
            mark = "#" if self.ascii else "▬"
            text.append(mark * max(1, round(share * self.bar)), f"not bold {_COLORS[kind]}")
        if is_best:
            text.append(" best" if self.wide else " <", "not bold green")
        return text

    def summary(self) -> RenderableType:
        from rich.text import Text

        table = self.table()
        for name in ("", "adjoint", "extrapolated", "error at most", "digits"):
            table.add_column(name, justify="right" if name else "left", no_wrap=True)
        table.add_column("", no_wrap=True)
        for component in self.report.components:
            table.add_row(
                Text(component.name, "bold"),
                f"{component.adjoint:.10g}",
                f"{component.reference:.10g}",
                f"{component.uncertainty:.1g}",
                str(component.digits),
                Text(_WORDS[component.verdict], _STYLES[component.verdict]),
            )
        return table


def _decades(component: Component) -> tuple[float, float]:
    """The powers of ten between which all errors lie."""
    errors = [
        error
        for quotient in component.quotients
        for error in (quotient.one_sided_error, quotient.central_error)
        if error > 0 and math.isfinite(error)
    ]
    return (math.log10(min(errors)), math.log10(max(errors))) if errors else (-16.0, 0.0)


# -- the plot -----------------------------------------------------------------------------------


def study_png(report: CheckReport, title: str = "") -> bytes | None:
    """Draw the errors against h on logarithmic axes.

    Returns
    -------
    bytes or None
        A PNG; None where matplotlib is not installed. No display and none of pyplot's global
        state is used.
    """
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.6), dpi=130, layout="constrained")
    axes = figure.add_subplot()
    quotients = _largest(report)
    steps = [quotient.h for quotient in quotients]
    for label, name, color, marker in (
        ("one-sided: (f(x+h) - f(x))/h", "one_sided_error", "#c2410c", "o"),
        ("central: (f(x+h/2) - f(x-h/2))/h", "central_error", "#1d4ed8", "s"),
    ):
        errors = [getattr(quotient, name) for quotient in quotients]
        drawn = [(h, e) for h, e in zip(steps, errors, strict=True) if e > 0 and math.isfinite(e)]
        if drawn:
            axes.plot(*zip(*drawn, strict=True), color=color, marker=marker, label=label)
            best = min(drawn, key=lambda item: item[1])
            axes.annotate(
                f"{best[1]:.0e} at {best[0]:.0e}",
                best,
                xytext=(0, -14),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color=color,
            )
    uncertainty = max(component.uncertainty for component in report.components)
    if math.isfinite(uncertainty) and uncertainty > 0:
        axes.axhline(uncertainty, color="#15803d", linestyle="--", linewidth=1)
        label = "uncertainty of the extrapolated reference"
        axes.plot([], [], color="#15803d", linestyle="--", linewidth=1, label=label)
    axes.set(xscale="log", yscale="log", xlabel="step h", ylabel="error against the adjoint")
    axes.set_title(title or report.message, fontsize=10)
    axes.margins(y=0.12)
    axes.grid(alpha=0.3)
    if axes.get_lines():
        figure.legend(loc="outside lower center", ncols=1, fontsize=8, frameon=False)
    else:
        text = "no difference quotient is finite"
        axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def _largest(report: CheckReport) -> Sequence[Quotient]:
    """At each step the largest errors over all components."""
    together = zip(*(component.quotients for component in report.components), strict=True)
    return [
        Quotient(
            same[0].h,
            math.nan,
            math.nan,
            max(quotient.one_sided_error for quotient in same),
            max(quotient.central_error for quotient in same),
        )
        for same in together
    ]


def save_plot(report: CheckReport, path: Path, title: str = "") -> Path | None:
    """Write the plot; returns its path, or None where matplotlib is not installed."""
    from gradc_runtime.files import write_atomically

    png = study_png(report, title)
    return None if png is None else write_atomically(path, png)
