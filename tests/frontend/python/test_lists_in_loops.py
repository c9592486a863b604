"""Lists that loops change: carried where their length stays, unrolled or refused otherwise."""

import numpy as np
import pytest

import gradc


def _agrees(fn, *args):
    gradc.check_grads(fn, args, target="python")


def test_items_are_carried():
    def product(x, n):
        parts = [x, 2.0]
        for _ in range(n):
            parts[0] = parts[0] * x
            parts[1] += parts[0]
        return sum(parts)

    value, gradient = gradc.value_and_grad(product, target="python")(1.5, 3)
    assert value == product(1.5, 3)
    # parts end as x**4 and 2 + x**2 + x**3 + x**4
    assert gradient == pytest.approx(2 * 1.5 + 3 * 1.5**2 + 8 * 1.5**3)
    _agrees(product, 1.5, 3)


def test_items_are_carried_by_while_and_break():
    def until(x, limit):
        state = [x, 0.0]
        while state[0] < limit:
            state[0] = state[0] * x
            state[1] += np.sin(state[0])
            if state[1] > 1.9:
                break
        return state[0] * state[1]

    _agrees(until, 1.3, 5.0)


def test_arrays_in_a_list():
    def steps(x, n):
        pair = [x, 2 * x]
        for _ in range(n):
            pair[0] = pair[0] + 0.1 * pair[1]
            pair[1] = pair[1] - 0.1 * np.sin(pair[0])
        return pair[0] @ pair[1]

    _agrees(steps, np.array([0.3, -0.7]), 4)


def test_list_of_an_outer_call():
    def outer(x, n):
        state = [x, 1.0]

        def advance():
            state[1] = state[1] * state[0]

        for _ in range(n):
            advance()
        return state[1]

    _agrees(outer, 1.5, 3)


def test_nested_loops():
    def nested(x, n):
        total = [0.0, x]
        for i in range(n):
            for j in range(i):
                total[0] += total[1] * x * j
            total[1] = total[1] * x
        return total[0] + total[1]

    _agrees(nested, 0.7, 4)


def test_growing_in_a_loop_of_known_length():
    def grow(x):
        parts = [x]
        for k in range(3):
            parts.append(parts[-1] * (x + k))
        return sum(parts)

    _agrees(grow, 1.5)


@pytest.mark.parametrize("loop", ["for k in range(n):", "while x < n:"])
def test_growing_by_what_is_no_number(loop, tmp_path, monkeypatch):
    source = tmp_path / "growing.py"
    source.write_text(
        "def grow(x, n):\n"
        "    parts = [(x, x)]\n"
        f"    {loop}\n"
        "        x = x * 2.0\n"
        "        parts.append((x, x * x))\n"
        "    return parts[0][0]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    namespace: dict = {}
    exec(compile(source.read_text(), str(source), "exec"), namespace)
    with pytest.raises(gradc.UnsupportedSyntaxError) as caught:
        gradc.grad(namespace["grow"], target="python")(1.5, 3)
    assert f"{source}:3:5: the length of `parts` changes in this loop" in str(caught.value)
    assert "fill arrays instead" in str(caught.value)


def test_growing_on_one_path():
    def grow(x, n):
        parts = [(x, x)]
        if n > 2:
            parts.append((x, x * x))
        return parts[0][0]

    with pytest.raises(gradc.UnsupportedSyntaxError, match="`parts` has 2 items on one path and 1"):
        gradc.grad(grow, target="python")(1.5, 3)


def test_growing_on_one_path_that_returns():
    def grow(x, n):
        parts = [x]
        if n > 2:
            parts.append(x * x)
            return sum(parts)
        return parts[0]

    _agrees(grow, 1.5, 3)
    _agrees(grow, 1.5, 1)


def test_conditions_that_change_things():
    def pops(x):
        parts = [x, x, x]
        while parts.pop() > 5.0:
            x = x * 2
        return x

    def assigns(x):
        while (y := x * 2) < 5.0:
            x = y
        else:
            x = x + 1.0
        return x

    with pytest.raises(gradc.UnsupportedSyntaxError, match="condition of this loop changes a list"):
        gradc.grad(pops, target="python")(1.0)
    with pytest.raises(gradc.UnsupportedSyntaxError, match="condition of this loop assigns a name"):
        gradc.grad(assigns, target="python")(1.0)
