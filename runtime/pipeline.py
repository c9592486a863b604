"""numba's compiler as kernels need it: passes of gradc's, and none that kernels have no use for.

Kernels are one function with a signature, without closures, comprehensions, generators and
context managers. What numba does for those is left out, and what it does again and again for
equal things is done once::

    numba                                    here
    inline closures and comprehensions       -
    static single assignment                 gradc_runtime.own_names; where types ask for it
    type inference                           the type of each call with the same types once
    whole-array expressions fused            -
    lowering                                 gradc_runtime.lowering, gradc_runtime.independent
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numba.core import errors, ir, typed_passes, untyped_passes
from numba.core import types as numba_types
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass

from gradc_runtime.conditionals import Conditionals
from gradc_runtime.independent import IndependentLowering
from gradc_runtime.lowering import serves
from gradc_runtime.own_names import OwnNames
from gradc_runtime.unsigned import UnsignedIndices, VectorPowers

types: Any = numba_types  # declares fewer types than it has

# They look for what kernels do not contain.
_WITHOUT_WORK = frozenset(
    {
        untyped_passes.WithLifting,
        untyped_passes.InlineClosureLikes,
        untyped_passes.MakeFunctionToJitFunction,
        untyped_passes.InlineInlinables,
        untyped_passes.FindLiterallyCalls,
        untyped_passes.LiteralUnroll,
        untyped_passes.LiteralPropagationSubPipelinePass,
        typed_passes.InlineOverloads,
        # they fuse expressions over whole arrays, which gradc has done already where it pays
        typed_passes.NopythonRewrites,
    }
)


@register_pass(mutates_CFG=True, analysis_only=False)
class KernelTypes(typed_passes.BaseTypeInference):  # type: ignore[misc]
    """numba's type inference, which asks for the type of equal calls once.

    numba looks through all that it knows of an operator, thirty functions for a sum of two
    numbers, each time it occurs. And it makes a variable of each assignment beforehand; generated
    programs have one type for a name, all but those where arrays of two orders take turns in one.
    """

    _name = "gradc_type_inference"

    def run_pass(self, state: Any) -> bool:
        """Infer the types of all variables."""
        context = state.typingctx
        state.typingctx = _Remembering(context)
        try:
            if not self._has_one_type_each(state):
                untyped_passes.ReconstructSSA().run_pass(state)
                super().run_pass(state)
        finally:
            state.typingctx = context
        return True

    def _has_one_type_each(self, state: Any) -> bool:
        """Infer the types of the variables as they stand; whether none was widened by that."""
        try:
            super().run_pass(state)
        except errors.NumbaError:
            return False
        return all(_is_own_type(state, each) for each in _assignments(state))


def _assignments(state: Any) -> Iterator[Any]:
    for block in state.func_ir.blocks.values():
        yield from block.find_insts(ir.Assign)


def _is_own_type(state: Any, assignment: Any) -> bool:
    """Whether a variable has the very type of what is assigned to it."""
    value, kind = assignment.value, types.unliteral(state.typemap[assignment.target.name])
    if isinstance(value, ir.Var):
        return bool(types.unliteral(state.typemap[value.name]) == kind)
    if isinstance(value, ir.Expr):
        call = state.calltypes.get(value)
        return call is None or bool(types.unliteral(call.return_type) == kind)
    of_number = _OF_NUMBERS.get(type(getattr(value, "value", None)))
    return of_number is None or isinstance(kind, of_number)


_OF_NUMBERS = {bool: types.Boolean, int: types.Integer, float: types.Float}


@register_pass(mutates_CFG=True, analysis_only=False)
class WithoutPhis(typed_passes.PreLowerStripPhis):  # type: ignore[misc]
    """Writes out what single assignment has left, where it was needed."""

    _name = "gradc_strip_phis"

    def run_pass(self, state: Any) -> bool:
        """Remove what chooses between variables."""
        values = (each.value for each in _assignments(state))
        if any(isinstance(value, ir.Expr) and value.op == "phi" for value in values):
            return bool(super().run_pass(state))
        return False


class _Remembering:
    """numba's typing context, with the answers it has given."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._known: dict[Any, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def resolve_function_type(self, function: Any, args: Any, kws: Any) -> Any:
        """The signature of a call; None where there is none yet."""
        key = (function, tuple(args), tuple(sorted(kws.items())))
        found = self._known.get(key)
        if found is None:
            found = self._context.resolve_function_type(function, args, kws)
            self._known[key] = found
        return found


class KernelCompiler(CompilerBase):  # type: ignore[misc]
    """Compiles the kernels and routines of generated modules."""

    def define_pipelines(self) -> list[PassManager]:
        """The one pipeline of nopython mode."""
        plain = serves(self.state.flags)
        instead = _INSTEAD if plain else {}
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        kept: list[tuple[Any, str]] = []
        for each, why in passes.passes:
            if each not in (_WITHOUT_WORK if plain else (typed_passes.NopythonRewrites,)):
                kept.append((instead.get(each, each), why))
            if each is typed_passes.InlineOverloads:
                kept += [
                    (UnsignedIndices, "index arrays without looking for negative indices"),
                    (VectorPowers, "powers that loops are vectorised with"),
                    (Conditionals, "conditionals between numbers become choices"),
                ]
        passes.passes = kept
        passes.finalize()
        return [passes]


_INSTEAD = {
    untyped_passes.ReconstructSSA: OwnNames,
    typed_passes.NopythonTypeInference: KernelTypes,
    typed_passes.PreLowerStripPhis: WithoutPhis,
    typed_passes.NativeLowering: IndependentLowering,
}
