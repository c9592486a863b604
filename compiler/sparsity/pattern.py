"""From a function to the program of its sparsity pattern.

In the pattern program each float is replaced by the set of the inputs that it depends on. Integers
and the loops and branches that they decide stay as they are, so an index is what it is when the
function runs; a branch that a float decides takes both ways::

    def f(x):                           def f_pattern(sets, x):         # x: sets, one an element
        n = dim(x, axis=0)                  n = dim(x, axis=0)
        y = zeros(n)                        y = zeros(n)                # nothing in any set
        for i in range(1, n - 1):           for i in range(1, n - 1):
            a = x[i - 1] * x[i]                 y[i] = join(sets, x[i - 1], x[i])
            if x[i] > 0:                        y[i] = join(sets, y[i], x[i + 1])
                a = a + x[i + 1]
            y[i] = exp(a)
        return y                            return y

The result is never too small: every set holds at least what the float depends on, at any values
of the floats. Values that do not depend on an input are not computed at all. How integers that
depend on floats are treated is in :mod:`gradc.sparsity.unknown`; a loop of unknown length is run
with one set for each array that it carries, until these grow no further.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gradc.analysis.activity import activity
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, IF, LOOP_BOUNDS, WHILE, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Op, Value
from gradc.ir.types import INT, DType, Type
from gradc.sparsity.dependence import Elements, Scope, Sets, Union, root_of
from gradc.sparsity.joining import Carried, Side, branch_ends
from gradc.sparsity.rules import Rules
from gradc.sparsity.unknown import unknown_values


def pattern_program(function: Function, wrt: Sequence[int], results: Sequence[int]) -> Function:
    """Build the program that computes which results depend on which inputs.

    Parameters
    ----------
    function : Function
        Lowered to loops: what works on whole arrays gives less precise patterns.
    wrt : sequence of int
        Positions of the float parameters that are inputs.
    results : sequence of int
        Positions of the float results that are asked for.

    Returns
    -------
    Function
        Its parameters are the array that holds the sets, and those of `function` with a set in
        place of each input. It returns for each result an array of sets, or one set for all
        elements where their number depends on floats.
    """
    builder = Builder(Symbols())
    builder.loc = function.loc
    builder.symbols.taken.update(Symbols.of(function).taken)
    arena = builder.value(Type(DType.INT, (builder.symbols.fresh("places"),)), "sets")
    varied = activity(function, wrt).varied
    translation = _Translation(varied, Rules(Sets(arena), unknown_values(function)))
    scope, params = Scope(), [arena]
    for position, param in enumerate(function.params):
        made = replace(param)
        if position in wrt:
            made = replace(param, type=param.type.with_dtype(DType.INT))
            scope.sets[param] = Union((made,)) if param.type.is_scalar else Elements(made)
        elif not param.type.is_float:
            scope.integers[param] = made
        builder.symbols.note(made)
        params.append(made)
    translation.block(function.ops, scope, builder, tentative=False)
    outs = [translation.result(function.results[index], scope, builder) for index in results]
    return Function(f"{function.name}_pattern", builder.close(params, outs), function.loc)


@dataclass(slots=True)
class _Translation:
    varied: frozenset[Value]
    rules: Rules

    @property
    def sets(self) -> Sets:
        return self.rules.sets

    def result(self, value: Value, scope: Scope, builder: Builder) -> Value:
        found = scope.of(value)
        array = None
        if not value.type.is_scalar:
            array = self.sets.elements(builder, found, value.type)
        return (
            array if array is not None else self.sets.one(builder, self.sets.parts(builder, found))
        )

    def block(self, ops: Sequence[Op], scope: Scope, builder: Builder, tentative: bool) -> None:
        """Translate ops; `tentative` ones may never be reached by the function itself."""
        for op in ops:
            with builder.at(op.loc):
                if op.prim is IF:
                    self.branch(op, scope, builder, tentative)
                elif op.prim in (FOR, WHILE):
                    self.loop(op, scope, builder, tentative)
                elif any(out in self.varied for out in op.outs):
                    self.rules.float(op, scope, builder, tentative)
                elif not any(out.type.is_float for out in op.outs):
                    self.rules.integer(op, scope, builder, tentative)

    def carried(self, values: Sequence[Value]) -> tuple[list[int], list[int]]:
        """The places of known integers and of floats that depend on inputs."""
        unknown = self.rules.unknown
        integers = [k for k, v in enumerate(values) if not v.type.is_float and v not in unknown]
        return integers, [k for k, v in enumerate(values) if v in self.varied]

    # -- branches ------------------------------------------------------------------------------

    def branch(self, op: Op, scope: Scope, builder: Builder, tentative: bool) -> None:
        condition = scope.integers.get(op.args[0])
        if condition is None:
            self.both_ways(op, scope, builder)
        else:
            self.known_branch(op, condition, scope, builder, tentative)

    def both_ways(self, op: Op, scope: Scope, builder: Builder) -> None:
        """Translate both sides, one after the other; results are what either side makes.

        Where both sides update one array, the second goes on with what the first has made: updates
        on tentative sides only add, so nothing of the first is lost, and no array is joined.
        """
        then, otherwise = op.regions
        first, second = scope.inner(), scope.inner()
        self.block(then.ops, first, builder, tentative=True)
        threaded = self.threaded(op, first, second)
        self.block(otherwise.ops, second, builder, tentative=True)
        for place, out in enumerate(op.outs):
            yes, no = then.yields[place], otherwise.yields[place]
            if out in self.varied:
                found = second.of(no)
                if place not in threaded:
                    found = self.sets.either(builder, first.of(yes), found, out.type)
                scope.sets[out] = found
            elif yes is no and yes in scope.integers:
                scope.integers[out] = scope.integers[yes]

    def threaded(self, op: Op, first: Scope, second: Scope) -> set[int]:
        """Let the second side start from arrays as the first has left them."""
        then, otherwise = op.regions
        roots: dict[Value, list[int]] = {}
        for place, out in enumerate(op.outs):
            if out in self.varied and not out.type.is_scalar:
                root = root_of(then.yields[place], then)
                if root is not None and root is root_of(otherwise.yields[place], otherwise):
                    roots.setdefault(root, []).append(place)
        found = set()
        for root, places in roots.items():
            if len(places) == 1:
                second.sets[root] = first.of(then.yields[places[0]])
                found.add(places[0])
        return found

    def known_branch(
        self, op: Op, condition: Value, scope: Scope, builder: Builder, tentative: bool
    ) -> None:
        integers, floats = self.carried(op.outs)
        sides = [Side(region, builder.child(), scope.inner()) for region in op.regions]
        for side in sides:
            self.block(side.region.ops, side.scope, side.builder, tentative)
        integers = [
            place
            for place in integers
            if all(side.region.yields[place] in side.scope.integers for side in sides)
        ]
        if not integers and not floats:
            return
        ends, forms = branch_ends(self.sets, op.outs, floats, sides)
        regions = [
            side.close([side.scope.integers[side.region.yields[k]] for k in integers] + end)
            for side, end in zip(sides, ends, strict=True)
        ]
        names = [op.outs[place].name for place in (*integers, *floats)]
        outs = builder.branch(condition, regions[0], regions[1], names)
        for place, out in zip(integers, outs, strict=False):
            scope.integers[op.outs[place]] = out
        for place, whole, out in zip(floats, forms, outs[len(integers) :], strict=True):
            scope.sets[op.outs[place]] = Elements(out) if whole else Union((out,))

    # -- loops ---------------------------------------------------------------------------------

    def loop(self, op: Op, scope: Scope, builder: Builder, tentative: bool) -> None:
        if op.prim is FOR:
            bounds = scope.known(op.args[:LOOP_BOUNDS])
            if bounds is not None:
                self.counted(op, bounds, scope, builder, tentative)
                return
        elif op.regions[0].yields[0] not in self.rules.unknown:
            self.conditional(op, scope, builder, tentative)
            return
        self.unknown_loop(op, scope, builder)

    def unknown_loop(self, op: Op, scope: Scope, builder: Builder) -> None:
        """Run the body as often as there are sets to grow: each can only pass on to another."""
        body, params = loop_body(op), carried_params(op)
        _, floats = self.carried(params)
        if not floats:
            return
        inits = [
            self.sets.one(builder, self.sets.parts(builder, scope.of(carried_inits(op)[k])))
            for k in floats
        ]
        inner, inside = builder.child(), scope.inner()
        index = inner.value(INT, "pass")
        olds = [inner.value(INT, params[k].name) for k in floats]
        for place, old in zip(floats, olds, strict=True):
            inside.sets[params[place]] = Union((old,))
        self.block(body.ops, inside, inner, tentative=True)
        news = [
            self.sets.one(inner, (old, *self.sets.parts(inner, inside.of(body.yields[k]))))
            for k, old in zip(floats, olds, strict=True)
        ]
        zero, one, count = builder.const(0), builder.const(1), builder.const(len(floats))
        region = inner.close((index, *olds), news)
        outs = builder.loop((zero, count, one), inits, region)
        for k, out in zip(floats, outs, strict=True):
            scope.sets[op.outs[k]] = Union((out,))

    def counted(
        self, op: Op, bounds: Sequence[Value], scope: Scope, builder: Builder, tentative: bool
    ) -> None:
        carried = self.translated(op, scope, builder, tentative)
        start, stop, step = bounds
        carried.leave(scope, builder.loop((start, stop, step), carried.inits, carried.region()))

    def conditional(self, op: Op, scope: Scope, builder: Builder, tentative: bool) -> None:
        condition = op.regions[0]
        carried = self.translated(op, scope, builder, tentative)
        test, inside = builder.child(), scope.inner()
        params = [replace(param) for param in carried.params]
        for param in params:
            test.symbols.note(param)
        for place, param in zip(carried.integers, params, strict=False):
            inside.integers[condition.params[place]] = param
        self.block(condition.ops, inside, test, tentative)
        known = inside.integers.get(condition.yields[0])
        if known is None:
            self.unknown_loop(op, scope, builder)
            return
        region = test.close(params, [known])
        carried.leave(scope, builder.conditional_loop(carried.inits, region, carried.region()))

    def translated(self, op: Op, scope: Scope, builder: Builder, tentative: bool) -> Carried:
        """Translate the body of a loop that runs as often as the function's own.

        An array that the body cannot keep element by element is carried as one set for all; an
        integer that turns out to be unknown is left out.
        """
        as_one: set[int] = set()
        integers, floats = self.carried(carried_params(op))
        integers = [place for place in integers if carried_inits(op)[place] in scope.integers]
        while True:
            inner = builder.child(), scope.inner()
            carried = Carried(op, self.sets, integers, floats, set(as_one), *inner)
            carried.enter(scope, builder)
            self.block(loop_body(op).ops, carried.scope, carried.builder, tentative)
            lost = carried.finish()
            if not lost:
                return carried
            as_one |= lost
            integers = [place for place in integers if place not in lost]
