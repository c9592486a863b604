"""Random programs that change two lists of numbers, `a` and `b`, in loops and branches."""

from __future__ import annotations

import random

_HEADERS = (
    "for i in range(n):",
    "for i in range(3):",
    "for i, u in enumerate(x):",
    "for i in range(i, n):",
    "for k in range(n - 1):",
    "for i in range(n - 1, -1, -1):",
)
_CONDITIONS = (
    "s > 0.3",
    "x[i % 4] > 0",
    "len(a) > 2",
    "i % 2 == 0",
    "t < s",
    "bool(b)",
    "k > 1",
)
_NUMBERS = ("s", "t", "x[i % 4]", "y[1]", "0.7", "s * 0.5", "np.sin(s)", "x[k % 4] * t", "-0.3")
_ITEMS = (
    "a[0] if a else 0.2",
    "b[-1] if b else s",
    "a[i % len(a)] if a else t",
    "len(a) * 0.1",
)
#: `A` and `B` stand for lists, `E` for an expression and `N` for one that reads no list.
_STATEMENTS = (
    "A.append(E)",
    "A.append(E)",
    "A.append(E)",
    "A.append(E)\nB.append(E)",
    "if A:\n    A[i % len(A)] = E",
    "if A:\n    A[-1] = E",
    "if len(A) > 1:\n    A[k % 2] *= E",
    "if A:\n    s = s * 0.5 + A.pop()",
    "if len(A) > 2:\n    A.pop()",
    "A.extend(x)",
    "A.extend(B[:2])",
    "A += [E, E]",
    "s += sum(A) * 0.1",
    "if A:\n    s += max(A) * 0.3",
    "s = s * 0.7 + len(A)",
    "t = np.array(A).sum() * 0.1 + 0.2",
    "for v in A:\n    s += v * t * 0.2",
    "for v in list(A):\n    B.append(v * 0.5)",
    "for j in range(len(A)):\n    A[j] = A[j] * 0.9 + N * 0.1",
    "for v, w in zip(A, x):\n    s += v * w * 0.3",
    "for j, v in enumerate(A):\n    t = t * 0.9 + v * 0.1 * j",
    "push(A, E)",
    "s = s * 0.5 + total(A)",
    "t += E * 0.2",
    "s = s * 0.8 + E * 0.3",
    "A.clear()",
)
_OTHER_LISTS = (
    "A = []",
    "A = [E, s]",
    "A = [v * t for v in x]",
    "A = B",
    "A = list(B)",
    "A = B[1:]",
    "A = B + [s]",
    "A = [w * 0.5 for w in B]",
    "A = x.tolist()",
    "A = [0.0] * 3",
    "A = [0.0] * n",
)
_FIRST = ("a = []", "a = [t]", "a = [v * 2.0 for v in x]", "a = [0.5] * 3")
_SECOND = ("b = []", "b = [s, t]", "b = list(y)", "b = a")
_FRAME = """def push(items, v):
    items.append(v * 0.5)


def total(items):
    r = 0.0
    for v in items:
        r += v * v * 0.1
    return r


def f(x, y, n):
    s = 0.4
    t = 0.6
    i = 1
    k = 1
{body}
    return s + t + sum(a) * 1.5 + sum(b) * 0.5
"""


def program(rng: random.Random) -> str:
    """A program with a function ``f(x, y, n)`` of two arrays of four floats, and 4."""
    lines = [rng.choice(_FIRST), rng.choice(_SECOND)]
    for _ in range(rng.randint(2, 4)):
        lines += _block(rng, 0, in_loop=False)
    return _FRAME.format(body="\n".join("    " + line for line in lines))


def _block(rng: random.Random, depth: int, in_loop: bool) -> list[str]:
    return [line for _ in range(rng.randint(1, 3)) for line in _statement(rng, depth, in_loop)]


def _inner(rng: random.Random, depth: int, in_loop: bool) -> list[str]:
    return ["    " + line for line in _block(rng, depth + 1, in_loop)]


def _statement(rng: random.Random, depth: int, in_loop: bool) -> list[str]:
    kind = rng.random()
    if depth < 3 and kind < 0.16:
        lines = [f"if {rng.choice(_CONDITIONS)}:", *_inner(rng, depth, in_loop)]
        return [*lines, "else:", *_inner(rng, depth, in_loop)] if rng.random() < 0.5 else lines
    if depth < 3 and kind < 0.36:
        return [rng.choice(_HEADERS), *_inner(rng, depth, in_loop=True)]
    if depth < 3 and kind < 0.42:
        name = f"w{rng.randrange(10**6)}"
        head = [f"{name} = 0", f"while {name} < n:", f"    {name} += 1"]
        return [*head, *_inner(rng, depth, in_loop=True)]
    if in_loop and kind < 0.46:
        return [f"if {rng.choice(_CONDITIONS)}:", "    " + rng.choice(["break", "continue"])]
    if kind < 0.48:
        return [f"if {rng.choice(_CONDITIONS)}:", "    return s * 2.0"]
    new = depth == 0 and rng.random() < 0.2
    return _filled(rng, rng.choice(_OTHER_LISTS if new else _STATEMENTS)).split("\n")


def _filled(rng: random.Random, text: str) -> str:
    lists = {"A": rng.choice("ab"), "B": rng.choice("ab")}
    made = ""
    for letter in text:
        if letter == "E":
            made += f"({rng.choice(_NUMBERS + _ITEMS)})"
        elif letter == "N":
            made += f"({rng.choice(_NUMBERS)})"
        else:
            made += lists.get(letter, letter)
    return made
