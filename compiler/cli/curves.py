"""The loss over the epochs, as a PNG where matplotlib is installed and as text everywhere."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradc_runtime.training import EpochRecord

_BARS = "▁▂▃▄▅▆▇█"
_WIDEST = 60


def can_plot() -> bool:
    """Whether matplotlib is installed."""
    from importlib.util import find_spec

    return find_spec("matplotlib") is not None


def loss_png(history: Sequence[EpochRecord], title: str) -> bytes:
    """Draw the losses, and the accuracy where there is one, as a PNG.

    The figure is drawn without a display and without the global state of pyplot.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7.0, 4.2), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    epochs = [record.epoch for record in history]
    axes.plot(epochs, [record.train_loss for record in history], "C0.-", label="training loss")
    tested = [(r.epoch, r.test_loss) for r in history if r.test_loss is not None]
    if tested:
        axes.plot(*zip(*tested, strict=True), "C1.-", label="held-out loss")
    axes.set(xlabel="epoch", ylabel="loss", title=title, yscale="log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3, which="both")
    lines = list(axes.get_lines())
    accurate = [(r.epoch, 100 * r.accuracy) for r in history if r.accuracy is not None]
    if accurate:
        right = axes.twinx()
        right.set_ylabel("held-out accuracy, %")
        lines += right.plot(*zip(*accurate, strict=True), "C2.--", label="held-out accuracy")
    if axes.get_ylim()[1] < 20 * axes.get_ylim()[0]:
        axes.yaxis.set_minor_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")
    figure.legend(handles=lines, loc="outside lower center", ncols=len(lines))
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def loss_text(losses: Sequence[float]) -> str:
    """Draw losses as a line of bars, on a logarithmic scale."""
    shown = [max(loss, 1e-300) for loss in losses]
    if len(shown) > _WIDEST:
        step = len(shown) / _WIDEST
        shown = [shown[int(index * step)] for index in range(_WIDEST)]
    logs = [math.log(loss) for loss in shown]
    low, high = min(logs), max(logs)
    span = (high - low) or 1.0
    return "".join(_BARS[round((value - low) / span * (len(_BARS) - 1))] for value in logs)
