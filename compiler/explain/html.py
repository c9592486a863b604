"""A derivation, or the diagnosis of a network, as one HTML page that needs nothing else.

The page has no script and loads nothing: style, formulas (MathML) and graph (SVG) are in it, and
it follows the reader's light or dark scheme.
"""

from __future__ import annotations

import io
import keyword
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradc.explain.mathml import derivative, equation, mathml, value_math
from gradc.explain.model import Derivation, Node, Partial, Share, Step
from gradc.explain.notation import Expr, Literal, Name
from gradc.explain.program import program_lines
from gradc.explain.svg import graph_svg

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of source or program, with the source line that it is linked to."""

    number: int
    markup: Markup
    link: int | None


def derivation_html(derivation: Derivation) -> str:
    """Return the page of a derivation."""
    view = _View(derivation)
    graph = graph_svg(derivation)
    return page(
        "report.html.j2",
        title=f"Derivative of {derivation.name}",
        heading=view.heading(),
        point=view.point(),
        graph=None if graph is None else _markup(graph),
        forward=[view.forward_row(node) for node in derivation.nodes],
        backward=[row for step in derivation.steps for row in view.step_rows(step)]
        + view.input_rows(),
        gradient=[
            view.partial(partial)
            for partial in derivation.gradient
            if partial.closed_form is not None or partial.value is not None
        ],
        has_point=derivation.point is not None,
        rules=[(_word(rule), _markup(_LEGEND[rule]), _WORDS[rule]) for rule in derivation.rules],
        source=view.source(),
        program=view.program(),
        links=view.links(),
    )


def save_html(derivation: Derivation, path: Path) -> Path:
    """Write the page of a derivation; it appears whole or not at all."""
    from gradc_runtime.files import write_atomically

    return write_atomically(path, derivation_html(derivation).encode("utf-8"))


def page(template: str, **context: Any) -> str:
    """Fill in one of the templates of this folder; every text in it is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**context)


def _markup(text: str) -> Markup:
    from markupsafe import Markup

    return Markup(text)


def _word(rule: str) -> str:
    return rule.removesuffix(" rule")


#: The rules as formulas, for the legend, and what they say in words.
_WORDS = {
    "constant rule": "what does not depend on the variables passes nothing back",
    "linearity rule": "sums term by term; constant factors stay",
    "monomial rule": "the exponent comes down, and one power less remains",
    "chain rule": "incoming times local derivative, added over all uses",
}
_LEGEND = {
    "constant rule": "<math><mi>d</mi><mi>c</mi><mo>=</mo><mn>0</mn></math>",
    "linearity rule": (
        "<math><mi>d</mi><mo>(</mo><mi>a</mi><mi>u</mi><mo>+</mo><mi>b</mi><mi>v</mi><mo>)</mo>"
        "<mo>=</mo><mi>a</mi><mi>d</mi><mi>u</mi><mo>+</mo><mi>b</mi><mi>d</mi><mi>v</mi></math>"
    ),
    "monomial rule": (
        "<math><mi>d</mi><mo>(</mo><msup><mi>u</mi><mi>n</mi></msup><mo>)</mo><mo>=</mo><mi>n</mi>"
        "<msup><mi>u</mi><mrow><mi>n</mi><mo>-</mo><mn>1</mn></mrow></msup><mi>d</mi><mi>u</mi>"
        "</math>"
    ),
    "chain rule": (
        "<math><mi>d</mi><mi>f</mi><mo>=</mo><mfrac><mrow><mi>d</mi><mi>f</mi></mrow><mrow>"
        "<mi>d</mi><mi>u</mi></mrow></mfrac><mi>d</mi><mi>u</mi></math>"
    ),
}


class _View:
    """What the template shows, row by row."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.lines = program_lines(derivation.program)
        self.known = {line.number for line in derivation.source}

    # -- head ---------------------------------------------------------------------------------

    def heading(self) -> Markup:
        derivation = self.derivation
        if derivation.formula is not None:
            return _markup(equation(Name(derivation.name), derivation.formula))
        inputs = [_name(node) for node in derivation.nodes if node.kind == "input"]
        return _markup(f"{mathml(Name(derivation.name))}({', '.join(inputs)})")

    def point(self) -> list[Markup]:
        if self.derivation.point is None:
            return []
        return [
            _markup(f"{mathml(Name(name))} = {value_math(value)}")
            for name, value in self.derivation.point.items()
        ]

    # -- tables -------------------------------------------------------------------------------

    def forward_row(self, node: Node) -> dict[str, Any]:
        result = node.is_result and node.name != self.derivation.name
        return {
            "name": _markup(_name(node)),
            "alias": _markup(mathml(Name(self.derivation.name))) if result else "",
            "what": None if node.expression is None else _markup(mathml(node.expression)),
            "inside": node.inside,
            "value": _markup(_value(node.value)),
            "active": node.active,
        }

    def step_rows(self, step: Step) -> list[dict[str, Any]]:
        node = self.derivation.node(step.node)
        rows = [
            {
                "name": "",
                "bar": "",
                "rule": "",
                "local": _markup(self.local(node, share)),
                "product": _markup(self.product(node, share)),
                "soft": False,
            }
            for share in step.shares
        ]
        rows += [
            {
                "name": "",
                "bar": "",
                "rule": "constant",
                "local": _markup(text),
                "product": "",
                "soft": True,
            }
            for text in (f"{mathml(constant)} passes nothing back" for constant in step.constants)
        ]
        if rows and step.shares:
            rows[0] |= {
                "name": _markup(_name(node)),
                "bar": _markup(_value(node.bar)),
                "rule": _word(step.rule),
            }
        return rows

    def input_rows(self) -> list[dict[str, Any]]:
        if self.derivation.point is None:
            return []
        rows = []
        for node in self.derivation.nodes:
            if node.kind == "input" and node.active:
                row = {"name": _markup(_name(node)), "bar": _markup(_value(node.bar)), "rule": ""}
                rows.append(
                    {**row, "local": _markup(self.sum_of(node)), "product": "", "soft": True}
                )
        return rows

    def sum_of(self, node: Node) -> str:
        """The sum that an input's cotangent is, where several uses contribute numbers."""
        parts = self.derivation.contributions_to(node.key)
        if len(parts) < 2 or any(getattr(part, "shape", ()) for part in parts):
            return ""
        if len(parts) > 6:
            return f"the sum over {len(parts)} uses"
        return "the sum of " + ", ".join(value_math(part) for part in parts)

    def local(self, node: Node, share: Share) -> str:
        if share.local is None:
            how = "by the sweep of its body" if node.kind == "control" else "into its part"
            shown = how if share.product is None else mathml(share.product)
            return f"to {mathml(Name(share.operand))}: {shown}"
        rights: list[Expr] = [share.local]
        if share.local_value is not None and not isinstance(share.local, Literal):
            rights.append(Literal(share.local_value))
        return equation(derivative(node.name, share.operand), *rights)

    def product(self, node: Node, share: Share) -> str:
        if share.value is None:
            return ""
        total = f'<span class="backward">{_value(share.value)}</span>'
        if share.local_value is None:
            return total
        local = value_math(share.local_value)
        if share.local_value < 0:
            local = f"({local})"
        cross = "\N{MULTIPLICATION SIGN}"
        return f'<span class="backward">{_value(node.bar)}</span> {cross} {local} = {total}'

    def partial(self, partial: Partial) -> dict[str, Any]:
        left = derivative(self.derivation.name, partial.name)
        repeats = isinstance(partial.closed_form, Literal) and partial.value is not None
        form = None if repeats else partial.closed_form
        shown = equation(left) if form is None else equation(left, form)
        value = "" if partial.value is None else _value(partial.value, 10)
        return {"equation": _markup(shown), "value": _markup(value)}

    # -- source and program -------------------------------------------------------------------

    def source(self) -> list[_Line]:
        lines = self.derivation.source
        texts = highlighted("\n".join(line.text for line in lines))
        return [
            _Line(line.number, text, line.number if self.is_linked(line.number) else None)
            for line, text in zip(lines, texts, strict=True)
        ]

    def is_linked(self, number: int) -> bool:
        return any(line.source == number for line in self.lines)

    def program(self) -> list[_Line]:
        texts = highlighted("\n".join(line.text for line in self.lines))
        return [
            _Line(number, text, line.source if line.source in self.known else None)
            for number, (line, text) in enumerate(zip(self.lines, texts, strict=True), start=1)
        ]

    def links(self) -> list[int]:
        return sorted(number for number in self.known if self.is_linked(number))


def _name(node: Node) -> str:
    return ", ".join(mathml(Name(part)) for part in node.name.split(", "))


def _value(value: Any, digits: int = 6) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "; ".join(_value(part, digits) for part in value if part is not None)
    return value_math(value, digits)


def highlighted(text: str) -> list[Markup]:
    """Return the lines of a Python text with its keywords, numbers, strings and comments marked.

    Text that is no Python (a formula in a foreign form) comes back as it is.
    """
    if not text:
        return []
    lines = text.split("\n")
    marks: list[list[tuple[int, int, str]]] = [[] for _ in lines]
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            kind = _kind(token)
            if kind:
                for row in range(token.start[0] - 1, token.end[0]):
                    first = token.start[1] if row == token.start[0] - 1 else 0
                    last = token.end[1] if row == token.end[0] - 1 else len(lines[row])
                    marks[row].append((first, last, kind))
    except (tokenize.TokenError, SyntaxError):
        pass  # part of a program: what was read until here stays marked
    return [_marked(line, found) for line, found in zip(lines, marks, strict=True)]


def _kind(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.NAME:
        return "keyword" if keyword.iskeyword(token.string) else ""
    kinds = {tokenize.NUMBER: "number", tokenize.STRING: "string", tokenize.COMMENT: "comment"}
    return kinds.get(token.type, "")


def _marked(line: str, marks: Sequence[tuple[int, int, str]]) -> Markup:
    from html import escape

    parts, at = [], 0
    for first, last, kind in sorted(marks):
        parts.append(escape(line[at:first]))
        parts.append(f'<span class="{kind}">{escape(line[first:last])}</span>')
        at = last
    return _markup("".join(parts) + escape(line[at:]))
