"""The three Fourier transforms along one axis that those of ``np.fft`` are made of."""

from __future__ import annotations

from gradc.frontend.python.complexes import both, pair
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.refs import Array, Ref
from gradc.frontend.python.written import support
from gradc.ir.core import Value
from gradc.prims.arithmetic import ADD, FLOORDIV
from gradc.prims.fourier import FFT, IFFT, IRFFT, RFFT

REGISTRY = Registry()


def _along(ctx: Lowering, x: Ref, axis: Ref) -> int:
    return common.one_axis(ctx, axis, len(ctx.shape(x)))


def _scaled(ctx: Lowering, x: Value, scale: Ref) -> Value:
    return ctx.value(scale, x.type.dtype)


@REGISTRY.function(support.half_spectrum)
def half_spectrum(ctx: Lowering, x: Ref, scale: Ref, axis: Ref) -> Ref:
    """The transform of real numbers: frequencies 0 to ``n//2``."""
    value, along = ctx.value(x), _along(ctx, x, axis)
    half = ctx.builder.integer(FLOORDIV, ctx.size(value.type.shape[along]), 2)
    operands = (value, ctx.builder.integer(ADD, half, 1), _scaled(ctx, value, scale))
    re, im = ctx.builder.emit_all(RFFT, operands, {"axis": along})
    return pair(ctx, ctx.result(re), ctx.result(im))


@REGISTRY.complex(support.from_half_spectrum)
@REGISTRY.function(support.from_half_spectrum)
def from_half_spectrum(ctx: Lowering, z: Ref, n: Ref, scale: Ref, axis: Ref) -> Ref:
    """The real numbers with a given half of a spectrum, times their number."""
    re, im = (ctx.value(part) for part in both(ctx, z))
    along = _along(ctx, both(ctx, z)[0], axis)
    operands = (re, im, ctx.integer(n, "the size of a transform"), _scaled(ctx, re, scale))
    return ctx.result(ctx.emit(IRFFT, operands, {"axis": along}))


@REGISTRY.complex(support.spectrum)
def spectrum(ctx: Lowering, z: Ref, scale: Ref, axis: Ref, inverse: Ref) -> Ref:
    """The transform of complex numbers."""
    prim = IFFT if ctx.constant(inverse, "the direction") else FFT
    parts = both(ctx, z)
    assert isinstance(parts[0], Array)
    re, im = (ctx.value(part) for part in parts)
    params = {"axis": _along(ctx, parts[0], axis)}
    made = ctx.builder.emit_all(prim, (re, im, _scaled(ctx, re, scale)), params)
    return pair(ctx, *(ctx.result(part) for part in made))
