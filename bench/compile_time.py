"""Time to the first gradient of a mixture model and of long code: ``python -m bench.compile_time``.

Every number is the time of a fresh process, imports included; "second" finds what the first
process left in the cache.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.common import CLOCKS, ROOT, Table, Times, ask_child

MIXTURE = """
import json, math, sys
import numpy as np
from gradc import grad


def mixture(alphas, means, icf, x, gamma, m):
    n, d = x.shape
    k = alphas.shape[0]
    q = np.exp(icf[:, :d])
    sum_qs = np.sum(icf[:, :d], axis=1)
    slse = 0.0
    xc, qx, main = np.empty(d), np.empty(d), np.empty(k)
    for i in range(n):
        for j in range(k):
            for a in range(d):
                xc[a] = x[i, a] - means[j, a]
            for a in range(d):
                qx[a] = q[j, a] * xc[a]
            t = d
            for a in range(d):
                for b in range(a + 1, d):
                    qx[b] = qx[b] + icf[j, t] * xc[a]
                    t += 1
            s = 0.0
            for a in range(d):
                s += qx[a] * qx[a]
            main[j] = alphas[j] + sum_qs[j] - 0.5 * s
        mx = main[0]
        for j in range(1, k):
            if main[j] > mx:
                mx = main[j]
        s = 0.0
        for j in range(k):
            s += math.exp(main[j] - mx)
        slse += mx + math.log(s)
    s = 0.0
    for j in range(k):
        s += math.exp(alphas[j])
    frob = 0.0
    for j in range(k):
        for a in range(d):
            frob += q[j, a] * q[j, a]
        for a in range(d, icf.shape[1]):
            frob += icf[j, a] * icf[j, a]
    wish = 0.5 * gamma * gamma * frob
    for j in range(k):
        wish -= m * sum_qs[j]
    return slse - n * math.log(s) + wish


n, d, k = 100, 10, 5
at = np.linspace(0.1, 1.0, 1000)
arrays = at[:k], at[: k * d].reshape(k, d), at[: k * 55].reshape(k, 55), at.reshape(n, d)
gradient = grad(mixture, argnums=(0, 1, 2))(*arrays, 1.0, 0)
print(json.dumps({"value": float(gradient[0][0])}))
"""


def statements(count: int) -> str:
    """A program with a function of `count` scalar statements."""
    draw = random.Random(count)
    names, lines = ["x", "y"], []
    for number in range(count):
        a, b = draw.choice(names[-10:]), draw.choice(names[-10:])
        made = (f"{a} * {b} + 0.5", f"math.sin({a}) - {b}", f"{a} / (1.0 + {b} * {b})")
        lines.append(f"    v{number} = {draw.choice(made)}")
        names.append(f"v{number}")
    body = "\n".join(lines)
    return (
        "import json, math\nfrom gradc import grad\n\n"
        f"def long(x, y):\n{body}\n    return {names[-1]} + {names[-2]}\n\n"
        'print(json.dumps({"value": grad(long)(0.3, 0.4)}))\n'
    )


def measure(rounds: int, clock: str) -> Table:
    """Run every program twice in an empty cache, `rounds` times."""
    table = Table(f"First gradient, whole process ({clock} time)", ("", "first process", "second"))
    programs = {
        "mixture model (60 lines of loops)": MIXTURE,
        "100 scalar statements": statements(100),
        "400 scalar statements": statements(400),
    }
    for name, text in programs.items():
        both: tuple[list[float], list[float]] = ([], [])
        with tempfile.TemporaryDirectory() as scratch:
            script = Path(scratch) / "program.py"
            script.write_text(text, encoding="utf-8")
            for number in range(rounds):
                environment = {
                    "GRADC_CACHE_DIR": str(Path(scratch) / f"cache{number}"),
                    "PYTHONPYCACHEPREFIX": str(Path(scratch) / "bytecode"),
                    "PYTHONPATH": str(ROOT),
                }
                for replies in both:
                    reply = ask_child(script, [], environment)
                    replies.append(reply.cpu if clock == "cpu" else reply.wall)
        table.add(name, *(Times(tuple(seconds)) for seconds in both))
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.compile_time", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="pairs of processes (5)")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="wall unless cpu is asked")
    options = parser.parse_args(arguments)
    measure(options.rounds, options.clock).show(options.markdown)


if __name__ == "__main__":
    main()
