"""A GradBench tool: answers the messages of an eval, one JSON object a line.

``python -m bench.gradbench.tool [--form loops|arrays]``. Messages come on standard input and are
answered on standard output; see CONTRIBUTING.md of GradBench for the protocol.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

from bench.gradbench.modules import MODULES, Task
from gradc.errors import GradcError

NAME = "gradc"


def main() -> int:
    """Answer until the input ends."""
    parser = argparse.ArgumentParser(prog="python -m bench.gradbench.tool", description=__doc__)
    parser.add_argument(
        "--form",
        choices=("loops", "arrays"),
        default="loops",
        help="which of two natural ways to write a function, where there are two",
    )
    serve(sys.stdin, sys.stdout, parser.parse_args().form)
    return 0


def serve(messages: TextIO, answers: TextIO, form: str) -> None:
    """Answer each message of a stream."""
    for line in messages:
        message = json.loads(line)
        answer = {"id": message["id"], **answered(message, form)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def answered(message: Mapping[str, Any], form: str) -> dict[str, Any]:
    """The fields of an answer beside its id."""
    if message["kind"] == "start":
        return {"tool": NAME}
    if message["kind"] == "define":
        return {"success": (message["module"], form) in MODULES}
    if message["kind"] != "evaluate":
        return {}
    task = MODULES[message["module"], form].get(message["function"])
    if task is None:
        return {"success": False, "error": f"no function {message['function']}"}
    try:
        return evaluated(task, message["input"])
    except GradcError as error:
        return {"success": False, "error": str(error)}


def evaluated(task: Task, given: Any) -> dict[str, Any]:
    """Run a task as often and as long as is asked for."""
    arguments = task.read(given)
    runs = given.get("min_runs", 1) if isinstance(given, dict) else 1
    seconds = given.get("min_seconds", 0.0) if isinstance(given, dict) else 0.0
    start = time.perf_counter_ns()
    task.call(*arguments)  # compiles
    timings = [{"name": "compile", "nanoseconds": time.perf_counter_ns() - start}]
    spent, output = 0, None
    while len(timings) <= runs or spent < seconds * 1e9:
        start = time.perf_counter_ns()
        output = task.call(*arguments)
        took = time.perf_counter_ns() - start
        spent += took
        timings.append({"name": "evaluate", "nanoseconds": took})
    return {"success": True, "output": task.write(output), "timings": timings}


if __name__ == "__main__":
    sys.exit(main())
