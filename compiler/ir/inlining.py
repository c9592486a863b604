"""Functions put in the place of a call: copies of their ops, with the sizes of the arguments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradc.ir.builder import Builder, Symbols
from gradc.ir.core import Function, Op, Value
from gradc.ir.renaming import SymbolRenaming
from gradc.ir.types import Dim
from gradc.ir.walk import clone_op, with_body


def inline(
    builder: Builder, function: Function, args: Sequence[Value], outs: Sequence[Value] = ()
) -> list[Value]:
    """Append a copy of a function's ops; returns its results for these arguments.

    Parameters
    ----------
    builder : Builder
    function : Function
        It uses nothing but its parameters.
    args : sequence of Value
        Of the types of the parameters, but that their sizes may have other symbols.
    outs : sequence of Value
        Values of the types that the results have at the call, where those are known.
    """
    symbols: dict[str, Dim] = {}
    _note_symbols(symbols, zip(function.params, args, strict=True))
    _note_symbols(symbols, zip(function.results, outs, strict=False))
    body = function.body
    if any(symbol != dim for symbol, dim in symbols.items()):
        body = SymbolRenaming(symbols).region(body)
    mapping = dict(zip(body.params, args, strict=True))
    inline_ops(builder, body.ops, mapping)
    return [mapping.get(result, result) for result in body.yields]


def inline_renamed(
    builder: Builder, function: Function, args: Sequence[Value], outs: Sequence[Value] = ()
) -> list[Value]:
    """Append a copy of a function that was made elsewhere: see :func:`inline`.

    The sizes that it computes by itself get names that nothing has here. Where the function is
    known to the place, whose sizes are its own, `inline` keeps them.
    """
    passed = Symbols()
    for value in (*function.params, *function.results[: len(outs)]):
        passed.note(value)
    own = Symbols.of(function).taken - passed.taken
    clashing = sorted(own & builder.symbols.taken)
    builder.symbols.taken |= own  # a fresh name is none of those that stay
    if clashing:
        renaming = SymbolRenaming({symbol: builder.symbols.fresh(symbol) for symbol in clashing})
        function = with_body(function, renaming.region(function.body))
    return inline(builder, function, args, outs)


def with_fresh_symbols(function: Function, known: Function, symbols: Symbols) -> Function:
    """Rename the sizes that a transformation introduced, where others have their symbols.

    Parameters
    ----------
    function : Function
        Made from `known`, without looking at what surrounds it.
    known : Function
        Its symbols stay: they mean the same around it.
    symbols : Symbols
        Of the place where the function is going to be.
    """
    made = Symbols.of(function).taken - Symbols.of(known).taken
    clashing = sorted(made & symbols.taken)
    symbols.taken |= made
    if not clashing:
        return function
    renaming = SymbolRenaming({symbol: symbols.fresh(symbol) for symbol in clashing})
    return with_body(function, renaming.region(function.body))


def _note_symbols(symbols: dict[str, Dim], pairs: Iterable[tuple[Value, Value]]) -> None:
    for own, given in pairs:
        for here, there in zip(own.type.shape, given.type.shape, strict=True):
            if isinstance(here, str):
                symbols.setdefault(here, there)
        if isinstance(own.size, str) and given.size is not None:
            symbols.setdefault(own.size, given.size)


def inline_ops(builder: Builder, ops: Sequence[Op], mapping: dict[Value, Value]) -> None:
    """Append copies of ops; `mapping` is extended by what they define."""
    for op in ops:
        copied = clone_op(op, mapping)
        builder.append(copied)
        for out in copied.outs:
            builder.symbols.note(out)
