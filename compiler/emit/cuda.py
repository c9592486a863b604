"""CUDA kernels: the per-sample program of a derivative inside a loop over samples.

The statements are those of :class:`gradc.emit.statements.FunctionWriter`; around them the kernel
takes each argument of the sample out of the arrays of all samples and writes each result into
the row of the sample::

    def f_grad(x_batch, x_bar_batch):
        for sample in range(cuda.grid(1), x_batch.shape[0], cuda.gridsize(1)):
            x = x_batch[sample]
            x_bar = 2.0 * x
            x_bar_batch[sample] = x_bar
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from gradc.emit.comments import INDENT, WIDTH, Line, with_comments
from gradc.emit.cuda_carried import settle_carried_arrays
from gradc.emit.cuda_memory import Memory, is_array_maker, is_reshaped, place_arrays
from gradc.emit.module import WIDTHS, definition, header
from gradc.emit.names import Names, identifier
from gradc.emit.statements import FunctionWriter
from gradc.emit.text import Expr, call, pieces, quoted, tuple_text
from gradc.ir.core import Function, Op, Value
from gradc.ir.types import DType, Type
from gradc.prims.index import ALL, PUT, WRAP
from gradc.prims.shape import COPY, ZEROS

RUNTIME = "gradc_runtime.cuda"
SAMPLES = "samples"
# Names of kernels that programs for the CPU do not know.
_TAKEN = frozenset({"cuda", "cuda_kernel", "fail", "reshaped"})


def emit_kernel(
    function: Function,
    *,
    title: str,
    shared: Collection[int] = (),
    gradients_of: Sequence[int] = (),
) -> str:
    """Write a per-sample function as a module with a CUDA kernel.

    Parameters
    ----------
    function : Function
        Lowered to loops over elements, updates in place.
    title : str
        What the module is, for its docstring.
    shared : collection of int
        Positions of the parameters that are the same for all samples; every other one has a
        first axis of samples in the kernel.
    gradients_of : sequence of int
        The parameters whose gradients are the last results, for their names.

    Returns
    -------
    str
        The same for the same input.

    Raises
    ------
    UnsupportedSyntaxError
        Where the function needs what a CUDA thread does not have.
    """
    function = settle_carried_arrays(function)
    named = _result_names(function, gradients_of)
    for width in WIDTHS:
        writer = KernelWriter(function, width, frozenset(shared), named)
        lines = writer.run()
        if all(line.fits for line in lines):
            break
    head = [*writer.decorator(), *definition(identifier(function.name), writer.parameters())]
    body = "\n".join([*head, *with_comments(lines, function.loc.file)])
    imports = {RUNTIME: {"cuda", "cuda_kernel", *writer.helpers}}
    return header(title, [body], imports) + "\n\n" + body + "\n"


def _result_names(function: Function, gradients_of: Sequence[int]) -> list[str]:
    names = Names()
    first = len(function.results) - len(gradients_of)
    values = [result.name if result.named else "value" for result in function.results[:first]]
    bars = [f"{function.params[position].name}_bar" for position in gradients_of]
    return [names.claim(name) for name in (*values, *bars)]


class KernelWriter(FunctionWriter):
    """Writes the body of a kernel.

    Parameters
    ----------
    function : Function
    width : int
        About how long an expression may become.
    shared : frozenset of int
    result_names : sequence of str
    """

    def __init__(
        self,
        function: Function,
        width: int,
        shared: frozenset[int],
        result_names: Sequence[str],
    ) -> None:
        super().__init__(function, "loops", width)
        self.memory: Memory = place_arrays(function, self.plan)
        self.failures: list[tuple[str, str]] = []
        self.fresh = Names(self.names.values())
        for value, name in self.names.items():
            if name in _TAKEN:
                self.names[value] = self.fresh.suggest(f"{name}_")
        self.depth = 2  # of the statement that is being written
        self.buffers: dict[str, tuple[Line | None, Type, tuple[int, ...]]] = {}
        self.failed = self.fresh.suggest("failed")
        self.sample = self.fresh.suggest("sample")
        self.result_names = result_names
        rank = max((value.type.rank for value in self.names), default=0)
        self.indices = [self.fresh.suggest(f"i{axis}") for axis in range(rank)]
        self.batches: dict[Value, str] = {
            param: self.fresh.suggest(f"{self.names[param]}_batch")
            for position, param in enumerate(function.params)
            if position not in shared
        }
        self.outputs = [self.fresh.suggest(f"{name}_batch") for name in self.result_names]

    def run(self) -> list[Line]:
        """Write the loop over the samples."""
        self.region(self.function.body, 2)
        self.results()
        body = self.lines
        if self.batches:
            count = f"{next(iter(self.batches.values()))}.shape[0]"
        else:
            count = f"{self.outputs[0]}.shape[0]"
        bounds = f"cuda.grid(1), {count}, cuda.gridsize(1)"
        head = Line(1, f"for {self.sample} in range({bounds}):")
        return [*self.local_arrays(body), head, *self.arguments(body), *body]

    def local_arrays(self, body: list[Line]) -> list[Line]:
        """The statements that make the thread's arrays.

        They stand before all loops, since such an array is the same memory each time; a variable
        that is no other array is the array's own name.
        """
        made = []
        arguments = {self.names[param] for param in self.function.params}
        for buffer, (place, type, sizes) in self.buffers.items():
            name = buffer
            if place is not None:
                target = place.text.partition(" = ")[0]
                assigned = [line for line in body if _assigns(line.text, target)]
                alone = assigned == [place] and target not in arguments
                if alone and not _is_block(body, body.index(place)):
                    name = target
                    body.remove(place)
            dtype = f"np.{type.dtype.numpy_name}"
            made.append(Line(1, f"{name} = cuda.local.array({tuple_text(sizes)}, {dtype})"))
        return made

    def arguments(self, body: Sequence[Line]) -> list[Line]:
        """The statements that take the arguments of the sample."""
        read = set(re.findall(r"\w+", "\n".join(line.text for line in body)))
        return [
            Line(2, f"{self.names[param]} = {batch}[{self.sample}]")
            for param, batch in self.batches.items()
            if self.names[param] in read
        ]

    def results(self) -> None:
        """Write what was not made in the row of the sample there."""
        self.depth = 2
        in_place = set(self.memory.rows.values())
        for number, (result, batch) in enumerate(
            zip(self.function.results, self.outputs, strict=True)
        ):
            if number in in_place:
                self.expr(result)  # which may make it
                continue
            row = f"{batch}[{self.sample}]"
            if result.type.is_scalar:
                computed = self.plan.real(result) in self.plan.inlined
                maker = self.maker(self.plan.real(result)) if computed else None
                self.write(2, f"{row} = {self.typed(result).at(0)}", maker)
            else:
                target = self.fresh.suggest(self.result_names[number])
                self.write(2, f"{target} = {row}")
                self.copy(target, self.expr(result).text, result.type, 2, None)

    # -- the head ---------------------------------------------------------------------------

    def parameters(self) -> list[str]:
        """The parameters of the kernel: arguments, results, failures."""
        given = [self.batches.get(param, self.names[param]) for param in self.function.params]
        return [*given, *self.outputs, *([self.failed] if self.reports else [])]

    @property
    def reports(self) -> bool:
        """Whether the kernel may report failures."""
        return not self.helpers.isdisjoint({"wrap", "fail"})

    def decorator(self) -> list[str]:
        """The decorator, over several lines where it is long."""
        taken = [
            (self.names[param], param.type, param in self.batches) for param in self.function.params
        ]
        made = [
            (name, result.type, True)
            for name, result in zip(self.result_names, self.function.results, strict=True)
        ]
        items = [[quoted(text) for text in _signature(entries)] for entries in (taken, made)]
        if self.reports:
            items.append(self.failures_text())
        text = f"@cuda_kernel({', '.join(' '.join(item) for item in items)})"
        if len(text) <= WIDTH and all(len(item) == 1 for item in items):
            return [text]
        ended = [[*item[:-1], f"{item[-1]},"] for item in items]
        return ["@cuda_kernel(", *(f"{INDENT}{line}" for item in ended for line in item), ")"]

    def failures_text(self) -> list[str]:
        """The argument of the decorator that says what may fail, in lines where it is long."""
        listed = [f"({quoted(name)}, {quoted(what)})" for name, what in self.failures]
        text = f"failures=[{', '.join(listed)}]"
        if len(text) <= WIDTH - 10:
            return [text]
        lines = ["failures=["]
        for name, what in self.failures:
            first, *others = map(quoted, pieces(what, WIDTH - 30 - len(name)))
            lines.append(f"{INDENT}({quoted(name)}, {first}")
            lines += [f"{INDENT}{INDENT}{other}" for other in others]
            lines[-1] += "),"
        return [*lines, "]"]

    # -- statements -------------------------------------------------------------------------

    def helper(self, name: str) -> str:
        """The name of a function of the runtime for kernels, which is imported then."""
        self.helpers.add(name)
        return name

    def op_text(self, op: Op) -> Expr:
        """The text of what an op computes.

        A check of an index writes down what it finds. An array that is made in the middle of a
        statement is made by statements before it.
        """
        if op.prim is WRAP:
            index, size = (self.typed(arg) for arg in op.args)
            return call(self.helper("wrap"), index, size, str(op.params["line"]), self.failed)
        if is_reshaped(op):
            return self.reshaped(op)
        if is_array_maker(op):
            name = self.fresh.suggest(identifier(op.out.name))
            self.assign(name, op, self.depth)
            return Expr(name)
        return super().op_text(op)

    def reshaped(self, op: Op) -> Expr:
        """An array under other sizes; of what has gaps in memory, of a copy."""
        source = self.expr(op.args[0])
        if op.out in self.memory.local:
            name = self.fresh.suggest("part")
            self.buffers[name] = (None, op.args[0].type, self.memory.local[op.out])
            self.copy(name, source.text, op.args[0].type, self.depth, op)
            source = Expr(name)
        sizes = [self.typed(size).at(0) for size in op.args[1:]]
        shape = f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
        return call(self.helper("reshaped"), source, shape)

    def assign(self, target: str, op: Op, depth: int) -> None:
        """Write ``target = value``; what makes an array takes the place that it has."""
        if not is_array_maker(op):
            super().assign(target, op, depth)
            return
        source = ""
        if op.prim is COPY:
            source = self.expr(op.args[0]).text
            if target in re.findall(r"\w+", source):  # the copy takes over the name
                source = self.variable(source, depth, op, always=True)
        number = self.memory.rows.get(op.out)
        if number is not None:
            self.write(depth, f"{target} = {self.outputs[number]}[{self.sample}]", op)
        else:
            self.take_buffer(target, op, source, depth)
        if op.prim is ZEROS:
            zero = "False" if op.out.type.dtype is DType.BOOL else "0"
            self.write(depth, f"{target}[:] = {zero}", op)
        elif op.prim is COPY:
            self.copy(target, source, op.out.type, depth, op)

    def take_buffer(self, target: str, op: Op, source: str, depth: int) -> None:
        """Write ``target = buffer``, or the part of it that is used where sizes change."""
        buffer = self.fresh.suggest(f"{target}_buffer")
        shape = op.out.type.shape
        if op.prim is COPY:
            sizes = [f"{source}.shape[{axis}]" for axis in range(len(shape))]
        else:
            sizes = [self.expr(size).at(0) for size in op.args]
        items = [
            ":" if isinstance(dim, int) else f":{size}"
            for dim, size in zip(shape, sizes, strict=True)
        ]
        while items and items[-1] == ":":
            items.pop()
        part = f"[{', '.join(items)}]" if items else ""
        self.write(depth, f"{target} = {buffer}{part}", op)
        place = None if part else self.lines[-1]
        self.buffers[buffer] = (place, op.out.type, self.memory.local[op.out])

    def update(self, op: Op, depth: int) -> None:
        """Write an update; of a part that is an array, element by element."""
        if op.args[1].type.is_scalar or op.args[1] in self.plan.implicit:
            super().update(op, depth)
            return
        name = self.name(op.out)
        target = name if set(op.params["spec"]) == {ALL} else self._place(op, name)
        sign = "=" if op.prim is PUT else "+="
        self.copy(target, self.expr(op.args[1]).text, op.args[1].type, depth, op, sign)

    def copy(
        self, target: str, source: str, type: Type, depth: int, op: Op | None, sign: str = "="
    ) -> None:
        """Write loops that copy an array, element by element."""
        source = self.variable(source, depth, op)
        target = self.variable(target, depth, op)
        indices = self.indices[: type.rank]
        for axis, (index, dim) in enumerate(zip(indices, type.shape, strict=True)):
            size = dim if isinstance(dim, int) else f"{source}.shape[{axis}]"
            self.write(depth + axis, f"for {index} in range({size}):", op)
        place = f"[{', '.join(indices)}]"
        self.write(depth + len(indices), f"{target}{place} {sign} {source}{place}", op)

    def variable(self, text: str, depth: int, op: Op | None, *, always: bool = False) -> str:
        """A variable that holds what an expression says; a variable as it is."""
        if text.isidentifier() and not always:
            return text
        name = self.fresh.suggest("part")
        self.write(depth, f"{name} = {text}", op)
        return name

    def statement(self, op: Op, depth: int) -> None:
        """Write an op that has a statement of its own."""
        self.depth = depth
        super().statement(op, depth)

    def complaint(self, depth: int, test: str, error: str, op: Op) -> None:
        """Write a check that ends the thread with the message of an op."""
        self.write(depth, f"if {test}:", op)
        self.write(depth + 1, self.failure(error, op.params["what"]), op)

    def moves(self, targets: Sequence[Value], sources: Sequence[Value], op: Op, depth: int) -> None:
        """Copy values to variables as if at once."""
        self.depth = depth
        super().moves(targets, sources, op, depth)

    def failure(self, error: str, what: str) -> str:
        """The statement that ends the thread with a failure."""
        if (error, what) not in self.failures:
            self.failures.append((error, what))
        return f"{self.helper('fail')}({self.failures.index((error, what)) + 1}, {self.failed})"


def _assigns(text: str, name: str) -> bool:
    """Whether a statement gives a variable a value."""
    targets, equals, _ = text.partition(" = ")
    return bool(equals) and name in targets.split(", ")


def _is_block(lines: Sequence[Line], number: int) -> bool:
    """Whether a line is all there is in its block."""
    before, depth = lines[number - 1], lines[number].depth
    ends = number + 1 == len(lines) or lines[number + 1].depth < depth
    return ends and number > 0 and before.depth < depth


def _signature(entries: Sequence[tuple[str, Type, bool]]) -> list[str]:
    """Names and types as :mod:`gradc_runtime.cuda_signature` reads them, in lines."""
    symbols = {str(dim) for _, type, _ in entries for dim in type.shape}
    samples = Names(symbols).suggest(SAMPLES)
    lines = [""]
    for number, (name, type, batched) in enumerate(entries):
        sizes = [samples] * batched + [str(dim) for dim in type.shape]
        text = f"{name}: {type.dtype.value}" + (f"[{', '.join(sizes)}]" if sizes else "")
        if number:
            lines[-1] += ", "
        if lines[-1] and len(lines[-1] + text) > WIDTH - 10:
            lines.append("")
        lines[-1] += text
    return lines
