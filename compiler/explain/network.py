"""Each layer's gradient at a glance: bars on a logarithmic scale, saturation, and what is wrong.

Rendering only; the numbers and the verdicts come from :mod:`gradc_runtime.diagnostics`.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gradc_runtime.diagnostics import Diagnosis, LayerRow

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

STYLES = {"vanishing": "yellow", "exploding": "red", "saturated": "yellow", "dead": "red"}

#: The scale spans at least so many decades, so that healthy networks look even.
LEAST_DECADES = 3


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic scale from ``10**low`` to ``10**high``."""

    low: int
    high: int

    def share(self, norm: float | None) -> float:
        """Where a norm lies on the scale, from 0 to 1; 1 for what is not finite."""
        if norm is None or norm == 0:
            return 0.0
        if not math.isfinite(norm):
            return 1.0
        place = (math.log10(norm) - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, place))

    @classmethod
    def of(cls, rows: Sequence[LayerRow]) -> Scale:
        """The scale on which the norms of all layers fit, in whole decades."""
        logs = [
            math.log10(row.grad_norm)
            for row in rows
            if row.grad_norm is not None and row.grad_norm > 0 and math.isfinite(row.grad_norm)
        ]
        high = math.ceil(max(logs, default=0.0))
        low = math.floor(min(logs, default=0.0))
        # the smallest norm is to show, too
        return cls(min(low - 1 if low in logs else low, high - LEAST_DECADES), high)


def print_network(diagnosis: Diagnosis, title: str, console: Console | None = None) -> None:
    """Print one row per layer, then what is wrong.

    Parameters
    ----------
    diagnosis : Diagnosis
        From :func:`gradc_runtime.diagnostics.diagnose`.
    title : str
        What was measured and when.
    console : rich.console.Console, optional
    """
    from rich.console import Console

    target = console if console is not None else Console(highlight=False)
    plain = not target.encoding.lower().startswith("utf")
    for part in _parts(diagnosis, title, target.width, plain):
        target.print(part)


def network_text(diagnosis: Diagnosis, title: str, width: int = 80) -> str:
    """Return the same as plain text of at most `width` columns."""
    from rich.console import Console

    file = io.StringIO()
    console = Console(file=file, width=width, color_system=None, highlight=False)
    for part in _parts(diagnosis, title, width, ascii_only=False):
        console.print(part)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _parts(diagnosis: Diagnosis, title: str, width: int, ascii_only: bool) -> list[RenderableType]:
    from rich.text import Text

    parts: list[RenderableType] = [Text(title, "bold"), _table(diagnosis, width, ascii_only), ""]
    for finding in diagnosis.findings:
        line = Text(f"{finding.kind}: ", f"bold {STYLES[finding.kind]}")
        parts.append(line.append(finding.message, "default not bold"))
    if not diagnosis.findings:
        parts.append(Text("nothing is wrong with the gradients", "green"))
    return parts


def _table(diagnosis: Diagnosis, width: int, ascii_only: bool) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    scale = Scale.of(diagnosis.rows)
    bar = 36 if width >= 100 else 20
    table = Table(
        box=box.ASCII2 if ascii_only else box.SIMPLE_HEAD,
        show_edge=False,
        header_style="bright_black",
    )
    low, high = f"1e{scale.low:+03d}", f"1e{scale.high:+03d}"
    table.add_column("layer", no_wrap=True)
    table.add_column("type", no_wrap=True)
    table.add_column("gradient", justify="right", no_wrap=True)
    table.add_column(f"{low}{high:>{bar - len(low)}}", no_wrap=True, width=bar)
    table.add_column("flat", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row in diagnosis.rows:
        style = STYLES.get(row.verdict or "", "")
        table.add_row(
            Text(row.name, style or "default"),
            Text(row.kind),
            norm_text(row.grad_norm),
            Text(_bar(row, scale, bar, ascii_only), style or "green"),
            flat_text(row),
            Text(row.verdict or "", f"bold {style}" if style else ""),
        )
    return table


def _bar(row: LayerRow, scale: Scale, width: int, ascii_only: bool) -> str:
    if row.grad_norm is None:
        return ""
    if row.grad_norm == 0:
        return "exactly zero"
    if not math.isfinite(row.grad_norm):
        return "not finite"
    eighths = max(1, round(scale.share(row.grad_norm) * width * 8))
    if ascii_only:
        return "#" * max(1, round(eighths / 8))
    return "█" * (eighths // 8) + "▏▎▍▌▋▊▉"[eighths % 8 - 1 : eighths % 8]


def norm_text(norm: float | None) -> str:
    """Write a gradient's norm with two digits; nothing for a layer without parameters."""
    return "" if norm is None else f"{norm:.1e}"


def flat_text(row: LayerRow) -> str:
    """Write which part of a layer's outputs is saturated, or of its units dead."""
    share = row.saturated if row.saturated is not None else row.dead
    return "" if share is None else f"{share:.0%}"


def network_html(diagnosis: Diagnosis, title: str) -> str:
    """Return the same as a page of its own, which loads nothing."""
    from gradc.explain.html import page

    scale = Scale.of(diagnosis.rows)
    return page(
        "network.html.j2",
        title=title,
        ticks=[_tick(scale, decade) for decade in range(scale.low, scale.high + 1)],
        rows=[
            {
                "name": row.name,
                "kind": row.kind,
                "norm": norm_text(row.grad_norm),
                "has_norm": row.grad_norm is not None,
                "percent": f"{100 * scale.share(row.grad_norm):.1f}",
                "flat": flat_text(row),
                "verdict": row.verdict or "",
            }
            for row in diagnosis.rows
        ],
        findings=diagnosis.findings,
    )


def _tick(scale: Scale, decade: int) -> dict[str, object]:
    span = scale.high - scale.low
    step = max(1, math.ceil(span / 8))
    return {
        "percent": f"{100 * (decade - scale.low) / span:.1f}",
        "label": f"1e{decade}" if (decade - scale.low) % step == 0 else "",
    }


def save_network_html(diagnosis: Diagnosis, title: str, path: Path) -> Path:
    """Write the page; it appears whole or not at all."""
    from gradc_runtime.files import write_atomically

    return write_atomically(path, network_html(diagnosis, title).encode("utf-8"))
