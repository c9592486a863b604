"""numba's compiler as kernels need it: passes of gradc's, and none that kernels have no use for.

Kernels are one function with a signature, without closures, comprehensions, generators and
context managers. What numba does for those is left out, and what it does again and again for
equal things is done once::

    numba                                    here
    inline closures and comprehensions       -
    type inference                           the type of each call with the same types once
    whole-array expressions fused            -
    lowering                                 gradc_runtime.lowering, gradc_runtime.independent
"""

from __future__ import annotations

from typing import Any

from numba.core import typed_passes, untyped_passes
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass

from gradc_runtime.conditionals import Conditionals
from gradc_runtime.independent import IndependentLowering
from gradc_runtime.lowering import serves
from gradc_runtime.unsigned import UnsignedIndices, VectorPowers

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
    numbers, each time it occurs.
    """

    _name = "gradc_type_inference"

    def run_pass(self, state: Any) -> bool:
        """Infer the types of all variables."""
        context = state.typingctx
        state.typingctx = _Remembering(context)
        try:
            return bool(super().run_pass(state))
        finally:
            state.typingctx = context


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
    typed_passes.NopythonTypeInference: KernelTypes,
    typed_passes.NativeLowering: IndependentLowering,
}
