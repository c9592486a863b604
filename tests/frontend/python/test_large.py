"""Functions of hundreds of statements and of deep nesting, and names that collide.

What the compiler does for them is counted in operations, not in seconds.
"""

import importlib.util
import itertools

import numpy as np
import pytest

import gradc
from gradc.driver import compile_function
from gradc.faces.program import make_program
from gradc.ir.walk import all_ops
from gradc.options import Options

X = np.array([0.7, -0.4, 0.3])
_COUNT = itertools.count()


@pytest.fixture
def define(tmp_path):
    """Make a function from its text, with a file that its source is read from."""

    def made(text, name="f"):
        path = tmp_path / f"made_{next(_COUNT)}.py"
        path.write_text(f"import numpy as np\n\n\n{text}", encoding="utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return getattr(module, name)

    return made


def many_statements(count):
    """Straight code, writes, branches and loops by turns, each of which depends on the last."""
    shapes = (
        "a{k} = np.sin(a{j}) * x[{i}] + 0.5",
        "w[{i}] = w[{i}] * 0.5 + a{j}\na{k} = w[{i}] * 0.9",
        "if a{j} > 0.4:\n    a{k} = a{j} * 0.5\nelse:\n    a{k} = a{j} + x[{i}]",
        "a{k} = a{j}\nfor i in range(2):\n    a{k} = 0.5 * a{k} + x[i] * w[{i}]",
    )
    lines = ["w = x * 2.0", "a0 = x[0]"]
    for k in range(1, count):
        text = shapes[k % len(shapes)].format(k=k, j=k - 1, i=k % 3)
        lines += text.split("\n")
    body = "\n".join(f"    {line}" for line in [*lines, f"return a{count - 1} + w.sum()"])
    return f"def f(x):\n{body}\n"


def size_of_gradient(function, mode="grad"):
    program = make_program(function, (X,), {}, ["x"], Options(target="python", cache=False))
    made = compile_function(program.lowered.function, mode, [0], program.options, results=[0])
    return sum(1 for _ in all_ops(made.function.body))


def test_three_hundred_statements(define):
    f = define(many_statements(300))
    gradc.check_grads(f, (X,), target="python")


def test_size_is_proportional_to_the_statements(define):
    small, large = (size_of_gradient(define(many_statements(count))) for count in (75, 300))
    assert large < 4.5 * small


def nested(kinds):
    """Loops and branches inside each other."""
    heads = {
        "for": "for i{k} in range({trips}):",
        "if": "if y < {bound}:",
        "while": "while z{k} < 1:",
    }
    lines, indent = ["y = x[0]"], 0
    for k, kind in enumerate(kinds):
        if kind == "while":
            lines.append("    " * indent + f"z{k} = 0")
        head = heads[kind].format(k=k, trips=2 if k % 3 == 0 else 1, bound=50 + k)
        lines.append("    " * indent + head)
        indent += 1
        lines.append("    " * indent + f"y = y * x[{k % 3}] + 0.3")
        if kind == "while":
            lines.append("    " * indent + f"z{k} = z{k} + 1")
    lines.append("    " * indent + "y = np.sin(y) + x[1] * x[2]")
    body = "\n".join(f"    {line}" for line in [*lines, "return y"])
    return f"def f(x):\n{body}\n"


@pytest.mark.parametrize(
    "kinds",
    [("for",) * 12, ("if",) * 12, ("for", "if") * 6, ("for", "if", "while") * 4],
    ids=["loops", "branches", "loops and branches", "all"],
)
def test_twelve_deep(define, kinds):
    gradc.check_grads(define(nested(kinds)), (X,), target="python")


def test_size_of_nested_code(define):
    """The adjoint of each level is made once, not once for each level around it."""
    small, large = (size_of_gradient(define(nested(("for", "if") * n))) for n in (3, 6))
    assert large < 3 * small


def test_deep_expression(define):
    text = "x[0]" + "".join(f" * {1 + k / 300:.4f} + x[{k % 3}]" for k in range(200))
    gradc.check_grads(define(f"def f(x):\n    return {text}\n"), (X,), target="python")
