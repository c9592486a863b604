"""Functions that call themselves: routines of their own in the program, or refused."""

import numpy as np
import pytest

import gradc
from gradc.errors import GradcError, UnsupportedFunctionError
from gradc.ir.routines import routines_of
from gradc.ir.verify import verify
from tests.frontend.python.support import lowered, run, same
from tests.zoo.recursion import two_recursions_of_numbers

V = np.array([0.5, -1.2, 2.0, 0.3])


def power(x, n):
    if n == 0:
        return 1.0
    return x * power(x, n - 1)


def even(x, n):
    return x if n == 0 else odd(x * 1.1, n - 1)


def odd(x, n):
    return -x if n == 0 else even(x * x, n - 1)


def names_of(program):
    return [routine.name for routine in routines_of(program)]


def test_one_routine_for_all_calls():
    def f(x, n):
        return power(x, n) + power(2.0 * x, n + 1)

    found, _ = lowered(f, 0.5, 3)
    assert names_of(found.function) == ["power"]
    for routine in routines_of(found.function):
        verify(routine.function)
    same(run(f, 0.5, 3), f(0.5, 3))


def test_functions_that_call_each_other():
    found, _ = lowered(even, 0.5, 3)
    assert sorted(names_of(found.function)) == ["even", "odd"]
    same(run(even, 0.5, 5), even(0.5, 5))


def test_recursion_bounded_by_a_constant_is_written_out():
    def f(x):
        return power(x, 3)

    found, _ = lowered(f, 0.5)
    assert names_of(found.function) == []


def test_a_routine_for_each_kind_of_argument():
    def g(x, n):
        return twice(x, n) + twice(n, n)

    def twice(x, n):
        if n == 0:
            return x
        return 2 * twice(x, n - 1)

    found, _ = lowered(g, 0.5, 3)
    assert len(names_of(found.function)) == 2
    same(run(g, 0.5, 3), g(0.5, 3))


def test_arguments_of_ever_other_types_are_refused():
    def f(x, n):
        if n == 0:
            return 0.0
        return f((x, x), n - 1)

    with pytest.raises(GradcError, match="arguments of ever other types"):
        run(f, 0.5, 3)


def test_types_of_the_result_settle():
    def f(x, n):
        if n == 0:
            return 1
        return f(x, n - 1) * x

    same(run(f, 0.5, 3), f(0.5, 3))


def test_python_stops_a_recursion_without_an_end_and_so_does_the_program():
    def f(x, n):
        if n == 0.5:
            return x
        return f(x, n - 1.0)

    with pytest.raises(RecursionError):
        run(f, 0.5, 1.0)


# -- the program -----------------------------------------------------------------------------------


def test_the_program_reads_like_the_function():
    g = gradc.grad(power, target="python")
    assert g(1.3, 5) == pytest.approx(5 * 1.3**4)
    assert "@routine()\ndef power(x, n):\n    if n == 0:" in g.source
    assert "power_vjp(x, n - 1" in g.source or "power_vjp(x, t2" in g.source
    assert "    power_jvp" not in g.source


def test_names_of_routines_are_not_taken_by_variables():
    def f(x, n):
        power_vjp = x * 2
        return power(x, n) * power_vjp

    g = gradc.grad(f, target="python")
    assert g(1.3, 2) == pytest.approx(6 * 1.3**2)


def test_second_derivatives():
    second = gradc.grad(gradc.grad(power, target="python"), target="python")
    assert second(1.3, 5) == pytest.approx(20 * 1.3**3)
    value, dot = gradc.jvp(
        gradc.grad(power, target="python"), (1.3, 5), (1.0, None), target="python"
    )
    assert (value, dot) == pytest.approx((5 * 1.3**4, 20 * 1.3**3))


def test_derivatives_inside_the_recursion():
    def f(x, n):
        if n == 0:
            return x
        return gradc.grad(lambda z: z**3)(f(x, n - 1)) * x

    def by_hand(x, n):
        return x if n == 0 else 3 * by_hand(x, n - 1) ** 2 * x

    found = gradc.value_and_grad(f, target="python")(0.7, 3)
    assert found == pytest.approx(gradc.value_and_grad(by_hand, target="python")(0.7, 3))


def test_a_derivative_of_itself_is_refused():
    def f(x, n):
        if n == 0:
            return x
        return gradc.grad(lambda z: f(z, n - 1))(x)

    with pytest.raises(UnsupportedFunctionError, match="a derivative of itself"):
        gradc.grad(f, target="python")(0.7, 3)


def test_ir_shows_the_routines():
    def f(x, n):
        return power(x, n)

    gradient = gradc.grad(f, target="python")
    gradient(0.5, 3)
    shown = [line.split("(")[0] for line in gradient.ir.splitlines() if line.startswith("def ")]
    assert shown == ["def power", "def power_vjp", "def f_grad"]


def test_compiled_and_saved(tmp_path):
    g = gradc.value_and_grad(even)
    wanted = gradc.value_and_grad(even, target="python")(0.7, 6)
    assert g(0.7, 6) == pytest.approx(wanted)
    path = g.save(tmp_path / "saved.py")
    namespace = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    assert namespace["even_value_and_grad"].py_func(0.7, 6) == pytest.approx(wanted)


def test_not_in_cuda_kernels():
    g = gradc.grad(power, target="cuda")
    compiled = g.specialize(np.ones(4), np.full(4, 3)).compiled
    with pytest.raises(UnsupportedFunctionError, match="power calls itself"):
        compiled.text("loops")


def test_calls_with_several_numbers_as_results():
    gradc.check_grads(two_recursions_of_numbers, (0.6, 3, V), order=2, target="python")
