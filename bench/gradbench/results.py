"""What the tools did, and the tables that show it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench.common import Times

GRADIENTS = frozenset({"double", "gradient", "jacobian", "dir"})


@dataclass(slots=True)
class Result:
    """What one tool did with one function at one size.

    Attributes
    ----------
    rounds : list of list of float
        The seconds of each run, by round.
    valid : bool
        What the eval says of the answers, all of them.
    error : str
        Why there is no answer, or what is wrong with it.
    peak : int
        The most bytes that the process had in memory, in a session with all sizes.
    """

    rounds: list[list[float]] = field(default_factory=list)
    valid: bool = True
    error: str = ""
    peak: int = 0

    @property
    def best(self) -> float:
        """The fastest run of all."""
        return min(map(min, self.rounds))

    @property
    def median(self) -> float:
        """The median over all runs."""
        return statistics.median(seconds for each in self.rounds for seconds in each)

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest median of a round."""
        medians = [statistics.median(each) for each in self.rounds]
        return min(medians), max(medians)


Results = dict[tuple[str, str, str], dict[str, Result]]
"""By eval, description and function; then by tool."""


def print_tables(results: Results, markdown: bool) -> None:
    """Print a table for each eval: a row for each size and function, a column for each tool."""
    for name in dict.fromkeys(key[0] for key in results):
        rows = {key[1:]: row for key, row in results.items() if key[0] == name}
        tools = list(dict.fromkeys(tool for row in rows.values() for tool in row))
        print(f"### {name}\n" if markdown else name)
        _print_table(["size", "function", *tools], _lines(rows, tools), markdown)
        for tool in tools:
            for (size, function), row in rows.items():
                if tool in row and not row[tool].valid:
                    print(f"{tool}, {function} {size}: {row[tool].error.strip()[:300]}")
        print(flush=True)


def _lines(
    rows: dict[tuple[str, str], dict[str, Result]], tools: Sequence[str]
) -> Iterator[list[str]]:
    """The rows of a table, after each gradient its ratio to the function."""
    primals: dict[str, dict[str, Result]] = {}
    for (size, function), row in rows.items():
        yield [size, function, *(_cell(row.get(tool)) for tool in tools)]
        if function not in GRADIENTS:
            primals[size] = row
        elif size in primals:
            ratios = [_ratio(row.get(tool), primals[size].get(tool)) for tool in tools]
            yield [size, "ratio", *ratios]
    peaks = {t: max(row[t].peak for row in rows.values() if t in row) for t in tools}
    yield ["all", "peak memory", *(f"{peaks[tool] / 2**20:.0f} MiB" for tool in tools)]


def _cell(result: Result | None) -> str:
    if result is None:
        return "-"
    if not result.rounds:
        return "failed"
    best = Times((result.best,)).lines()[0]
    median, low, high = (Times((s,)).lines()[0] for s in (result.median, *result.spread))
    mark = "" if result.valid else " INVALID"
    return f"{best} ({median}; {low} to {high}){mark}"


def _ratio(gradient: Result | None, primal: Result | None) -> str:
    if gradient is None or primal is None or not gradient.rounds or not primal.rounds:
        return "-"
    return f"{gradient.best / primal.best:.2f}"


def _print_table(head: Sequence[str], rows: Iterator[list[str]], markdown: bool) -> None:
    table = [list(head), *rows]
    if markdown:
        table.insert(1, ["---"] * len(head))
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("| " + " | ".join(cells) + " |" if markdown else "  ".join(cells).rstrip())
