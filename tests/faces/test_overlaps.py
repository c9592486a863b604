"""Arguments that share memory: Python's meaning where it can be had, else refused with the line."""

import ast
import inspect
import textwrap

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import as_strided

import gradc
from gradc.errors import AliasingError
from gradc_runtime.differences import derivative

V = np.array([0.5, -1.2, 2.0, 0.3])
SEEN = np.array([1.0, 2.0, 3.0])


def product(x, y):
    return np.sum(x * y * y)


def moved(x, y):
    x[0] = 2.0 * y[1]
    return np.sum(x * y)


def counted(x, y):
    x[0] = 3.0
    return np.sum(x)


def copied_first(x, y):
    total = np.sum(y * y)
    x[0] = 3.0
    return np.sum(x) * total


def stencil(x, y):
    for i in range(1, len(x)):
        x[i] = y[i - 1] * x[i]
    return np.sum(x * x)


def swapped(x, y):
    for _ in range(3):
        x[0] += 0.5 * y[1]
        x, y = y, x
    return np.sum(x * y)


def with_seen(x):
    x[0] = 2.0
    return np.sum(x * SEEN)


def asked(x, y):
    return np.sum(x) if x is y else 2.0 * np.sum(x * y)


def line_of(function, text):
    """The place of an expression in a function, as errors name it."""
    source, start = inspect.getsourcelines(function)
    indent = len(source[0]) - len(source[0].lstrip())
    for node in ast.walk(ast.parse(textwrap.dedent("".join(source)))):
        if isinstance(node, ast.expr) and ast.unparse(node) == text:
            column = node.col_offset + 1 + indent
            return f"test_overlaps.py:{start + node.lineno - 1}:{column}"
    raise AssertionError(text)


def test_one_array_for_two_arguments():
    g = gradc.grad(product, argnums=(0, 1), target="python")
    left, right = g(V, V)
    np.testing.assert_allclose(left, V * V)
    np.testing.assert_allclose(right, 2 * V * V)


@pytest.mark.parametrize("same", [V, V[:], np.lib.stride_tricks.as_strided(V)])
def test_what_is_written_to_one_is_written_to_the_other(same):
    left, right = gradc.grad(moved, argnums=(0, 1), target="python")(V, same)
    # x[0] = y[0] = 2 * y[1]; each argument has the derivatives of what is read through it
    np.testing.assert_allclose(left, [0.0, *V[1:]])
    np.testing.assert_allclose(right, [0.0, 8.0 * V[1] + V[1], *V[2:]])
    assert gradc.value_and_grad(moved, target="python")(V, same)[0] == moved(*[V.copy()] * 2)


def test_the_caller_sees_nothing_of_it():
    before = V.copy()
    gradc.grad(moved, target="cpu")(V, V)
    np.testing.assert_array_equal(V, before)


@pytest.mark.parametrize("function", [moved, counted, copied_first, stencil])
def test_the_gradients_of_one_array_add_up(function):
    left, right = gradc.grad(function, argnums=(0, 1))(V, V)

    def along(step):
        both = V + step * SEED
        return function(both, both)

    wanted, _ = derivative(along, 0.01)
    np.testing.assert_allclose((left + right) @ SEED, wanted, rtol=1e-9)


SEED = np.array([0.3, -0.7, 0.2, 0.9])


def test_derivatives_of_all_kinds():
    once = gradc.grad(moved, argnums=(0, 1), target="python")(V, V)
    _, tangent = gradc.jvp(moved, (V, V), (SEED, 2.0 * SEED), target="python")
    assert tangent == pytest.approx(once[0] @ SEED + 2.0 * once[1] @ SEED)
    _, pullback = gradc.vjp(moved, V, V, target="python")
    np.testing.assert_allclose(pullback(1.0), once)
    hessian = gradc.hessian(moved, argnums=(0, 1), target="python")(V, V)
    whole = sum(block for row in hessian for block in row)
    np.testing.assert_allclose(whole, gradc.hessian(lambda z: moved(z, z), target="python")(V))
    gradc.grad(moved, argnums=(0, 1), target="python").check(V, V)
    gradc.check_grads(moved, (V, V), order=2, target="python")


def test_a_name_that_may_be_either_of_them_is_not_written_to():
    with pytest.raises(AliasingError) as found:
        gradc.grad(swapped, target="python")(V, V)
    assert line_of(swapped, "x[0]") in str(found.value)
    gradc.grad(swapped, target="python")(V, V.copy())


@pytest.mark.parametrize("other", [V[::-1], V[1:], V.view(np.int64)])
def test_a_write_that_another_argument_sees_in_part(other):
    def meeting(x, y):
        x[0] = 2.0
        return np.sum(x) * y[1]

    with pytest.raises(AliasingError) as found:
        gradc.grad(meeting, target="python")(V, other)
    text = str(found.value)
    assert "`y` overlaps in memory with `x` in this call, which was written to since" in text
    assert "`y.copy()`" in text
    assert line_of(meeting, "y[1]") in text


def test_a_loop_that_reads_what_it_wrote():
    with pytest.raises(AliasingError) as found:
        gradc.grad(stencil, target="python")(V[1:], V[:-1])
    assert line_of(stencil, "y[i - 1]") in str(found.value)


@pytest.mark.parametrize("other", [V[::-1], V[:3]])
def test_arguments_that_overlap_are_copied_apart_where_that_makes_no_difference(other):
    found = gradc.grad(copied_first, argnums=(0, 1), target="python")(V, other)
    wanted = gradc.grad(copied_first, argnums=(0, 1), target="python")(V.copy(), other.copy())
    np.testing.assert_array_equal(found[0], wanted[0])
    np.testing.assert_array_equal(found[1], wanted[1])


def test_each_call_is_looked_at():
    g = gradc.grad(moved)
    for _ in range(2):
        np.testing.assert_allclose(g(V.copy(), V), [0.0, *V[1:]])
        with pytest.raises(AliasingError):
            g(V, V[::-1])
        np.testing.assert_allclose(g(V, V), [0.0, *V[1:]])


def test_columns_of_one_matrix_do_not_overlap():
    columns = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    g = gradc.grad(moved, target="python")
    np.testing.assert_allclose(g(columns[:, 0], columns[:, 1]), [0.0, 4.0, 6.0])


def test_a_matrix_and_one_of_its_rows():
    def scaled(a, row):
        a[0] = 2.0 * row
        return np.sum(a * a)

    a = np.arange(6.0).reshape(2, 3)
    found = gradc.grad(scaled, argnums=(0, 1), target="python")(a, a[1])
    np.testing.assert_allclose(found[0], [[0, 0, 0], [6, 8, 10]])
    np.testing.assert_allclose(found[1], 8 * a[1])


def test_an_argument_that_is_not_used_may_overlap():
    np.testing.assert_allclose(gradc.grad(counted, target="python")(V, V), [0.0, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(gradc.grad(counted, target="python")(V, V[::-1]), [0, 1, 1, 1])


def test_an_argument_that_is_an_array_from_outside():
    g = gradc.grad(with_seen, target="python")
    np.testing.assert_allclose(g(SEEN.copy()), [0.0, 2.0, 3.0])
    # SEEN[0] is written to as well, and SEEN is no argument
    np.testing.assert_allclose(g(SEEN), [0.0, 2.0, 3.0])
    assert gradc.value_and_grad(with_seen, target="python")(SEEN)[0] == 4.0 + 4.0 + 9.0
    with pytest.raises(AliasingError) as found:
        g(SEEN[::-1])
    assert "`SEEN` overlaps in memory with `x`" in str(found.value)
    assert line_of(with_seen, "x * SEEN") in str(found.value)


def test_every_face_looks():
    for call in (
        lambda y: gradc.value_and_grad(moved, target="python")(V, y),
        lambda y: gradc.vjp(moved, V, y, target="python"),
        lambda y: gradc.jvp(moved, (V, y), (V, V), target="python"),
        lambda y: gradc.hessian(moved, target="python")(V, y),
    ):
        call(V)
        with pytest.raises(AliasingError):
            call(V[::-1])


def test_derivatives_inside_a_function():
    # what is differentiated is a copy inside of the function, which a write does not reach
    def twice(u, w):
        return np.sum(gradc.grad(moved)(u, w))

    gradc.grad(twice, target="python")(V, V.copy())
    for function, args in (
        (twice, (V, V)),
        (lambda u: twice(u, u), (V,)),
        (lambda u: np.sum(gradc.grad(moved, argnums=(0, 1))(u, u)[0]), (V,)),
        (lambda u: np.sum(gradc.grad(lambda z: moved(z, u))(u)), (V,)),
    ):
        with pytest.raises(AliasingError) as found:
            gradc.grad(function, target="python")(*args)
        assert line_of(moved, "x * y") in str(found.value)


def test_samples_of_a_batch():
    rows = np.arange(6.0).reshape(3, 2) + 1.0
    fast = gradc.batch(moved, target="python")
    wanted = [moved(row, row) for row in rows.copy()]
    np.testing.assert_allclose(fast(rows, rows), wanted)
    mixed = gradc.batch(moved, in_axes=(0, 1), target="python")
    square = rows[:2].copy()
    np.testing.assert_allclose(mixed(square, rows[:2]), mixed(square, rows[:2].copy()))
    with pytest.raises(AliasingError):
        mixed(square, square)


def test_arrays_in_a_container():
    def inner(pair):
        pair[0][1] = 5.0
        return np.sum(pair[0] * pair[1])

    left, right = gradc.grad(inner, target="python")([V, V])
    np.testing.assert_allclose(left, [V[0], 0.0, *V[2:]])
    np.testing.assert_allclose(right, [V[0], 0.0, *V[2:]])


def test_three_names_for_one_array():
    def three(x, y, z):
        y[1:3] = x[:2] * z[0]
        return np.sum(x * y * z)

    found = gradc.grad(three, argnums=(0, 1, 2), target="python")(V, V, V)
    one = gradc.grad(lambda v: three(v, v, v), target="python")(V)
    np.testing.assert_allclose(sum(found), one, rtol=1e-13)


def test_whether_arguments_are_one_object():
    np.testing.assert_allclose(gradc.grad(asked, target="python")(V, V), np.ones(4))
    np.testing.assert_allclose(gradc.grad(asked, target="python")(V, V[:]), 2 * V)
    np.testing.assert_allclose(gradc.grad(asked)(V, V), np.ones(4))
    np.testing.assert_allclose(gradc.grad(asked)(V, V.copy()), 2 * V)


def test_whether_a_name_is_an_array_that_it_may_be():
    def chosen(x, y):
        u = x if x[0] > y[0] else y
        same = u is x
        return np.sum(x) if same else np.sum(y)

    with pytest.raises(gradc.GradcError) as found:
        gradc.grad(chosen, target="python")(V, 2 * V)
    assert "whether `u` and `x` are one array is not known at compile time" in str(found.value)
    assert line_of(chosen, "u is x") in str(found.value)


def test_an_array_that_overlaps_with_itself():
    with pytest.raises(AliasingError) as found:
        gradc.grad(counted, target="python")(as_strided(V, (3, 2), (8, 8))[:, 0:2], V.copy())
    assert "elements of argument `x` share memory with each other" in str(found.value)
    gradc.grad(product, target="python")(as_strided(V, (3, 2), (8, 8)), V[:2])


def test_a_number_in_an_array():
    def number(x, y):
        x[0] = 2.0
        return x[1] * y

    with pytest.raises(AliasingError, match="arguments `x` and `y` share memory"):
        gradc.grad(number, target="python")(V, V[0:1].reshape(()))
    gradc.grad(number, target="python")(V, np.array(2.0))


def test_one_list_for_two_arguments():
    def changed(a, b):
        a[0] = 2.0 * b[1]
        return a[0] * b[0]

    def in_a_loop(pair, n):
        for _ in range(n):
            pair[0][0] = pair[1][1] * pair[0][0]
        return pair[1][0]

    def read(a, b):
        return a[0] * b[1]

    one = [1.0, 3.0]
    for function, args in ((changed, (one, one)), (in_a_loop, ((one, one), 2))):
        with pytest.raises(AliasingError) as found:
            gradc.grad(function, target="python")(*args)
        assert "one list is passed twice, and" in str(found.value)
    assert gradc.grad(changed, target="python")([1.0, 3.0], [1.0, 3.0]) == [0.0, 0.0]
    assert gradc.grad(read, argnums=(0, 1), target="python")(one, one) == ([3.0, 0.0], [0.0, 1.0])


# -- random overlaps ----------------------------------------------------------------------------


def early(x, y):
    u = 3.0 * y
    x[1] = u[0] * x[2]
    return np.sum(x * x) + np.sum(u)


def late(x, y):
    y[-1] = x[0] * x[1]
    x *= 2.0
    return np.sum(x[:2] * y[:2])


def branchy(x, y):
    if x[0] > 0:
        x[1:] += y[0]
    else:
        y[:2] = 2.0 * x[1]
    return np.sum(np.sin(x)) + y[1]


def looped(x, y):
    for i in range(2):
        y[i] = x[i + 1] * y[i]
        x[i] += y[i + 1] ** 2
    return np.sum(x * x)


def scattered(x, y):
    np.add.at(x, np.array([0, 0, 1]), y[:3])
    x[x > 0.5] = y[0]
    return np.sum(x)


@st.composite
def regions(draw):
    """A start, a number of elements and a step that fit into ten elements."""
    step = draw(st.sampled_from([1, 1, 2, -1]))
    size = draw(st.integers(3, 4))
    first = draw(st.integers(0, 9 - (size - 1) * abs(step)))
    return (first, size, step) if step > 0 else (first + size - 1, size, step)


def seen(base, region):
    first, size, step = region
    return as_strided(base[first:], (size,), (8 * step,))


@pytest.mark.parametrize("function", [early, late, branchy, looped, scattered, moved])
def test_random_overlaps(function):
    outcomes = {"right": 0, "refused": 0, "wrong": 0}
    refusals = set()

    @settings(
        max_examples=40,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(regions(), st.one_of(st.none(), regions()))
    def run(first, second):
        base, direction = (np.random.default_rng(seed).uniform(0.2, 1.0, 10) for seed in (1, 2))
        second = second or first

        def along(step):
            whole = base + step * direction
            return function(seen(whole, first), seen(whole, second))

        args = seen(base, first), seen(base, second)
        if args[0].size != args[1].size and function in (late, moved):
            return
        try:
            value, tangent = gradc.jvp(
                function, args, (seen(direction, first), seen(direction, second)), target="python"
            )
        except AliasingError as error:
            outcomes["refused" if first != second else "wrong"] += 1
            refusals.add(str(error).splitlines()[0])
            return
        assert value == pytest.approx(along(0.0), rel=1e-14)
        assert tangent == pytest.approx(derivative(along, 0.01)[0], rel=1e-8)
        outcomes["right"] += 1

    run()
    assert outcomes["right"] > 5, outcomes
    assert not outcomes["wrong"], outcomes
    assert all("overlaps in memory with" in refusal for refusal in refusals), refusals


@pytest.mark.parametrize(
    "made",
    [
        "[y[0] for u in x]",
        "[y[0] * u for u in x if u > 0.0]",
        "[u for u in x if u > y[0]]",
        "list(map(lambda u: u * y[0], x))",
        "sorted(x, key=lambda u: u * y[0])",
        "np.array([y[0] * u for u in x])",
        "sum([y[0] * u for u in x])",
        "sum(y[0] * u for u in x)",
        "[y[0] + u * t for u in x for t in x]",
        "max(x, key=lambda u: y[0] * u)",
    ],
)
def test_what_is_lost_in_a_comprehension_is_said(made, tmp_path):
    path = tmp_path / "listed.py"
    path.write_text(
        "import numpy as np\n\ndef f(x, y):\n    x[0] = 2.0\n"
        f"    made = {made}\n    return np.sum(made)\n"
    )
    namespace = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    v = V.copy()
    with pytest.raises(AliasingError, match=r"listed.py:5:\d+: `y` overlaps"):
        gradc.grad(namespace["f"], target="python")(v, v[::-1])
