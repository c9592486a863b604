"""Products of matrices in compiled programs: BLAS, called without what numba puts around it.

numba's own ``np.dot`` compiles a function for every combination of layouts and copies operands that
are not contiguous; that took more time than the rest of many kernels. Here the call is written into
the kernel. A transposed operand, or a part of a matrix, is handed over as it lies in memory; only
where no axis has neighbouring elements next to each other is it copied.

The functions of BLAS are those of SciPy (:mod:`gradc_runtime.scipy_exports`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.core import types as numba_types
from numba.core.imputils import impl_ret_borrowed, impl_ret_new_ref
from numba.extending import intrinsic

from gradc_runtime.allocation import new_array
from gradc_runtime.scipy_exports import PREFIX, register_products

types: Any = numba_types  # declares fewer types than it has

_CHAR, _INT, _POINTER = ir.IntType(8), ir.IntType(32), ir.IntType(8).as_pointer()
_SIZE = ir.IntType(64)
_ALONE = ir.Constant(_SIZE, 1)
_LARGEST_SIZE = 2**31 - 1  # BLAS counts in 32 bits
_KINDS = {types.float64: "d", types.float32: "s"}

register_products()


@intrinsic
def dot(context: Any, a: Any, b: Any, out: Any = None) -> Any:
    """:func:`gradc_runtime.arrays.dot`: at least one of the operands is a matrix."""
    product = types.Array(a.dtype, a.ndim + b.ndim - 2, "C")
    return product(a, b, types.Omitted(None) if out is None else out), _generate_dot


@dataclass(slots=True)
class _Operand:
    """A matrix as BLAS takes it.

    Attributes
    ----------
    data : ir.Value
        The address of the first element.
    shape : tuple of ir.Value
        Rows and columns; a vector is a matrix of one column.
    by_rows : ir.Value
        Whether rows (or columns) lie in one piece.
    step : ir.Value
        From one row (column) to the next, in elements.
    """

    data: Any
    shape: tuple[Any, Any]
    by_rows: Any
    step: Any


def _generate_dot(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return _Call(context, builder, signature).run(*args)


class _Call:
    """Writes one call."""

    def __init__(self, context: Any, builder: Any, signature: Any) -> None:
        self.context = context
        self.builder = builder
        self.signature = signature
        self.dtype = signature.args[0].dtype
        self.element = context.get_value_type(self.dtype)
        self.copies: list[Any] = []

    def run(self, a: Any, b: Any, given: Any) -> Any:
        """Write the call; return the array of the product."""
        builder = self.builder
        kinds = self.signature.args[:2]
        left, right = (
            self.operand(kind, value, is_left)
            for kind, value, is_left in zip(kinds, (a, b), (True, False), strict=True)
        )
        rows, inner = left.shape
        columns = right.shape[1]
        shape = [size for size, kind in zip((rows, columns), kinds, strict=True) if kind.ndim > 1]
        product = self.signature.return_type
        if isinstance(self.signature.args[2], types.Array):
            out = self.context.make_array(product)(self.context, builder, given)
        else:
            out, _ = new_array(self.context, builder, product, shape)
        self.check_sizes(rows, inner, columns)
        self.product(left, right, builder.bitcast(out.data, _POINTER))
        for kind, copy in self.copies:
            self.context.nrt.decref(builder, kind, copy)
        if isinstance(self.signature.args[2], types.Array):
            return impl_ret_borrowed(self.context, builder, product, out._getvalue())
        return impl_ret_new_ref(self.context, builder, product, out._getvalue())

    def size(self, number: int) -> Any:
        """A constant of the type of sizes."""
        return ir.Constant(_SIZE, number)

    def at_least(self, value: Any, least: Any) -> Any:
        """The larger of two sizes."""
        return self.builder.select(self.builder.icmp_signed(">", value, least), value, least)

    # -- operands ---------------------------------------------------------------------------

    def operand(self, kind: Any, value: Any, is_left: bool) -> _Operand:
        """An operand as it lies in memory; a copy where BLAS could not take it."""
        builder = self.builder
        array = self.context.make_array(kind)(self.context, builder, value)
        shape = list(cgutils.unpack_tuple(builder, array.shape, kind.ndim))
        bytes_apart = cgutils.unpack_tuple(builder, array.strides, kind.ndim)
        width = self.size(self.context.get_abi_sizeof(self.element))
        strides = [builder.sdiv(stride, width) for stride in bytes_apart]
        if kind.ndim == 1:
            # a row on the left, a column on the right
            shape = [self.size(1), shape[0]] if is_left else [shape[0], self.size(1)]
            strides = [shape[1], strides[0]] if is_left else [strides[0], self.size(1)]
        data = builder.bitcast(array.data, _POINTER)
        if kind.layout == "C":
            step = self.at_least(shape[1], self.size(1))
            return _Operand(data, (shape[0], shape[1]), cgutils.true_bit, step)
        if kind.layout == "F" and kind.ndim > 1:
            step = self.at_least(shape[0], self.size(1))
            return _Operand(data, (shape[0], shape[1]), cgutils.false_bit, step)
        return self.strided(kind, array, shape, strides)

    def strided(self, kind: Any, array: Any, shape: list[Any], strides: list[Any]) -> _Operand:
        """An operand of which it shows at run time how it lies in memory."""
        builder = self.builder
        one = self.size(1)
        by_rows = self.lies_in_lines(shape, strides)
        by_columns = self.lies_in_lines(shape[::-1], strides[::-1])
        data = builder.bitcast(array.data, _POINTER)
        places = [cgutils.alloca_once_value(builder, data), cgutils.alloca_once_value(builder, one)]
        in_rows = cgutils.alloca_once_value(builder, by_rows)
        owner = cgutils.alloca_once_value(
            builder, self.context.get_constant_null(types.Array(kind.dtype, 1, "C"))
        )
        with builder.if_else(builder.or_(by_rows, by_columns), likely=True) as (as_it_is, copied):
            with as_it_is:
                step = builder.select(by_rows, strides[0], strides[1])
                line = builder.select(by_rows, shape[1], shape[0])
                builder.store(self.at_least(step, self.at_least(line, one)), places[1])
            with copied:
                copy = self.copy(array, shape, strides, kind.dtype)
                builder.store(copy._getvalue(), owner)
                builder.store(builder.bitcast(copy.data, _POINTER), places[0])
                builder.store(self.at_least(shape[1], one), places[1])
                builder.store(cgutils.true_bit, in_rows)
        self.copies.append((types.Array(kind.dtype, 1, "C"), builder.load(owner)))
        data, step = (builder.load(place) for place in places)
        return _Operand(data, (shape[0], shape[1]), builder.load(in_rows), step)

    def lies_in_lines(self, shape: list[Any], strides: list[Any]) -> Any:
        """Whether the elements of a row follow each other, and the rows do not overlap."""
        builder = self.builder
        one = self.size(1)
        packed = builder.or_(
            builder.icmp_signed("==", strides[1], one), builder.icmp_signed("<=", shape[1], one)
        )
        apart = builder.icmp_signed(">=", strides[0], self.at_least(shape[1], one))
        alone = builder.icmp_signed("<=", shape[0], one)
        return builder.and_(packed, builder.or_(apart, alone))

    def copy(self, array: Any, shape: list[Any], strides: list[Any], dtype: Any) -> Any:
        """A new array of the elements, row by row."""
        builder = self.builder
        kind = types.Array(dtype, 1, "C")
        total = builder.mul(shape[0], shape[1])
        made, _ = new_array(self.context, builder, kind, [total])
        with (
            cgutils.for_range(builder, shape[0]) as row,
            cgutils.for_range(builder, shape[1]) as column,
        ):
            source = builder.add(
                builder.mul(row.index, strides[0]), builder.mul(column.index, strides[1])
            )
            target = builder.add(builder.mul(row.index, shape[1]), column.index)
            value = builder.load(builder.gep(array.data, [source]))
            builder.store(value, builder.gep(made.data, [target]))
        return made

    # -- the call ---------------------------------------------------------------------------

    def check_sizes(self, *sizes: Any) -> None:
        """Refuse sizes that BLAS cannot count."""
        builder = self.builder
        largest = self.size(_LARGEST_SIZE)
        too_large = cgutils.false_bit
        for size in sizes:
            too_large = builder.or_(too_large, builder.icmp_signed(">", size, largest))
        with builder.if_then(too_large, likely=False):
            self.context.call_conv.return_user_exc(
                builder, ValueError, ("a matrix is too large for BLAS",)
            )

    def product(self, left: _Operand, right: _Operand, out: Any) -> None:
        """Write ``out = left @ right``."""
        builder = self.builder
        function = _product(builder.module, _KINDS[self.dtype], self.element)
        given = [*left.shape, right.shape[1]]
        for operand in (left, right):
            given += [operand.data, operand.by_rows, operand.step]
        builder.call(function, [*given, out])


def _product(module: ir.Module, letter: str, element: Any) -> Any:
    """The function that multiplies, once in a module.

    A row or a column goes to the product of a matrix and a vector, which reads the matrix once:
    that of matrices copies it first, and takes three times as long.
    """
    name = f"matrix_product_{letter}"
    known = module.globals.get(name)
    if known is not None:
        return known
    one_of = [_POINTER, ir.IntType(1), _SIZE]
    kind = ir.FunctionType(ir.VoidType(), [_SIZE, _SIZE, _SIZE, *one_of, *one_of, _POINTER])
    function = ir.Function(module, kind, name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block())
    rows, inner, columns, *operands, out = function.args
    left = _Operand(operands[0], (rows, inner), *operands[1:3])
    right = _Operand(operands[3], (inner, columns), *operands[4:6])
    call = _Blas(builder, letter, element)
    some = builder.icmp_signed(">", inner, ir.Constant(_SIZE, 0))  # else nothing would be written
    dense = [builder.icmp_signed("==", each.step, _ALONE) for each in (left, right)]
    for alone, in_line, matrix, vector, on_left in (
        (columns, builder.or_(dense[1], builder.not_(right.by_rows)), left, right, True),
        (rows, builder.or_(dense[0], left.by_rows), right, left, False),
    ):
        single = builder.icmp_signed("==", alone, _ALONE)
        with builder.if_then(builder.and_(builder.and_(single, some), in_line)):
            call.gemv(matrix, vector.data, out, on_left)
            builder.ret_void()
    call.gemm(left, right, out)
    builder.ret_void()
    return function


class _Blas:
    """Writes the calls of BLAS, which takes the addresses of all its arguments, and columns."""

    def __init__(self, builder: Any, letter: str, element: Any) -> None:
        self.builder = builder
        self.letter = letter
        self.one, self.zero = (self.place(ir.Constant(element, number)) for number in (1.0, 0.0))

    def place(self, value: Any) -> Any:
        """The address of a value; sizes are narrowed to what BLAS counts in."""
        value = self.builder.trunc(value, _INT) if value.type == _SIZE else value
        slot = self.builder.alloca(value.type)
        self.builder.store(value, slot)
        return self.builder.bitcast(slot, _POINTER)

    def transposed(self, choice: Any) -> Any:
        """The letter for a matrix that is taken transposed, or not."""
        letters = (ir.Constant(_CHAR, ord(each)) for each in "tn")
        return self.place(self.builder.select(choice, *letters))

    def call(self, name: str, *args: Any) -> None:
        """Write a call; what is not an address yet is put somewhere."""
        given = [arg if arg.type == _POINTER else self.place(arg) for arg in args]
        kind = ir.FunctionType(ir.VoidType(), [_POINTER] * len(given))
        function = cgutils.get_or_insert_function(
            self.builder.module, kind, f"{PREFIX}{self.letter}{name}"
        )
        self.builder.call(function, given)

    def gemv(self, matrix: _Operand, vector: Any, out: Any, on_left: bool) -> None:
        """``matrix @ vector``, or ``vector @ matrix`` where it is not on the left."""
        builder = self.builder
        first, second = matrix.shape
        # the columns of one that lies by rows are its rows
        height = builder.select(matrix.by_rows, second, first)
        width = builder.select(matrix.by_rows, first, second)
        across = matrix.by_rows if on_left else builder.not_(matrix.by_rows)
        lines = (matrix.data, matrix.step, vector, _ALONE, self.zero, out, _ALONE)
        self.call("gemv", self.transposed(across), height, width, self.one, *lines)

    def gemm(self, left: _Operand, right: _Operand, out: Any) -> None:
        """``left @ right``: BLAS computes the transpose."""
        builder = self.builder
        rows, inner = left.shape
        columns = right.shape[1]
        flags = [self.transposed(builder.not_(each.by_rows)) for each in (right, left)]
        apart = builder.select(builder.icmp_signed(">", columns, _ALONE), columns, _ALONE)
        operands = (right.data, right.step, left.data, left.step, self.zero, out, apart)
        self.call("gemm", *flags, columns, rows, inner, self.one, *operands)
