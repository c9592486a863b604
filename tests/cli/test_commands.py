"""``gradc eval``, ``explain``, ``check`` and ``compile`` on each kind of model."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gradc.cli import app

MODULE = """\
import gradc


def square(x):
    return x * x


def scaled(x, y=2.0):
    return x * y


def power(x: float, n: int):
    return x**n


def product(a, b):
    return (a @ b).sum()


def wrong(x):
    return x * gradc.stop_gradient(x)


def checked(x):
    assert x > 0.0, "x must be positive"
    return x * x


def keyword(x, *, factor):
    return x * factor


def unsupported(x):
    return open(x)
"""

NETWORK = """\
[model]
name = "net"
input = [2]
dtype = "float64"
[[layer]]
type = "linear"
units = 3
[[layer]]
type = "tanh"
[[layer]]
type = "linear"
units = 2
[loss]
type = "cross_entropy"
[train]
learning_rate = 0.1
"""

FORMULA = "(2*x1 + 3*x2)**2 + 3"


@dataclass
class Ended:
    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.out.splitlines()]


@pytest.fixture
def gradc(tmp_path, monkeypatch, capfd):
    """Run a command in a folder with a model of each kind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "user_functions", raising=False)
    (tmp_path / "user_functions.py").write_text(MODULE)
    (tmp_path / "net.toml").write_text(NETWORK)

    def run(*arguments: str) -> Ended:
        status = app.run(arguments)
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return Ended(status, out, err)

    yield run
    sys.modules.pop("user_functions", None)


def said(ended: Ended) -> list[str]:
    assert ended.status == 0, ended.err
    assert ended.err == ""
    return ended.lines


# -- eval -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ([FORMULA, "--at", "x1=1,x2=3"], ["f      = 124", "df/dx1 = 44", "df/dx2 = 66"]),
        ([FORMULA, "--at", "x1=1", "--at", "x2=3", "--wrt", "x2"], ["f      = 124", "df/dx2 = 66"]),
        (["-x**2", "--at", "x=-1.5"], ["f     = -2.25", "df/dx = 3"]),
        (["1/x", "--at", "x=0"], ["f     = inf", "df/dx = -inf"]),
        (["sqrt(x)", "--at", "x=-1"], ["f     = nan", "df/dx = nan"]),
        (["user_functions.py:square", "--at", "x=3"], ["square     = 9", "dsquare/dx = 6"]),
        (["user_functions.py:scaled", "--at", "x=3.0"], ["scaled     = 6", "dscaled/dx = 2"]),
        (
            ["user_functions.py:scaled", "--at", "x=3.0,y=4.0", "--wrt", "y"],
            ["scaled     = 12", "dscaled/dy = 3"],
        ),
        (["user_functions.py:power", "--at", "x=3,n=2"], ["power     = 9", "dpower/dx = 6"]),
        (
            ["user_functions.py:keyword", "--at", "factor=2.0,x=5.0"],
            ["keyword          = 10", "dkeyword/dx      = 2", "dkeyword/dfactor = 5"],
        ),
        (
            ["user_functions.py:scaled", "--at", "x=3.0,y=4"],
            [
                "scaled     = 12",
                "dscaled/dx = 4",
                "y was written as an integer and is constant; write 4.0 or --wrt y to "
                "differentiate it",
            ],
        ),
        (
            ["user_functions.py:product", "--at", "a=[[1,2],[3,4]],b=[1,1]"],
            [
                "product     = 10",
                "dproduct/da = [[1., 1.],",
                "               [1., 1.]]",
                "dproduct/db = [4., 6.]",
            ],
        ),
    ],
)
def test_eval(gradc, arguments, lines):
    assert said(gradc("eval", *arguments)) == lines


def test_eval_of_a_network(gradc):
    (output,) = said(gradc("eval", "net.toml", "--at", "x=[0.5,-1]"))
    assert re.fullmatch(r"net = \[\[-?\d\.\d+, +-?\d\.\d+\]\]", output)
    lines = said(gradc("eval", "net.toml", "--at", "x=[[0.5,-1],[1,1]],y=[0,1]"))
    assert re.fullmatch(r"loss +=[ ]\d\.\d+", lines[0])
    assert [line.split()[0] for line in lines if line[0] != " "] == [
        "loss",
        "dloss/dw1",
        "dloss/db1",
        "dloss/dw2",
        "dloss/db2",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x", "--at", "y=1"], "--at: no value for x of the formula\n--at: the formula has no "
                               "argument y; it has x"),
        (["x*y", "--at", "x=[1],y=1"], "--at: x of the formula: one number belongs here"),
        (["user_functions.py:square", "--at", "z=1"],
         "--at: no value for x of square\n--at: square has no argument z; it has x"),
        (["user_functions.py:scaled", "--at", "x=1,yy=2"],
         "--at: scaled has no argument yy; did you mean y?"),
        (["user_functions.py:square", "--at", "x=1", "--wrt", "z"],
         "--wrt: square has no argument 'z'; there are x"),
        (["user_functions.py:power", "--at", "x=1.0,n=2", "--wrt", "n", "--types", "f64, i64"],
         "--wrt: n of power is no float and cannot be differentiated"),
        (["user_functions.py:square", "--at", "x=1", "--types", "f64, f64"],
         "--types: 2 types for the arguments (x) of square"),
        (["user_functions.py:square", "--at", "x=1", "--types", "f64[:]"],
         "--at: x has 0 axes, and --types gives it 1 (float64[:])"),
        (["user_functions.py:product", "--at", "a=[[1,2],[3]],b=[1]"],
         "--at: the lists of a do not have one length each axis"),
        (["user_functions.py:checked", "--at", "x=-1.0"],
         "checked raised AssertionError: x must be positive"),
        (["user_functions.py:cube", "--at", "x=1"],
         "user_functions.py: there is no function cube; it defines square, scaled, power, product, "
         "wrong, checked, keyword, unsupported"),
        (["net.toml", "--at", "y=1"], "--at: no value for x of net"),
        (["net.toml", "--at", "x=[1,2,3]"],
         "--at: x has the shape (3,); net takes samples of shape (2,)"),
        (["net.toml", "--at", "x=[1,2],y=2"],
         "--at: y: label 2 is not in 0 .. 1 (the model has 2 outputs)"),
        (["net.toml", "--at", "x=[1,2],y=0.5"], "--at: y is 1 labels, integers from 0 to 1"),
        (["x", "--at", "x=1", "--checkpoint", "c.npz"],
         "--checkpoint does not go with this model: only networks have parameters"),
        (["net.toml", "--at", "x=[1,2]", "--checkpoint", "c.npz"], "c.npz: no such checkpoint"),
    ],
)  # fmt: skip
def test_eval_refuses(gradc, arguments, message):
    ended = gradc("eval", *arguments)
    assert ended.status == 2
    assert ended.out == ""
    assert ended.err == f"error: {message}\n"


def test_point_that_does_not_fit_the_function(gradc):
    ended = gradc("eval", "user_functions.py:product", "--at", "a=[[1,2],[3,4]],b=[1,2,3]")
    assert ended.status == 2
    assert "product raised ValueError: " in ended.err
    assert "user_functions.py:17" in ended.err


def test_function_that_cannot_be_differentiated(gradc):
    ended = gradc("eval", "user_functions.py:unsupported", "--at", "x=1.0")
    assert ended.status == 2
    assert "user_functions.py:34:" in ended.err
    assert "    return open(x)\n" in ended.err
    assert "^" in ended.err


# -- explain --------------------------------------------------------------------------------------


def test_explain_shows_the_lecture(gradc):
    lines = said(gradc("explain", FORMULA, "--at", "x1=1,x2=3"))
    text = "\n".join(lines)
    rows = [line.split() for line in lines]
    forward = {row[0]: row[-1] for row in rows if row and re.fullmatch(r"v\d", row[0])}
    assert [
        next(row[-1] for row in rows if row[:1] == [name]) for name in ("v1", "v2", "v3", "v4")
    ] == ["2", "9", "11", "121"]
    assert any(row[:3] == ["v5", "=", "f"] and row[-1] == "124" for row in rows)
    assert forward
    for rule in ("linearity", "constant", "monomial", "chain"):
        assert re.search(rf"\b{rule}\b", text)
    cotangents = [row for row in rows if row[:1] and row[0] in ("v5", "v4", "v3", "v2", "v1")]
    found = [row[1] for row in cotangents if len(row) > 2 and row[2] in ("linearity", "monomial")]
    assert found == ["1", "1", "22", "22", "22"]
    assert any("df/dx1" in line and line.endswith("= 44") for line in lines)
    assert any("df/dx2" in line and line.endswith("= 66") for line in lines)


def test_explain_without_a_point_shows_formulas_only(gradc):
    text = gradc("explain", "x**3").out
    assert "cotangent" not in text
    assert "df/dx = 3·x²" in text


def test_explain_of_a_function_and_a_network(gradc):
    assert "dsquare/dx = " in gradc("explain", "user_functions.py:square", "--at", "x=3.0").out
    text = gradc("explain", "net.toml").out
    assert text.startswith("net: initial parameters, 64 random samples")
    assert re.findall(r"layer \d +\w+", text) == [
        "layer 1   linear",
        "layer 2   tanh",
        "layer 3   linear",
    ]


@pytest.mark.parametrize("model", [FORMULA, "user_functions.py:square", "net.toml"])
def test_explain_writes_one_page_that_loads_nothing(gradc, tmp_path, model):
    point = {"net.toml": [], FORMULA: ["--at", "x1=1,x2=3"]}.get(model, ["--at", "x=3.0"])
    ended = gradc("explain", model, *point, "--html", "pages/page.html")
    assert ended.status == 0, ended.err
    assert "wrote pages/page.html" in ended.out
    page = (tmp_path / "pages" / "page.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert not re.findall(r"<(?:script|link|img|iframe)\b|@import|url\((?!#)", page)


def test_explain_refuses_a_link_before_it_works(gradc, tmp_path):
    (tmp_path / "page.html").symlink_to(tmp_path / "victim")
    ended = gradc("explain", "x**2", "--html", "page.html")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == "error: page.html: is a symbolic link; name the file itself\n"


# -- check ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["cpu", "python"])
def test_check_that_passes(gradc, target):
    lines = said(gradc("check", FORMULA, "--at", "x1=1,x2=3", "--target", target))
    assert lines[0] == "f at x1 = 1, x2 = 3"
    assert any(line.startswith("df/dx1 = 44 by the adjoint") for line in lines)
    assert sum(re.match(r" 1e-\d\d ", line) is not None for line in lines) == 2 * 12
    assert lines[-2].startswith("right: the adjoint agrees with extrapolated central differences")
    assert float(lines[-1].removeprefix("largest relative error: ")) < 1e-9


def test_check_that_fails_has_status_1(gradc):
    ended = gradc("check", "user_functions.py:wrong", "--at", "x=2.0", "--target", "python")
    assert ended.status == 1
    assert ended.err == ""
    assert "WRONG: df/dx: the adjoint gives 2, extrapolated central differences 4" in ended.out
    assert ended.lines[-1] == "largest relative error: 5.0e-01"


def test_check_where_nothing_can_be_decided_has_status_2(gradc):
    ended = gradc("check", "1/x", "--at", "x=0", "--target", "python")
    assert ended.status == 2
    assert "undecided: the function is inf at this point: choose another" in ended.out


def test_check_at_random_points(gradc):
    lines = said(gradc("check", "log(x)*y", "--random", "3", "--target", "python"))
    points = [line for line in lines if line.startswith("f at x = ")]
    assert len(points) == len(set(points)) == 3
    assert all("the adjoint agrees" in line for line in points[1:])
    ended = gradc("check", "log(-x*x)", "--target", "python")
    assert ended.status == 2
    assert "the function is finite at none of 100 random points" in ended.err


def test_check_of_a_network(gradc):
    lines = said(gradc("check", "net.toml", "--target", "python"))
    assert lines[0] == "net in float64: initial parameters, 64 random samples"
    assert float(lines[-1].removeprefix("largest relative error: ")) < 1e-7
    lines = said(gradc("check", "net.toml", "--target", "python", "--random", "2"))
    assert lines[0] == "net in float64: parameters drawn with seed 0, 64 random samples"


def test_check_draws_the_errors(gradc, tmp_path):
    ended = gradc("check", "x**3", "--at", "x=1", "--target", "python", "--plot", "e.png")
    assert "wrote e.png" in ended.out
    assert (tmp_path / "e.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x", "--at", "x=1", "--random", "2"], "--at and --random exclude each other"),
        (["x", "--at", "x=inf"], "--at: a check needs finite numbers"),
        (["net.toml", "--at", "x=1"],
         "--at does not go with a network: it is checked on the first batch"),
        (["x", "--data", "d.npz"],
         "--data does not go with this model: only networks have parameters and data"),
    ],
)  # fmt: skip
def test_check_refuses(gradc, arguments, message):
    ended = gradc("check", *arguments)
    assert (ended.status, ended.out, ended.err) == (2, "", f"error: {message}\n")


# -- compile --------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["loops", "numpy"])
@pytest.mark.parametrize(
    ("model", "name", "types"),
    [
        (FORMULA, "formula", []),
        ("user_functions.py:product", "product", ["--types", "f64[:, :], f64[:]"]),
        ("user_functions.py:power", "power", []),
        ("net.toml", "net", []),
    ],
)
def test_compile(gradc, tmp_path, model, name, types, style):
    lines = said(gradc("compile", model, *types, "--style", style, "--emit", "ir,py"))
    assert [line.split()[:2] for line in lines] == [
        ["wrote", f"{name}-gradc/{name}.py"],
        ["wrote", f"{name}-gradc/{name}.ir"],
    ]
    text = (tmp_path / f"{name}-gradc" / f"{name}.py").read_text()
    imports = re.findall(r"^(?:import|from) ([\w.]+)", text, re.M)
    assert {module.split(".")[0] for module in imports} <= {"math", "numpy", "gradc_runtime"}
    again = said(gradc("compile", model, *types, "--style", style, "-o", "again"))
    assert again[0].startswith(f"wrote again/{name}.py")
    assert (tmp_path / "again" / f"{name}.py").read_text() == text


def test_compiled_module_runs_without_the_compiler(gradc, tmp_path):
    said(gradc("compile", FORMULA))
    said(gradc("compile", "net.toml", "--style", "numpy"))
    code = (
        "import sys; sys.modules['gradc'] = None\n"
        "sys.path += ['formula-gradc', 'net-gradc']\n"
        "import formula, net, numpy as np\n"
        "print(*formula.formula_value_and_grad(1.0, 3.0))\n"
        "x, w1, b1, w2, b2 = (np.ones(s) for s in [(1, 2), (2, 3), 3, (3, 2), 2])\n"
        "print(*net.net_predict.py_func(x, w1, b1, w2, b2)[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    formula, predicted = done.stdout.splitlines()
    assert formula.split() == ["124.0", "44.0", "66.0"]
    np.testing.assert_allclose([float(w) for w in predicted.split()], 1 + 3 * np.tanh(3.0))


def test_types_are_asked_for_where_they_are_needed(gradc):
    ended = gradc("compile", "user_functions.py:product")
    assert ended.status == 2
    assert ended.err.endswith(
        "note: no types are given, so a as a float, b as a float is taken; for arrays give "
        "--types or --at\n"
    )


def test_looking_at_the_passes(gradc, tmp_path):
    stopped = gradc("compile", "x**2", "--stop-after", "reverse")
    assert stopped.status == 0
    assert stopped.out.startswith("def formula_value_and_grad(x: f64):\n")
    assert not (tmp_path / "formula-gradc").exists()
    late = gradc("compile", "x**2", "--stop-after", "loops")
    assert late.out.startswith("def formula_value_and_grad(x: f64):\n")
    ended = gradc("compile", "x**2", "--print-after", "reverse", "--verify-each", "--time-passes")
    assert ended.status == 0
    assert ended.out.startswith("# after reverse")
    assert re.search(r"^ reverse +\d+\.\d\d +\d+% +yes", ended.out, re.M)
    assert (tmp_path / "formula-gradc" / "formula.py").exists()
    refused = gradc("compile", "x**2", "--style", "numpy", "--stop-after", "loops")
    assert refused.status == 2
    assert refused.err.startswith("error: --stop-after loops: the pipeline is ")


def test_cuda(gradc, tmp_path):
    lines = said(gradc("compile", "exp(x)*y", "--target", "cuda", "--emit", "py,ptx"))
    assert len(lines) == 2
    assert ".visible .entry" in (tmp_path / "formula-gradc" / "formula.ptx").read_text()
    lines = said(gradc("compile", "net.toml", "--target", "cuda", "--emit", "ptx"))
    assert ".visible .entry" in (tmp_path / "net-gradc" / "net.ptx").read_text()
    ended = gradc("compile", "x", "--emit", "ptx")
    assert ended.err == (
        "error: --emit ptx: PTX is what CUDA programs compile to; add --target cuda\n"
    )


# -- passes, doctor -------------------------------------------------------------------------------


def test_passes_are_listed_and_explained(gradc):
    from gradc.driver import REGISTRY

    lines = said(gradc("passes"))
    named = {line.split()[0] for line in lines if line and line[0] != " "}
    assert set(REGISTRY) <= named
    for name in REGISTRY:
        text = gradc("passes", "--explain", name).out
        assert text.startswith(f"{name}\n")
        assert len(text.splitlines()) > 5, f"pass {name} is not explained"


def test_doctor(gradc, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADC_CACHE_DIR", str(tmp_path / "cache"))
    text = "\n".join(said(gradc("doctor")))
    for title in ("Software", "Extras", "CPU", "CUDA", "Cache"):
        assert re.search(rf"^{title}$", text, re.M)
    import numba

    import gradc as package

    assert re.search(rf"gradc +{re.escape(package.__version__)}$", text, re.M)
    assert re.search(rf"numba +{re.escape(numba.__version__)}$", text, re.M)
    assert str(tmp_path / "cache") in text
    assert re.search(r"contents +empty", text)


def test_doctor_does_not_load_numba_cuda():
    code = (
        "import sys\n"
        "from gradc.cli.app import run\n"
        "run(['doctor'])\n"
        "slow = {'numba', 'numba.cuda', 'sympy', 'matplotlib'}\n"
        "print('loaded:', sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_examples_are_read(gradc):
    examples = Path(__file__).resolve().parents[2] / "examples"
    specs = sorted(examples.glob("*.toml"))
    assert len(specs) >= 3
    for spec in specs:
        assert f"{spec.stem}: initial parameters, the first" in gradc("explain", str(spec)).out
