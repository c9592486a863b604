"""What is offered instead of a function that formulas do not have."""

import pytest

import gradc
from gradc.errors import ModelFileError
from gradc.frontend.formula_functions import FUNCTIONS
from gradc.frontend.formula_hints import _MEANT, advice

# What was written, and what has to be in the hint.
HINTS = {
    # by meaning
    "logistic": "`sigmoid`",
    "expit": "`sigmoid`",
    "tg": "`tan`",
    "sgn": "`sign`",
    "cosine": "`cos`",
    "lg": "`log10`",
    "clamp": "`clip`",
    "fmax": "`max`",
    "arc_tan": "`arctan`",
    "square_root": "`sqrt`",
    "leaky_relu": "`x if x > 0 else 0.01*x`",
    "cot": "`1/tan(x)`",
    "heaviside": "`1 if x > 0 else 0`",
    "deg2rad": "`x*pi/180`",
    "softmax": "Python function",
    "gammaln": "Python function",
    "integrate": "Python function",
    "imag": "no complex numbers",
    # a letter that a variable may be called
    "gamma": "`gamma*(...)`",
    "k": "`k*(...)`",
    "x1": "`x1*(...)`",
    "beta2": "`beta2*(...)`",
    # run together
    "sinx": "`sin(x)`",
    "lny": "`ln(y)`",
    "sin2": "`sin(...)**2`",
    "log3": "`log(x)/log(3)`",
    # by spelling
    "sinn": "`sin`",
    "snih": "`sinh`",
    "sigmod": "`sigmoid`",
    "sqrtt": "`sqrt`",
    "Tanh": "`tanh`",
    "hyopt": "`hypot`",
    "maximun": "`maximum`",
    "aan2": "`atan2`",
}


@pytest.mark.parametrize("name", HINTS)
def test_hints(name):
    assert HINTS[name] in advice(name)


@pytest.mark.parametrize(
    "name", ["cat", "map", "mix", "sim", "floorplan", "mask", "signal", "loss", "abc", "point"]
)
def test_no_guess_where_nothing_is_meant(name):
    assert advice(name).startswith("known are abs, acos")


def test_hints_of_meaning_can_be_followed():
    """Each function that is offered is there, and each formula that is offered is one."""
    for name, hint in _MEANT.items():
        assert name not in FUNCTIONS
        assert "`" in hint or " " in hint or hint in FUNCTIONS
        for number, formula in enumerate(hint.split("`")):
            if number % 2 and any(map(str.isalnum, formula)):
                text = formula.replace("condition", "x > 0").replace("...", "x")
                gradc.compile_expression(text, target="python")


def test_in_the_message():
    with pytest.raises(ModelFileError, match="did you mean `sigmoid`"):
        gradc.compile_expression("logistic(x)")
