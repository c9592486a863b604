"""What to write instead of a function that formulas do not have: by meaning, then by spelling.

A name that means something, in textbooks or in other libraries, is answered with what means the
same here. Only what is one slip of the pen away from a function is taken for a misspelling: a name
that merely resembles one, as ``gamma`` resembles ``lgamma``, gets no guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gradc.frontend.formula_functions import FUNCTIONS, PLAIN

_IF = "write `a if condition else b`"
_SPECIAL = "formulas have erf and erfc; other special functions need a Python function"
_ARRAY = "a formula is about numbers; {} need a Python function"

# By what it means: the name of a function, or what to write.
_MEANT: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("where", "select", "piecewise", "if", "ifelse", "iif", "cond"), _IF),
        "heaviside": "write `1 if x > 0 else 0`",
        "step": "write `1 if x > 0 else 0`",
        "square": "write `x**2`",
        "sqr": "write `x**2`",
        "cube": "write `x**3`",
        "exp2": "write `2**x`",
        "exp10": "write `10**x`",
        "reciprocal": "write `1/x`",
        "inv": "write `1/x`",
        "neg": "write `-x`",
        "negative": "write `-x`",
        "add": "write `x + y`",
        "plus": "write `x + y`",
        "sub": "write `x - y`",
        "subtract": "write `x - y`",
        "minus": "write `x - y`",
        "mul": "write `x*y`",
        "multiply": "write `x*y`",
        "times": "write `x*y`",
        "div": "write `x/y`",
        "divide": "write `x/y`",
        "rem": "mod",
        "remainder": "mod",
        "cot": "write `1/tan(x)`",
        "cotan": "write `1/tan(x)`",
        "ctg": "write `1/tan(x)`",
        "sec": "write `1/cos(x)`",
        "csc": "write `1/sin(x)`",
        "cosec": "write `1/sin(x)`",
        "coth": "write `1/tanh(x)`",
        "sech": "write `1/cosh(x)`",
        "csch": "write `1/sinh(x)`",
        "acot": "write `atan(1/x)`",
        "arccot": "write `atan(1/x)`",
        "asec": "write `acos(1/x)`",
        "acsc": "write `asin(1/x)`",
        "versin": "write `1 - cos(x)`",
        "sinc": "write `sin(pi*x)/(pi*x) if x != 0 else 1`",
        "sine": "sin",
        "cosine": "cos",
        "tangent": "tan",
        "tg": "tan",
        "arcsine": "asin",
        "arccosine": "acos",
        "arctangent": "atan",
        "arctg": "atan",
        "arsinh": "asinh",
        "arcosh": "acosh",
        "artanh": "atanh",
        "sh": "sinh",
        "ch": "cosh",
        "th": "tanh",
        "deg2rad": "write `x*pi/180`",
        "radians": "write `x*pi/180`",
        "rad2deg": "write `x*180/pi`",
        "degrees": "write `x*180/pi`",
        "absolute": "abs",
        "modulus": "abs",
        "magnitude": "abs",
        "signum": "sign",
        "sgn": "sign",
        "root": "sqrt",
        "squareroot": "sqrt",
        "cuberoot": "cbrt",
        "norm": "write `sqrt(x**2 + y**2)`, or hypot",
        "logn": "log",
        "logarithm": "log",
        "lg": "log10",
        "ld": "log2",
        "lb": "log2",
        "exponential": "exp",
        "rint": "round",
        "nint": "round",
        "ceiling": "ceil",
        "int": "trunc",
        "fix": "trunc",
        "fmax": "max",
        "fmin": "min",
        "fmod": "write `x - y*trunc(x/y)`; mod has the sign of y",
        "clamp": "clip",
        "logistic": "sigmoid",
        "expit": "sigmoid",
        "logit": "write `log(x/(1 - x))`",
        "softplus": "write `logaddexp(x, 0)`",
        "softsign": "write `x/(1 + abs(x))`",
        "swish": "write `x*sigmoid(x)`",
        "silu": "write `x*sigmoid(x)`",
        "gelu": "write `0.5*x*(1 + erf(x/sqrt(2)))`",
        "leakyrelu": "write `x if x > 0 else 0.01*x`",
        "elu": "write `x if x > 0 else exp(x) - 1`",
        "rectifier": "relu",
        "sum": "write the terms with `+`; sums over arrays need a Python function",
        "prod": "write the factors with `*`; products over arrays need a Python function",
        "softmax": _ARRAY.format("softmax and other functions of arrays"),
        **dict.fromkeys(("mean", "average", "std", "var", "median"), _ARRAY.format("statistics")),
        **dict.fromkeys(("dot", "matmul", "det", "trace"), _ARRAY.format("products of arrays")),
        **dict.fromkeys(
            [
                "gamma",
                "lgamma",
                "gammaln",
                "loggamma",
                "digamma",
                "psi",
                "beta",
                "betaln",
                "zeta",
                "erfinv",
                "erfcinv",
                "ndtr",
                "ndtri",
                "bessel",
                "airy",
                "lambertw",
                "factorial",
                "binom",
                "comb",
            ],
            _SPECIAL,
        ),
        **dict.fromkeys(
            ("diff", "grad", "gradient", "derivative"),
            "the derivatives of a formula come with its value; it does not contain them",
        ),
        **dict.fromkeys(
            ("integral", "integrate", "quad", "limit", "solve"), "this needs a Python function"
        ),
        **dict.fromkeys(
            ("real", "imag", "conj", "angle", "arg", "phase", "complex"),
            "there are no complex numbers",
        ),
        **dict.fromkeys(("random", "rand", "randn", "normal"), "a formula is not random"),
    }
)

# Names that a variable may have as well, so that a product may be meant.
_LETTERS = frozenset(
    {"gamma", "psi", "beta", "zeta", "rem", "step", "arg", "phase", "angle", "norm"}
)


def advice(name: str) -> str:
    """Return the hint for a call of a function that is not known."""
    plain = name.lower().replace("_", "")
    product = f"for a product write `{name}*(...)`"
    if plain in FUNCTIONS:
        return _meant(plain)
    if plain in _MEANT:
        also = f"; {product}" if len(plain) <= 2 or plain in _LETTERS else ""
        return _meant(_MEANT[plain]) + also
    stem, last = plain[:-1], plain[-1:]
    if stem == "log" and last.isdigit():
        return f"write `log(x)/log({last})`"
    if stem in FUNCTIONS and last in ("2", "3"):
        return f"for a power write `{stem}(...)**{last}`"
    if stem in FUNCTIONS and last.isalpha() and last != stem[-1]:
        # `sinx` is sin(x), though `sinh` is as near
        return f"write `{stem}({last})`; {product}"
    slips = [known for known in FUNCTIONS if _is_slip(plain, known)]
    if slips:
        return _meant(min(slips, key=lambda known: (stem != known, len(known) != len(plain))))
    if len(name) <= 2 or last.isdigit():
        return product
    return "known are " + ", ".join(sorted(PLAIN))


def _meant(what: str) -> str:
    return f"did you mean `{what}`?" if what in FUNCTIONS else what


def _is_slip(written: str, meant: str) -> bool:
    """Whether a name is another one but for one letter: left out, doubled, wrong or swapped.

    In names of three letters a letter that is wrong makes another word: only its neighbour or a
    swap is a slip.
    """
    if len(meant) < 3 or abs(len(written) - len(meant)) > 1:
        return False
    if written[-1].isdigit() != meant[-1].isdigit():
        return False  # x1 is a variable
    start = 0
    while start < min(len(written), len(meant)) and written[start] == meant[start]:
        start += 1
    rest, wanted = written[start:], meant[start:]
    if len(rest) == len(wanted):
        swapped = rest[:2] == wanted[:2][::-1] and rest[2:] == wanted[2:]
        wrong = rest[1:] == wanted[1:] and len(meant) > 3
        return swapped or wrong
    if len(rest) < len(wanted):
        return len(meant) > 3 and rest == wanted[1:]
    return rest[1:] == wanted and (len(meant) > 3 or rest[0] in meant)
