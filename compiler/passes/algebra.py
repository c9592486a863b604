"""Algebra of numbers: rewrites that give the same bits, and a few that do so but for zeros' sign.

Before::

    m: f64 = neg(b)
    y: f64 = add(a, m)
    z: f64 = mul(y, one)

After: ``z`` is ``sub(a, b)``.

Exact for every float, infinities and NaN included: ``x * 1``, ``x / 1``, ``x - 0.0``,
``x + (-0.0)``, ``--x``, ``a + -b``, ``abs(x)**2``, ``-a * b`` (a sign moves out of a product for
reading, and so that the sum above it can take it). Not exact, and so only with `relaxed`:
``x + 0.0`` and ``0.0 - x`` (the sign of a zero), ``x**0.5`` as a square root. ``0 * x`` is never
folded: it is not zero where x is infinite or NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradc.analysis.affine import Affine
from gradc.ir.core import Op, Primitive, Value
from gradc.ir.types import INT, DType
from gradc.passes.fold import constant_op
from gradc.passes.site import Rule, Site, instead
from gradc.prims.arithmetic import ADD, CAST, DIV, IPOW, MUL, NEG, POW, SQRT, SUB
from gradc.prims.compare import EQ, GE, GT, LAND, LE, LNOT, LOR, LT, NE, SELECT
from gradc.prims.effects import CHECK
from gradc.prims.elementary import ABS
from gradc.prims.index import ADD_AT, PICK_ADD
from gradc.prims.integers import IMAX, IMIN
from gradc.prims.shape import STAND_IN

_LARGEST_UNROLLED_POWER = 8

# -- sums ------------------------------------------------------------------------------------


def _add(op: Op, site: Site) -> Value | Op | None:
    a, b = op.args
    for kept, zero in ((a, b), (b, a)):
        if _vanishes_in_sum(zero, site):
            return kept
    negated = site.maker(b, NEG)
    if negated is not None:
        return instead(op, SUB, (a, negated.args[0]))
    negated = site.maker(a, NEG)
    if negated is not None:
        return instead(op, SUB, (b, negated.args[0]))
    return _into_other(op, site) if site.relaxed else None


def _into_other(op: Op, site: Site) -> Op | None:
    """``x`` plus zeros with something added to a part: add it to that part of ``x``."""
    for part, whole in (op.args, op.args[::-1]):
        made = site.makers.get(part)
        if made is None or made.prim not in (ADD_AT, PICK_ADD) or not site.used_once(part):
            continue
        if site.is_constant(made.args[0], 0) and part is not whole:
            return instead(op, made.prim, (whole, *made.args[1:]), made.params)
    return None


def _vanishes_in_sum(value: Value, site: Site) -> bool:
    if value.type.is_float and not site.relaxed:
        return site.is_constant(value, -0.0)
    return site.is_constant(value, 0) or site.is_constant(value, -0.0)


def _sub(op: Op, site: Site) -> Value | Op | None:
    a, b = op.args
    if site.is_constant(b, 0) or (site.relaxed and site.is_constant(b, -0.0)):
        return a
    if site.is_constant(a, -0.0) or (site.relaxed and site.is_constant(a, 0)):
        return instead(op, NEG, (b,))
    negated = site.maker(b, NEG)
    return instead(op, ADD, (a, negated.args[0])) if negated is not None else None


def _neg(op: Op, site: Site) -> Value | Op | None:
    (a,) = op.args
    inner = site.maker(a, NEG)
    if inner is not None:
        return inner.args[0]
    difference = site.maker(a, SUB)
    if difference is not None and site.relaxed and site.used_once(a):
        return instead(op, SUB, (difference.args[1], difference.args[0]))
    return None


# -- products --------------------------------------------------------------------------------


def _mul(op: Op, site: Site) -> Value | Op | None:
    a, b = op.args
    for kept, factor in ((a, b), (b, a)):
        if site.is_constant(factor, 1):
            return kept
        if site.is_constant(factor, -1):
            return instead(op, NEG, (kept,))
    return _signs_out(op, site)


def _div(op: Op, site: Site) -> Value | Op | None:
    if site.is_constant(op.args[1], 1):
        return op.args[0]
    if site.is_constant(op.args[1], -1):
        return instead(op, NEG, (op.args[0],))
    return _signs_out(op, site)


def _signs_out(op: Op, site: Site) -> Op | None:
    """Move the signs of the operands of a product or quotient in front of it."""
    negated = [site.maker(arg, NEG) for arg in op.args]
    alone = [made is not None and site.used_once(made.out) for made in negated]
    bare = tuple(
        made.args[0] if made is not None else arg
        for made, arg in zip(negated, op.args, strict=True)
    )
    if all(made is not None for made in negated):
        return instead(op, op.prim, bare)
    if not any(alone):
        return None
    product = site.make(op.prim, bare, op, op.out.type)
    return instead(op, NEG, (product,))


# -- powers and casts ------------------------------------------------------------------------


def _ipow(op: Op, site: Site) -> Value | Op | None:
    exponent = op.params["n"]
    if exponent == 1:
        return op.args[0]
    if exponent == 0 and op.out.type.is_scalar:
        return constant_op(op, 1.0 if op.out.type.is_float else 1)
    if exponent == -1 and op.out.type.is_float and op.out.type.is_scalar:
        one = site.const(1.0, op, op.out.type.dtype)
        return instead(op, DIV, (one, op.args[0]))
    return None


def _even_power(op: Op, site: Site) -> Op | None:
    """An even power needs no absolute value; its derivative has no kink then."""
    length = site.maker(op.args[0], ABS)
    if length is None or op.params["n"] % 2:
        return None
    return instead(op, IPOW, length.args, op.params)


def _pow(op: Op, site: Site) -> Value | Op | None:
    base, exponent = op.args
    if not op.out.type.is_float:
        return None
    if site.is_constant(exponent, 1):
        return base
    if site.is_constant(exponent, 2):
        return instead(op, IPOW, (base,), {"n": 2})
    if not site.relaxed:
        return None
    if site.is_constant(exponent, 0.5):
        return instead(op, SQRT, (base,))
    known = site.constant(exponent)
    if known is None or abs(known) > _LARGEST_UNROLLED_POWER:
        return None
    if float(known).is_integer():
        return instead(op, IPOW, (base,), {"n": int(known)})
    return None


def _cast(op: Op, site: Site) -> Value | Op | None:
    (source,) = op.args
    target = op.params["dtype"]
    if source.type.dtype is target:
        return source
    inner = site.maker(source, CAST)
    if inner is None:
        return None
    original = inner.args[0]
    widened = (original.type.dtype, source.type.dtype) == (DType.F32, DType.F64)
    return original if widened and target is DType.F32 else None


# -- conditions ------------------------------------------------------------------------------


def _select(op: Op, site: Site) -> Value | Op | None:
    condition, yes, no = op.args
    known = site.constant(condition)
    if known is not None:
        return yes if known else no
    if yes is no:
        return yes
    negated = site.maker(condition, LNOT)
    if negated is not None:
        return instead(op, SELECT, (negated.args[0], no, yes))
    return _decided(op, site)


def _decided(op: Op, site: Site) -> Op | None:
    """``0 if c else (0 if c else x) * y``: the inner choice has been made."""
    condition, yes, no = op.args
    made = site.makers.get(no)
    if made is None or made.prim not in (MUL, NEG):
        return None
    inner = [site.maker(arg, SELECT) for arg in made.args]
    args = tuple(
        choice.args[2] if choice is not None and choice.args[0] is condition else arg
        for choice, arg in zip(inner, made.args, strict=True)
    )
    if all(new is old for new, old in zip(args, made.args, strict=True)):
        return None
    return instead(op, SELECT, (condition, yes, site.make(made.prim, args, op, no.type)))


def _zero_or_not(op: Op, site: Site) -> Value | None:
    """``(0 if c else k) == 0`` is ``c`` for a number k that is not zero."""
    for choice, zero in (op.args, op.args[::-1]):
        made = site.maker(choice, SELECT)
        if made is None or not site.is_constant(zero, 0) or not site.is_constant(made.args[1], 0):
            continue
        other = site.constant(made.args[2])
        if other is not None and other != 0 and made.args[0].type == op.out.type:
            return made.args[0]
    return None


def _land(op: Op, site: Site) -> Value | Op | None:
    return _logic(op, site, neutral=True)


def _lor(op: Op, site: Site) -> Value | Op | None:
    return _logic(op, site, neutral=False)


def _logic(op: Op, site: Site, neutral: bool) -> Value | None:
    a, b = op.args
    if a is b:
        return a
    for known, other in ((a, b), (b, a)):
        number = site.constant(known)
        if number is not None:
            return other if bool(number) is neutral else known
    return None


def _lnot(op: Op, site: Site) -> Value | Op | None:
    inner = site.maker(op.args[0], LNOT)
    if inner is not None:
        return inner.args[0]
    compared = site.makers.get(op.args[0])
    if compared is None or compared.prim not in _OPPOSITE:
        return None
    # `not a < b` is `a >= b` for integers; for floats only equality survives a NaN
    if compared.args[0].type.is_float and compared.prim not in (EQ, NE):
        return None
    return instead(op, _OPPOSITE[compared.prim], compared.args)


_OPPOSITE: Mapping[Primitive, Primitive] = {LT: GE, GE: LT, GT: LE, LE: GT, EQ: NE, NE: EQ}


# -- integers --------------------------------------------------------------------------------


def integer(op: Op, site: Site) -> Value | Op | None:
    """Shorten a sum of integers: ``(n - 1) + 1``, ``n - 1 - (n - 1 - i)``, ``i * 1 + 0``."""
    if op.prim not in (ADD, SUB, NEG, MUL) or op.out.type != INT:
        return None
    form = _combined(op, site)
    if form is None:
        return None
    if form.known is not None:
        return constant_op(op, int(form.known))
    terms = sorted(form.terms.items(), key=lambda term: -term[1])
    values = [value for symbol, _ in terms if (value := site.holder(symbol)) is not None]
    if len(values) < len(terms):
        return None
    coefficients = [coefficient for _, coefficient in terms]
    if coefficients == [1]:
        return _shifted(op, site, values[0], int(form.constant))
    if coefficients == [1, -1] and form.constant == 0:
        return _unless_same(op, SUB, values)
    return None


def _combined(op: Op, site: Site) -> Affine | None:
    left, *rest = (site.forms.of(arg) for arg in op.args)
    if op.prim is NEG:
        return left.times(-1)
    (right,) = rest
    if op.prim is not MUL:
        return left.plus(right, 1 if op.prim is ADD else -1)
    if left.known is not None:
        return right.times(left.known)
    return left.times(right.known) if right.known is not None else None


def _shifted(op: Op, site: Site, value: Value, by: int) -> Value | Op | None:
    if by == 0:
        return value
    prim = ADD if by > 0 else SUB
    for first, second in ((0, -1), (-1, 0)):
        if (
            op.prim is prim
            and op.args[first] is value
            and site.is_constant(op.args[second], abs(by))
        ):
            return None
    return instead(op, prim, (value, site.const(abs(by), op, DType.INT)))


def _unless_same(op: Op, prim: Primitive, args: Sequence[Value]) -> Op | None:
    same = op.prim is prim and all(new is old for new, old in zip(args, op.args, strict=True))
    return None if same else instead(op, prim, tuple(args))


def _bounded(op: Op, site: Site) -> Value | Op | None:
    """``max(max(n - 1, 0) - 1, 0)`` is ``max(n - 2, 0)``: only the outer bound counts."""
    if not op.out.type.is_scalar:
        return None
    pick = max if op.prim is IMAX else min
    for inner, bound in (op.args, op.args[::-1]):
        outer = site.constant(bound)
        if outer is None:
            continue
        form = site.forms.of(inner)
        ((symbol, coefficient),) = form.terms.items() if len(form.terms) == 1 else ((None, 0),)
        holder = site.holder(symbol) if symbol is not None else None
        made = site.maker(holder, op.prim) if holder is not None else None
        if made is None or coefficient != 1:
            continue
        for rest, number in (made.args, made.args[::-1]):
            limit = site.constant(number)
            if limit is not None and pick(limit + int(form.constant), outer) == outer:
                by = site.const(int(form.constant), op, DType.INT)
                moved = site.make(ADD, (rest, by), op, INT)
                return instead(op, op.prim, (moved, bound))
    return None


def _same_operands(op: Op, site: Site) -> Value | None:
    return op.args[0] if op.args[0] is op.args[1] else None


def _passed(op: Op, site: Site) -> Value | None:
    """A check that certainly holds."""
    return op.args[0] if site.constant(op.args[0]) is True else None


def _value(op: Op, site: Site) -> Value:
    """What stands in for a value has been differentiated."""
    return op.args[0]


def _equal_integers(op: Op, site: Site) -> Op | None:
    """Compare an integer with itself."""
    if op.args[0].type != INT:
        return None
    difference = site.forms.of(op.args[0]).minus(site.forms.of(op.args[1])).known
    if difference is None:
        return None
    outcomes = {
        EQ: difference == 0,
        NE: difference != 0,
        LT: difference < 0,
        LE: difference <= 0,
        GT: difference > 0,
        GE: difference >= 0,
    }
    return constant_op(op, outcomes[op.prim])


RULES: Mapping[Primitive, Sequence[Rule]] = {
    ADD: (_add,),
    SUB: (_sub,),
    NEG: (_neg,),
    MUL: (_mul,),
    DIV: (_div,),
    IPOW: (_ipow, _even_power),
    POW: (_pow,),
    CAST: (_cast,),
    SELECT: (_select,),
    LAND: (_land,),
    LOR: (_lor,),
    LNOT: (_lnot,),
    IMAX: (_same_operands, _bounded),
    IMIN: (_same_operands, _bounded),
    CHECK: (_passed,),
    STAND_IN: (_value,),
    **dict.fromkeys((LT, LE, GT, GE, NE), (_equal_integers,)),
    EQ: (_equal_integers, _zero_or_not),
}
