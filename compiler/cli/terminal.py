"""What the commands print with: rich on a terminal, plain text in a pipe or a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PIPED_WIDTH = 120


def console() -> Console:
    """Return a console on stdout.

    Markup is off, for what is printed comes from the user's files; styles are given as styles. In
    a pipe the width is fixed, so that the same input prints the same lines everywhere.
    """
    from rich.console import Console

    terminal = sys.stdout.isatty()
    width = None if terminal or "COLUMNS" in os.environ else PIPED_WIDTH
    return Console(width=width, markup=False, highlight=False, emoji=False)


def plain_table(*columns: str, right: tuple[int, ...] = ()) -> Table:
    """Return a table with a rule under its header and nothing else.

    Parameters
    ----------
    columns : str
        The headers.
    right : tuple of int
        Columns whose entries are flush right.
    """
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for place, header in enumerate(columns):
        table.add_column(header, justify="right" if place in right else "left", overflow="fold")
    return table


def list_written(out: Console, paths: list[Path]) -> None:
    """Say which files were written, with their sizes."""
    from rich.text import Text

    for path in paths:
        size = path.stat().st_size
        line = Text("wrote ", style="green").append(str(path), style="bold")
        out.print(line.append(f"  {readable_size(size)}", style="dim"), soft_wrap=True)


def readable_size(size: int) -> str:
    """Write a number of bytes for a person."""
    if size < 1024:
        return f"{size} B"
    return f"{size / 1024:.1f} KB" if size < 1024**2 else f"{size / 1024**2:.1f} MB"


def number(value: Any, indent: int = 0) -> str:
    """Write a number with all its digits, or an array with six of each element.

    Arrays of more than a thousand elements are shown in part; their further lines begin at
    column `indent`.
    """
    import numpy as np

    array = np.asarray(value)
    if array.ndim:
        return np.array2string(array, precision=6, separator=", ", prefix=" " * indent)
    text = str(array[()]) if array.dtype == np.float32 else repr(float(array))
    return text.removesuffix(".0")
