"""Whole modules: what stands around the statements, names, comments, and limits."""

import ast
import textwrap
import time

import numpy as np
import pytest

from gradc.emit import emit_module, signature
from gradc.errors import InternalError, Location
from gradc.ir.builder import Builder
from gradc.ir.core import Function, Kind, Primitive, Region, Role
from gradc.ir.parser import parse_text
from gradc.ir.types import F32, F64, INT, DType, Type
from gradc.prims.arithmetic import ADD, DIV, MUL
from gradc.prims.elementary import EXP, SIN
from gradc.prims.evaluate import evaluate
from gradc.prims.shape import EXPECT
from gradc.prims.table import TABLE
from tests.emit.running import run_text

HEAD = '"""t"""\n\n'


def text_of(builder, params, results, style="loops", **keywords) -> str:
    function = Function("f", Region(tuple(params), tuple(builder.ops), tuple(results)))
    return emit_module([function], style=style, title="t", **keywords)


def parsed(text: str) -> Function:
    return parse_text(textwrap.dedent(text).strip() + "\n", TABLE)


def body_of(text: str) -> str:
    return text[text.index("    ", text.index("def ")) :]


def test_a_whole_module():
    builder = Builder()
    x = builder.value(F64, "x", named=True)
    y = builder.emit(EXP, [builder.emit(MUL, [x, x])])
    text = text_of(builder, [x], [y], options={"fastmath": False, "parallel": False})
    assert text == HEAD + (
        "import numpy as np\n\n"
        "from gradc_runtime.jit import kernel\n\n\n"
        '@kernel("f8", fastmath=False)\n'
        "def f(x):\n"
        "    return np.exp(x * x)\n"
    )


def test_two_functions_share_the_header():
    functions = []
    for name in ("f", "g"):
        builder = Builder()
        x = builder.value(F64, "x", named=True)
        functions.append(Function(name, Region((x,), (), (x,))))
    text = emit_module(functions, style="loops", title='it\'s """quoted\\"')
    assert text.count("import kernel") == 1
    assert ast.get_docstring(ast.parse(text)) == "it's '''quoted\\"
    assert run_text(text, "f", [1.0]) == run_text(text, "g", [1.0]) == (1.0,)


def test_signatures():
    builder = Builder()
    types = [F64, F32, INT, Type(DType.BOOL), Type(DType.F64, ("n",)), Type(DType.INT, ("n", 3, 1))]
    params = [builder.value(type, "x") for type in types]
    assert signature(params) == "f8, f4, i8, b1, f8[::1], i8[:, :, ::1]"


def test_long_lists_of_arguments_are_cut():
    builder = Builder()
    params = [builder.value(Type(DType.F64, ("n",)), f"argument_{k}") for k in range(30)]
    text = text_of(builder, params, params[:1])
    assert max(map(len, text.splitlines())) <= 100
    (function,) = (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef))
    assert [arg.arg for arg in function.args.args] == [param.name for param in params]
    assert ast.literal_eval(function.decorator_list[0].args[0]) == signature(params)


def test_unknown_primitives_are_a_defect():
    odd = Primitive("odd", Kind.CONSTANT, lambda args, params: (F64,))
    builder = Builder()
    made = builder.emit(odd, [])
    with pytest.raises(InternalError, match=r"odd \(from .*\) has no text"):
        text_of(builder, [], [made])


def test_output_is_the_same_every_time():
    texts = set()
    for _ in range(3):
        builder = Builder()
        x = builder.value(F64, "x", named=True)
        total = x
        for _ in range(20):
            total = builder.emit(ADD, [builder.emit(EXP, [total]), total])
        texts.add(text_of(builder, [x], [total]))
    assert len(texts) == 1


# -- names --------------------------------------------------------------------------------------


def test_names_that_mean_something_get_an_underscore():
    builder = Builder()
    names = ["np", "lambda", "max", "kernel", "wrap", "t1", "ﬁ", "x.y"]
    params = [builder.value(F64, name, named=True) for name in names]
    shared = builder.emit(MUL, [params[0], params[1]])
    results = [builder.emit(ADD, [shared, shared])]
    for param in params[2:]:
        results[0] = builder.emit(ADD, [results[0], param])
    text = text_of(builder, params, results)
    assert "def f(np_, lambda_, max_, kernel_, wrap_, t1, fi, x_y):" in text
    assert "    t2 = np_ * lambda_\n" in text
    numbers = [float(k) for k in range(1, 9)]
    assert run_text(text, "f", numbers) == (2.0 * 2.0 + sum(numbers[2:]),)


def test_versions_of_a_variable_share_its_name():
    text = emit_module(
        [
            parsed(
                """
                def f(x: f64, n: i64(n)):
                    lo: i64(0) = const(dtype='i64', value=0)
                    one: i64(1) = const(dtype='i64', value=1)
                    with for_(lo, n, one, x, x) as (i, a, b):
                        i: i64(i)
                        a_1: f64 = mul(a, x)
                        b_1: f64 = mul(b, a_1)
                        b_2: f64 = add(b_1, a_1)
                        yield_(a_1, b_2)
                    a_3: f64; b_3: f64 = outs()
                    return (b_3,)
                """
            )
        ],
        style="loops",
        title="t",
    )
    assert body_of(text) == (
        "    a = x\n"
        "    b = x\n"
        "    for _ in range(n):\n"
        "        a = a * x\n"
        "        b = b * a + a\n"
        "    return b\n"
    )


# -- comments -----------------------------------------------------------------------------------


def adjoint_lines(source: str, name: str = "model.py") -> str:
    builder = Builder()
    x = builder.value(F64, "x", named=True)
    with builder.at(Location(name, 5, 1, text=source), Role.ADJOINT):
        y = builder.emit(MUL, [x, x], name="x_bar")
        z = builder.emit(ADD, [y, y], name="z_bar")
    with builder.at(Location(name, 4, 1, text="q = 1"), Role.ADJOINT):
        w = builder.emit(MUL, [z, z], name="w_bar")
    body = Region((x,), tuple(builder.ops), (w, z, y))
    function = Function("f", body, Location("model.py", 1))
    return body_of(emit_module([function], style="loops", title="t"))


def test_each_derivative_line_names_its_source():
    assert adjoint_lines("    p = p   * x  # the # product") == (
        "    x_bar = x * x  # line 5: p = p * x\n"
        "    z_bar = x_bar + x_bar  # line 5\n"
        "    w_bar = z_bar * z_bar  # line 4: q = 1\n"
        "    return w_bar, z_bar, x_bar\n"
    )


def test_comments_keep_to_the_line():
    lines = adjoint_lines("value = " + " + ".join(["something"] * 30)).splitlines()
    assert 95 < max(map(len, lines)) <= 100
    assert lines[0].endswith("...")
    assert "  # other.py, line 5: p = 'a # b'\n" in adjoint_lines("p = 'a # b'", "lib/other.py")
    assert "  # line 5: f(\n" in adjoint_lines("  f(  # an open bracket")


def test_lines_of_different_sources_stay_apart():
    builder = Builder()
    x = builder.value(F64, "x", named=True)
    with builder.at(Location("m.py", 7), Role.ADJOINT):
        y = builder.emit(MUL, [x, x])
    with builder.at(Location("m.py", 6), Role.ADJOINT):
        z = builder.emit(EXP, [y])
        w = builder.emit(EXP, [builder.emit(EXP, [z])])
    text = body_of(text_of(builder, [x], [w]))
    assert "t1 = x * x  # m.py, line 7\n" in text
    assert "np.exp(np.exp(np.exp(t1)))" in text


# -- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["numpy", "loops"])
def test_division_by_zero_is_numpys_also_between_literals(style):
    function = parsed(
        """
        def f(n: i64(n)):
            zero: f64 = const(dtype='f64', value=0.0)
            one: f64 = const(dtype='f64', value=1.0)
            lo: i64(0) = const(dtype='i64', value=0)
            step: i64(1) = const(dtype='i64', value=1)
            with for_(lo, n, step, zero) as (i, s):
                i: i64(i)
                t: f64 = add(s, one)
                yield_(t)
            u: f64 = outs()
            v: f64 = div(one, u)
            w: f64 = ipow(u, n=-1)
            return (v, w)
        """
    )
    text = emit_module([function], style=style, title="t")
    assert run_text(text, "f", [0]) == (np.inf, np.inf)
    assert run_text(text, "f", [4]) == (0.25, 0.25)


@pytest.mark.parametrize("style", ["numpy", "loops"])
def test_single_precision_stays(style):
    function = parsed(
        """
        def f(x: f32, a: f32[n], n: i64(n)):
            c: f32 = const(dtype='f32', value=0.1)
            lo: i64(0) = const(dtype='i64', value=0)
            step: i64(1) = const(dtype='i64', value=1)
            with for_(lo, n, step, c) as (i, s):
                i: i64(i)
                t: f32 = mul(s, x)
                d: f32 = div(c, t)
                yield_(d)
            u: f32 = outs()
            b: f32[n] = broadcast(c, n, axes=())
            e: f32[n] = mul(a, b)
            return (u, e)
        """
    )
    text = emit_module([function], style=style, title="t")
    for n in (0, 1, 3):
        args = [np.float32(0.3), np.arange(n, dtype=np.float32), n]
        for have, want in zip(run_text(text, "f", args), evaluate(function, args), strict=True):
            assert have.dtype == np.float32
            np.testing.assert_array_equal(have, want)


# -- checks and limits --------------------------------------------------------------------------


def test_a_check_of_sizes_is_an_if():
    builder = Builder()
    x = builder.value(Type(DType.F64, ("n",)), "x", named=True)
    y = builder.value(Type(DType.F64, ("m",)), "y", named=True)
    what = "m.py:3: operands of x + y could not be broadcast together " * 2
    same = builder.emit(EXPECT, [y, builder.dim(x, 0)], {"what": what})
    text = text_of(builder, [x, y], [builder.emit(ADD, [x, same])], "numpy")
    assert max(map(len, text.splitlines())) <= 100
    assert "    if y.shape[0] != x.shape[0]:\n        raise ValueError(\n" in text
    np.testing.assert_array_equal(run_text(text, "f", [np.ones(2), np.ones(2)])[0], [2.0, 2.0])
    with pytest.raises(ValueError, match=r"^m\.py:3: operands of x \+ y could not") as caught:
        run_text(text, "f", [np.ones(2), np.ones(3)])
    assert str(caught.value) == what


def chain(length: int) -> Function:
    builder = Builder()
    x = builder.value(F64, "x", named=True)
    values = [x]
    for k in range(length):
        prim = (ADD, DIV, MUL)[k % 3]
        values.append(builder.emit(prim, [values[-1], values[-1 - k % 2]]))
        values.append(builder.emit(SIN, [values[-1]]))
    return Function("f", Region((x,), tuple(builder.ops), (values[-1],)))


def seconds(length: int) -> float:
    function = chain(length)
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        emit_module([function], style="loops", title="t")
        best = min(best, time.process_time() - start)
    return best


def test_time_grows_with_the_length_of_the_text():
    assert seconds(1600) < 16 * seconds(400)


def test_lines_are_never_too_long():
    text = emit_module([chain(400)], style="loops", title="t")
    assert max(map(len, text.splitlines())) <= 100
    args = [np.float64(1.01)]
    assert np.isfinite(run_text(text, "f", args))
    assert run_text(text, "f", args) == evaluate(chain(400), args)


def test_many_branches_are_one_elif_chain():
    builder = Builder()
    x = builder.value(F64, "x", named=True)

    def nest(inner: Builder, left: int) -> object:
        if left == 0:
            return x
        condition = inner.emit(TABLE["lt"], [x, inner.const(float(left))])
        then, other = inner.child(), inner.child()
        yes = then.close((), [then.emit(EXP, [x])])
        no = other.close((), [nest(other, left - 1)])
        (out,) = inner.branch(condition, yes, no, ["y"])
        return out

    result = nest(builder, 60)
    text = text_of(builder, [x], [result])
    assert text.count("    elif x < ") == 59
    assert run_text(text, "f", [np.float64(100.0)]) == (100.0,)
    assert run_text(text, "f", [np.float64(59.5)]) == (np.exp(59.5),)
