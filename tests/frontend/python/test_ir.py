"""What the IR of a function looks like: names, places, what loops carry, what is checked."""

import math
import time

import numpy as np
import pytest

from gradc.ir.control import FOR, IF, WHILE, carried_inits
from gradc.ir.printer import to_text
from gradc.ir.types import DType
from gradc.ir.walk import all_ops
from gradc.prims.arithmetic import CAST
from gradc.prims.effects import CHECK
from gradc.prims.evaluate import evaluate
from gradc.prims.index import ADD_AT, GET, PUT, WRAP
from gradc.prims.shape import BROADCAST, EXPECT
from tests.frontend.python.support import lowered, run

V = np.array([0.5, -1.2, 2.0, 0.3])
M = np.arange(12.0).reshape(3, 4) / 5 - 1


def ops_of(fn, *args):
    found, _ = lowered(fn, *args)
    return list(all_ops(found.function.body))


def prims_of(fn, *args):
    return [op.prim for op in ops_of(fn, *args)]


def loops_of(fn, *args):
    return [op for op in ops_of(fn, *args) if op.prim in (FOR, WHILE)]


def names_carried(op):
    return [value.name for value in op.outs]


def test_values_have_the_names_of_variables():
    def f(x, y):
        product = x * y
        shifted = product + 1.0
        same = shifted
        return same * 2

    named = {op.out.name for op in ops_of(f, 1.0, 2.0) if op.out.named}
    assert named == {"product", "shifted"}


def test_places_are_the_lines_of_the_user():
    def f(x):
        y = x * 2
        return y + math.sin(y)

    first = f.__code__.co_firstlineno
    lines = {op.prim.name: op.loc.line - first for op in ops_of(f, 1.0)}
    assert (lines["mul"], lines["sin"], lines["add"]) == (1, 2, 2)


def test_loop_carries_only_what_is_read_later():
    def f(x):
        s = 0.0
        _last = 1.0
        for i in range(len(x)):
            t = x[i] * 2
            _last = t + 1
            s += t
        return s

    (loop,) = loops_of(f, V)
    assert names_carried(loop) == ["s"]


def test_loop_does_not_carry_what_it_only_reads():
    def f(x, a):
        b = a * 2
        s = 0.0
        for i in range(len(x)):
            s += b * x[i]
        return s + b

    (loop,) = loops_of(f, V, 2.0)
    assert names_carried(loop) == ["s"]


def test_array_written_in_a_loop_is_carried_under_its_name():
    def f(x):
        out = np.zeros(len(x))
        for i in range(len(x)):
            out[i] = x[i] ** 2
        return out

    (loop,) = loops_of(f, V)
    assert names_carried(loop) == ["out"]


def test_buffers_in_turn_are_carried_as_a_permutation():
    def f(x, n):
        a = x.copy()
        b = np.zeros_like(x)
        for _ in range(n):
            b[0] = a[1]
            a, b = b, a
        return a

    (loop,) = loops_of(f, V, 3)
    assert names_carried(loop) == ["a", "b"]
    body = loop.regions[0]
    put = next(op for op in body.ops if op.prim is PUT)
    assert body.yields == (put.out, body.params[1])


def test_sum_into_an_element_is_one_op():
    def f(x):
        y = np.zeros(2)
        for i in range(len(x)):
            y[i % 2] += x[i]
        y[0] -= x[0]
        y[1:] += x[1]
        return y

    prims = prims_of(f, V)
    assert prims.count(ADD_AT) == 3
    assert PUT not in prims


def test_index_of_a_loop_needs_no_check():
    def f(x):
        s = 0.0
        for i in range(1, len(x) - 1):
            s += x[i - 1] * x[i] * x[i + 1]
        return s

    assert WRAP not in prims_of(f, V)


def test_other_indices_are_checked():
    def f(x, k):
        return x[k]

    (wrap,) = [op for op in ops_of(f, V, 2) if op.prim is WRAP]
    assert wrap.params["line"] == f.__code__.co_firstlineno + 1
    found, _ = lowered(f, V, 2)
    with pytest.raises(IndexError):
        evaluate(found.function, [V, 4])


def test_slices_of_one_array_have_sizes_that_need_no_check():
    def f(x):
        return x[2:] - 2 * x[1:-1] + x[:-2]

    assert EXPECT not in prims_of(f, V)


def test_sizes_from_different_arguments_are_checked_with_the_line():
    def f(x, y):
        return x * y

    found, _ = lowered(f, V, V)
    with pytest.raises(ValueError, match=r"test_ir.py:\d+: operands of x \* y could not be broad"):
        evaluate(found.function, [V, V[:2]])


def test_broadcast_is_an_op():
    def f(A, x):
        return A * x + 1.0

    assert prims_of(f, M, V).count(BROADCAST) == 2


def test_python_numbers_take_the_dtype_of_arrays():
    def f(x):
        return x * 2 + 0.5

    x = V.astype(np.float32)
    assert CAST not in prims_of(f, x)
    assert lowered(f, x)[0].function.results[0].type.dtype is DType.F32


def test_guard_needs_no_flag():
    def f(x):
        if x < 0:
            return -x
        y = x * 2
        return y + 1

    assert prims_of(f, 1.0).count(IF) == 1


def test_continue_needs_no_flag():
    def f(x):
        s = 0.0
        for i in range(len(x)):
            if x[i] < 0:
                continue
            s += x[i]
        return s

    (loop,) = loops_of(f, V)
    assert loop.prim is FOR
    assert names_carried(loop) == ["s"]


def test_break_makes_a_while_loop():
    def f(x):
        s = 0.0
        for i in range(len(x)):
            if x[i] < 0:
                break
            s += x[i]
        return s

    (loop,) = loops_of(f, V)
    assert loop.prim is WHILE
    assert names_carried(loop) == ["i", "s", "broken"]


def test_condition_without_harm_is_no_branch():
    def f(x, y):
        return x if x > 0 and y > 0 else y

    def g(x, i):
        return x[0] if i < len(x) and x[i] > 0 else x[1]

    assert prims_of(f, 1.0, 2.0).count(IF) == 1
    assert prims_of(g, V, 2).count(IF) == 2


def test_raise_is_a_check_with_the_message():
    def f(x):
        if x < 0:
            raise ValueError("negative")
        assert x < 10, "large"
        return x * 2

    found, _ = lowered(f, 1.0)
    checks = [op for op in found.function.ops if op.prim is CHECK]
    assert [(op.params["error"], op.params["what"]) for op in checks] == [
        ("ValueError", "negative"),
        ("AssertionError", "large"),
    ]
    assert IF not in [op.prim for op in found.function.ops]
    with pytest.raises(ValueError, match="negative"):
        evaluate(found.function, [-1.0])
    with pytest.raises(AssertionError, match="large"):
        evaluate(found.function, [11.0])


def test_branch_that_raises_leaves_the_other_one():
    def f(x, k):
        if k == 0:
            y = x
        elif k == 1:
            y = x**2
        else:
            raise ValueError("k is 0 or 1")
        return y * 2

    assert [run(f, 1.5, k) for k in (0, 1)] == [3.0, 4.5]
    with pytest.raises(ValueError, match="k is 0 or 1"):
        run(f, 1.5, 2)


def test_name_that_is_not_assigned_is_an_error_when_it_is_read():
    def f(x, n):
        for i in range(n):
            last = x * i
        return last

    assert run(f, 2.0, 3) == 4.0
    with pytest.raises(UnboundLocalError, match="local variable 'last'"):
        run(f, 2.0, 0)


def test_code_does_not_grow_with_trip_counts():
    def short(x):
        for _ in range(3):
            x = x * 1.5
        return x

    def long(x):
        for _ in range(3000):
            x = x * 1.5
        return x

    assert len(ops_of(short, 1.0)) == len(ops_of(long, 1.0))


def test_text_is_the_same_each_time():
    def f(x, n):
        y = x.copy()
        for i in range(1, n):
            if y[i] > 0:
                y[i] += y[i - 1]
            else:
                y[i] = np.sin(y[i])
        return y

    texts = {to_text(lowered(f, V, 3)[0].function, locations=True) for _ in range(3)}
    assert len(texts) == 1


def function_of(path, body):
    lines = ["def f(x):", *(f"    {line}" for line in body), "    return x", ""]
    path.write_text("\n".join(lines))
    names = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    return names["f"]


def test_long_bodies_take_time_in_proportion(tmp_path):
    body = [f"x = x * {k}.5 + {k}" for k in range(1000)]
    f = function_of(tmp_path / "long_body.py", body)
    start = time.process_time()
    assert len(ops_of(f, 1.0)) >= 2000
    assert time.process_time() - start < 5.0


@pytest.mark.parametrize("depth", [12])
def test_deep_loops_take_time_in_proportion(tmp_path, depth):
    indent = [("    " * k) + f"for i{k} in range(2):" for k in range(depth)]
    f = function_of(tmp_path / "deep_loops.py", [*indent, "    " * depth + "x = x * 0.5 + 1"])
    start = time.process_time()
    assert len(loops_of(f, np.float64(1.0))) == depth
    assert time.process_time() - start < 5.0


def test_deep_branches(tmp_path):
    indent = [("    " * k) + f"if x > {k}:" for k in range(18)]
    f = function_of(tmp_path / "deep_branches.py", [*indent, "    " * 18 + "x = x * 0.5"])
    assert run(f, 50.0) == 25.0
    assert run(f, 10.0) == 10.0


def test_deep_expressions(tmp_path):
    f = function_of(tmp_path / "deep_expression.py", ["x = " + "x + (" * 80 + "x" + ")" * 80])
    assert run(f, 1.0) == 81.0
    chain = function_of(tmp_path / "long_expression.py", ["x = " + " + ".join(["x"] * 500)])
    assert run(chain, 1.0) == 500.0


def test_carried_initial_values_have_the_type_that_is_carried():
    def f(x, n):
        s = 0
        for _ in range(n):
            s = s + x
        return s

    (loop,) = loops_of(f, 1.5, 3)
    (init,) = carried_inits(loop)
    assert init.type.dtype is DType.F64


def test_views_are_read_where_they_are_used():
    def f(A):
        row = A[1]
        return row @ row + row.sum()

    gets = [op for op in ops_of(f, M) if op.prim is GET]
    assert [op.out.name for op in gets] == ["row"]
