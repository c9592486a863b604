"""What NumPy, ``math`` and SciPy offer and gradc refuses: each by its name, with the reason.

A refusal says what to use instead where there is something that means the same, or nearly. It
never guesses from the spelling: a name that is close may mean something else.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass

from gradc.frontend.python.problems import RefusedError, unknown_function
from gradc.frontend.python.public import public_name

_LIBRARIES = frozenset({"numpy", "scipy", "math", "builtins", "itertools", "random"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why some functions are refused.

    Attributes
    ----------
    names : tuple of str
        In full; ``*`` stands for any characters.
    reason : str
        The end of the sentence "it is refused, since ...".
    instead : str
        What to write.
    """

    names: tuple[str, ...]
    reason: str
    instead: str


_OUTSIDE = "compute it outside, and pass the result as an argument"


def _of(module: str, names: str, reason: str, instead: str = _OUTSIDE) -> Refusal:
    return Refusal(tuple(f"{module}.{name}" for name in names.split()), reason, instead)


_COMPLEX = "its values are complex numbers for which there is no derivative rule"
_ROUNDING = "it is about the spacing of floats, which has no derivative"
_INTEGERS = "it is a function of integers, which carry no derivative"
_TYPES = "it is about types, which are settled before the program runs"
_STATE = "it changes settings of the library"
_TEXT = "its result is text"
_FILES = "it reads or writes files or memory"
_ITERATOR = "it makes an iterator"
_FIXED = "its result does not depend on floats that are differentiated"
_ROOTS = "it gives fixed numbers (roots, nodes, weights, tables)"
#: The reason that needs no other change when the function is written: what is taken is not refused.
NOT_YET = "it is not written yet"
_NO_RULE = "it has no derivative rule"
_SEVERAL = "it gives several functions at once, which have no compiled form"
_PARAMETER = "its derivative in the parameters is no function of SciPy"

_NEWTON = (
    "for a real root, a few steps of Newton's method as a loop: x = x - np.polyval(p, x)"
    " / np.polyval(np.polyder(p), x)"
)

MATH: Sequence[Refusal] = (
    _of("math", "nextafter ulp", _ROUNDING, "math.nextafter(x, y) is x but for rounding: use x"),
)

NUMPY: Sequence[Refusal] = (
    _of("numpy", "nextafter spacing", _ROUNDING, "use x itself; np.finfo(x.dtype) is supported"),
    _of("numpy", "roots", _COMPLEX, _NEWTON),
    _of("numpy", "sort_complex", "complex numbers have no order", "np.sort of np.abs(z) or z.real"),
    _of("numpy", "real_if_close", "its type depends on the data", "z.real"),
    _of(
        "numpy",
        "bitwise_count packbits unpackbits",
        _INTEGERS,
    ),
    _of(
        "numpy",
        "can_cast common_type isdtype issubdtype min_scalar_type mintypecode promote_types"
        " typename isscalar isfortran iterable dtype ufunc isnat",
        _TYPES,
    ),
    _of(
        "numpy",
        "byte bytes_ character clongdouble complex256 complexfloating datetime64 flexible float128"
        " float16 floating generic half inexact int16 int8 integer longdouble longlong"
        " number object_ short signedinteger str_ timedelta64 ubyte uint uint16 uint32 uint64"
        " uint8 uintc uintp ulong ulonglong unsignedinteger ushort void",
        "gradc computes in float64, float32, int64 and bool",
        "use np.float64 or np.float32, for pairs of them np.complex128 or np.complex64",
    ),
    _of(
        "numpy",
        "matrix asmatrix bmat recarray record memmap poly1d ndarray broadcast busdaycalendar"
        " nditer nested_iters flatiter vectorize errstate",
        "it makes an object that is no plain array",
        "use arrays, loops over indices, and plain functions",
    ),
    _of(
        "numpy",
        "set_printoptions get_printoptions printoptions seterr geterr seterrcall geterrcall"
        " setbufsize getbufsize show_config show_runtime get_include info test",
        _STATE,
        "do it outside of the function",
    ),
    _of(
        "numpy",
        "array2string array_repr array_str base_repr binary_repr datetime_as_string datetime_data"
        " format_float_positional format_float_scientific",
        _TEXT,
        "print outside of the function",
    ),
    _of(
        "numpy",
        "load loadtxt genfromtxt fromfile fromregex fromstring frombuffer from_dlpack save savetxt"
        " savez savez_compressed may_share_memory shares_memory require",
        _FILES,
    ),
    _of("numpy", "busday_count busday_offset is_busday", "dates are no numbers"),
    _of(
        "numpy", "fromiter frompyfunc apply_over_axes",
        "it calls a function that it is given", "write the loop, or a comprehension",
    ),
    _of("numpy", "asarray_chkfinite", "it raises an error that depends on the data",
        "np.asarray(x), and assert np.all(np.isfinite(x))"),
    _of("numpy", "asfortranarray", "arrays here are in C's order", "np.asarray(x)"),
    _of("numpy", "mask_indices", _FIXED),
    _of(
        "numpy",
        "unique_all unique_counts unique_inverse unique_values histogram2d histogramdd",
        "its result is a set in no order of its own, a list of positions, or a truth",
        "np.unique, np.isin, np.histogram, and np.all(x == y)",
    ),
    _of("numpy", "einsum_path", "it gives a plan, which np.einsum makes itself", "leave it out"),
    _of("numpy", "row_stack", "NumPy removes it", "np.vstack"),
)  # fmt: skip

LINALG: Sequence[Refusal] = (
    _of("numpy.linalg", "LinAlgError test", "it is no function of arrays", "leave it out"),
    _of(
        "numpy.linalg", "eig eigvals", _COMPLEX, "np.linalg.eigh or eigvalsh of a symmetric matrix"
    ),
)

FFT: Sequence[Refusal] = (_of("numpy.fft", "test", "it is no function of arrays", "leave it out"),)

SPECIAL: Sequence[Refusal] = (
    _of("scipy.special", "SpecialFunctionError SpecialFunctionWarning errstate geterr seterr test",
        _STATE, "do it outside of the function"),
    _of("scipy.special", "*_roots roots_* *_zeros *zeros bernoulli euler", _ROOTS),
    _of(
        "scipy.special",
        "chebyc chebys chebyt chebyu gegenbauer genlaguerre hermite hermitenorm jacobi laguerre"
        " legendre assoc_laguerre sh_chebyt sh_chebyu sh_jacobi sh_legendre",
        "it makes an object that is no plain array",
        "special.eval_chebyt, special.eval_legendre, special.eval_jacobi ...",
    ),
    _of(
        "scipy.special", "eval_hermite eval_hermitenorm", "it takes integer degrees only",
        "the recurrence H[n + 1] = 2*x*H[n] - 2*n*H[n - 1] as a loop",
    ),
    _of(
        "scipy.special",
        "eval_chebyc eval_chebys eval_sh_chebyt eval_sh_chebyu eval_sh_jacobi eval_sh_legendre",
        "it is another one of a scaled argument",
        "eval_chebyc(n, x) is 2*special.eval_chebyt(n, x/2); eval_sh_legendre(n, x) is"
        " special.eval_legendre(n, 2*x - 1)",
    ),
    _of(
        "scipy.special", "comb perm factorial factorial2 factorialk stirling2",
        _INTEGERS, "of real numbers: special.binom, special.poch, special.gamma(n + 1)",
    ),
    _of(
        "scipy.special",
        "hankel1 hankel1e hankel2 hankel2e h1vp h2vp lambertw wofz kelvin sph_harm_y"
        " sph_harm_y_all",
        _COMPLEX,
        "special.jv and special.yv; special.wrightomega for lambertw(exp(x))",
    ),
    _of("scipy.special", "airy airye itairy", _SEVERAL, "special.jv and special.kv of order 1/3"),
    _of("scipy.special", "fresnel modfresnelm modfresnelp sici shichi ellipj", _SEVERAL,
        "a loop over the terms of its series"),
    _of("scipy.special", "jvp yvp ivp kvp", "it is a derivative itself",
        "special.jv and its kind, differentiated: (jv(v - 1, x) - jv(v + 1, x))/2"),
    _of("scipy.special", "jve yve", "it is jv or yv for real numbers", "special.jv, special.yv"),
    _of("scipy.special", "ellipkm1", "it is another one of a shifted argument",
        "special.ellipk(1 - p)"),
    _of("scipy.special", "expn", "it takes integer orders only", "special.exp1"),
    _of("scipy.special", "zetac", "its derivative is no function of SciPy",
        "special.zeta(s, q) is differentiated in q"),
    _of("scipy.special", "chdtr chdtrc chdtri chdtriv", "it is an incomplete gamma function",
        "chdtr(v, x) is special.gammainc(v/2, x/2); chdtrc: special.gammaincc"),
    _of("scipy.special", "gdtr gdtrc gdtria gdtrib gdtrix", "it is an incomplete gamma function",
        "gdtr(a, b, x) is special.gammainc(b, a*x); gdtrc: special.gammaincc"),
    _of("scipy.special", "pdtr pdtrc pdtri pdtrik", "it is an incomplete gamma function",
        "pdtr(k, m) is special.gammaincc(k + 1, m); pdtrc: special.gammainc"),
    _of("scipy.special", "bdtr bdtrc bdtri bdtrik bdtrin", "it is an incomplete beta function",
        "bdtr(k, n, p) is special.betainc(n - k, k + 1, 1 - p)"),
    _of("scipy.special", "fdtr fdtrc fdtri fdtridfd", "it is an incomplete beta function",
        "fdtr(a, b, x) is special.betainc(a/2, b/2, a*x/(b + a*x))"),
    _of("scipy.special", "nbdtr nbdtrc nbdtri nbdtrik nbdtrin", "it is an incomplete beta function",
        "nbdtr(k, n, p) is special.betainc(n, k + 1, p)"),
    _of("scipy.special", "btdtria btdtrib stdtridf stdtrit nrdtrimn nrdtrisd tklmbda"
        " ncfdtr* nctdtr* chndtr*", _PARAMETER,
        "special.ndtr, special.stdtr, special.betainc and special.gammainc in their argument"),
    _of("scipy.special", "betainccinv", _NO_RULE, "special.betaincinv(a, b, 1 - y)"),
    _of("scipy.special", "ndtri_exp", _NO_RULE, "special.ndtri(np.exp(y))"),
    _of("scipy.special", "gammasgn round", "it is constant but for jumps", "np.sign, np.rint"),
    _of("scipy.special", "agm diric radian", NOT_YET,
        "agm(a, b) is pi/4*(a + b)/special.ellipk(((a - b)/(a + b))**2)"),
    _of("scipy.special", "hyperu", "SciPy computes it too inexactly", "special.hyp1f1"),
    _of(
        "scipy.special",
        "spherical_jn spherical_yn spherical_in spherical_kn riccati_jn riccati_yn",
        "it takes integer orders only",
        "spherical_jn(n, x) is np.sqrt(pi/(2*x))*special.jv(n + 0.5, x); likewise yv, iv, kv",
    ),
    _of("scipy.special", "lpmv lqmn lqn *legendre_p legendre_p_all *legendre_p_all", _NO_RULE,
        "special.eval_legendre"),
    _of("scipy.special", "elliprc elliprd elliprf elliprg elliprj ellip_harm ellip_harm_2"
        " ellip_normal", _NO_RULE, "special.ellipk, ellipe, ellipkinc and ellipeinc"),
    _of(
        "scipy.special",
        "ber bei ker kei berp beip kerp keip besselpoly it2* iti* itj* itmod* itstruve* kolmogi"
        " kolmogorov smirnov smirnovi lmbda log_wright_bessel wright_bessel mathieu_* pbdv* pbdn*"
        " pbvv* pbwa obl_* pro_* voigt_profile",
        _NO_RULE,
        "special.jv, yv, iv, kv, erf and erfcx are supported",
    ),
)  # fmt: skip

METHODS: Sequence[Refusal] = (
    _of("numpy.ndarray", "base byteswap ctypes data device flags getfield itemsize nbytes"
        " setfield setflags strides to_device view", "it is about memory", "leave it out"),
    _of("numpy.ndarray", "dump dumps tobytes tofile", _FILES, "do it outside of the function"),
    _of("numpy.ndarray", "resize", "it changes an array as a whole",
        "x[indices] = values, or a new array"),
)  # fmt: skip

ALL: Sequence[Refusal] = (*MATH, *NUMPY, *LINALG, *FFT, *SPECIAL, *METHODS)


def refusal_of(name: str) -> Refusal | None:
    """Why a function is refused, by its full name; None where nothing is said about it."""
    for refusal in ALL:
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in refusal.names):
            return refusal
    return None


def why_refused(function: object) -> tuple[str, str]:
    """The end of the message that refuses a function of a library, and the hint."""
    name = public_name(function)
    refusal = None if name is None else refusal_of(name)
    if refusal is None:
        return "", "write it with supported functions, or pass its result as an argument"
    return f": {refusal.reason}", refusal.instead


#: What is said of an unknown name of a library: a guess from its spelling may mean another thing.
SEE_FUNCTIONS = "docs/functions.md lists what is supported"


def is_library(module: str) -> bool:
    """Whether a module belongs to a library that is not read: its source is no formula."""
    return module.split(".")[0] in _LIBRARIES


def no_such_attribute(what: str, name: str, is_array: bool) -> RefusedError:
    """The refusal of a method or attribute of a value, with the reason where there is one."""
    refusal = refusal_of(f"numpy.ndarray.{name}") if is_array else None
    if refusal is not None:
        return unknown_function(
            f"`.{name}` of arrays is not supported: {refusal.reason}", refusal.instead
        )
    return unknown_function(f"{what} has no supported attribute `{name}`", SEE_FUNCTIONS)
