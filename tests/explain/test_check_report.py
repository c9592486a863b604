"""The study of difference quotients: right gradients pass, wrong ones do not, kinks are named."""

import io
import math
import struct

import numpy as np
import pytest
from rich.console import Console

from gradc.explain.check_report import STEPS, CheckReport, study
from gradc.explain.check_view import print_study, save_plot, study_png, study_text


def lecture(x) -> float:
    return (2 * x[0] + 3 * x[1]) ** 2 + 3


def studied(function, point, gradient, **options) -> CheckReport:
    return study(function, np.atleast_1d(point), np.atleast_1d(gradient), **options)


# --- the table ------------------------------------------------------------------------------------


def test_steps_are_those_of_the_lecture():
    report = study(lecture, [1, 3], [44, 66], names=["x1", "x2"])
    assert [component.name for component in report.components] == ["df/dx1", "df/dx2"]
    for component in report.components:
        assert [quotient.h for quotient in component.quotients] == list(STEPS)
    assert STEPS[0] == pytest.approx(0.1)
    assert STEPS[-1] == pytest.approx(1e-12)


def test_quotients_are_the_formulas_of_the_lecture():
    def f(x):
        return math.exp(x[0])

    (component,) = studied(f, 0.5, math.exp(0.5)).components
    for quotient in component.quotients:
        h = quotient.h
        assert quotient.one_sided == (f([0.5 + h]) - f([0.5])) / h
        assert quotient.central == (f([0.5 + h / 2]) - f([0.5 - h / 2])) / h
        assert quotient.one_sided_error == abs(quotient.one_sided - math.exp(0.5))
        assert quotient.central_error == abs(quotient.central - math.exp(0.5))


def test_errors_are_of_order_h_and_h_squared():
    (component,) = studied(lambda x: math.exp(x[0]), 0.5, math.exp(0.5)).components
    first, second, third = component.quotients[:3]
    for before, after in ((first, second), (second, third)):
        assert before.one_sided_error / after.one_sided_error == pytest.approx(10, rel=0.05)
        assert before.central_error / after.central_error == pytest.approx(100, rel=0.01)
    assert component.best("one_sided").h == pytest.approx(1e-8, rel=1)
    assert 1e-6 <= component.best("central").h <= 1e-4


# --- the verdict ----------------------------------------------------------------------------------


def test_the_lecture_agrees():
    report = study(lecture, [1, 3], [44, 66])
    assert report.passed
    assert report.verdict == "agrees"
    assert all(component.digits >= 11 for component in report.components)
    assert report.message.startswith(
        "the adjoint agrees with extrapolated central differences to 1"
    )


@pytest.mark.parametrize("factor", [2.0, 1.01, 1 + 1e-6, 1 + 1e-9, -1.0, 0.0])
def test_a_wrong_gradient_is_found(factor):
    report = study(lecture, [1, 3], [44, 66 * factor], names=["x1", "x2"])
    assert not report.passed
    assert report.verdict == "differs"
    assert report.message.startswith(f"df/dx2: the adjoint gives {66 * factor:.10g}, ")


RIGHT = {
    "constant": (lambda x: 5.0, 0.3, 0.0),
    "flat": (lambda x: x[0] ** 2, 0.0, 0.0),
    "steps": (lambda x: math.floor(x[0]), 0.3, 0.0),
    "edge": (lambda x: np.log(x[0]), 1e-3, 1e3),
    "tiny": (lambda x: np.log(x[0]), 1e-8, 1e8),
    "steep": (lambda x: np.exp(x[0]), 50.0, math.exp(50.0)),
    "far": (lambda x: np.sin(x[0]), 1e6, math.cos(1e6)),
    "fast": (lambda x: np.sin(1e4 * x[0]), 0.3, 1e4 * math.cos(3e3)),
    "fine": (lambda x: x[0] + 1e-6 * np.sin(1e6 * x[0]), 0.3, 1 + math.cos(3e5)),
    "beside a kink": (lambda x: max(x[0], 0.0), 0.01, 1.0),
    "small": (lambda x: 1e-200 * x[0] ** 2, 1.0, 2e-200),
    "smooth at 0": (lambda x: x[0] * abs(x[0]), 0.0, 0.0),
}


@pytest.mark.parametrize("case", RIGHT)
def test_a_right_gradient_passes(case):
    function, point, gradient = RIGHT[case]
    report = studied(function, point, gradient)
    assert report.verdict == "agrees", report.message


@pytest.mark.parametrize("case", RIGHT)
def test_the_same_gradient_a_little_wrong_does_not(case):
    function, point, gradient = RIGHT[case]
    wrong = 1e-3 if gradient == 0 else gradient * (1 + 1e-3)
    assert not studied(function, point, wrong).passed


def test_float32_has_its_own_rounding():
    def f(x):
        return float(np.tanh(np.float32(x[0])) * np.float32(3))

    exact = 3 * (1 - math.tanh(0.3) ** 2)
    epsilon = float(np.finfo(np.float32).eps)
    assert studied(f, 0.3, float(np.float32(exact)), epsilon=epsilon).passed
    assert studied(f, 0.3, exact * 1.01, epsilon=epsilon).verdict == "differs"


@pytest.mark.parametrize("adjoint", [0.0, 0.5, 1.0])
def test_a_kink_is_named_and_passes_between_its_sides(adjoint):
    report = studied(lambda x: max(x[0], 0.0), 0.0, adjoint)
    assert report.passed
    if report.verdict == "kink":
        assert (report.components[0].left, report.components[0].right) == (0.0, 1.0)
        assert "a kink here, from 0 on the left to 1 on the right" in report.message
    else:
        assert adjoint == 0.5


def test_what_lies_outside_a_kink_is_wrong():
    assert studied(lambda x: max(x[0], 0.0), 0.0, 1.5).verdict == "differs"
    assert studied(lambda x: abs(x[0]), 0.0, -2.0).verdict == "differs"


@pytest.mark.parametrize(
    ("function", "point", "message"),
    [
        (lambda x: float(x[0] > 0), 0.0, "differences do not settle near this point"),
        (lambda x: np.sqrt(x[0]), 0.0, "differences do not settle near this point"),
        (lambda x: np.log(x[0]), -1.0, "the function is nan at this point: choose another"),
    ],
)
def test_undecided_is_no_pass(function, point, message):
    report = studied(function, point, 0.25)
    assert report.verdict == "undecided"
    assert not report.passed
    assert message in report.message


@pytest.mark.parametrize("claimed", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_is_wrong(claimed):
    report = studied(lambda x: x[0] ** 2, 1.0, claimed)
    assert report.verdict == "differs"
    assert "the adjoint gives" in report.message


def test_many_variables_are_checked_along_directions():
    point = np.arange(50) / 10
    right = np.cos(point)

    def f(x):
        return float(np.sum(np.sin(x)))

    report = study(f, point, right)
    assert report.passed
    assert len(report.components) == 5
    assert report.components[0].name == "df/dx[0]"
    wrong = right.copy()
    wrong[37] *= 1.001
    assert study(f, point, wrong).verdict == "differs"


def test_the_function_gets_plain_floats():
    seen = []

    def f(x):
        seen.append([type(number) for number in x])
        return x[0] * x[1]

    assert study(f, np.float32([1, 2]), [2, 1]).passed
    assert set(map(tuple, seen)) == {(float, float)}


@pytest.mark.parametrize(
    ("point", "gradient", "names"), [([1], [1, 2], None), ([], [], None), ([1], [1], ["a", "b"])]
)
def test_lengths_must_fit(point, gradient, names):
    with pytest.raises(ValueError, match=r"gradient of shape|names for"):
        study(lambda x: 0.0, point, gradient, names)


# --- the view -------------------------------------------------------------------------------------


def test_text_of_the_lecture():
    text = study_text(study(lecture, [1, 3], [44, 66], names=["x1", "x2"]), width=80)
    assert text.startswith(
        "Difference quotients against the adjoint\n"
        "  one-sided (f(x+h) - f(x))/h\n"
        "  central   (f(x+h/2) - f(x-h/2))/h\n"
    )
    assert "df/dx1 = 44 by the adjoint\n" in text
    assert " 1e-01         44.4   4.0e-01 " in text
    assert text.count("1e-12") == 2
    assert "right: the adjoint agrees with extrapolated central differences to 12 digits\n" in text
    assert max(map(len, text.splitlines())) <= 80


def test_bars_grow_with_the_error():
    text = study_text(study(lecture, [1, 3], [44, 66]), width=120)
    rows = [line for line in text.splitlines() if line.strip().startswith("1e-0")][:4]
    one_sided = [row[: row.index("  44  ")].count("▬") for row in rows]
    assert one_sided == sorted(one_sided, reverse=True)
    assert one_sided[0] > one_sided[-1]
    assert " best" in text


@pytest.mark.parametrize("width", [80, 120])
def test_the_text_fits(width):
    text = study_text(studied(lambda x: math.exp(x[0]) * 1e30, 1.23456789, math.exp(1.2) * 1e30))
    assert max(map(len, text.splitlines())) <= width
    assert "WRONG: df/dx[0]: the adjoint gives" in text


def test_nothing_finite_is_said_in_one_line():
    text = study_text(studied(lambda x: np.log(x[0]), -1.0, 1.0))
    assert "no difference quotient is finite" in text
    assert "nan " not in text.replace("is nan at", "")


def test_plain_terminals_get_ascii():
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    print_study(study(lecture, [1, 3], [44, 66]), Console(file=file, width=80))
    file.flush()
    assert b"###" in raw.getvalue()


def test_the_plot_is_a_png(tmp_path):
    report = study(lambda x: math.exp(x[0]), [0.5], [math.exp(0.5)])
    path = save_plot(report, tmp_path / "check.png", "exp")
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    assert width > 600
    assert height > 400
    assert list(tmp_path.iterdir()) == [path]


def test_a_plot_says_that_nothing_is_finite():
    assert study_png(studied(lambda x: np.log(x[0]), -1.0, 1.0)).startswith(b"\x89PNG")


def test_without_matplotlib_there_is_no_plot(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert save_plot(study(lecture, [1, 3], [44, 66]), tmp_path / "check.png") is None
    assert list(tmp_path.iterdir()) == []
