"""Walking and rebuilding IR: uses, free values, substitution, cloning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from gradc.ir.core import Function, Op, Region, Value

Substitution = Mapping[Value, Value]


def all_ops(region: Region) -> Iterator[Op]:
    """Yield every op of a region and of the regions inside, in order."""
    for op in region.ops:
        yield op
        for inner in op.regions:
            yield from all_ops(inner)


def used_by(op: Op) -> Iterator[Value]:
    """Yield the values that an op reads, those read inside its regions included.

    Values that the regions define themselves are not among them.
    """
    yield from op.args
    for region in op.regions:
        yield from free_values(region)


def free_values(region: Region) -> list[Value]:
    """Return the values that a region uses and does not define, in order of first use."""
    return free_in_ops(region.ops, region.yields, region.params)


def free_in_ops(
    ops: Iterable[Op], also_used: Iterable[Value] = (), defined: Iterable[Value] = ()
) -> list[Value]:
    """Return the values that ops (and `also_used`) use and do not define, in order."""
    inside = set(defined)
    free: dict[Value, None] = {}
    for op in ops:
        for value in used_by(op):
            if value not in inside:
                free.setdefault(value)
        inside.update(op.outs)
    for value in also_used:
        if value not in inside:
            free.setdefault(value)
    return list(free)


def needed_for(ops: Sequence[Op], values: Iterable[Value]) -> list[Op]:
    """Return the ops that values need, of some ops in order."""
    needed, found = set(values), []
    for op in reversed(ops):
        if not needed.isdisjoint(op.outs):
            found.append(op)
            needed.update(op.args)
    return found[::-1]


def use_counts(region: Region) -> dict[Value, int]:
    """Count the uses of each value in a region and the regions inside it."""
    counts: dict[Value, int] = {}

    def visit(inner: Region) -> None:
        for op in inner.ops:
            for value in op.args:
                counts[value] = counts.get(value, 0) + 1
            for nested in op.regions:
                visit(nested)
        for value in inner.yields:
            counts[value] = counts.get(value, 0) + 1

    visit(region)
    return counts


def defining_ops(region: Region) -> dict[Value, Op]:
    """Map each value made by an op, at any depth, to that op."""
    return {out: op for op in all_ops(region) for out in op.outs}


def defined_values(region: Region) -> Iterator[Value]:
    """Yield the parameters of a region and what its ops make, at any depth."""
    yield from region.params
    for op in region.ops:
        yield from op.outs
        for inner in op.regions:
            yield from defined_values(inner)


def substitute_op(op: Op, mapping: Substitution) -> Op:
    """Return the op with its operands replaced, in its regions too; the same op if none is."""
    args = tuple(mapping.get(value, value) for value in op.args)
    regions = tuple(substitute_region(region, mapping) for region in op.regions)
    same_args = all(new is old for new, old in zip(args, op.args, strict=True))
    same_regions = all(new is old for new, old in zip(regions, op.regions, strict=True))
    if same_args and same_regions:
        return op
    return replace(op, args=args, regions=regions)


def substitute_region(region: Region, mapping: Substitution) -> Region:
    """Return the region with values replaced; the same region if none is."""
    if not mapping:
        return region
    ops = tuple(substitute_op(op, mapping) for op in region.ops)
    yields = tuple(mapping.get(value, value) for value in region.yields)
    return rebuilt(region, ops, yields)


def rebuilt(region: Region, ops: Iterable[Op], yields: Iterable[Value]) -> Region:
    """Return a region with new contents, or the same object when nothing differs."""
    ops, yields = tuple(ops), tuple(yields)
    unchanged = (
        len(ops) == len(region.ops)
        and len(yields) == len(region.yields)
        and all(new is old for new, old in zip(ops, region.ops, strict=True))
        and all(new is old for new, old in zip(yields, region.yields, strict=True))
    )
    return region if unchanged else Region(region.params, ops, yields)


def with_body(function: Function, body: Region) -> Function:
    """Return the function with another body, or itself when the body is the same."""
    return function if body is function.body else replace(function, body=body)


def clone_op(op: Op, mapping: dict[Value, Value]) -> Op:
    """Copy an op with fresh outputs and regions; `mapping` is extended by what is new.

    Size symbols are kept: a copy computes the same sizes.
    """
    args = tuple(mapping.get(value, value) for value in op.args)
    regions = tuple(clone_region(region, mapping) for region in op.regions)
    outs = tuple(replace(out) for out in op.outs)
    mapping.update(zip(op.outs, outs, strict=True))
    return replace(op, args=args, regions=regions, outs=outs)


def clone_region(region: Region, mapping: dict[Value, Value]) -> Region:
    """Copy a region with fresh parameters and values; `mapping` is extended."""
    params = tuple(replace(param) for param in region.params)
    mapping.update(zip(region.params, params, strict=True))
    ops = tuple(clone_op(op, mapping) for op in region.ops)
    return Region(params, ops, tuple(mapping.get(value, value) for value in region.yields))


def map_regions(op: Op, transform: Callable[[Region], Region]) -> Op:
    """Apply a function to the regions of an op; the same op when they stay the same."""
    return with_regions(op, [transform(region) for region in op.regions])


def with_regions(op: Op, regions: Sequence[Region]) -> Op:
    """Return an op with other regions; the same op when they are its own."""
    if all(new is old for new, old in zip(regions, op.regions, strict=True)):
        return op
    return replace(op, regions=tuple(regions))


def rename_values(function: Function, models: Mapping[Value, tuple[str, bool]]) -> Function:
    """Give values made by ops other names, and say whether readers look for those names.

    Size symbols stay as they are.
    """
    mapping: dict[Value, Value] = {}

    def renamed(op: Op) -> Op:
        regions = tuple(
            Region(region.params, tuple(map(renamed, region.ops)), region.yields)
            for region in op.regions
        )
        for out in op.outs:
            if out in models and not out.named:
                name, named = models[out]
                mapping[out] = replace(out, name=name, named=named)
        return replace(op, regions=regions, outs=tuple(mapping.get(o, o) for o in op.outs))

    ops = tuple(renamed(op) for op in function.ops)
    body = Region(function.params, ops, function.results)
    return with_body(function, substitute_region(body, mapping))
