"""Finding the text of a function, whatever kind of callable it is, and the place of its parts."""

import functools
import importlib.util
import linecache
import sys

import numpy as np
import pytest

from gradc.errors import GradcError, UnsupportedFunctionError, UnsupportedSyntaxError
from gradc.frontend.python import Leaf, Static, lower_function
from gradc.ir.types import F64, DType, Type
from tests.frontend.python.support import lowered, run

SCALES = np.array([1.0, 2.0])


def double(x):
    return 2 * x


one, two = (lambda x: x + 1), (lambda x: x * 2)
nested = [lambda x: (lambda y: y * x)(x + 1), lambda x: x - 1]
same_text = [lambda x: x, lambda x: x]


def test_lambdas_on_one_line_are_told_apart():
    assert run(one, 3.0) == 4.0
    assert run(two, 3.0) == 6.0
    assert [run(f, 3.0) for f in nested] == [12.0, 2.0]
    assert [run(f, 3.0) for f in same_text] == [3.0, 3.0]


def test_lambda_over_several_lines():
    functions = [
        lambda x, y=2.0:
        x * y
        + 1
    ]  # fmt: skip
    assert run(functions[0], 3.0) == 7.0


def test_lambda_in_a_call():
    assert run(functools.partial(lambda x, k: x**k, k=3), 2.0) == 8.0


class Scaled:
    """A callable object with methods."""

    factor = 3.0

    def __init__(self, offset):
        self.offset = offset

    def __call__(self, x):
        return x * self.factor + self.offset

    def method(self, x):
        return self(x) * 2

    @property
    def twice(self):
        return self.offset * 2

    def with_property(self, x):
        return x * self.twice

    @staticmethod
    def static(x):
        return x + 1

    @classmethod
    def of_class(cls, x):
        return x * cls.factor


def test_methods_and_callable_objects():
    scaled = Scaled(np.array([1.0, 2.0]))
    x = np.array([0.5, 0.25])
    for callable_ in (scaled, scaled.method, scaled.with_property, scaled.static, scaled.of_class):
        np.testing.assert_allclose(run(callable_, x), callable_(x))


def test_numba_dispatcher():
    import numba

    @numba.njit
    def triple(x):
        return 3 * x

    def outer(x):
        return triple(x) + 1

    assert run(triple, 2.0) == 6.0
    assert run(outer, 2.0) == 7.0


def test_wrapper_is_what_it_does():
    def add_one(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs) + 1.0

        return wrapper

    @add_one
    def f(x, y=2.0):
        return x * y

    assert run(f, 3.0) == 7.0
    assert run(functools.partial(f, y=5.0), 3.0) == 16.0


def test_cached_function_is_the_function():
    assert run(functools.lru_cache(double), 3.0) == 6.0


def test_unbound_default_values_are_constants():
    def f(x, scale=SCALES, *, power=2):
        return (scale * x) ** power

    np.testing.assert_allclose(run(f, 3.0), [9.0, 36.0])


def test_static_arguments():
    def f(x, mode, power):
        return x**power if mode == "power" else x

    found = lower_function(f, [Leaf(F64), Static("power")], {"power": Static(3)})
    assert [param.name for param in found.function.params] == ["x"]
    assert [op.prim.name for op in found.function.ops] == ["ipow"]


def test_names_of_parts_of_arguments():
    def f(params, pair):
        return params["w"] * params["b"][1] + pair[0]

    tree = {"w": Leaf(F64), "b": [Leaf(F64), Leaf(F64)]}
    found = lower_function(f, [tree, (Leaf(F64), Static(None))])
    assert found.leaf_names == ("params_w", "params_b_0", "params_b_1", "pair_0")


def test_constants_from_outside_are_told():
    found, _ = lowered(make_scaled(2.5), 1.0)
    assert found.constants["scale"] == 2.5


def make_scaled(scale):
    def f(x):
        return x * scale

    return f


def test_places_count_characters_not_bytes():
    def f(größe):
        return größe * unbekannt  # noqa: F821

    with pytest.raises(UnsupportedSyntaxError) as caught:
        lowered(f, 1.0)
    (problem,) = caught.value.diagnostics
    place = problem.location
    assert place.source_line[place.col - 1 : place.end_col - 1] == "unbekannt"


def test_place_in_a_callee_is_in_its_file():
    def helper(x):
        return x.unheard_of

    def f(x):
        return helper(x) + 1

    with pytest.raises(UnsupportedFunctionError) as caught:
        lowered(f, 1.0)
    (problem,) = caught.value.diagnostics
    assert problem.location.line == helper.__code__.co_firstlineno + 1


def test_function_without_a_file():
    names = {}
    exec("def f(x):\n    return x\n", names)
    with pytest.raises(UnsupportedSyntaxError, match="the source of f cannot be read") as caught:
        lowered(names["f"], 1.0)
    assert "define the function in a file" in str(caught.value)


def test_file_that_was_changed_since(tmp_path):
    path = tmp_path / "changing.py"
    path.write_text("def f(x):\n    return x\n")
    spec = importlib.util.spec_from_file_location("changing", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["changing"] = module
    try:
        spec.loader.exec_module(module)
        path.write_text("\n\n\ndef g(x):\n    return x\n")
        linecache.checkcache(str(path))
        with pytest.raises(UnsupportedSyntaxError, match="f is not found at this line"):
            lowered(module.f, 1.0)
        path.write_text("def f(x:\n")
        linecache.checkcache(str(path))
        with pytest.raises(UnsupportedSyntaxError, match="does not parse any more"):
            lowered(module.f, 1.0)
    finally:
        del sys.modules["changing"]


def test_function_written_in_c():
    with pytest.raises(GradcError, match="not a Python function whose source can be read"):
        lowered(len, np.ones(2))


def test_wrong_number_of_arguments():
    with pytest.raises(GradcError, match=r"double\(\) needs a value for `x`"):
        lower_function(double, [])
    with pytest.raises(GradcError, match=r"double\(\) takes 1 positional arguments, 2 are given"):
        lower_function(double, [Leaf(F64), Leaf(F64)])


def test_size_of_one_is_stretched():
    def f(x, y):
        return x * y

    row = Leaf(Type(DType.F64, (1, "n")))
    column = Leaf(Type(DType.F64, ("m", 1)))
    (result,) = lower_function(f, [row, column]).function.results
    assert result.type == Type(DType.F64, ("m", "n"))


def test_async_functions():
    async def f(x):
        return x

    with pytest.raises(UnsupportedSyntaxError, match="f is `async`") as caught:
        lowered(f, 1.0)
    assert "    async def f(x):\n    ^^^^^^^^^^^^^^^" in str(caught.value)


def test_the_place_of_a_function_is_its_name():
    def f(x):
        return x

    place = lowered(f, 1.0)[0].function.loc
    assert (place.col, place.end_col) == (9, 10)
