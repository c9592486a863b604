"""Run the evals of GradBench against gradc and the tools that build here, and print a table.

``python -m bench.gradbench [EVAL ...] [--tools NAMES] [--rounds N] [--full] [--markdown]``

This process stands between an eval and a tool, as the ``gradbench`` program does: it starts both
in the checkout, hands each message on, and keeps the times and what the eval says of the answers.
Tools take turns, so that what slows the machine down for a while slows all of them down.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from bench.common import ONE_THREAD, machine
from bench.gradbench.checkout import Checkout, CheckoutError
from bench.gradbench.results import Result, Results, print_tables
from bench.gradbench.tools import Tool, tools_of

EVALS: Mapping[str, tuple[str, str]] = {
    "hello": ("", ""),
    "llsq": ("-n 128 4096", ""),
    "lse": ("-n 10000 160000", ""),
    "gmm": ("-d 10 32 -k 25", "-d 2 10 32 64 -k 5 25 50"),
    "kmeans": ("-k 10 100 -n 10000 -d 8", "-k 10 100 1000 -n 1000 10000 -d 8 16"),
    "ba": ("--max 2", "--max 14"),
    "ht": ("--max 1 --model small", "--max 4 --model small"),
    "lstm": ("-l 2 4 -c 1024", "-l 2 4 6 -c 1024 4096"),
    "ode": ("-n 1000 10000 -s 10", ""),
    "det": ("-l 5 7", "-l 5 6 7 8 9 10"),
    "particle": ("", ""),
    "saddle": ("", ""),
}
"""The options of each eval: the sizes of a short run, and those of a full one (empty: its own)."""
PEAK = Path(__file__).parent / "peak.py"


def main() -> int:
    """Run what is asked for; the exit status is 1 where an answer of gradc is not valid."""
    parser = argparse.ArgumentParser(prog="python -m bench.gradbench", description=__doc__)
    parser.add_argument("evals", nargs="*", metavar="EVAL", help=f"any of {', '.join(EVALS)}")
    parser.add_argument("--tools", help="comma-separated; all that build by default")
    parser.add_argument("--rounds", type=int, default=3, help="how often each tool gets its turn")
    parser.add_argument("--seconds", type=float, default=0.2, help="for each function and size")
    parser.add_argument("--full", action="store_true", help="more sizes")
    parser.add_argument("--options", help="options of the eval in place of the sizes here")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    options = parser.parse_args()
    unknown = [name for name in options.evals if name not in EVALS]
    if unknown:
        parser.error(f"no eval {', '.join(unknown)}; there are {', '.join(EVALS)}")
    try:
        checkout = Checkout.find()
    except CheckoutError as error:
        print(error, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        # kernels of now: those in the user's cache may be of another state of the runtime
        os.environ["GRADC_CACHE_DIR"] = folder
        return _measured(options, checkout)


def _measured(options: argparse.Namespace, checkout: Checkout) -> int:
    """Run the evals and print the tables."""
    wanted = options.tools.split(",") if options.tools else None
    results: Results = {}
    for name in options.evals or EVALS:
        sizes = options.options or EVALS[name][options.full and bool(EVALS[name][1])]
        tools = [t for t in tools_of(name, checkout) if wanted is None or t.name in wanted]
        for number in range(options.rounds):
            for tool in tools:
                print(f"{name}: {tool.name}, round {number + 1}", file=sys.stderr, flush=True)
                _session(name, shlex.split(sizes), options.seconds, tool, checkout, results)
    print(machine(), end="\n\n", flush=True)
    print_tables(results, options.markdown)
    ours = [
        result
        for row in results.values()
        for tool, result in row.items()
        if tool.startswith("gradc")
    ]
    return 0 if all(result.valid for result in ours) else 1


@dataclass(slots=True)
class Session:
    """One eval talking to one tool.

    Attributes
    ----------
    name, tool : str
    results : dict
        What is added to.
    asked : dict
        The result that each message was about.
    """

    name: str
    tool: str
    results: Results
    asked: dict[int, Result] = field(default_factory=dict)

    def run(self, asking: subprocess.Popen[str], answering: subprocess.Popen[str]) -> None:
        """Hand the messages of one process to the other, and its answers back."""
        for line in _lines(asking.stdout):
            message = json.loads(line)
            if message["kind"] == "end":
                return
            _write(answering.stdin, line)
            answer = next(_lines(answering.stdout), "")
            if not answer:
                return
            self.note(message, json.loads(answer))
            _write(asking.stdin, answer)

    def note(self, message: dict[str, Any], answer: dict[str, Any]) -> None:
        """Keep the times of an answer, or what the eval says of one."""
        if message["kind"] == "evaluate":
            result = self.result(message)
            timings = answer.get("timings") or []
            seconds = [t["nanoseconds"] / 1e9 for t in timings if t["name"] == "evaluate"]
            if seconds:
                result.rounds.append(seconds)
            if not answer["success"]:
                result.valid, result.error = False, str(answer.get("error", "no answer"))
            self.asked[message["id"]] = result
        elif message["kind"] == "analysis" and not message["valid"]:
            result = self.asked[message["of"]]
            result.valid, result.error = False, str(message.get("error", ""))

    def note_memory(self, peak: int) -> None:
        """Keep the most bytes that the tool had in its memory, over the whole session."""
        for (name, _, _), row in self.results.items():
            if name == self.name and self.tool in row:
                row[self.tool].peak = max(peak, row[self.tool].peak)

    def result(self, message: dict[str, Any]) -> Result:
        """What is known of a function at a size so far."""
        key = (self.name, str(message.get("description", "")), message["function"])
        return self.results.setdefault(key, {}).setdefault(self.tool, Result())


def _session(
    name: str,
    sizes: Sequence[str],
    seconds: float,
    tool: Tool,
    checkout: Checkout,
    results: Results,
) -> None:
    """Run one eval against one tool and add to the results."""
    timed = ["--min-runs", "3", "--min-seconds", str(seconds)] if name != "hello" else []
    command = [sys.executable, str(checkout.eval(name)), *sizes, *timed]
    session = Session(name, tool.name, results)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "peak"
        measured = [sys.executable, "-S", str(PEAK), str(file), *tool.command]
        with (
            _started(command, checkout.path, checkout.environment) as asking,
            _started(measured, tool.folder, tool.environment) as answering,
        ):
            session.run(asking, answering)
            for process in (asking, answering):
                assert process.stdin is not None
                process.stdin.close()
        if file.exists():
            session.note_memory(int(file.read_text(encoding="utf-8")))


def _started(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **ONE_THREAD, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _lines(stream: IO[str] | None) -> Iterator[str]:
    assert stream is not None
    yield from iter(stream.readline, "")


def _write(stream: IO[str] | None, line: str) -> None:
    assert stream is not None
    stream.write(line)
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
