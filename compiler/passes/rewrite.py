"""Replacing values by equal ones, with the size symbols that their types mention.

When ``b`` replaces ``a`` and both are integers that denote sizes, ``k1`` and ``k2`` say, then
``k1`` and ``k2`` are one size, and every type that mentions ``k2`` has to mention ``k1``. The
symbols are collected on the way and renamed at the end, everywhere at once: a symbol stands for
one size wherever it occurs.

A name that somebody chose survives: when ``x_bar`` is replaced by a value that is only called
``mul`` after its op, that value becomes ``x_bar``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import Dim
from gradc.ir.walk import with_body
from gradc.prims.table import TABLE

_GENERIC = frozenset({"c", "zero", *(name.rstrip("_") for name in TABLE)})


@dataclass(frozen=True, slots=True)
class Label:
    """What a value is called, and whether the user wrote that."""

    name: str
    named: bool


@dataclass(slots=True)
class Replacements:
    """Values to be replaced, and sizes that turned out to be equal.

    Attributes
    ----------
    fixed : frozenset of str
        Symbols that must stay: those of the function's arguments.
    params : frozenset of Value
        The function's arguments, whose names must stay.
    """

    fixed: frozenset[str]
    params: frozenset[Value]
    values: dict[Value, Value] = field(default_factory=dict)
    sizes: dict[str, Dim] = field(default_factory=dict)
    labels: dict[Value, Label] = field(default_factory=dict)

    @classmethod
    def of(cls, function: Function) -> Replacements:
        """Start with nothing replaced."""
        dims = [dim for param in function.params for dim in (*param.type.shape, param.size)]
        fixed = frozenset(dim for dim in dims if isinstance(dim, str))
        return cls(fixed, frozenset(function.params))

    def value(self, value: Value) -> Value:
        """Return what stands for a value now."""
        while value in self.values:
            value = self.values[value]
        return value

    def dim(self, dim: Dim) -> Dim:
        """Return what stands for a size now."""
        while isinstance(dim, str) and dim in self.sizes:
            dim = self.sizes[dim]
        return dim

    def shape(self, value: Value) -> tuple[Dim, ...]:
        """Return the shape of a value in the sizes of now."""
        return tuple(self.dim(dim) for dim in value.type.shape)

    def same_dims(self, left: Value, right: Value) -> bool:
        """Whether two values have one element type and one shape, in the sizes of now."""
        return left.type.dtype is right.type.dtype and self.shape(left) == self.shape(right)

    def replace(self, old: Value, new: Value, keep_name: bool = True) -> bool:
        """Use `new` for `old` from now on, where their sizes can be made one.

        Parameters
        ----------
        old, new : Value
        keep_name : bool
            Whether `new` may take the name of `old`.

        Returns
        -------
        bool
            False when nothing is replaced: `old` has to stay.
        """
        new = self.value(new)
        if old is new or old.type.dtype is not new.type.dtype or old.type.rank != new.type.rank:
            return False
        pairs = list(zip(old.type.shape, new.type.shape, strict=True))
        if old.size is not None and new.size is not None:
            pairs.append((old.size, new.size))
        before = dict(self.sizes)
        if not all(self._unify(left, right) for left, right in pairs):
            self.sizes = before
            return False
        self.values[old] = new
        if keep_name:
            self._hand_on_name(old, new)
        return True

    def _hand_on_name(self, old: Value, new: Value) -> None:
        label = self.labels.get(old, Label(old.name, old.named))
        current = self.labels.get(new, Label(new.name, new.named))
        if new in self.params or current.named:
            return
        if label.named or (current.name in _GENERIC and label.name not in _GENERIC):
            self.labels[new] = label

    def _unify(self, old: Dim, new: Dim) -> bool:
        old, new = self.dim(old), self.dim(new)
        if old == new:
            return True
        if isinstance(old, str) and old not in self.fixed:
            self.sizes[old] = new
            return True
        if isinstance(new, str) and new not in self.fixed:
            self.sizes[new] = old
            return True
        return False

    def operands(self, op: Op) -> Op:
        """Return the op with its own operands replaced (its regions are left alone)."""
        args = tuple(self.value(value) for value in op.args)
        if all(new is old for new, old in zip(args, op.args, strict=True)):
            return op
        return replace(op, args=args)

    def finish(self, function: Function, body: Region) -> Function:
        """Return the function with the new body, its sizes renamed."""
        sizes = {symbol: self.dim(symbol) for symbol in self.sizes}
        if sizes or self.labels:
            body = _Renaming(sizes, self.labels).region(body)
        return with_body(function, body)


class _Renaming:
    """Rebuilds a region with other size symbols and names; the same object if none occurs."""

    def __init__(self, sizes: Mapping[str, Dim], labels: Mapping[Value, Label]) -> None:
        self.sizes = sizes
        self.labels = labels
        self.values: dict[Value, Value] = {}

    def define(self, value: Value) -> Value:
        size = self.sizes.get(value.size, value.size) if isinstance(value.size, str) else value.size
        shape = tuple(
            self.sizes.get(dim, dim) if isinstance(dim, str) else dim for dim in value.type.shape
        )
        label = self.labels.get(value, Label(value.name, value.named))
        if size == value.size and shape == value.type.shape and label.name == value.name:
            return value
        renamed = replace(
            value,
            type=value.type.with_shape(shape),
            size=size,
            name=label.name,
            named=label.named,
        )
        self.values[value] = renamed
        return renamed

    def use(self, value: Value) -> Value:
        return self.values.get(value, value)

    def region(self, region: Region) -> Region:
        params = tuple(self.define(param) for param in region.params)
        ops = tuple(self.op(op) for op in region.ops)
        yields = tuple(self.use(value) for value in region.yields)
        before = (*region.params, *region.ops, *region.yields)
        if all(new is old for new, old in zip((*params, *ops, *yields), before, strict=True)):
            return region
        return Region(params, ops, yields)

    def op(self, op: Op) -> Op:
        args = tuple(self.use(value) for value in op.args)
        regions = tuple(self.region(region) for region in op.regions)
        outs = tuple(self.define(out) for out in op.outs)
        before = (*op.args, *op.regions, *op.outs)
        if all(new is old for new, old in zip((*args, *regions, *outs), before, strict=True)):
            return op
        return replace(op, args=args, regions=regions, outs=outs)
