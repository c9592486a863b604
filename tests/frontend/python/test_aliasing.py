"""Which array a name refers to: what is written is seen where Python would show it, or refused."""

import math

import numpy as np
import pytest

from gradc.errors import AliasingError, UnsupportedSyntaxError
from tests.frontend.python.support import copied, lowered, run, same

V = np.array([0.5, -1.2, 2.0, 0.3, 0.9])
M = np.arange(12.0).reshape(3, 4) / 5 - 1


def agrees(fn, *args):
    same(run(fn, *args), fn(*copied(args)))


def test_axis_of_a_column_is_a_view():
    def f(x):
        y = x.copy()
        column = np.expand_dims(y[:, 1], 0)
        column[0, 2] = x[0, 0] * 7
        flat = np.squeeze(y[1:, :1].T, axis=0)
        flat[0] = x[2, 2]
        return y

    agrees(f, np.concatenate([M, M], axis=1))


def test_view_made_before_the_loop_sees_writes_in_it():
    def f(x, n):
        y = x.copy()
        tail = y[1:]
        for k in range(n):
            y[k] = y[k - 1] * x[k]
        return tail.sum() * y[0]

    agrees(f, V, 4)


def test_view_is_written_in_the_loop_and_base_after():
    def f(x, n):
        y = x.copy()
        tail = y[1:]
        for k in range(n):
            tail[k] += y[k]
        y[2] = x[0]
        return tail * y[:-1]

    agrees(f, V, 3)


def test_swapped_names_in_a_branch_stay_two_arrays():
    def f(x, c):
        a = x[:2].copy()
        b = x[2:4].copy()
        if c > 0:
            a, b = b, a
        a[0] = 10.0
        b[1] = 20.0
        return np.concatenate([a, b])

    agrees(f, V, 1.0)
    agrees(f, V, -1.0)


def test_three_buffers_in_turn():
    def f(x, n):
        old, now, new = x.copy(), 2 * x, np.zeros_like(x)
        for _ in range(n):
            for i in range(1, len(x) - 1):
                new[i] = now[i - 1] + now[i + 1] - old[i]
            old, now, new = now, new, old
        return now + 2 * old + 3 * new

    for n in range(5):
        agrees(f, V, n)


def test_new_array_in_one_branch_may_be_written():
    def f(x, c):
        y = x * 2
        if c > 0:
            y = y + 1
        y[0] = x[1]
        return y

    agrees(f, V, 1.0)
    agrees(f, V, -1.0)


def test_callee_that_returns_its_argument_returns_the_same_array():
    def f(x):
        def touched(a):
            a[0] = 5.0
            return a

        y = x.copy()
        z = touched(y)
        z[1] = y[0] * x[1]
        return y

    agrees(f, V)


def test_closure_sees_later_writes():
    def f(x):
        y = x.copy()

        def first():
            return y[0]

        y[0] = x[1] * x[2]
        return first() * 2

    agrees(f, V)


def test_nonlocal_in_a_loop():
    def f(x, n):
        total = 0.0

        def add(value):
            nonlocal total
            total += value * x

        for k in range(n):
            add(k)
        return total

    agrees(f, 1.5, 4)


def test_carried_view_is_read():
    def f(x, n):
        y = x.copy()
        part = y[:2]
        for k in range(n):
            part = y[k : k + 2] * part
        return part

    agrees(f, V, 3)


def refused(fn, *args):
    with pytest.raises(AliasingError) as caught:
        lowered(fn, *args)
    return str(caught.value)


def test_two_carried_names_of_one_array():
    def f(x, n):
        u = x.copy()
        v = x * 2
        for _ in range(n):
            new = u + v
            u = new
            v = new
            v[0] = 1.0
        u[1] = 2.0
        return u + v

    assert "`u` may be another name" in refused(f, V, 3)


def test_carried_name_of_an_outer_array_is_not_written():
    def f(x, n):
        y = x.copy()
        u = x * 2
        for _ in range(n):
            u[0] = y[1]
            u = y
        return u.sum()

    assert "`u` may be another name for `y`" in refused(f, V, 3)


def test_read_only_views_are_not_read_after_a_write():
    def f(x):
        y = x.copy()
        wide = np.broadcast_to(y, (2, len(x)))
        y[0] = 5.0
        return wide.sum()

    assert "`wide` may be another name for `y`, which was written to since" in refused(f, V)


def test_read_only_views_are_not_written():
    def f(x):
        diagonal = np.diagonal(np.outer(x, x))
        diagonal[0] = 1.0
        return diagonal.sum()

    assert "another name" in refused(f, V)


def test_row_kept_from_a_loop_is_not_written_after_it():
    def f(x):
        y = x.copy()
        for i in range(len(y)):
            row = y[i]
        row[0] = 1.0
        return y

    assert "`row` may be another name for `y`" in refused(f, M)


def test_side_effect_inside_an_augmented_assignment():
    def f(x):
        def spoil(a):
            a[0] = 3.0
            return 1.0

        y = x.copy()
        y[0] += spoil(y)
        return y

    with pytest.raises(UnsupportedSyntaxError, match="the right side writes to `y`"):
        lowered(f, V)


def test_list_that_changes_while_it_is_looped_over():
    def grows(x):
        items = [x, 2 * x]
        for item in items:
            items[1] = item + 1
        return items[1]

    def only_behind(x):
        items = [x, 2 * x, 3.0]
        for k, item in enumerate(items):
            items[k] = item * 2
        return items[0] * items[1] + items[2]

    with pytest.raises(UnsupportedSyntaxError, match="`items` changes while the loop runs over it"):
        lowered(grows, 1.5)
    agrees(only_behind, 1.5)


def test_written_arguments_are_told():
    def f(x, y, z):
        y[0] = x[0]
        view = z[1:]
        view *= 2
        return x.sum() + y.sum() + z.sum()

    found, _ = lowered(f, V, V.copy(), V.copy())
    assert found.leaf_names == ("x", "y", "z")
    assert found.mutated == (1, 2)


def test_one_array_captured_under_two_names():
    weights = V
    same_weights = weights

    def f(x):
        return weights @ x + same_weights[0]

    found, _ = lowered(f, V)
    assert len(found.captured) == 1
    agrees(f, V)


def test_name_of_two_arrays_joined_with_them():
    def f(x, c):
        a = x.copy()
        b = 2 * x
        if c > 0:
            a = a + 1
            u = a
        else:
            u = b
        a[0] = 7.0
        return u.sum() + a.sum() + b.sum()

    assert "`u` may be another name for `a`, which was written to since" in refused(f, V, 1.0)


def test_two_names_of_an_array_made_in_a_branch():
    def f(x, c):
        if c > 0:
            a = x + 1
            b = a
        else:
            a = x + 2
            b = x + 3
        a[0] = 7.0
        return a.sum() + b.sum()

    def writes_the_one_that_is_read(x, c):
        if c > 0:
            a = x + 1
            b = a
        else:
            a = x + 2
            b = x + 3
        s = b.sum()
        a[0] = 7.0
        return a.sum() + s

    def reads(x, c):
        if c > 0:
            a = x + 1
            b = a
        else:
            a = x + 2
            b = x + 3
        return a.sum() * b.sum()

    assert "another name" in refused(f, V, 1.0)
    for c in (1.0, -1.0):
        agrees(reads, V, c)
        agrees(writes_the_one_that_is_read, V, c)


def test_list_of_either_branch():
    def written(x, c):
        first = [x, 1.0]
        second = [2 * x, 3.0]
        chosen = first if c > 0 else second
        chosen[0] = 5.0
        return first[0] + second[0]

    def made_inside(x, c):
        if c > 0:
            items = [x, 1.0]
        else:
            items = [2.0, x]
        same_list = items
        same_list[0] += 1.0
        return items[0] * items[1]

    with pytest.raises(UnsupportedSyntaxError, match="a list with a name of its own"):
        lowered(written, 1.5, 1.0)
    agrees(made_inside, 1.5, 1.0)
    agrees(made_inside, 1.5, -1.0)


def test_carried_name_of_one_of_two_carried_arrays():
    def f(x, n):
        a = x.copy()
        b = x * 2
        for k in range(n):
            new = x * k
            b = new if k > 1 else b
            a = new
            a[0] = 5.0
        return a.sum() + b.sum()

    assert "another name" in refused(f, V, 3)


# -- what a loop runs over ------------------------------------------------------------------------


def test_names_swapped_while_a_loop_runs_over_one_of_the_arrays():
    # found by random programs: the loop sees writes to the array that it began with
    def f(x, y):
        v = x * 1.0
        w = y * 1.0
        for i, e in enumerate(v):
            v[i - 1] = e * 2
            v, w = w, v
        return v

    with pytest.raises(AliasingError, match="which array is written to is not known"):
        run(f, V, V + 1)


def test_names_swapped_while_a_loop_runs_over_several_arrays():
    def f(x, y, n):
        v = x * 1.0
        w = y * 1.0
        total = 0.0
        for q in (v, w):
            for i in range(n):
                v[i] = 3.0 * i
                v, w = w, v
            total += q[0]
        return total

    with pytest.raises(AliasingError):
        run(f, V, V + 1, 4)


def test_a_name_bound_to_a_new_array_while_a_loop_runs_over_the_old_one():
    def f(x):
        v = x * 1.0
        for i, e in enumerate(v):
            v = v * e
            v[i] = 3.0
        return v

    agrees(f, V)


# -- names of functions that have been called ------------------------------------------------------


def test_a_lambda_in_a_function_called_on_one_path():
    def scaled(p):
        q = p * 2
        double = lambda z: 2 * z  # noqa: E731
        return q + double(1.0)

    def f(x, k):
        total = x.sum()
        for i in range(k):
            if x[i] > 0:
                total += scaled(x)[i]
        return total

    agrees(f, V, 4)


def test_names_of_a_finished_call_keep_no_array_alive():
    def scaled(p):
        double = lambda z: 2 * z  # noqa: E731
        return double(p[0])

    def f(x, n):
        a, b = x.copy(), 2 * x
        first = scaled(a)
        for i in range(n):
            a[i] = first * b[i]
            a, b = b, a
        return a - b

    agrees(f, V, 3)


# -- arguments that share memory: what is written, under whatever name -----------------------------


def test_an_argument_written_under_another_name_is_told():
    def swapped(x, y, n):
        for _ in range(n):
            x, y = y, x
        x[0] = 2.0
        return y

    def first_time_only(x, n):
        for _ in range(n):
            x += 0.5
            x = 1.0 * x
        return x

    def on_one_path(x, y, c):
        if c > 0:
            x, y = y, x
        y = y * 2
        x[0] = 1.0
        return x + y

    assert lowered(swapped, V, V.copy(), 3)[0].mutated == (0, 1)
    assert lowered(first_time_only, V, 3)[0].mutated == (0,)
    assert lowered(on_one_path, V, V.copy(), 0.5)[0].mutated == (0, 1)


def test_names_of_one_array_swapped_in_an_inner_loop():
    def f(x, y, a, k):
        w = x[::-1]
        for i in range(3):
            s = a[(i + 1) % len(a), -2] / (1.5 + y**2) if k > 1 or y > 0.4 else math.tanh(1.1)
            t = 0
            while t < k:
                x, w = w, x
                y = 0.5 / (1.5 + s**2)
                w[-1], w[-2] = w[-2], w[-1]
                t += 1
        return w

    text = refused(f, V, 0.1, np.ones((3, 2)), 2)
    assert "w[-1], w[-2] = w[-2], w[-1]" in text
    assert "may be another name" in text


def test_a_loop_that_does_not_settle_where_it_is_read_again_is_refused_once():
    def helper(p):
        q = p
        for _ in range(len(q)):
            p[:] = q
            q = np.zeros(q.shape)

    def f(x):
        y = x * 2.0
        helper(y)
        helper(y)
        return np.sum(y * x)

    with pytest.raises(AliasingError, match="`q` may be another name for `y`") as caught:
        lowered(f, V)
    assert len(caught.value.diagnostics) == 1
