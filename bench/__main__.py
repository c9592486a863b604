"""All benchmarks, or those named: ``python -m bench [NAME ...] [--quick] [--markdown]``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from bench.common import ONE_THREAD, ROOT, machine

QUICK_ROUNDS = {
    "call_overhead": 5,
    "checkpoint": 1,
    "compile_time": 1,
    "first_gradient": 1,
    "train_step": 5,
    "gradient_ratio": 3,
    "jacobians": 3,
    "vector_math": 5,
    "memory": 1,
    "kernels": 5,
    "chain": 3,
    "sparse": 3,
}
"""Rounds for a first look; each benchmark has its own default for numbers that are kept."""

# These start other processes or threads.
MORE_THREADS = frozenset({"first_gradient", "compile_time", "checkpoint", "vector_math"})


def main() -> int:
    """Run the benchmarks, each in a process of its own, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"any of {', '.join(QUICK_ROUNDS)}; all by default"
    )
    parser.add_argument("--quick", action="store_true", help="few rounds, rough numbers")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in QUICK_ROUNDS]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(QUICK_ROUNDS)}")
    print(machine(), end="\n\n", flush=True)
    for name in options.names or QUICK_ROUNDS:
        command = [sys.executable, "-m", f"bench.{name}"]
        command += ["--markdown"] if options.markdown else []
        command += ["--rounds", str(QUICK_ROUNDS[name])] if options.quick else []
        # processes that start others are not held to one thread: JAX compiles with several
        environment = {} if name in MORE_THREADS else ONE_THREAD
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False)
        if done.returncode != 0:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
