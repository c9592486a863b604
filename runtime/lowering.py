"""From numba's typed IR to LLVM's, with few words for what kernels consist of.

numba writes out the whole description of an array wherever an element is touched, copies it to a
new place in memory and reads all its fields, and leaves it to LLVM to find that two of them are
used: twenty-seven instructions for an element of a vector, fifty for one of a matrix. LLVM does
find it, but a third of the time to compile a kernel goes into writing, reading and removing them::

    a[j] += low[2, j]      numba:  120 instructions, for LLVM to make 9 of
                           here:   the pointer, the sizes that matter, the element: 16

What is done here is the same as numba does, for what is most of a kernel: elements of arrays, the
sizes of arrays, ``range``, and the counting of references. All else is numba's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir as llvm
from numba.core import cgutils, ir
from numba.core import types as numba_types
from numba.core.lowering import Lower

from gradc_runtime.allocation import array_of, new_array, raise_if
from gradc_runtime.vector_math import has_vector_functions

types: Any = numba_types  # declares fewer types than it has
_MEMORY = types.MemInfoPointer(types.voidptr)
_INDEX, _FLAG = llvm.IntType(64), llvm.IntType(1)
_FRAME = '"frame-pointer"="all"'
_OTHER_SIZE = "total size of new array must be unchanged"
_OTHER_SHAPE = "could not assign an array of another shape"


class ShortLower(Lower):  # type: ignore[misc]
    """Lowers elements of arrays and loops without detours."""

    def init(self) -> None:
        """Find the arguments whose references are the caller's business."""
        super().init()
        assigned: dict[str, list[Any]] = {}
        for block in self.blocks.values():
            for each in block.find_insts(ir.Assign):
                assigned.setdefault(each.target.name, []).append(each.value)
        self._borrowed = {
            name
            for name, values in assigned.items()
            if len(values) == 1 and isinstance(values[0], ir.Arg)
        }

    def lower_normal_function(self, fndesc: Any) -> None:
        """Lower the function; vectors on its stack are to lie in one line of the cache each.

        What a loop keeps across a call of an elementary function lies there, eight numbers at a
        time, and by chance half of it would lie across two lines. LLVM puts such a stack right
        where a register holds its frame, which other functions had better use for their loops.
        """
        super().lower_normal_function(fndesc)
        if has_vector_functions(self.module):
            # the set takes only names that llvmlite knows, and writes what it holds
            set.add(self.function.attributes, _FRAME)

    # -- references -------------------------------------------------------------------------

    def incref(self, kind: Any, value: Any) -> None:
        """Count a reference, where there is something to count."""
        if isinstance(kind, types.Array):
            kind, value = _MEMORY, self.builder.extract_value(value, self._field(kind, "meminfo"))
        if self._counted(kind):
            super().incref(kind, value)

    def decref(self, kind: Any, value: Any) -> None:
        """Forget a reference, where there is something to count."""
        if isinstance(kind, types.Array):
            kind, value = _MEMORY, self.builder.extract_value(value, self._field(kind, "meminfo"))
        if self._counted(kind):
            super().decref(kind, value)

    def storevar(self, value: Any, name: str, argidx: int | None = None) -> None:
        """Store a variable; what it held before is read only where it has to be released."""
        kind = self.typeof(name)
        is_kept = argidx is None and name not in self._singly_assigned_vars
        if is_kept and isinstance(kind, types.Array):
            self._alloca_var(name, kind)
            super().decref(_MEMORY, self.builder.load(self._place(name, kind, "meminfo")))
            self.builder.store(value, self.getvar(name))
        elif is_kept and not self._counted(kind):
            self._alloca_var(name, kind)
            self.builder.store(value, self.getvar(name))
        else:
            super().storevar(value, name, argidx)

    def lower_assign(self, kind: Any, inst: Any) -> Any:
        """What is assigned; an argument is held by the caller as long as the kernel runs."""
        if inst.target.name in self._borrowed:
            given = self.typeof(f"arg.{inst.value.name}")
            if not isinstance(given, types.Omitted):
                return self.context.cast(self.builder, self.fnargs[inst.value.index], given, kind)
        return super().lower_assign(kind, inst)

    def delvar(self, name: str) -> None:
        """Release a variable."""
        kind = self.typeof(name)
        if name in self._borrowed:
            return
        if name in self._blk_local_varmap:
            self.decref(kind, self._blk_local_varmap[name])
            return
        is_array = isinstance(kind, types.Array)
        if not is_array and self._counted(kind):
            super().delvar(name)
            return
        self._singly_assigned_vars.discard(name)
        self._alloca_var(name, kind)
        if is_array:
            place = self._place(name, kind, "meminfo")
            super().decref(_MEMORY, self.builder.load(place))
            self.builder.store(llvm.Constant(place.type.pointee, None), place)

    def _counted(self, kind: Any) -> bool:
        """Whether values of a type hold references."""
        return bool(self.context.data_model_manager[kind].contains_nrt_meminfo())

    # -- arrays -----------------------------------------------------------------------------

    def _field(self, kind: Any, name: str) -> int:
        return int(self.context.data_model_manager[kind].get_field_position(name))

    def _place(self, name: str, kind: Any, field: str, *more: int) -> Any:
        """A pointer to a field of an array that is a variable in memory."""
        place = self.getvar(name)
        return cgutils.gep_inbounds(self.builder, place, 0, self._field(kind, field), *more)

    def _part(self, name: str, kind: Any, field: str, *more: int) -> Any:
        """A field of an array."""
        if name in self._blk_local_varmap:
            path = [self._field(kind, field), *more]
            return self.builder.extract_value(self._blk_local_varmap[name], path)
        return self.builder.load(self._place(name, kind, field, *more))

    def _size(self, name: str, kind: Any, axis: int) -> Any:
        return self._part(name, kind, "shape", axis)

    def lower_inst(self, inst: Any) -> Any:
        """Assignments to elements are lowered here, all else by numba."""
        index = inst.index if isinstance(inst, ir.SetItem) else None
        if isinstance(inst, ir.StaticSetItem) and _is_counted_from_the_start(inst.index):
            index = inst.index_var
        if index is not None and takes(self.typeof, inst.target, index):
            kind = self.typeof(inst.target.name)
            value = self.loadvar(inst.value.name)
            value = self.context.cast(self.builder, value, self.typeof(inst.value.name), kind.dtype)
            pointer = self._pointer(inst.target.name, kind, index)
            start = len(self.builder.block.instructions)
            self.context.pack_value(
                self.builder, kind.dtype, value, pointer, align=None if kind.aligned else 1
            )
            return self._note_touched(inst.target.name, start)
        if (items := rows_to_write(self.typeof, self.func_ir, inst)) is not None:
            return self._write_rows(inst, items)
        if clears(self.typeof, self.func_ir, inst):
            return self._clear(inst.target.name)
        return super().lower_inst(inst)

    def lower_expr(self, resty: Any, expr: Any) -> Any:
        """Elements, sizes and loops are lowered here, all else by numba."""
        index = expr.index if expr.op == "getitem" else None
        if expr.op == "static_getitem" and _is_counted_from_the_start(expr.index):
            index = expr.index_var
        if index is not None and takes(self.typeof, expr.value, index):
            return self._element(resty, expr.value.name, index)
        if expr.op == "getattr" and expr.attr == "shape":
            kind, name = self.typeof(expr.value.name), expr.value.name
            if isinstance(kind, types.Array):
                sizes = [self._size(name, kind, axis) for axis in range(kind.ndim)]
                return cgutils.pack_array(self.builder, sizes, _INDEX)
        if expr.op == "call" and self._is_copy(expr):
            return self._copied(resty, expr)
        if expr.op == "call" and (sizes := self._sizes_to_have(expr)) is not None:
            return self._reshaped(resty, expr, sizes)
        if expr.op in ("getiter", "iternext"):
            kind = self.typeof(expr.value.name)
            step = self._step_of(expr.value) if kind == types.range_state64_type else None
            if step is not None:
                return self._loop(self.loadvar(expr.value.name), step)
            if kind == types.range_iter64_type:
                return self._next(self.loadvar(expr.value.name))
        return super().lower_expr(resty, expr)

    def _element(self, resty: Any, name: str, index: Any) -> Any:
        kind = self.typeof(name)
        pointer = self._pointer(name, kind, index)
        start = len(self.builder.block.instructions)
        value = self.context.unpack_value(
            self.builder, kind.dtype, pointer, align=None if kind.aligned else 1
        )
        self._note_touched(name, start)
        return self.context.cast(self.builder, value, kind.dtype, resty)

    def _note_touched(self, array: str, start: int) -> None:
        """Say what has been read or written since an instruction."""
        for each in self.builder.block.instructions[start:]:
            if each.opname in ("load", "store"):
                self.touched(array, each)

    def touched(self, array: str, access: Any) -> None:
        """Take notice of the load or store of an element; for derived classes."""

    def _write_rows(self, inst: Any, items: Sequence[Any]) -> None:
        """Copy an array to a part of another one that lies in one piece."""
        builder, names = self.builder, (inst.target.name, inst.value.name)
        target, given = map(self.typeof, names)
        wrong, count = _FLAG(0), _INDEX(1)
        for axis in range(given.ndim):
            size = self._size(names[1], given, axis)
            there = self._size(names[0], target, len(items) + axis)
            wrong = builder.or_(wrong, builder.icmp_unsigned("!=", size, there))
            count = builder.mul(count, size)
        raise_if(self.context, builder, wrong, ValueError, _OTHER_SHAPE)
        places = [
            self.context.cast(builder, self.loadvar(each.name), self.typeof(each.name), types.intp)
            for each in items
        ]
        pointer = self._at(names[0], target, places + [_INDEX(0)] * given.ndim)
        width = self.context.get_abi_sizeof(self.context.get_data_type(given.dtype))
        cgutils.raw_memmove(builder, pointer, self._part(names[1], given, "data"), count, width)

    def _clear(self, name: str) -> None:
        """Put zeros into all of an array."""
        kind = self.typeof(name)
        width = self.context.get_abi_sizeof(self.context.get_data_type(kind.dtype))
        size = self.builder.mul(self._part(name, kind, "nitems"), _INDEX(width))
        cgutils.memset(self.builder, self._part(name, kind, "data"), size, 0)

    def _pointer(self, name: str, kind: Any, index: Any) -> Any:
        """A pointer to an element; no index is negative."""
        index_kind = self.typeof(index.name)
        value = self.loadvar(index.name)
        if isinstance(index_kind, types.BaseTuple):
            values = cgutils.unpack_tuple(self.builder, value, kind.ndim)
            kinds = list(index_kind)
        else:
            values, kinds = [value], [index_kind]
        places = [
            self.context.cast(self.builder, each, its, types.intp)
            for each, its in zip(values, kinds, strict=True)
        ]
        return self._at(name, kind, places)

    def _at(self, name: str, kind: Any, places: Sequence[Any]) -> Any:
        """A pointer to the element at a place along each axis."""
        builder, axes = self.builder, range(kind.ndim)
        data = self._part(name, kind, "data")
        if kind.layout not in "CF":
            strides = [self._part(name, kind, "strides", axis) for axis in axes]
            return cgutils.get_item_pointer2(
                self.context, builder, data, [], strides, kind.layout, places
            )
        order = list(axes) if kind.layout == "F" else list(reversed(axes))
        place, step = places[order[0]], None
        for axis, before in zip(order[1:], order[:-1], strict=True):
            size = self._size(name, kind, before)
            step = size if step is None else builder.mul(step, size)
            place = builder.add(builder.mul(places[axis], step), place)
        return builder.gep(data, [place])

    def _is_copy(self, expr: Any) -> bool:
        """Whether a call is ``x.copy()`` of a contiguous array."""
        kind = self.typeof(expr.func.name)
        is_method = isinstance(kind, types.BoundFunction) and kind.typing_key == "array.copy"
        return is_method and _holds_numbers(kind.this) and kind.this.layout == "C"

    def _copied(self, resty: Any, expr: Any) -> Any:
        builder, kind = self.builder, self.typeof(expr.func.name).this
        array = self.loadvar(expr.func.name)
        shape = builder.extract_value(array, self._field(kind, "shape"))
        sizes = cgutils.unpack_tuple(builder, shape, kind.ndim)
        made, total = new_array(self.context, builder, resty, sizes)
        data = builder.extract_value(array, self._field(kind, "data"))
        cgutils.raw_memcpy(builder, made.data, data, total, 1)
        return made._getvalue()

    def _sizes_to_have(self, expr: Any) -> Any:
        """What a call makes the sizes of a contiguous array; None for all other calls."""
        kind = self.typeof(expr.func.name)
        is_reshape = isinstance(kind, types.BoundFunction) and kind.typing_key == "array.reshape"
        if not is_reshape or kind.this.layout != "C" or expr.kws or expr.vararg:
            return None
        kinds = [self.typeof(each.name) for each in expr.args]
        values = [self.loadvar(each.name) for each in expr.args]
        if len(kinds) == 1 and isinstance(kinds[0], types.BaseTuple):
            values = cgutils.unpack_tuple(self.builder, values[0], len(kinds[0]))
            kinds = list(kinds[0])
        if not all(isinstance(each, types.Integer) for each in kinds):
            return None
        pairs = zip(values, kinds, strict=True)
        return [self.context.cast(self.builder, each, its, types.intp) for each, its in pairs]

    def _reshaped(self, resty: Any, expr: Any, sizes: Sequence[Any]) -> Any:
        """A contiguous array with other sizes. None of them is -1: that is known beforehand."""
        builder, kind = self.builder, self.typeof(expr.func.name).this
        array = self.loadvar(expr.func.name)
        kept = ("meminfo", "parent", "nitems", "itemsize", "data")
        fields = {field: builder.extract_value(array, self._field(kind, field)) for field in kept}
        strides: list[Any] = []
        total, wrong = _INDEX(1), _FLAG(0)
        step = fields["itemsize"]
        for size in reversed(sizes):
            strides.insert(0, step)
            step, total = builder.mul(step, size), builder.mul(total, size)
            wrong = builder.or_(wrong, builder.icmp_signed("<", size, _INDEX(0)))
        wrong = builder.or_(wrong, builder.icmp_unsigned("!=", total, fields["nitems"]))
        raise_if(self.context, builder, wrong, ValueError, _OTHER_SIZE)
        fields["shape"] = cgutils.pack_array(builder, sizes, _INDEX)
        fields["strides"] = cgutils.pack_array(builder, strides, _INDEX)
        made = array_of(self.context, builder, resty, fields)
        self.incref(resty, made)
        return made

    # -- loops ------------------------------------------------------------------------------

    def _step_of(self, state: Any) -> int | None:
        """The step of a range, where it is 1 or -1."""
        made = _definition(self.func_ir, state)
        if not isinstance(made, ir.Expr) or made.op != "call":
            return None
        if len(made.args) < 3:
            return 1
        step = getattr(self.typeof(made.args[2].name), "literal_value", None)
        return step if step in (1, -1) else None

    def _loop(self, state: Any, step: int) -> Any:
        """The iterator of a range: where the next number and the count of those left lie."""
        builder, kind = self.builder, types.range_iter64_type
        start, stop = (builder.extract_value(state, place) for place in (0, 1))
        number = cgutils.alloca_once(builder, _INDEX)
        builder.store(start, number)
        length = builder.sub(stop, start) if step > 0 else builder.sub(start, stop)
        left = cgutils.alloca_once(builder, _INDEX)
        none = builder.icmp_signed("<=", length, _INDEX(0))
        builder.store(builder.select(none, _INDEX(0), length), left)
        made = llvm.Constant(self.context.get_value_type(kind), llvm.Undefined)
        for field, value in (
            ("iter", number),
            ("stop", stop),
            ("step", _INDEX(step)),
            ("count", left),
        ):
            made = builder.insert_value(made, value, self._field(kind, field))
        return made

    def _next(self, iterator: Any) -> Any:
        """The next number, and whether there is one."""
        builder, kind = self.builder, types.range_iter64_type
        number, step, left = (
            builder.extract_value(iterator, self._field(kind, field))
            for field in ("iter", "step", "count")
        )
        value, count = builder.load(number), builder.load(left)
        is_one = builder.icmp_signed(">", count, _INDEX(0))
        # as numba has it: written in each case, LLVM finds fewer loops to be alike
        with builder.if_then(is_one):
            builder.store(builder.sub(count, _INDEX(1), flags=["nsw"]), left)
            builder.store(builder.add(value, step), number)
        pair = self.context.get_value_type(types.Pair(types.int64, types.boolean))
        made = builder.insert_value(llvm.Constant(pair, llvm.Undefined), value, 0)
        return builder.insert_value(made, is_one, 1)


def takes(typeof: Any, array: Any, index: Any) -> bool:
    """Whether an element of an array is reached by integers, one for each axis."""
    kind, index_kind = typeof(array.name), typeof(index.name)
    if not _holds_numbers(kind):
        return False
    if isinstance(index_kind, types.Integer):
        return bool(kind.ndim == 1)
    return (
        isinstance(index_kind, types.BaseTuple)
        and len(index_kind) == kind.ndim
        and all(isinstance(each, types.Integer) for each in index_kind)
    )


def rows_to_write(typeof: Any, function: Any, statement: Any) -> Any:
    """The integers of ``x[i] = y``, ``x[i, :] = y`` and ``x[:] = y`` of contiguous arrays.

    None for other statements. numba compiles a message for arrays of another shape, which takes
    three seconds.
    """
    if not isinstance(statement, ir.SetItem | ir.StaticSetItem):
        return None
    index = statement.index if isinstance(statement, ir.SetItem) else statement.index_var
    target, given = typeof(statement.target.name), typeof(statement.value.name)
    if not _holds_numbers(target) or not _holds_numbers(given) or target.dtype != given.dtype:
        return None
    items = [index]
    if isinstance(typeof(index.name), types.BaseTuple):
        made = _definition(function, index)
        items = list(made.items) if getattr(made, "op", "") == "build_tuple" else []
    whole = [_is_all(function, item) for item in items]
    count = whole.index(True) if True in whole else len(items)
    numbers = items[:count]
    fits = all(whole[count:]) and count + given.ndim == target.ndim
    plain = all(_is_place(typeof(each.name)) for each in numbers)
    return numbers if items and fits and plain and target.layout == given.layout == "C" else None


def clears(typeof: Any, function: Any, statement: Any) -> bool:
    """Whether a statement is ``x[:] = 0.0``, for an array that is contiguous."""
    if not isinstance(statement, ir.SetItem | ir.StaticSetItem):
        return False
    index = statement.index if isinstance(statement, ir.SetItem) else statement.index_var
    target, value = typeof(statement.target.name), _definition(function, statement.value)
    if not _holds_numbers(target) or target.layout not in "CF" or not _is_all(function, index):
        return False
    return isinstance(value, ir.Const) and str(value.value) in ("0", "0.0")


def _is_place(kind: Any) -> bool:
    """Whether an index is a number that counts from the start."""
    return isinstance(kind, types.Integer) and getattr(kind, "literal_value", 0) >= 0


def _is_all(function: Any, index: Any) -> bool:
    """Whether an index is ``:``."""
    made = _definition(function, index)
    if isinstance(made, ir.Const):
        return bool(made.value == slice(None))
    if not isinstance(made, ir.Expr) or made.op != "call":
        return False
    called = getattr(_definition(function, made.func), "value", None)
    ends = [_definition(function, each) for each in made.args]
    return called is slice and all(isinstance(e, ir.Const) and e.value is None for e in ends)


def _definition(function: Any, variable: Any) -> Any:
    """The one expression that a variable stands for; None where there are several."""
    try:
        return function.get_definition(variable)
    except KeyError:
        return None


def _holds_numbers(kind: Any) -> bool:
    return isinstance(kind, types.Array) and isinstance(kind.dtype, types.Number | types.Boolean)


def _is_counted_from_the_start(index: Any) -> bool:
    """Whether an index that is written out has no negative number in it."""
    items = index if isinstance(index, tuple) else (index,)
    return all(isinstance(item, int) and item >= 0 for item in items)


def serves(flags: Any) -> bool:
    """Whether this module lowers a function: threads, checks and debuggers need more of numba's."""
    return not (flags.debuginfo or flags.boundscheck or flags.auto_parallel.enabled)
