"""The argument `out` of NumPy's functions: the array that a result is written to.

``np.sum(x, axis=0, out=z)`` is read as ``z[...] = np.sum(x, axis=0)``, and is `z`: the result is
complete before anything is written, so that `z` may overlap with `x` as in NumPy. What NumPy asks
of `z`, its shape and its dtype, is asked of it here. Where NumPy converts floats to integers on the
way, which it does in reductions, the call is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradc.frontend.python import arithmetic, complexes
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.promote import becomes
from gradc.frontend.python.refs import NONE, Array, Constant, List, Poison, Ref, Tuple, is_complex
from gradc.ir.types import DType

#: Casting rules: those of ``np.can_cast``, and that of functions which copy elements: the array may
#: also hold less than the result, but no more.
SAME_KIND, EXACT, SAFE, COPIES = "same_kind", "equiv", "safe", "copies"

#: The parameters of the functions that have `out`, in the order of NumPy; `*` stands before those
#: that are given by name only.
_PARAMETERS: Mapping[str, str] = {
    "sum prod nansum nanprod": "a axis dtype out keepdims initial where",
    "mean nanmean": "a axis dtype out keepdims * where",
    "var std nanvar nanstd": "a axis dtype out ddof keepdims * where mean correction",
    "amax amin max min nanmax nanmin": "a axis out keepdims initial where",
    "any all": "a axis out keepdims * where",
    "argmax argmin nanargmax nanargmin": "a axis out * keepdims",
    "ptp": "a axis out keepdims",
    "median nanmedian": "a axis out overwrite_input keepdims",
    "quantile percentile nanquantile nanpercentile": (
        "a q axis out overwrite_input method keepdims * weights"
    ),
    "cumsum cumprod nancumsum nancumprod": "a axis dtype out",
    "cumulative_sum cumulative_prod": "x * axis dtype out include_initial",
    "take": "a indices axis out mode",
    "choose": "a choices out mode",
    "compress": "condition a axis out",
    "concat concatenate stack": "arrays axis out * dtype casting",
    "dot outer": "a b out",
    "linalg.multi_dot": "arrays * out",
    "einsum": "* out dtype order casting optimize",
    "clip": "a a_min a_max out * min max",
    "around round": "a decimals out",
    "fix isposinf isneginf": "x out",
    "trace": "a offset axis1 axis2 dtype out",
    "fft.fft fft.ifft fft.rfft fft.irfft fft.hfft fft.ihfft": "a n axis norm out",
    "fft.fft2 fft.ifft2 fft.rfft2 fft.irfft2 fft.fftn fft.ifftn fft.rfftn fft.irfftn": (
        "a s axes norm out"
    ),
}
_UFUNC_METHODS: Mapping[str, str] = {
    "reduce": "array axis dtype out keepdims initial where",
    "accumulate": "array axis dtype out",
    "outer": "A B * out",
}
#: Methods of arrays whose parameters are not those of the function without its first.
_METHODS: Mapping[str, str] = {
    "compress": "self condition axis out",
    "clip": "self min max out",
    "dot": "self b out",
}
_CASTING: Mapping[str, str] = {
    "dot linalg.multi_dot": EXACT,
    "einsum": SAFE,
    "take compress argmax argmin nanargmax nanargmin": COPIES,
}
#: Those that are computed in the dtype of `out`, where none is given.
_IN_DTYPE = (
    "sum", "prod", "nansum", "nanprod", "mean", "nanmean", "cumsum", "cumprod", "nancumsum",
    "nancumprod", "cumulative_sum", "cumulative_prod", "trace",
)  # fmt: skip
#: Ufuncs, whose result is broadcast into `out`.
_BROADCAST = ("clip", "round", "around", "fix", "isposinf", "isneginf", "outer")
#: Those that write to `out` before they have read all of their operands.
_NOT_AT_ONCE = ("concatenate", "concat", "stack", "ptp")
#: Those that return a new array instead, up to NumPy 2.4 at least, and leave `out` as it is.
_PASSED_OVER = ("fft.hfft", "fft.ifft2", "fft.irfft2")


@dataclass(frozen=True, slots=True)
class Out:
    """How one function takes its `out`.

    Attributes
    ----------
    title : str
        What users call the function.
    names : tuple of str
        Its parameters up to the last that may be given by position.
    casting : str
        Which dtypes `out` may have.
    in_dtype : bool
        Whether the result is computed in the dtype of `out`.
    broadcasts : bool
        Whether `out` may have a larger shape than the result.
    at_once : bool
        Whether NumPy computes all of the result before it writes.
    passed_over : bool
        Whether NumPy leaves `out` as it is.
    """

    title: str
    names: tuple[str, ...]
    casting: str = SAME_KIND
    in_dtype: bool = False
    broadcasts: bool = False
    at_once: bool = True
    passed_over: bool = False


def _rows() -> Iterator[tuple[str, str]]:
    for names, parameters in _PARAMETERS.items():
        yield from ((name, parameters) for name in names.split())


def _out(title: str, name: str, parameters: str) -> Out:
    casting = next((rule for names, rule in _CASTING.items() if name in names.split()), SAME_KIND)
    return Out(
        title,
        tuple(parameters.split("*")[0].split()),
        casting,
        in_dtype=name in _IN_DTYPE,
        broadcasts=name in _BROADCAST,
        at_once=name not in _NOT_AT_ONCE,
        passed_over=name in _PASSED_OVER,
    )


def _found(name: str) -> Any:
    value: Any = np
    for part in name.split("."):
        value = getattr(value, part, None)
    return value


def of_ufunc(ufunc: np.ufunc) -> Out:
    """How a ufunc takes its `out`."""
    operands = tuple(f"x{k + 1}" for k in range(ufunc.nin))
    return Out(f"np.{ufunc.__name__}", (*operands, "out"), broadcasts=True)


#: By function, and by the name of a method of arrays.
FUNCTIONS: Mapping[Any, Out] = {
    _found(name): _out(f"np.{name}", name, parameters)
    for name, parameters in _rows()
    if _found(name) is not None
}
METHODS: Mapping[str, Out] = {
    name: _out(f".{name}", name, _METHODS.get(name, parameters))
    for name, parameters in _rows()
    if hasattr(np.ndarray, name)
}


def out_of(function: Any) -> Out | None:
    """How a function takes its `out`; None where it has none."""
    if isinstance(function, np.ufunc):
        return of_ufunc(function)
    try:
        known = FUNCTIONS.get(function)
    except TypeError:  # an object of the user that has no hash
        return None
    ufunc, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
    if isinstance(ufunc, np.ufunc) and name in _UFUNC_METHODS:
        how = _out(f"np.{ufunc.__name__}.{name}", name, _UFUNC_METHODS[name])
        return replace(how, in_dtype=ufunc in (np.add, np.multiply) and name != "outer")
    return known


def taken_apart(
    how: Out, args: Sequence[Ref], kwargs: Mapping[str, Ref]
) -> tuple[Ref, list[Ref], dict[str, Ref]]:
    """Return `out`, and the call without it: what stands behind it is given by name."""
    named = dict(kwargs)
    out = named.pop("out", NONE)
    if "out" not in how.names or len(args) <= (place := how.names.index("out")):
        return _only(out), list(args), named
    if len(args) > len(how.names):
        raise shapes(f"{how.title}() takes {len(how.names)} arguments, {len(args)} are given")
    if out is not NONE:
        raise shapes(f"{how.title}() got `out` twice")
    for name, ref in zip(how.names[place + 1 :], args[place + 1 :], strict=False):
        if name in named:
            raise shapes(f"{how.title}() got `{name}` twice")
        named[name] = ref
    return _only(args[place]), list(args[:place]), named


def _only(out: Ref) -> Ref:
    """The array of a tuple of one, in which NumPy takes it, too."""
    return out.items[0] if isinstance(out, Tuple) and len(out.items) == 1 else out


def with_out(
    ctx: Lowering,
    how: Out,
    compute: Callable[[Sequence[Ref], Mapping[str, Ref]], Ref],
    args: Sequence[Ref],
    kwargs: Mapping[str, Ref],
) -> Ref:
    """Call a function that has `out`; `compute` is the call without it."""
    out, rest, named = taken_apart(how, args, kwargs)
    if isinstance(out, Constant) and out.value is None:
        return compute(rest, named)
    if isinstance(out, Poison):
        return out
    if how.passed_over:
        raise RefusedError(
            f"NumPy leaves `out` of {how.title} as it is, and returns a new array",
            "assign the result: `z[...] = ...`",
        )
    _check_array(ctx, how.title, out)
    if not how.at_once:
        _check_apart(ctx, how.title, out, rest)
    casting = how.casting
    if "casting" in named and casting in (SAME_KIND, SAFE):
        casting = casting_of(ctx, named["casting"])
    if how.in_dtype and (dtype := dtype_of(ctx, out)).is_float:
        _set_dtype(how, rest, named, Constant(dtype.numpy))
    return written(ctx, how.title, out, compute(rest, named), casting, how.broadcasts)


def _set_dtype(how: Out, args: list[Ref], kwargs: dict[str, Ref], dtype: Ref) -> None:
    """Give the argument `dtype`, unless it is given."""
    place = how.names.index("dtype") if "dtype" in how.names else len(args)
    given = args[place] if place < len(args) else kwargs.get("dtype", NONE)
    if isinstance(given, Constant) and given.value is None:
        if place < len(args):
            args[place] = dtype
        else:
            kwargs["dtype"] = dtype


def dtype_of(ctx: Lowering, out: Ref) -> DType:
    """The element type of an array, or of the parts of a complex one."""
    return ctx.kind(complexes.both(ctx, out)[0] if is_complex(out) else out).dtype


def _check_array(ctx: Lowering, title: str, out: Ref) -> None:
    whole = complexes.both(ctx, out)[0] if is_complex(out) else out
    if not isinstance(whole, Array):
        hint = "assign the result, or write to an array without axes: np.zeros(()), x[0, ...]"
        raise shapes(
            f"`out` of {title} is an array, not {ctx.describe(out)}",
            hint if ctx.is_numeric(out) else None,
        )


def _check_apart(ctx: Lowering, title: str, out: Ref, args: Sequence[Ref]) -> None:
    """Refuse operands that share memory with `out`."""
    if not isinstance(out, Array):
        return
    mine = {out.cell, *out.cell.others, *out.cell.beside}
    for ref in _arrays(ctx, args):
        if mine & {ref.cell, *ref.cell.others, *ref.cell.beside}:
            raise RefusedError(
                f"`out` of {title} is one of its operands, or overlaps with it: what NumPy gives"
                " depends on the order in which it writes",
                "write to another array, or assign the result: `z[...] = ...`",
            )


def _arrays(ctx: Lowering, refs: Sequence[Ref]) -> Iterator[Array]:
    for ref in refs:
        if isinstance(ref, Array):
            yield ref
        elif isinstance(ref, Tuple):
            yield from _arrays(ctx, ref.items)
        elif isinstance(ref, List):
            yield from _arrays(ctx, ctx.state.items(ref))


def written(
    ctx: Lowering, title: str, out: Ref, made: Ref, casting: str, broadcasts: bool = True
) -> Ref:
    """Write a result to `out`, and return `out`."""
    if isinstance(out, Poison) or isinstance(made, Poison):
        return out
    _check_array(ctx, title, out)
    if isinstance(made, Tuple):
        raise shapes(f"`out` of {title}: there are {len(made.items)} results")
    if is_complex(out):
        pairs = zip(complexes.both(ctx, out), complexes.both(ctx, made), strict=True)
    elif is_complex(made):
        raise shapes(
            f"{title} gives complex numbers, which do not fit into an array of real ones",
            "make that complex: np.zeros(n, dtype=complex)",
        )
    else:
        pairs = zip((out,), (made,), strict=True)
    for part, result in pairs:
        assert isinstance(part, Array)
        check_dtype(ctx, title, part, result, casting)
        _check_shape(ctx, title, part, result, broadcasts)
        ctx.assign_whole(part, _fitted(ctx, title, part, result, broadcasts))
    return out


def casting_of(ctx: Lowering, given: Ref) -> str:
    """The name of a casting rule."""
    rule = ctx.constant(given, "the casting")
    if rule not in ("no", "equiv", "safe", "same_kind", "unsafe"):
        raise shapes(f"there is no casting={rule!r}")
    return str(rule)


def check_dtype(ctx: Lowering, title: str, out: Ref, made: Ref, casting: str) -> None:
    """Refuse an `out` of a dtype that the result does not become."""
    if isinstance(out, Poison) or isinstance(made, Poison):
        return
    source, target = ctx.kind(made).dtype, ctx.kind(out).dtype
    if casting == COPIES:
        fits = becomes(source, target, SAME_KIND) and becomes(target, source, SAFE)
    else:
        fits = becomes(source, target, casting)
    if not fits:
        raise shapes(
            f"{title} gives an array of {source.numpy_name}, which does not go into `out`,"
            f" an array of {target.numpy_name}",
            f"make `out` with dtype=np.{source.numpy_name}, or convert:"
            f" `z[...] = ....astype(np.{target.numpy_name})`",
        )


def _check_shape(ctx: Lowering, title: str, out: Array, made: Ref, broadcasts: bool) -> None:
    rank = len(ctx.shape(made))
    if rank > out.type.rank or (rank < out.type.rank and not broadcasts):
        raise shapes(f"{title} gives an array of {rank} axes, and `out` has {out.type.rank}")


def _fitted(ctx: Lowering, title: str, out: Array, made: Ref, broadcasts: bool) -> Ref:
    """The result under the sizes of `out`, which are checked where they are not known."""
    if broadcasts:
        return made
    what = f"`out` of {title} has another shape than the result"
    return ctx.result(arithmetic.expect_shape(ctx, ctx.value(made), out.type.shape, what))
