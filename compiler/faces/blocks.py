"""Derivatives that come as blocks: one for each pair of a result and an argument.

A kernel returns the blocks flat. Around them goes the structure of what the function returns, and
inside each of its leaves that of the arguments: the Jacobian of ``f(params) -> {"a": ..., "b":
...}`` is ``J["a"]["weight"]``. In a Hessian both are the structure of the arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gradc.faces.containers import flatten, map_leaves, unflatten
from gradc.faces.program import Derivative
from gradc.frontend.python import Lowered, Static

if TYPE_CHECKING:
    from optree import PyTreeSpec

# What becomes of a block: given the leaf of the arguments that it is the derivative for.
Finish = Callable[[Any, int], Any]


class BlockDerivative(Derivative):
    """A Jacobian or Hessian of a program."""

    def arranged(self, results: Sequence[Any]) -> Any:
        """What the user gets for the results of the kernel."""
        if self._is_one_block:
            return self._restored(results[0], self.leaves[0][0])
        blocks = self.nested(iter(results[len(self.kept) :]), self._restored)
        if not self.has_aux:
            return blocks
        aux = dict(zip(self.kept, results, strict=False))
        return blocks, self.outputs(self.aux_tree, aux)

    def nested(self, blocks: Iterator[Any], finish: Finish) -> Any:
        """Put blocks, in the kernel's order, into the structure of results and arguments."""
        if self.mode == "hessian":
            rows = []
            for found, (start, stop, spec) in zip(self.leaves, self.groups, strict=True):
                leaves: list[Any] = [None] * (stop - start)
                for leaf in found:
                    leaves[leaf - start] = self._columns(blocks, finish)
                rows.append(unflatten(spec, leaves))
            return rows[0] if self.single else tuple(rows)
        columns = {result: self._columns(blocks, finish) for result in self.differentiated}
        leaves, spec = self._value_leaves
        return unflatten(
            spec, [None if isinstance(leaf, Static) else columns.get(leaf) for leaf in leaves]
        )

    @cached_property
    def _value_leaves(self) -> tuple[list[Any], PyTreeSpec]:
        return flatten(self.value_tree, (Static,))

    @cached_property
    def _is_one_block(self) -> bool:
        """Whether there is one block without containers around it, and no aux."""
        alone = self.mode == "hessian" or isinstance(self.value_tree, int)
        return alone and self.single and not self.has_aux and self.groups[0][2].is_leaf()

    def _columns(self, blocks: Iterator[Any], finish: Finish) -> Any:
        """The blocks of one row in the structure of the arguments."""
        made = []
        for found, (start, stop, spec) in zip(self.leaves, self.groups, strict=True):
            leaves: list[Any] = [None] * (stop - start)
            for leaf in found:
                leaves[leaf - start] = finish(next(blocks), leaf)
            made.append(unflatten(spec, leaves))
        return made[0] if self.single else tuple(made)

    def _restored(self, block: Any, leaf: int) -> Any:
        """A block without axes is a number of the argument's type."""
        spec = self.program.arguments[leaf].spec
        if isinstance(spec, Static) or np.ndim(block):
            return block
        return float(block) if spec.weak else spec.type.dtype.numpy.type(block)

    def as_lowered(self) -> Lowered:
        """The derivative as a function to be differentiated again."""
        lowered, function = self.program.lowered, self.compiled.function
        count = len(self.kept)
        leaves = [leaf for group in self.leaves for leaf in group]
        rows = len(leaves) if self.mode == "hessian" else len(self.differentiated)
        weak = [lowered.out_weak[result] for result in self.kept]
        weak += [
            getattr(self.program.arguments[leaf].spec, "weak", False) for leaf in leaves
        ] * rows
        numbers = iter(range(count, len(function.results)))
        tree = self.nested(numbers, lambda number, leaf: number)
        if self.has_aux:
            number = {result: index for index, result in enumerate(self.kept)}
            aux = map_leaves(lambda leaf: number.get(leaf, leaf), self.aux_tree, (Static,))
            tree = (tree, aux)
        return replace(lowered, function=function, out_tree=_static(tree), out_weak=tuple(weak))


def _static(tree: Any) -> Any:
    """The same tree with None as the constant that it is for the front end."""
    return map_leaves(lambda leaf: Static(None) if leaf is None else leaf, tree, (Static,))
