"""The text of a formula: bounds, characters and words are judged before it is parsed.

Python's own parser would take much of what is refused here, or say about it what only a
programmer understands. The checks read the text once, from left to right; what they let through
is short, not deeply nested, and made of numbers, names, operators and round brackets.
"""

from __future__ import annotations

import ast
import keyword
import math
import re
from dataclasses import dataclass
from itertools import pairwise

from gradc.errors import Diagnostic, Location, ModelFileError
from gradc.frontend.scalar_ir import Problems, quoted

FILE = "<expression>"

#: Bounds of what is read at all; a Python function takes what is longer.
MAX_LENGTH = 10_000
MAX_OPERATORS = 1_000
MAX_NESTING = 50
MAX_NAME = 60
_ELSEWHERE = "write it as a Python function and name that: model.py:function"

_TOKEN = re.compile(
    r"""
      (?P<blank>[ ]+)
    | (?P<number>(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)
    | (?P<name>[A-Za-z_][A-Za-z_0-9]*)
    | (?P<operator>\*\*|//|<=|>=|==|!=|[-+*/%<>,])
    | (?P<open>\()
    | (?P<close>\))
    | (?P<attribute>\.[ ]*[A-Za-z_][A-Za-z_0-9]*)
    | (?P<quotes>"[^"]*"?|'[^']*'?)
    | (?P<other>:=|[^\x00-\x7f]+|.)
    """,
    re.VERBOSE | re.ASCII | re.DOTALL,
)

WORDS = frozenset({"if", "else", "and", "or", "not"})

_OTHER = {
    "^": ("`^` is no power in Python", "write `**`, as in `x**2`"),
    "=": ("`=` has no place in a formula", "write the right-hand side alone; `==` compares"),
    ":=": ("`:=` has no place in a formula", "write the right-hand side alone"),
    "[": ("`[` has no place in a formula", "use round brackets; arrays need a Python function"),
    "]": ("`]` has no place in a formula", "use round brackets; arrays need a Python function"),
    "{": ("`{` has no place in a formula", "use round brackets"),
    "}": ("`}` has no place in a formula", "use round brackets"),
    "&": ("`&` has no place in a formula", "write `and`"),
    "|": ("`|` has no place in a formula", "write `or`, or `abs(x)` for the absolute value"),
    "!": ("`!` has no place in a formula", "there is no factorial; `not` and `!=` are understood"),
    "#": ("`#` has no place in a formula", "a formula has no comments"),
    ".": ("`.` stands alone", "a number has digits around it, as in `0.5`"),
}

# What people paste from papers, and what to type for it.
_UNICODE = {
    "\N{MULTIPLICATION SIGN}": "*",
    "\N{MIDDLE DOT}": "*",
    "\N{DOT OPERATOR}": "*",
    "\N{BULLET OPERATOR}": "*",
    "\N{DIVISION SIGN}": "/",
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{SUPERSCRIPT TWO}": "**2",
    "\N{SUPERSCRIPT THREE}": "**3",
    "\N{SUPERSCRIPT FOUR}": "**4",
    "\N{SQUARE ROOT}": "sqrt(...)",
    "\N{GREEK SMALL LETTER PI}": "pi",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{NOT EQUAL TO}": "!=",
    "\N{GREEK SMALL LETTER ALPHA}": "alpha",
    "\N{GREEK SMALL LETTER BETA}": "beta",
    "\N{GREEK SMALL LETTER GAMMA}": "gamma",
    "\N{GREEK SMALL LETTER THETA}": "theta",
    "\N{GREEK SMALL LETTER LAMDA}": "lam",
    "\N{GREEK SMALL LETTER MU}": "mu",
    "\N{MICRO SIGN}": "mu",
    "\N{GREEK SMALL LETTER SIGMA}": "sigma",
    "\N{GREEK SMALL LETTER OMEGA}": "omega",
    "\N{SUBSCRIPT ZERO}": "0",
    "\N{SUBSCRIPT ONE}": "1",
    "\N{SUBSCRIPT TWO}": "2",
    "\N{SUBSCRIPT THREE}": "3",
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def begins_operand(self) -> bool:
        return self.kind in ("number", "name", "open")

    @property
    def ends_operand(self) -> bool:
        return self.kind in ("number", "name", "close")


def parse(text: object) -> tuple[ast.expr, str]:
    """Return the syntax tree of a formula and the one line of text that its columns refer to.

    Parameters
    ----------
    text : str
        Line breaks and tabs count as blanks.

    Raises
    ------
    ModelFileError
        With every problem of the text that can be told before it is parsed.
    """
    if not isinstance(text, str):
        raise _refused(f"a formula is text, not {type(text).__name__}")
    if len(text) > MAX_LENGTH:
        raise _refused(
            f"the formula has {len(text)} characters; at most {MAX_LENGTH} are read",
            _ELSEWHERE,
        )
    line = re.sub(r"[\t\n\r]", " ", text).strip()
    if not line:
        raise _refused("the formula is empty", "write one, such as `(2*x1 + 3*x2)**2 + 3`")
    problems = Problems()
    reader = _Reader(line, problems)
    reader.read()
    problems.raise_if_any()  # after this the line is printable ASCII
    return _parsed(line, reader.tokens), line


def location(line: str, start: int, end: int) -> Location:
    """Return the location of a part of the line, given by 0-based offsets."""
    return Location(FILE, 1, start + 1, end + 1, line)


def _refused(message: str, hint: str | None = None) -> ModelFileError:
    return ModelFileError(Diagnostic(Location(FILE), message, hint))


def _parsed(line: str, tokens: list[_Token]) -> ast.expr:
    try:
        tree = ast.parse(line, FILE, mode="eval").body
    except SyntaxError as error:
        raise ModelFileError(_syntax_problem(line, tokens, error.offset or 0)) from None
    except (RecursionError, MemoryError):
        # the bounds are far below the parser's own, unless the caller has used up the stack
        raise _refused("the formula is nested too deeply to be parsed") from None
    _check_depth(tree, line)
    return tree


def _check_depth(tree: ast.expr, line: str) -> None:
    """Refuse what would make the reading of the tree recurse deeply.

    A long sum or product leans to the left and is read in a loop: it counts as one level.
    """
    pending: list[tuple[ast.AST, int]] = [(tree, 0)]
    while pending:
        node, depth = pending.pop()
        if depth > MAX_NESTING and isinstance(node, ast.expr):
            loc = location(line, node.col_offset, node.end_col_offset or node.col_offset + 1)
            message = f"operators are nested more than {MAX_NESTING} deep"
            raise ModelFileError(Diagnostic(loc, message, _ELSEWHERE))
        left = node.left if isinstance(node, ast.BinOp) else None
        pending += [
            (child, depth if child is left else depth + 1) for child in ast.iter_child_nodes(node)
        ]


def _syntax_problem(line: str, tokens: list[_Token], offset: int) -> Diagnostic:
    """Say in a user's words where Python's parser gave up (`offset` is its 1-based column)."""
    last = tokens[-1]
    if last.kind == "operator" or last.text in WORDS:
        loc = location(line, last.start, last.end)
        return Diagnostic(loc, f"the formula ends after {quoted(last.text)}", "a value is missing")
    for before, token in pairwise(tokens):
        if before.kind in ("operator", "open") and token.kind in ("operator", "close"):
            signed = token.text in ("+", "-") or (before.kind == "open" and token.kind == "close")
            if not signed:
                loc = location(line, token.start, token.end)
                where = f"between {quoted(before.text)} and {quoted(token.text)}"
                return Diagnostic(loc, f"a value is missing {where}")
    found = next((token for token in tokens if token.end >= offset), last)
    loc = location(line, found.start, found.end)
    hint = None
    if any(token.text == "if" for token in tokens):
        hint = "a choice reads `a if x > 0 else b`"
    return Diagnostic(loc, f"{quoted(found.text)} is not expected here", hint)


class _Reader:
    """Reads the text once and notes what does not belong in a formula."""

    def __init__(self, line: str, problems: Problems) -> None:
        self.line = line
        # what is shown must not turn the user's terminal upside down
        self.shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in line)
        self.problems = problems
        self.tokens: list[_Token] = []
        self.brackets: list[_Token] = []
        self.operators = 0
        self.too_deep = False

    def read(self) -> None:
        for match in _TOKEN.finditer(self.line):
            kind = match.lastgroup
            if kind is None or kind == "blank":
                continue
            token = _Token(kind, match.group(), match.start())
            self.operand_before(token)
            self.count_operators(token)
            getattr(self, f"on_{kind}")(token)
            self.tokens.append(token)
        for bracket in self.brackets:
            self.problem(bracket, "this bracket is never closed")

    def problem(self, token: _Token, message: str, hint: str | None = None) -> None:
        self.problems.add(location(self.shown, token.start, token.end), message, hint)

    def operand_before(self, token: _Token) -> None:
        """Two operands side by side: a product that only looks like one."""
        if not self.tokens:
            return
        before = self.tokens[-1]
        if before.kind == "number" and token.text in WORDS and before.end == token.start:
            self.problem(token, f"a blank is missing before {quoted(token.text)}")
        if keyword.iskeyword(before.text) or keyword.iskeyword(token.text):
            return
        if before.kind == "name" and token.kind == "open":
            return
        if before.ends_operand and token.begins_operand:
            between = f"between {quoted(before.text)} and {quoted(token.text)}"
            self.problem(
                token, f"an operator is missing {between}", self.product_hint(before, token)
            )

    def product_hint(self, before: _Token, token: _Token) -> str:
        if token.text in ("j", "J") and before.end == token.start:
            return f"there are no complex numbers; for a product write `{before.text}*j`"
        after = "(...)" if token.kind == "open" else token.text
        return f"for a product write {quoted(f'{before.text}*{after}')}"

    def on_number(self, token: _Token) -> None:
        digits = token.text.replace("_", "")
        if re.match(r"0\d", digits) and digits.isdigit():
            shown = digits.lstrip("0") or "0"
            self.problem(token, f"{quoted(token.text)} has leading zeros", f"write {quoted(shown)}")
            return
        if "__" in token.text or token.text.endswith("_") or re.search(r"_\.|\._", token.text):
            self.problem(token, f"{quoted(token.text)} is no number")
            return
        value = float(digits)
        if math.isinf(value):
            hint = "the largest is about 1.8e308"
            self.problem(token, f"{quoted(token.text)} is too large for a 64-bit float", hint)
        elif value == 0 and re.search(r"[1-9]", digits.lower().split("e")[0]):
            hint = "the smallest is about 4.9e-324"
            self.problem(token, f"{quoted(token.text)} is too small for a 64-bit float", hint)

    def on_name(self, token: _Token) -> None:
        name = token.text
        if name == "lambda":
            self.problem(token, "`lambda` is a word of Python and no name", "call it `lam`")
        elif name in ("True", "False", "None"):
            self.problem(token, f"{quoted(name)} is no number")
        elif keyword.iskeyword(name) and name not in WORDS:
            self.problem(token, f"{quoted(name)} is a word of Python and no name", "rename it")
        elif len(name) > MAX_NAME:
            self.problem(token, f"a name has at most {MAX_NAME} characters, not {len(name)}")
        elif name.startswith("__"):
            self.problem(token, f"{quoted(name)} is no name for a variable or a function here")

    def count_operators(self, token: _Token) -> None:
        if token.kind != "operator" and token.text not in WORDS:
            return
        self.operators += 1
        if self.operators == MAX_OPERATORS + 1:
            message = f"the formula has more than {MAX_OPERATORS} operators"
            self.problem(token, message, _ELSEWHERE)

    def on_operator(self, token: _Token) -> None:
        if token.text == "//":
            self.problem(token, "`//` has no place in a formula", "write `floor(a / b)`")
        elif token.text == "%":
            self.problem(token, "`%` has no place in a formula", "write `mod(a, b)`")

    def on_open(self, token: _Token) -> None:
        self.brackets.append(token)
        if len(self.brackets) > MAX_NESTING and not self.too_deep:
            self.too_deep = True
            message = f"brackets are nested more than {MAX_NESTING} deep"
            self.problem(token, message, _ELSEWHERE)

    def on_close(self, token: _Token) -> None:
        if self.brackets:
            self.brackets.pop()
        else:
            self.problem(token, "this bracket closes nothing")

    def on_attribute(self, token: _Token) -> None:
        owner = self.tokens[-1].text if self.tokens else ""
        name = token.text.lstrip(". ")
        if owner in ("np", "numpy", "math", "sympy", "sp"):
            hint = f"functions are called by their plain name: {quoted(name)}"
        else:
            hint = "attributes and methods are never looked up"
        self.problem(token, f"{quoted(token.text)} has no place in a formula", hint)

    def on_quotes(self, token: _Token) -> None:
        self.problem(token, "text in quotes has no place in a formula")

    def on_other(self, token: _Token) -> None:
        if token.text in _OTHER:
            self.problem(token, *_OTHER[token.text])
        elif token.text.isascii():
            shown = quoted(token.text) if token.text.isprintable() else ascii(token.text)
            self.problem(token, f"{shown} has no place in a formula")
        else:
            known = "".join(_UNICODE.get(letter, "") for letter in token.text)
            hint = f"write {quoted(known)}" if known else "names have letters a to z, 0 to 9 and _"
            self.problem(token, f"{_shown(token.text)} has no place in a formula", hint)


def _shown(text: str) -> str:
    """Text of foreign characters; what cannot be seen, or turns the text around, is escaped."""
    return quoted(text) if text.isprintable() else ascii(text[:10])
