"""Random programs that subtract extrema before they take exponentials, some rightly."""

from __future__ import annotations

import random

#: Statements in arrays. `S`, `V`, `W` and `A` stand for a number, a row, a column and a matrix.
_ARRAYS = (
    "A = A - np.max(A)",
    "A = A - np.max(A, axis=1)[:, None]",
    "A = A - np.max(A, axis=0, keepdims=True)",
    "S = np.max(A)",
    "W = np.max(A, axis=1)",
    "V = np.min(A, axis=0)",
    "S = np.maximum(S, S)",
    "A = np.exp(A - S)",
    "A = np.exp(A - W[:, None])",
    "A = np.exp(V - A)",
    "A = np.exp(-(A - S) / (2.0 + x[0, 0] ** 2))",
    "V = np.exp(V - S)",
    "W = np.sum(A, axis=1)",
    "V = np.sum(A, axis=0)",
    "W = W + np.log(np.sum(np.exp(A - W[:, None]), axis=1))",
    "S = np.log(np.sum(np.exp(A - S))) + S",
    "S = np.log(np.sum(np.exp(V - S))) + 0.5 * S",
    "S = np.log(np.sum(V)) * 2.0 + np.log(np.sum(W)) - S",
    "A = A / np.sum(A, axis=1)[:, None]",
    "A = A / W[:, None]",
    "A = A / (1.0 + A * A)",
    "A = A * A",
    "V = V / np.sum(V)",
    "V = np.sqrt(np.abs(V) + 0.1)",
    "W = A @ V",
    "W = np.log(np.abs(W) + 0.5) + W",
    "S = S + np.sum(V * V)",
    "A = np.where(A > S, A, A * 2.0)",
    "V = A[1]",
    "W = A[:, 0]",
)
#: The same in loops over rows.
_LOOPS = (
    "S = A[0, 0]\nfor i in range(n):\n    for j in range(k):\n        S = max(S, A[i, j])",
    "S = A[i, 0]\nfor j in range(k):\n    S = max(S, A[i, j])",
    "S = min(V[0], min(V[1], V[2]))",
    "S = 0.0\nfor j in range(k):\n    S += math.exp(V[j] - S)",
    "S = 0.0\nfor j in range(k):\n    S += math.exp(A[i, j] - S)",
    "for j in range(k):\n    V[j] = math.exp(A[i, j] - S)",
    "for j in range(k):\n    V[j] = V[j] / S",
    "for j in range(k):\n    V[j] += A[i, j]",
    "for j in range(1, k):\n    V[j] = math.exp(V[j] - S)",
    "S = S + math.log(abs(S) + 0.1)",
    "S = math.log(S * S + 0.1) / 2.0 + S",
    "S = -x[0, 1] * math.log(math.exp(-(V[0] - S) / x[0, 1]) + math.exp((S - V[1]) / x[0, 1])) + S",
    "if S > 0.5:\n    S = S * 0.5",
    "result += S * W[i]",
    "result += V[0] * V[1]",
)
#: Parts that are shifts, as they are written.
_KNOWN = (
    "top = S = np.max(A)\nA = np.exp(A - top)\nA = A / np.sum(A)",
    "top = np.max(A, axis=1)\nW = np.log(np.sum(np.exp(A - top[:, None]), axis=1)) + top",
    "top = V[0]\nfor j in range(1, k):\n    top = max(top, V[j])\ntotal = 0.0\n"
    "for j in range(k):\n    V[j] = math.exp(V[j] - top)\n    total += V[j]\n"
    "for j in range(k):\n    V[j] = V[j] / total",
    "top = np.max(V)\nS = S + np.log(np.sum(np.exp(V - top))) + top",
)


def program(seed: int) -> str:
    """The text of a function ``f(x)`` of a matrix of three by three or more."""
    pick = random.Random(seed)
    lines = ["n, k = x.shape", "result = 0.0", "a, b = x * 0.5, np.tanh(x) + 1.0"]
    lines += ["u, v = x[0] * 0.3, x[1] + 0.7", "p, q = x[:, 0] * 1.0, x[:, 1] ** 2"]
    lines += ["s, t = x[1, 1], 0.4", "i = 1"]
    for _ in range(pick.randint(1, 3)):
        lines += _statements(pick, (*_ARRAYS, *_KNOWN))
    if pick.random() < 0.6:
        lines.append("for i in range(n):")
        for _ in range(pick.randint(1, 4)):
            lines += ["    " + line for line in _statements(pick, (*_LOOPS, *_KNOWN[2:]))]
    for _ in range(pick.randint(0, 2)):
        lines += _statements(pick, _ARRAYS)
    lines.append("return result + np.sum(a * b) + np.sum(u * v) + np.sum(p * q) + s * t")
    return "def f(x):\n" + "".join(f"    {line}\n" for line in lines)


def _statements(pick: random.Random, kinds: tuple[str, ...]) -> list[str]:
    text = pick.choice(kinds)
    for kind, names in {"A": "ab", "V": "uv", "W": "pq", "S": "st"}.items():
        while kind in text:
            before, _, after = text.partition(kind)
            text = f"{before}{pick.choice(names)}{after}"
    return text.split("\n")
