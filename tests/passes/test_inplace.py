"""Which copies stay when updates become writes in place, case by case."""

import textwrap

import pytest

from gradc.ir.builder import Builder
from gradc.ir.core import Function, Region
from gradc.ir.parser import parse_text
from gradc.ir.printer import to_text
from gradc.ir.types import DType, Type
from gradc.ir.verify import verify
from gradc.ir.walk import all_ops
from gradc.passes.base import Context
from gradc.passes.inplace import InPlace, make_in_place
from gradc.prims.arithmetic import ADD
from gradc.prims.index import ADD_AT, PICK_ADD, PUT
from gradc.prims.shape import COPY
from gradc.prims.table import TABLE

VECTOR = Type(DType.F64, ("n",))
HEAD = """\
def f(x: f64[n], y: f64[n], s: f64, n: i64(n)):
    lo: i64(0) = const(dtype='i64', value=0)
    one: i64(1) = const(dtype='i64', value=1)
    z: f64[n] = zeros(n, dtype='f64')
    w: f64[n] = zeros(n, dtype='f64')
"""


def made(body: str):
    """The function with updates in place, and the reasons of the copies by name."""
    function = parse_text(HEAD + textwrap.indent(textwrap.dedent(body), "    "), TABLE)
    result, copies = make_in_place(verify(function))
    verify(result, "inplace")
    updates = [op for op in all_ops(result.body) if op.prim in (PUT, ADD_AT, PICK_ADD)]
    assert all(op.params["inplace"] for op in updates)
    count = sum(op.prim is COPY for op in all_ops(result.body))
    assert count == len(copies)
    return result, [(copy.name, copy.reason) for copy in copies]


CALLERS = "it belongs to the caller"
NEEDED = "its old contents are read later"
OWN = "each iteration needs an array of its own"
RESULT = "each result is an array of its own"

CASES = {
    "own array": (
        """
        a: f64[n] = put(z, s, lo, spec=('at',))
        b: f64[n] = put(a, s, one, spec=('at',))
        return (b,)
        """,
        [],
    ),
    "argument once": (
        """
        a: f64[n] = put(x, s, lo, spec=('at',))
        b: f64[n] = put(a, s, one, spec=('at',))
        return (b,)
        """,
        [("x", CALLERS)],
    ),
    "old version needed": (
        """
        a: f64[n] = put(z, s, lo, spec=('at',))
        b: f64[n] = put(a, s, one, spec=('at',))
        c: f64[n] = add(a, b)
        return (c,)
        """,
        [("a", NEEDED)],
    ),
    "part needed: the part is copied": (
        """
        a: f64[n] = put(z, s, lo, spec=('at',))
        p: f64[n] = get(a, lo, n, one, spec=('slice',))
        b: f64[n] = put(a, s, one, spec=('at',))
        c: f64[n] = add(p, b)
        return (c,)
        """,
        [("a", NEEDED)],
    ),
    "arguments and one array twice as results": (
        "return (x, z, z, s)",
        [("x", RESULT), ("z", RESULT)],
    ),
    "a part as result": (
        """
        p: f64[n] = get(z, lo, n, one, spec=('slice',))
        return (p,)
        """,
        [("p", RESULT)],
    ),
    "carried": (
        """
        with for_(lo, n, one, z) as (i, a):
            i: i64(i)
            b: f64[n] = put(a, s, i, spec=('at',))
            yield_(b)
        c: f64[n] = outs()
        return (c,)
        """,
        [],
    ),
    "carried argument: copied once, before the loop": (
        """
        with for_(lo, n, one, x) as (i, a):
            i: i64(i)
            b: f64[n] = put(a, s, i, spec=('at',))
            yield_(b)
        c: f64[n] = outs()
        return (c,)
        """,
        [("x", CALLERS)],
    ),
    "carried and swapped": (
        """
        with for_(lo, n, one, z, w) as (i, a, b):
            i: i64(i)
            c: f64[n] = put(a, s, i, spec=('at',))
            yield_(b, c)
        d: f64[n]; e: f64[n] = outs()
        return (d, e)
        """,
        [],
    ),
    "one initial value for two": (
        """
        with for_(lo, n, one, z, z) as (i, a, b):
            i: i64(i)
            c: f64[n] = put(a, s, i, spec=('at',))
            d: f64[n] = put(b, s, lo, spec=('at',))
            yield_(c, d)
        e: f64[n]; g: f64[n] = outs()
        return (e, g)
        """,
        [("z", NEEDED)],
    ),
    "one array handed on twice": (
        """
        with for_(lo, n, one, z, w) as (i, a, b):
            i: i64(i)
            c: f64[n] = put(a, s, i, spec=('at',))
            d: f64[n] = put(b, s, i, spec=('at',))
            yield_(c, c)
        e: f64[n]; g: f64[n] = outs()
        return (e, g)
        """,
        [("c", OWN)],
    ),
    "handed on to one that is only read": (
        """
        with for_(lo, n, one, z, w) as (i, a, b):
            i: i64(i)
            v: f64 = get(b, i, spec=('at',))
            c: f64[n] = put(a, v, i, spec=('at',))
            yield_(c, c)
        e: f64[n]; g: f64[n] = outs()
        return (e, g)
        """,
        [("c", OWN)],
    ),
    "an array from outside handed on": (
        """
        with for_(lo, n, one, z) as (i, a):
            i: i64(i)
            b: f64[n] = put(a, s, i, spec=('at',))
            yield_(w)
        c: f64[n] = outs()
        return (c,)
        """,
        [("w", OWN)],
    ),
    "an array from outside updated in a loop": (
        """
        with for_(lo, n, one, s) as (i, t):
            i: i64(i)
            b: f64[n] = put(z, t, i, spec=('at',))
            u: f64 = sum(b, axes=(0,))
            yield_(u)
        v: f64 = outs()
        return (v,)
        """,
        [("z", NEEDED)],
    ),
    "an array from outside only read after": (
        """
        with for_(lo, n, one, z) as (i, a):
            i: i64(i)
            b: f64[n] = put(a, s, i, spec=('at',))
            yield_(b)
        c: f64[n] = outs()
        d: f64[n] = add(c, z)
        return (d,)
        """,
        [("z", NEEDED)],
    ),
    "not updated, not copied": (
        """
        with for_(lo, n, one, x) as (i, a):
            i: i64(i)
            b: f64[n] = add(a, y)
            yield_(b)
        c: f64[n] = outs()
        d: f64 = sum(c, axes=(0,))
        return (d,)
        """,
        [],
    ),
    "updated in either branch": (
        """
        t: b1 = lt(s, s)
        with if_(t):
            a: f64[n] = put(z, s, lo, spec=('at',))
            yield_(a)
        with else_():
            b: f64[n] = put(z, s, one, spec=('at',))
            yield_(b)
        c: f64[n] = outs()
        return (c,)
        """,
        [],
    ),
    "updated in one branch, needed after": (
        """
        t: b1 = lt(s, s)
        with if_(t):
            a: f64[n] = put(z, s, lo, spec=('at',))
            yield_(a)
        with else_():
            yield_(w)
        c: f64[n] = outs()
        d: f64[n] = add(c, z)
        return (d,)
        """,
        [("z", NEEDED)],
    ),
    "updated in the condition of a loop": (
        """
        with while_(z, s) as (a, t):
            b: f64[n] = put(a, s, lo, spec=('at',))
            u: f64 = sum(b, axes=(0,))
            v: b1 = lt(u, t)
            yield_(v)
        with do() as (c, r):
            yield_(c, s)
        d: f64[n]; e: f64 = outs()
        return (d, e)
        """,
        [("a", NEEDED)],
    ),
    "transposed, then returned": (
        """
        m: f64[n, n] = zeros(n, n, dtype='f64')
        t: f64[n, n] = transpose(m, perm=(1, 0))
        u: f64[n, n] = neg(t)
        v: f64[n, n] = neg(m)
        return (u, v)
        """,
        [("u", RESULT)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_copies(name):
    body, expected = CASES[name]
    _, copies = made(body)
    assert copies == expected


def test_the_part_and_not_the_array_is_copied():
    result, _ = made(CASES["part needed: the part is copied"][0])
    (copy,) = (op for op in all_ops(result.body) if op.prim is COPY)
    (get,) = (op for op in all_ops(result.body) if op.prim.name == "get")
    assert copy.args == get.outs


def test_a_sum_named_like_its_operand_is_an_update():
    builder = Builder()
    x = builder.value(VECTOR, "x")
    total = builder.emit(ADD, [x, x], name="x_bar")
    total = builder.emit(ADD, [total, x], name="x_bar")
    total = builder.emit(ADD, [total, total], name="x_bar")
    function = Function("f", Region((x,), tuple(builder.ops), (total,)))
    result, copies = make_in_place(verify(function))
    # the second addend is the sum itself: that stays a sum
    assert [op.prim for op in result.ops] == [ADD, ADD_AT, ADD]
    assert copies == []


def test_nothing_to_do_is_the_same_object():
    for body, _ in CASES.values():
        once, _ = made(body)
        twice, copies = make_in_place(once)
        assert twice is once, to_text(twice)
        assert copies == []


def test_kept_copies_are_notes():
    function = parse_text(HEAD + "    return (x,)\n", TABLE)
    context = Context()
    InPlace().run(function, context)
    assert [note.message for note in context.notes] == [f"a copy of x stays: {RESULT}"]
