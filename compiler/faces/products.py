"""Vector-Jacobian and Jacobian-vector products at a point."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradc.adjoint.forward import forward
from gradc.adjoint.reverse import reverse
from gradc.errors import GradTypeError
from gradc.faces.containers import flatten
from gradc.faces.functions import Differentiated
from gradc.faces.program import Derivative
from gradc.frontend.python import Static
from gradc.frontend.python.products import Product
from gradc.ir.core import Function, Region
from gradc.options import Options
from gradc.passes.winners import with_winners


def _pullback(function: Function, wrt: Sequence[int], results: Sequence[int]) -> Function:
    return reverse(with_winners(function), wrt, results=results, seeded=True)


def _pushforward(function: Function, wrt: Sequence[int], results: Sequence[int]) -> Function:
    swept = forward(function, wrt)
    count = len(function.results)
    floats = [place for place, result in enumerate(function.results) if result.type.is_float]
    dots = dict(zip(floats, swept.results[count:], strict=True))
    found = (*swept.results[:count], *(dots[place] for place in results))
    return Function(swept.name, Region(swept.params, swept.ops, found), swept.loc)


# What the transformations mean where they are used inside a compiled function.
VJP = Product("vjp", _pullback)
JVP = Product("jvp", _pushforward)


class _Pullback(Differentiated):
    mode = "vjp"


class _Pushforward(Differentiated):
    mode = "jvp"


class Primal(Differentiated):
    """The function itself, compiled; an argument that holds floats is named as for ``grad``."""

    mode = "primal"

    def finish(self, derivative: Derivative, results: list[Any]) -> Any:
        """The value."""
        return derivative.outputs(derivative.value_tree, results)


@functools.lru_cache(maxsize=256)
def _remembered(
    kind: Callable[..., Differentiated],
    function: Callable[..., Any],
    active: tuple[int, ...],
    options: Options,
) -> Differentiated:
    """A transformation with what it has compiled: these faces have no object to keep it in."""
    return kind(function, active, False, options)


def _transform(
    kind: Callable[..., Differentiated],
    function: Callable[..., Any],
    active: tuple[int, ...],
    options: Options,
) -> Differentiated:
    try:
        return _remembered(kind, function, active, options)
    except TypeError:  # an unhashable callable
        return kind(function, active, False, options)


def active_arguments(args: Sequence[Any]) -> tuple[int, ...]:
    """The arguments that hold at least one float."""
    return tuple(index for index, arg in enumerate(args) if any(map(is_float, flatten(arg)[0])))


def is_float(leaf: Any) -> bool:
    """Whether a leaf of the arguments carries a derivative."""
    if isinstance(leaf, np.ndarray | np.generic):
        return bool(np.issubdtype(leaf.dtype, np.floating))
    return isinstance(leaf, float)


def _need_floats(function: Callable[..., Any], args: Sequence[Any]) -> tuple[int, ...]:
    active = active_arguments(args)
    if not active:
        name = getattr(function, "__name__", "the function")
        raise GradTypeError(f"no argument of {name} holds a float; pass 3.0 rather than 3")
    return active


def _refuse_samples(name: str, options: Options) -> None:
    if options.target == "cuda":
        raise GradTypeError(
            f'{name} is for the CPU: with target="cuda" there are grad and value_and_grad'
        )


def pullback_at(
    function: Callable[..., Any],
    args: Sequence[Any],
    options: Options,
    flat_seeds: Sequence[Any] | None = None,
) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """See :func:`gradc.api.vjp`; with `flat_seeds` the pullback takes those for its argument."""
    value, pullback, _ = pullback_with_aux(function, args, options, flat_seeds, has_aux=False)
    return value, pullback


def pullback_with_aux(
    function: Callable[..., Any],
    args: Sequence[Any],
    options: Options,
    flat_seeds: Sequence[Any] | None = None,
    has_aux: bool = True,
) -> tuple[Any, Callable[[Any], tuple[Any, ...]], Any]:
    """See :func:`gradc.api.vjp`: the value, the pullback, and the further result."""
    _refuse_samples("vjp", options)
    active = _need_floats(function, args)
    primal = _transform(Primal, function, active, options)
    leaves, value_of = primal.derivative_for(args, {})
    # the pullback may be called after the caller has changed its arrays
    kept = [leaf.copy() if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]
    derivative = value_of.program.derivative("vjp", active, has_aux)
    results = value_of.run(kept)
    value = value_of.outputs(derivative.value_tree, results)
    aux = value_of.outputs(derivative.aux_tree, results) if has_aux else None

    def pullback(y_bar: Any) -> tuple[Any, ...]:
        """Return one cotangent for each argument, None for those without floats."""
        seeds = _seeds(derivative, y_bar, results) if flat_seeds is None else flat_seeds
        bars = derivative.run(kept, seeds)[len(derivative.kept) :]
        found = iter(derivative.gradients(bars))
        return tuple(next(found) if i in active else None for i in range(len(args)))

    return value, pullback, aux


def _seeds(derivative: Derivative, y_bar: Any, results: Sequence[Any]) -> list[Any]:
    """The cotangents of the float results, in the kernel's types and of the results' shapes."""
    function = derivative.program.lowered.function
    given, spec = flatten(y_bar)
    tree_leaves, wanted = flatten(derivative.value_tree, (Static,))
    if spec != wanted:
        raise derivative.program.problem(
            f"the cotangent has the structure {spec}, and the value has {wanted}",
            "pass a cotangent of the structure of the value",
        )
    seeds = []
    for leaf, result in zip(given, tree_leaves, strict=True):
        if result not in derivative.differentiated:
            continue
        type = function.results[result].type
        given_shape, shape = np.shape(leaf), np.shape(results[result])
        if given_shape != shape:
            raise derivative.program.problem(
                f"the cotangent of result {result} has shape {given_shape}, and that has {shape}",
                "pass a cotangent of the shape of the value",
            )
        seed = np.array(leaf, dtype=type.dtype.numpy, order="C")
        seeds.append(seed if type.rank else seed[()])
    return seeds


def pushforward(
    function: Callable[..., Any],
    args: Sequence[Any],
    tangents: Sequence[Any],
    options: Options,
) -> tuple[Any, Any]:
    """See :func:`gradc.api.jvp`."""
    value, dot, _ = pushforward_with_aux(function, args, tangents, options, has_aux=False)
    return value, dot


def pushforward_with_aux(
    function: Callable[..., Any],
    args: Sequence[Any],
    tangents: Sequence[Any],
    options: Options,
    has_aux: bool = True,
) -> tuple[Any, Any, Any]:
    """See :func:`gradc.api.jvp`: the value, its tangent, and the further result."""
    _refuse_samples("jvp", options)
    if len(args) != len(tangents):
        raise GradTypeError(f"{len(tangents)} tangents for {len(args)} arguments")
    active = _need_floats(function, args)
    transform = _transform(_Pushforward, function, active, options)
    leaves, program = transform.program_for(args, {})
    derivative = program.derivative("jvp", active, has_aux)
    chosen = [tangents[position] for position in active]
    further = flat_tangents(derivative, leaves, chosen, "tangent")
    results = derivative.run(leaves, further)
    count = len(derivative.program.lowered.function.results)
    floats = [
        index
        for index, result in enumerate(derivative.program.lowered.function.results)
        if result.type.is_float
    ]
    dots: list[Any] = [0] * count
    for index, dot in zip(floats, results[count:], strict=True):
        dots[index] = dot
    tree, values = derivative.value_tree, results[:count]
    aux = derivative.outputs(derivative.aux_tree, values) if has_aux else None
    return derivative.outputs(tree, values), derivative.outputs(tree, dots), aux


def flat_tangents(
    derivative: Derivative, leaves: Sequence[Any], tangents: Sequence[Any], what: str
) -> list[Any]:
    """Tangents of the differentiated arguments as the kernel takes them.

    Parameters
    ----------
    derivative : Derivative
    leaves : sequence
        Of the arguments.
    tangents : sequence
        For each differentiated argument one of its structure, or None for no change.
    what : str
        What the user calls a tangent.
    """
    made = []
    program = derivative.program
    triples = zip(derivative.leaves, derivative.groups, tangents, strict=True)
    for number, (group, (start, stop, own), tangent) in enumerate(triples):
        given, spec = flatten(tangent) if tangent is not None else ([None] * (stop - start), own)
        if spec != own:
            name = program.arguments[group[0]].name if own.is_leaf() else f"number {number}"
            raise program.problem(
                f"the {what} of argument {name} has the structure {spec}, not {own}"
            )
        made += [
            _tangent_like(derivative, leaves[leaf], given[leaf - start], what) for leaf in group
        ]
    return made


def _tangent_like(derivative: Derivative, value: Any, tangent: Any, what: str) -> Any:
    like = np.asarray(value)
    dtype = like.dtype
    if tangent is None:
        made = np.zeros(like.shape, dtype)
    else:
        made = np.array(tangent, dtype=dtype, order="C")
        if made.shape != like.shape:
            raise derivative.program.problem(
                f"a {what} has shape {made.shape} where its argument has {like.shape}"
            )
    return made if like.ndim else made[()]
