"""One row per layer: how large its gradient is, and whether it saturates or is dead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.console import Console

    from gradc.faces.models import Model as Network
    from gradc_runtime.diagnostics import Diagnosis, LayerRow

_BAR = 24
_STYLES = {"vanishing": "yellow", "exploding": "red", "saturated": "yellow", "dead": "red"}


def diagnosis_of(
    network: Network, params: Sequence[NDArray[Any]], x: NDArray[Any], y: NDArray[Any]
) -> Diagnosis:
    """Measure and judge each layer on a batch."""
    from gradc.frontend.network import parameters_of
    from gradc_runtime.diagnostics import diagnose, layer_row

    _, gradients = network.value_and_grad(params, x, y)
    outputs = network.layers(params, x)
    rows = []
    own = list(zip(parameters_of(network.spec), params, gradients, strict=True))
    for index, (layer, given) in enumerate(zip(network.spec.layers, outputs, strict=True)):
        mine = [(value, bar) for parameter, value, bar in own if parameter.layer == index]
        rows.append(
            layer_row(
                f"layer {index + 1}",
                layer.type,
                params=[value for value, _ in mine],
                grads=[bar for _, bar in mine],
                output=given,
            )
        )
    return diagnose(rows)


def print_diagnosis(out: Console, found: Diagnosis, title: str) -> None:
    """Print the rows as a table with the gradients' norms as bars, then the findings."""
    from rich.text import Text

    from gradc.cli.terminal import plain_table

    table = plain_table(
        "layer", "type", "gradient", "", "parameters", "mean", "std", "flat", "verdict",
        right=(2, 4, 5, 6, 7),
    )  # fmt: skip
    norms = [row.grad_norm for row in found.rows if row.grad_norm is not None]
    for row in found.rows:
        style = _STYLES.get(row.verdict or "", "")
        flat = row.saturated if row.saturated is not None else row.dead
        table.add_row(
            row.name,
            row.kind,
            _short(row.grad_norm),
            Text(_bar(row, norms), style=style or "green"),
            _short(row.param_norm),
            _short(row.mean),
            _short(row.std),
            "" if flat is None else f"{flat:.0%}",
            Text(row.verdict or "", style=style),
        )
    out.print()
    out.print(Text(title, style="bold"), soft_wrap=True)
    out.print(table)
    for finding in found.findings:
        line = Text(f"{finding.kind}: ", style=f"bold {_STYLES[finding.kind]}")
        out.print(line.append(finding.message, style="default not bold"), soft_wrap=True)
    if not found.findings:
        out.print(Text("nothing is wrong with the gradients", style="green"))


def _bar(row: LayerRow, norms: Sequence[float]) -> str:
    """The norm on a logarithmic scale of all norms, at least three decades wide."""
    logs = [math.log10(norm) for norm in norms if norm > 0 and math.isfinite(norm)]
    if row.grad_norm is None or not logs:
        return ""
    if not math.isfinite(row.grad_norm):
        return "█" * _BAR
    if row.grad_norm == 0:
        return "0"
    high = max(logs)
    low = min(*logs, high - 3)
    share = (math.log10(row.grad_norm) - low) / (high - low)
    return "█" * max(1, round(share * _BAR))


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"
