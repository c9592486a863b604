"""A derivation in the terminal: tables that read well in 80 columns, with and without colour."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradc.explain.model import RULES, Derivation, Node, Partial, Share, Step
from gradc.explain.notation import Expr, Literal, to_text, value_text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

#: Of a longer table the first and the last rows are shown.
MOST_ROWS = 60

RULE_STYLES = {
    "constant rule": "bright_black",
    "linearity rule": "blue",
    "monomial rule": "magenta",
    "chain rule": "green",
}
FORWARD, BACKWARD = "cyan", "yellow"

#: From this width on there is room for every digit and every value.
WIDE = 100
NARROW_COLUMN = 26
FINAL_DIGITS = 10


def print_derivation(derivation: Derivation, console: Console | None = None) -> None:
    """Print a derivation.

    Parameters
    ----------
    derivation : Derivation
    console : rich.console.Console, optional
        By default one on standard output, which honours ``NO_COLOR``, the width of the terminal,
        and writes plain text into a pipe.
    """
    from rich.console import Console

    target = console if console is not None else Console(highlight=False)
    plain = not target.encoding.lower().startswith("utf")
    for part in _Rendering(derivation, target.width, plain).parts():
        target.print(part)


def derivation_text(derivation: Derivation, width: int = 80) -> str:
    """Return a derivation as plain text of at most `width` columns."""
    from rich.console import Console

    file = io.StringIO()
    console = Console(file=file, width=width, color_system=None, highlight=False)
    for part in _Rendering(derivation, width).parts():
        console.print(part)
    lines = file.getvalue().splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


class _Rendering:
    def __init__(self, derivation: Derivation, width: int, ascii_only: bool = False) -> None:
        self.derivation = derivation
        self.width = width
        self.digits = 6 if width >= WIDE else 5
        self.ascii = ascii_only
        self.has_point = derivation.point is not None
        self.cross = "*" if ascii_only else "\N{MULTIPLICATION SIGN}"

    def parts(self) -> list[RenderableType]:
        shown: list[RenderableType] = [self.title(), self.forward(), self.backward()]
        if any(part.closed_form or part.value is not None for part in self.derivation.gradient):
            shown.append(self.gradient())
        shown.append(self.legend())
        if self.derivation.program:
            shown += [self.heading("Generated program"), self.program(), ""]
        return shown

    # -- pieces -----------------------------------------------------------------------------

    def text(self, expr: Expr) -> str:
        return to_text(expr, self.ascii)

    def number(self, value: Any) -> str:
        text = value_text(value, self.digits)
        return text.replace("\N{MULTIPLICATION SIGN}", "x") if self.ascii else text

    def heading(self, title: str, remark: str = "") -> RenderableType:
        from rich.text import Text

        return Text.assemble((title, "bold"), (f"  {remark}" if remark else "", "bright_black"))

    def title(self) -> RenderableType:
        from rich.text import Text

        derivation = self.derivation
        lines = Text()
        if derivation.formula is not None:
            lines.append(f"{derivation.name} = {self.text(derivation.formula)}", "bold")
        else:
            inputs = ", ".join(node.name for node in derivation.nodes if node.kind == "input")
            lines.append(f"{derivation.name}({inputs})", "bold")
        if derivation.point is not None:
            at = ", ".join(
                f"{name} = {self.number(value)}" for name, value in derivation.point.items()
            )
            lines.append(f"\nat {at}")
        return Text("\n").join([lines, Text()])

    def table(self, columns: Sequence[tuple[str, dict[str, Any]]]) -> Table:
        from rich import box
        from rich.table import Table

        shape = box.ASCII2 if self.ascii else box.SIMPLE_HEAD
        table = Table(box=shape, pad_edge=True, header_style="bright_black", show_edge=False)
        for name, options in columns:
            table.add_column(name, **options)
        return table

    def add_rows(self, table: Table, rows: Sequence[Sequence[RenderableType]]) -> None:
        """Add the rows, of very many the first and the last."""
        from rich.text import Text

        if len(rows) <= MOST_ROWS:
            chosen = list(rows)
        else:
            half = MOST_ROWS // 2
            gap = f"... {len(rows) - 2 * half} rows more"
            filler = ["", gap, *[""] * (len(table.columns) - 2)]
            chosen = [*rows[:half], filler, *rows[-half:]]
        for row in chosen:  # strings as they are: `[i]` is no markup here
            table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))

    def group(self, *parts: RenderableType) -> RenderableType:
        from rich.console import Group

        return Group(*parts, "")

    # -- forward ----------------------------------------------------------------------------

    def forward(self) -> RenderableType:
        columns: list[tuple[str, dict[str, Any]]] = [
            ("node", {"no_wrap": True}),
            ("is", {"overflow": "fold", "min_width": 24}),
        ]
        if self.has_point:
            columns.append(("value", {"justify": "right", "style": FORWARD}))
        table = self.table(columns)
        rows = [row for node in self.derivation.nodes for row in self.forward_rows(node)]
        self.add_rows(table, rows)
        return self.group(self.heading("Forward pass", "from the inputs to the result"), table)

    def forward_rows(self, node: Node) -> list[list[RenderableType]]:
        from rich.text import Text

        name = Text(node.name, "bold")
        if node.is_result and node.name != self.derivation.name:
            name.append(f" = {self.derivation.name}", "not bold bright_black")
        what: RenderableType = (
            Text("input", "bright_black")
            if node.expression is None
            else Text(self.text(node.expression))
        )
        value = [self.value(node.value)] if self.has_point else []
        rows: list[list[RenderableType]] = [[name, what, *value]]
        rows += [
            ["", Text(f"  {line}", "bright_black"), *[""] * len(value)] for line in node.inside
        ]
        return rows

    def value(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, tuple):
            return "; ".join(self.value(part) for part in value)
        return self.number(value)

    # -- backward ---------------------------------------------------------------------------

    def backward(self) -> RenderableType:
        columns: list[tuple[str, dict[str, Any]]] = [("node", {"no_wrap": True})]
        if self.has_point:
            columns.append(("cotangent", {"justify": "right", "style": BACKWARD}))
        columns += [
            ("rule", {"no_wrap": True}),
            ("local derivative", {"overflow": "fold", "ratio": 3}),
        ]
        if self.has_point:
            columns.append((f"incoming {self.cross} local", {"overflow": "fold", "ratio": 2}))
        table = self.table(columns)
        rows = [row for step in self.derivation.steps for row in self.step_rows(step)]
        rows += [self.input_row(node) for node in self.derivation.nodes if self.is_end(node)]
        self.add_rows(table, rows)
        remark = f"from d{self.derivation.name}/d{self.derivation.name} = 1 to the inputs"
        return self.group(self.heading("Backward pass", remark), table)

    def is_end(self, node: Node) -> bool:
        return self.has_point and node.kind == "input" and node.active

    def input_row(self, node: Node) -> list[RenderableType]:
        from rich.text import Text

        return [Text(node.name, "bold"), self.value(node.bar), "", self.sum_of(node), ""]

    def sum_of(self, node: Node) -> str:
        """The sum that a cotangent is, where several uses contribute numbers to it."""
        parts = self.derivation.contributions_to(node.key)
        if len(parts) < 2 or any(getattr(part, "shape", ()) for part in parts):
            return ""
        if len(parts) > 4:
            return f"the sum over {len(parts)} uses"
        first, *rest = (self.number(part) for part in parts)
        signed = (f" - {part[1:]}" if part.startswith("-") else f" + {part}" for part in rest)
        return f"= {first}{''.join(signed)}"

    def step_rows(self, step: Step) -> list[list[RenderableType]]:
        from rich.text import Text

        node = self.derivation.node(step.node)
        bar: list[RenderableType] = [self.value(node.bar)] if self.has_point else []
        blank: list[RenderableType] = [""] * len(bar)
        rule = Text(step.rule.removesuffix(" rule"), RULE_STYLES.get(step.rule, ""))
        rows: list[list[RenderableType]] = []
        for share in step.shares:
            first = not rows
            head: list[RenderableType] = (
                [Text(node.name, "bold"), *bar, rule] if first else ["", *blank, ""]
            )
            rows.append([*head, self.local(node, share), *self.product(node, share)])
        for constant in step.constants:
            nothing = Text(f"{self.text(constant)} passes nothing back", "bright_black")
            word = Text("constant", RULE_STYLES["constant rule"])
            rows.append(["", *blank, word, nothing, *blank])
        return rows

    def local(self, node: Node, share: Share) -> RenderableType:
        from rich.text import Text

        if share.local is None:
            if share.product is None:
                how = "the sweep of its body" if node.kind == "control" else "into its part"
                return Text(f"to {share.operand}: {how}")
            return Text(f"to {share.operand}: {self.text(share.product)}")
        text = Text(f"d{node.name}/d{share.operand} = {self.text(share.local)}")
        if share.local_value is not None and not isinstance(share.local, Literal):
            value = f" = {self.number(share.local_value)}"
            # the value stands in the next column too: it is left out where it does not fit
            if self.width >= WIDE or len(text) + len(value) <= NARROW_COLUMN:
                text.append(value, FORWARD)
        return text

    def product(self, node: Node, share: Share) -> list[RenderableType]:
        from rich.text import Text

        if not self.has_point:
            return []
        if share.local_value is None:
            return [Text(self.value(share.value), BACKWARD)]
        incoming, local = self.number(node.bar), self.number(share.local_value)
        local = f"({local})" if local.startswith("-") else local
        text = Text(f"{incoming} {self.cross} {local} = ")
        text.append(self.number(share.value), BACKWARD)
        return [text]

    # -- the rest ---------------------------------------------------------------------------

    def gradient(self) -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for partial in self.derivation.gradient:
            name = Text(f"  d{self.derivation.name}/d{partial.name}", "bold")
            table.add_row(name, self.partial(partial))
        return self.group(self.heading("Gradient"), table)

    def partial(self, partial: Partial) -> RenderableType:
        from rich.text import Text

        line = Text()
        if partial.closed_form is not None and not self.repeats(partial):
            line.append(f"= {self.text(partial.closed_form)}")
        if partial.value is not None:
            value = f"= {value_text(partial.value, FINAL_DIGITS)}"
            fits = len(line) + len(value) + len(partial.name) < self.width - 12
            line.append(" " if line and fits else "\n" if line else "")
            line.append(value, f"bold {BACKWARD}")
        return line

    def repeats(self, partial: Partial) -> bool:
        """Whether the closed form is just the number that follows."""
        return isinstance(partial.closed_form, Literal) and partial.value is not None

    def legend(self) -> RenderableType:
        from rich.text import Text

        lines = []
        for rule in self.derivation.rules:
            name = rule.removesuffix(" rule")
            meaning = RULES[rule]
            if self.ascii:
                meaning = meaning.replace("·", "*").replace("uⁿ⁻¹", "u**(n-1)")
                meaning = meaning.replace("uⁿ", "u**n")
            line = Text(f"  {name:<10}", RULE_STYLES[rule])
            lines.append(line.append(f" {meaning}", "default"))
        return self.group(self.heading("Rules"), Text("\n").join(lines))

    def program(self) -> RenderableType:
        from rich.syntax import Syntax

        lines = self.derivation.program.rstrip().splitlines()
        return Syntax(
            "\n".join(_with_short_comment(line, self.width) for line in lines),
            "python",
            theme="ansi_dark",
            background_color="default",
            word_wrap=True,
        )


def _with_short_comment(line: str, width: int) -> str:
    """Cut the source text in a comment rather than break the line."""
    code, mark, comment = line.partition("  # ")
    if len(line) <= width or not mark or len(code) > width - 12:
        return line
    room = width - len(code) - len(mark) - 3
    return f"{code}{mark}{comment[:room].rstrip(' .:')}..."
