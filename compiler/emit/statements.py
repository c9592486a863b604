"""From IR to statements: assignments, updates, loops, branches and the copies between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradc.analysis.independence import may_raise
from gradc.analysis.storage import UPDATES, is_in_place
from gradc.emit.arrays import index_text, pick_text, range_text, structured
from gradc.emit.blocks import BlockFunction, outlined
from gradc.emit.comments import INDENT, WIDTH, Line
from gradc.emit.names import HELPERS, identifier
from gradc.emit.numbers import python_floats, raises_in_python
from gradc.emit.plan import Plan, make_plan, only_renames
from gradc.emit.text import Expr, call, literal, pieces, quoted, template
from gradc.emit.variables import late_updates, name_variables
from gradc.emit.workspaces import block_of, workspace_text
from gradc.emit.writing import Style
from gradc.errors import InternalError
from gradc.ir.builder import CONST
from gradc.ir.control import FOR, IF, WHILE, carried_inits
from gradc.ir.core import Function, Kind, Op, Region, Value
from gradc.ir.routines import routine_of
from gradc.ir.types import DType
from gradc.prims.arithmetic import ADD, NEG, SUB
from gradc.prims.compare import EQ, GE, GT, LAND, LE, LNOT, LOR, LT, NE
from gradc.prims.define import ATOM, NOT
from gradc.prims.effects import CHECK
from gradc.prims.index import ADD_AT, ALL, PICK_ADD, PUT
from gradc.prims.routines import CALL
from gradc.prims.shape import BLOCK, EXPECT, REUSE

_MATH = "math."
_DUAL = {LAND: LOR, LOR: LAND}
_OPPOSITES = {LT: GE, GE: LT, GT: LE, LE: GT, EQ: NE, NE: EQ}


@dataclass(frozen=True, slots=True)
class _Move:
    """A copy from one variable to another, or the value of an expression."""

    target: str
    source: Value
    op: Op


class FunctionWriter:
    """Writes the body of one function.

    Parameters
    ----------
    function : Function
    style : {"numpy", "loops"}
    width : int
        About how long an expression may become.

    Attributes
    ----------
    lines : list of Line
    helpers : set of str
        Functions of the runtime that the text calls.
    blocks : list of BlockFunction
        The bodies of parallel loops.
    """

    def __init__(self, function: Function, style: Style, width: int) -> None:
        self.function = function
        self.style: Style = style
        self.lines: list[Line] = []
        self.helpers: set[str] = set()
        self.blocks: list[BlockFunction] = []
        self.plan: Plan = make_plan(function, style, width)
        self.names = name_variables(function, self.plan)
        late = late_updates(function, self.plan, self.names)
        if late:
            self.plan = make_plan(function, style, width, late)
            self.names = name_variables(function, self.plan)
        self.python_floats = python_floats(function)

    def run(self) -> list[Line]:
        """Write everything, the return statement included."""
        self.region(self.function.body, 1)
        results = [self.typed(value).at(0) for value in self.function.results]
        self.lines.append(Line(1, f"return {', '.join(results) or '()'}"))
        return self.lines

    # -- what the tables ask for ------------------------------------------------------------

    def maker(self, value: Value) -> Op | None:
        """The op that makes a value."""
        return self.plan.made_by.get(value)

    def is_argument(self, value: Value) -> bool:
        """Whether a value is an argument of the function."""
        return value in self.function.params

    def is_implicit(self, value: Value) -> bool:
        """Whether a broadcast is left to NumPy."""
        return value in self.plan.implicit

    def helper(self, name: str) -> str:
        """The name of a function of the runtime, which is imported then."""
        if name not in HELPERS:
            raise InternalError(f"the runtime has no function {name}")
        self.helpers.add(name)
        return name

    def is_like(self, value: Value) -> bool:
        """Whether a new array takes type and sizes from an argument, its operand then."""
        return value in self.plan.likes

    # -- expressions ------------------------------------------------------------------------

    def name(self, value: Value) -> str:
        """The variable that holds a value."""
        return self.names[self.plan.real(value)]

    def expr(self, value: Value) -> Expr:
        """The text of a value where its type is known from what is around it."""
        return self._text(value, typed=False)

    def typed(self, value: Value) -> Expr:
        """The text of a value that stands alone."""
        return self._text(value, typed=True)

    def _text(self, value: Value, *, typed: bool) -> Expr:
        value = self.plan.real(value)
        if value not in self.plan.inlined:
            return Expr(self.names[value])
        op = self.plan.made_by[value]
        if op.prim is CONST:
            typed = typed and value.type.dtype is DType.F32
            return literal(op.params["value"], value.type.dtype, typed=typed)
        return self.op_text(op)

    def op_text(self, op: Op) -> Expr:
        """The text of what an op computes."""
        if op.prim.pointwise and op.prim.texts.array:
            return self._pointwise(op)
        if op.prim.kind is Kind.CONTROL or op.prim in UPDATES:
            raise InternalError(f"{op.prim.name} is no expression")
        if op.prim is CALL:
            return call(routine_of(op).name, *map(self.typed, self.plan.operands(op)))
        write = self.expr if self.is_implicit(op.outs[0]) else self.typed
        return structured(op, [write(arg) for arg in self.plan.operands(op)], self)

    def negated(self, condition: Value) -> Expr:
        """The text of the opposite of a condition."""
        value = self.plan.real(condition)
        maker = self.plan.made_by.get(value) if value in self.plan.inlined else None
        if maker is not None and maker.prim is LNOT:
            return self.expr(maker.args[0])
        if maker is not None and maker.prim in _DUAL and all(map(self._is_negatable, maker.args)):
            form = template(_DUAL[maker.prim].texts.scalar)
            return form.fill([self.negated(arg) for arg in maker.args], {})
        if maker is not None and _has_opposite(maker):
            return self._pointwise(replace(maker, prim=_OPPOSITES[maker.prim]))
        return Expr(f"not {self.expr(value).at(NOT)}", NOT)

    def _is_negatable(self, condition: Value) -> bool:
        """Whether the opposite of a condition can be written without ``not``."""
        value = self.plan.real(condition)
        maker = self.plan.made_by.get(value) if value in self.plan.inlined else None
        return maker is not None and (maker.prim is LNOT or _has_opposite(maker))

    def _pointwise(self, op: Op) -> Expr:
        texts = op.prim.texts
        form = template(texts.scalar if op.out.type.is_scalar else texts.array)
        args = self._operands(op)
        text = form.fill(args, op.params)
        for name in form.calls & HELPERS.keys():
            self.helper(name)
        dtype = op.out.type.dtype
        # numba widens float32 where it meets a plain number, and `math` knows only Python floats
        widens = self.style == "loops" and dtype is DType.F32 and form.has_number
        if dtype.is_float and (widens or _MATH in form.text):
            return call(f"np.{dtype.numpy_name}", text)
        return text

    def _operands(self, op: Op) -> list[Expr]:
        """Operands, with the element type written where plain numbers would lose it."""
        plain = [self._is_literal(arg) for arg in op.args]
        # the type of what is compared does not matter to the result, if the number is exact
        compared = op.prim in _OPPOSITES and all(self._is_exact(arg) for arg in op.args)
        keep_types = all(plain) or (self.style == "loops" and not compared)
        args = [self._text(arg, typed=keep_types) for arg in op.args]
        unsafe = raises_in_python(op, self.plan.made_by) and all(
            arg in self.python_floats for arg in op.args if arg.type.is_float
        )
        if unsafe and op.args[0].type.is_float and op.out.type.is_scalar:
            args[0] = call(f"np.{op.out.type.dtype.numpy_name}", args[0])
        return args

    def _is_literal(self, value: Value) -> bool:
        """Whether a value is written as a number; a broadcast number counts as one."""
        value = self.plan.real(value)
        while value in self.plan.implicit:
            value = self.plan.real(self.plan.made_by[value].args[0])
        op = self.plan.made_by.get(value)
        return op is not None and op.prim is CONST

    def _is_exact(self, value: Value) -> bool:
        """Whether a value, if it is a number, is the same in single precision."""
        op = self.plan.made_by.get(self.plan.real(value))
        if op is None or op.prim is not CONST:
            return True
        number = op.params["value"]
        with np.errstate(over="ignore"):
            return bool(np.float32(number) == number)

    # -- statements -------------------------------------------------------------------------

    def region(self, region: Region, depth: int) -> None:
        """Write the ops of a region."""
        for op in region.ops:
            if op.prim is FOR:
                self.counted_loop(op, depth)
            elif op.prim is WHILE:
                self.conditional_loop(op, depth)
            elif op.prim is IF:
                self.branch(op, depth)
            elif not self.plan.is_dead(op) and op.outs[0] not in self.plan.inlined:
                self.statement(op, depth)

    def write(self, depth: int, text: str, op: Op | None = None) -> None:
        """Add a line."""
        self.lines.append(Line(depth, text, op))

    def statement(self, op: Op, depth: int) -> None:
        """Write an op that has a statement of its own."""
        if only_renames(op) or (op.prim is REUSE and self.name(op.out) == self.name(op.args[0])):
            return
        block = block_of(op, self.function.ops, self.plan.sites) if BLOCK in op.params else ()
        if len(block) > 1:
            if op is block[0]:
                names = [self.name(each.out) for each in block]
                self.write(depth, workspace_text(block, names, self))
        elif op.prim is EXPECT:
            self.expectation(op, depth)
        elif op.prim is CHECK:
            test = self.negated(op.args[0]).at(0)
            self.complaint(depth, test, op.params["error"], op)
        elif op.prim in UPDATES:
            self.update(op, depth)
        elif op.prim.results:
            targets = [self.name(out) if self.plan.sites.get(out) else "_" for out in op.outs]
            self.write(depth, f"{', '.join(targets)} = {self.op_text(op).at(0)}", op)
        elif not self.plan.sites.get(op.out):
            self.write(depth, self.op_text(op).text, op)
        else:
            self.assign(self.name(op.out), op, depth)

    def assign(self, target: str, op: Op, depth: int) -> None:
        """Write ``target = value``, or ``target += change`` for a scalar."""
        if op.prim in (ADD, SUB) and op.out.type.is_scalar:
            left, right = (self.plan.real(arg) for arg in op.args)
            sign = "+" if op.prim is ADD else "-"
            change = None
            if self.names.get(left) == target:
                change = right
            elif op.prim is ADD and self.names.get(right) == target:
                change = left
            if change is not None and self.names.get(change) != target:
                number = self._text(change, typed=self.style == "loops")
                self.write(depth, f"{target} {sign}= {number.at(0)}", op)
                return
        self.write(depth, f"{target} = {self.op_text(op).at(0)}", op)

    def expectation(self, op: Op, depth: int) -> None:
        """Write a check of sizes; the array keeps its name."""
        name = self.name(op.args[0])
        tests = [
            f"{name}.shape[{axis}] != {self.expr(size).at(ATOM)}"
            for axis, (size, dim) in enumerate(zip(op.args[1:], op.args[0].type.shape, strict=True))
            if size.size != dim
        ]
        if tests:
            self.complaint(depth, " or ".join(tests), "ValueError", op)

    def complaint(self, depth: int, test: str, error: str, op: Op) -> None:
        """Write a check that raises the message of an op, cut into lines where it is long."""
        self.write(depth, f"if {test}:", op)
        message = op.params["what"]
        if not message:
            self.write(depth + 1, f"raise {error}", op)
            return
        line = Line(depth + 1, f"raise {error}({quoted(message)})", op)
        if not line.fits:
            parts = pieces(message, WIDTH - 10 - len(INDENT) * (depth + 2))
            inside = "\n".join(INDENT + quoted(part) for part in parts)
            line = Line(depth + 1, f"raise {error}(\n{inside}\n)", op)
        self.lines.append(line)

    def update(self, op: Op, depth: int) -> None:
        """Write an update of part of an array, of a copy unless it may be made in place."""
        array = op.args[0]
        name = self.name(op.out)
        if not is_in_place(op):
            self.write(depth, f"{name} = {self.expr(array).at(ATOM)}.copy()", op)
        factors = self.plan.factors(op) if self.style == "loops" else ()
        if factors:
            texts = ", ".join(self.typed(factor).at(0) for factor in factors)
            self.write(depth, f"{self.helper('dot')}({texts}, {name})", op)
        else:
            self.write(depth, f"{self._place(op, name)} {self._change(op)}", op)

    def _place(self, op: Op, name: str) -> str:
        """The part of an array that an update changes."""
        shape = op.args[0].type.shape
        if op.prim is PICK_ADD:
            return pick_text(Expr(name), self.expr(op.args[2]), len(shape))
        spec = op.params["spec"]
        if op.prim is ADD_AT and is_in_place(op) and set(spec) == {ALL}:
            return name
        return name + index_text(spec, op.args[2:], shape, self)

    def _change(self, op: Op) -> str:
        """The operator and the right side of an update."""
        value = self.plan.real(op.args[1])
        if op.prim is PUT:
            return f"= {self.typed(value).at(0)}"
        maker = self.plan.made_by.get(value)
        if value in self.plan.inlined and maker is not None and maker.prim is NEG:
            return f"-= {self.typed(maker.args[0]).at(0)}"
        return f"+= {self.typed(value).at(0)}"

    # -- control ----------------------------------------------------------------------------

    def counted_loop(self, op: Op, depth: int) -> None:
        """Write a ``for`` loop."""
        (body,) = op.regions
        index, *params = body.params
        self.moves(params, carried_inits(op), op, depth)
        if op.params.get("parallel") and self.parallel_loop(op, depth):
            return
        used = bool(self.plan.sites.get(index))
        name = self.name(index) if used else "_"
        self.write(depth, f"for {name} in {range_text(op.args[:3], self)}:", op)
        self.block(body, params, op, depth + 1)
        self.hand_out(op.outs, params, op, depth)

    def parallel_loop(self, op: Op, depth: int) -> bool:
        """Write a loop over blocks and the function of its body; False where that cannot be."""
        (body,) = op.regions
        before, self.lines = self.lines, []
        self.block(body, body.params[1:], op, 1)
        lines, self.lines = self.lines, before
        name = f"{identifier(self.function.name)}_block_{len(self.blocks) + 1}"
        made = outlined(name, body, lines, self.plan, self.names)
        if made is None:
            return False
        self.blocks.append(made)
        count = self.expr(op.args[1]).at(0)
        prange = self.helper("prange")
        number = made.params[0]
        if may_raise(body):
            # threads note that a block raises; it is run again to raise in order
            self.write(depth, f"failed_blocks = np.zeros({count}, np.bool_)", op)
            self.write(depth, f"for {number} in {prange}({count}):", op)
            self.write(depth + 1, made.call_by(self.helper("attempt"), "failed_blocks"), op)
            self.write(depth, f"for {number} in range({count}):", op)
            self.write(depth + 1, f"if failed_blocks[{number}]:", op)
            self.write(depth + 2, made.call, op)
            self.write(depth + 2, 'raise ValueError("a check failed in a parallel loop")', op)
        else:
            self.write(depth, f"for {number} in {prange}({count}):", op)
            self.write(depth + 1, made.call, op)
        self.hand_out(op.outs, body.params[1:], op, depth)
        return True

    def conditional_loop(self, op: Op, depth: int) -> None:
        """Write a ``while`` loop; a condition that needs statements is tested inside."""
        condition, body = op.regions
        params = condition.params
        self.moves(params, carried_inits(op), op, depth)
        before = len(self.lines)
        self.region(condition, depth + 1)
        test = self.expr(condition.yields[0])
        if len(self.lines) == before:
            self.write(depth, f"while {test.at(0)}:", op)
        else:
            self.lines.insert(before, Line(depth, "while True:", op))
            self.write(depth + 1, f"if {self.negated(condition.yields[0]).at(0)}:", op)
            self.write(depth + 2, "break", op)
        self.block(body, params, op, depth + 1)
        self.hand_out(op.outs, params, op, depth)

    def block(self, region: Region, targets: Sequence[Value], op: Op, depth: int) -> None:
        """Write a region and the copies at its end, or ``pass``."""
        before = len(self.lines)
        self.region(region, depth)
        self.moves(targets, region.yields, op, depth)
        if len(self.lines) == before:
            self.write(depth, "pass", op)

    def hand_out(self, outs: Sequence[Value], params: Sequence[Value], op: Op, depth: int) -> None:
        """Write the copies from what a loop carries to its results."""
        used = [
            (out, param)
            for out, param in zip(outs, params, strict=True)
            if self.plan.sites.get(out)
        ]
        self.moves([out for out, _ in used], [param for _, param in used], op, depth)

    def branch(self, op: Op, depth: int) -> None:
        """Write ``if``, ``elif`` and ``else``; an empty side is left out."""
        test = self.expr(op.args[0])
        yes, no = (self.side(op, region, depth + 1) for region in op.regions)
        if not yes and not no:
            return
        if not yes:
            self.write(depth, f"if {self.negated(op.args[0]).at(0)}:", op)
            self.lines += no
            return
        self.write(depth, f"if {test.at(0)}:", op)
        self.lines += yes
        if not no:
            return
        nested = [line for line in no if line.depth == depth + 1]
        if nested[0].text.startswith("if ") and all(
            line.text.startswith(("else:", "elif ")) for line in nested[1:]
        ):
            no = [Line(line.depth - 1, line.text, line.op) for line in no]
            self.lines.append(Line(depth, f"el{no[0].text}", no[0].op))
            self.lines += no[1:]
        else:
            self.write(depth, "else:")
            self.lines += no

    def side(self, op: Op, region: Region, depth: int) -> list[Line]:
        """The lines of one side of a branch."""
        before, self.lines = self.lines, []
        self.region(region, depth)
        used = [
            (out, value)
            for out, value in zip(op.outs, region.yields, strict=True)
            if self.plan.sites.get(out)
        ]
        self.moves([out for out, _ in used], [value for _, value in used], op, depth)
        lines, self.lines = self.lines, before
        return lines

    # -- copies between variables -----------------------------------------------------------

    def moves(self, targets: Sequence[Value], sources: Sequence[Value], op: Op, depth: int) -> None:
        """Copy values to variables as if at once.

        One after the other where no copy overwrites what a later one reads; what is left, a
        cycle, in one assignment.
        """
        waiting: list[_Move] = []
        for target, source in zip(targets, sources, strict=True):
            real = self.plan.real(source)
            name = self.name(target)
            if self.names.get(real) != name:
                waiting.append(_Move(name, real, self._origin(real, op)))
        read_by = {move: self._names_read(move.source) for move in waiting}
        while waiting:
            free = next(
                (
                    move
                    for move in waiting
                    if not any(move.target in read_by[m] for m in waiting if m is not move)
                ),
                None,
            )
            if free is None:
                left = ", ".join(move.target for move in waiting)
                right = ", ".join(self.typed(move.source).at(0) for move in waiting)
                self.write(depth, f"{left} = {right}", waiting[0].op)
                return
            waiting.remove(free)
            self._move(free, depth)

    def _origin(self, value: Value, op: Op) -> Op:
        """The op that a copy belongs to: the maker of what is computed there."""
        maker = self.plan.made_by.get(value)
        computed = value in self.plan.inlined and maker is not None and maker.prim is not CONST
        return maker if computed and maker is not None else op

    def _move(self, move: _Move, depth: int) -> None:
        if move.source in move.op.outs and move.source in self.plan.inlined:
            self.assign(move.target, move.op, depth)
        else:
            self.write(depth, f"{move.target} = {self.typed(move.source).at(0)}", move.op)

    def _names_read(self, value: Value) -> set[str]:
        return {self.names[leaf] for leaf in self.plan.leaves(value)}


def _has_opposite(op: Op) -> bool:
    """Whether a comparison is false exactly where another is true.

    Of floats only equality is: every other comparison with NaN is false, and so is its opposite.
    """
    return op.prim in (EQ, NE) or (op.prim in _OPPOSITES and not op.args[0].type.is_float)
