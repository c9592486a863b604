"""The intermediate representation: structured SSA over typed values.

A :class:`Function` is a name and a body :class:`Region`; a region is a list of :class:`Op`
with parameters and yielded values. Loops and branches are ops that own regions, and a region
may use values of the regions around it. Arrays are values like any other: an update (`put`,
`add_at`) makes a new version, which a late pass turns into a write in place.

Everything is immutable and compared by identity. A pass builds new objects for what it
changes and hands back the same objects for what it does not, so "did it change" is ``is``.

Example, in the text form (see :mod:`gradc.ir.printer`)::

    def power(x: f64, n: i64(n)) -> f64:
        one: f64 = const(value=1.0)
        lo: i64(0) = const(value=0)
        step: i64(1) = const(value=1)
        with for_(lo, n, step, one) as (i, p):
            p_1: f64 = mul(p, x)
            yield_(p_1)
        p_2, = outs()
        return p_2
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradc.errors import NOWHERE, Location
from gradc.ir.types import Dim, Type

Params = Mapping[str, Any]


@dataclass(frozen=True, eq=False, slots=True)
class Value:
    """A value: its type, the name that a reader would give it, and where it was made.

    Attributes
    ----------
    type : Type
    name : str
        The user's name where there is one, else a suggestion; not unique.
    loc : Location
    size : int, str or None
        For an integer scalar the dimension that it denotes when used as a size.
    named : bool
        Whether the name was written by the user: such values keep a statement of their own.
    """

    type: Type
    name: str
    loc: Location = NOWHERE
    size: Dim | None = None
    named: bool = False

    def __repr__(self) -> str:
        return f"<{self.name}: {self.type}>"


class Role(enum.Enum):
    """Which sweep an op belongs to; its location is the user's line in either case."""

    PRIMAL = "primal"
    TANGENT = "tangent"
    ADJOINT = "adjoint"


class Kind(enum.Enum):
    """Which rule differentiates a primitive (the four rules of the design)."""

    CONSTANT = "constant"
    LINEAR = "linear"
    BILINEAR = "bilinear"
    POWER = "power"
    ELEMENTWISE = "elementwise"
    COMPOSITE = "composite"
    CONTROL = "control"

    @property
    def rule(self) -> str:
        """Name of the rule as the lecture calls it."""
        return _RULE_NAMES[self]


_RULE_NAMES = {
    Kind.CONSTANT: "constant rule",
    Kind.LINEAR: "linearity rule",
    Kind.BILINEAR: "linearity rule",
    Kind.POWER: "monomial rule",
    Kind.ELEMENTWISE: "chain rule",
    Kind.COMPOSITE: "chain rule",
    Kind.CONTROL: "chain rule",
}


@dataclass(frozen=True, slots=True)
class Texts:
    """How a primitive is written in generated Python, by style.

    Each is a format string over the operands ``{0}``, ``{1}`` ... and the parameters by name;
    `scalar` is used in loops, `array` on whole arrays. `level` is the binding strength of the
    outermost operator of the text (see :mod:`gradc.emit.text`): calls bind tightest.
    """

    scalar: str = ""
    array: str = ""
    level: int = 100


@dataclass(frozen=True, eq=False, slots=True)
class Primitive:
    """One record per primitive: meaning, types, derivative, text, test points, conventions.

    Attributes
    ----------
    name : str
    kind : Kind
        Which rule differentiates it; `partials`, `transpose` or `vjp` and `jvp` is given
        accordingly. Everything else about differentiation is derived from these.
    infer : callable
        ``infer(args, params) -> types`` of the outputs; raises ``TypeError`` on misuse.
    evaluate : callable or None
        The meaning, on NumPy values.
    texts : Texts
    partials : callable or None
        ``partials(*args, out, **params)``: one partial derivative per argument, as values of
        the same IR or `None` for an argument that carries no derivative.
    transpose : callable or None
        For what is linear: ``transpose(ct, *args, **params)``: one contribution per argument;
        for a primitive with several `results`, `ct` is a tuple as for `vjp`.
    vjp, jvp : callable or None
        For composites: both products, where neither of the above says it better.
        ``vjp(ct, *args, out, **params)`` and ``jvp(tangents, *args, out, **params)``; for a
        primitive with several `results`, `ct` and `out` are tuples of one item for each (None
        where no cotangent came in), and `jvp` returns such a tuple of tangents.
    linear_in : tuple of int or None
        For `transpose`: the arguments in which it is (jointly) linear; None means every float.
    lower : callable or None
        ``lower(*args, **params)``: the same in terms of simpler primitives.
    at : sequence
        Test points: a tuple of arguments each, or ``(args, params)``.
    formula : str
        The derivative, for the documentation.
    edges : str
        What happens at kinks, ties and domain edges.
    pure : bool
        False for what must stay even when its result is unused.
    cost : int
        Rough cost of one element in arithmetic operations, for recompute decisions.
    pointwise : bool
        Whether it acts element by element on operands of one shape.
    steady : bool
        Whether its partial derivatives are finite wherever its operands are, ties and kinks
        included. What is linear or bilinear is so in any case.
    results : tuple of str
        Names of the outputs where there are several.
    names : tuple of str
        What Python code calls it, in full (``numpy.sin``, ``scipy.special.jv``): functions of real
        numbers that give a float. Others are entered in the tables of the front end.
    refuses : mapping of int to str
        Arguments with no derivative rule, and what each is called: such a derivative is refused.
    """

    name: str
    kind: Kind
    infer: Callable[[Sequence[Value], Params], tuple[Type, ...]]
    evaluate: Callable[..., Any] | None = None
    texts: Texts = field(default_factory=Texts)
    partials: Callable[..., Any] | None = None
    transpose: Callable[..., Any] | None = None
    vjp: Callable[..., Any] | None = None
    jvp: Callable[..., Any] | None = None
    linear_in: tuple[int, ...] | None = None
    lower: Callable[..., Any] | None = None
    at: Sequence[Any] = ()
    formula: str = ""
    edges: str = ""
    pure: bool = True
    cost: int = 1
    pointwise: bool = False
    steady: bool = False
    results: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    refuses: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind in (Kind.LINEAR, Kind.BILINEAR):
            object.__setattr__(self, "steady", True)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __call__(self, *args: Any, **params: Any) -> Any:
        """Apply to traced values inside a rule; see :class:`gradc.prims.trace.Var`."""
        for arg in args:
            apply = getattr(arg, "apply", None)
            if apply is not None:
                return apply(self, args, params)
        raise TypeError(f"{self.name}: no traced operand")


@dataclass(frozen=True, eq=False, slots=True)
class Region:
    """A list of ops with parameters at its entry and yielded values at its end."""

    params: tuple[Value, ...]
    ops: tuple[Op, ...]
    yields: tuple[Value, ...]


@dataclass(eq=False, slots=True)
class Site:
    """A call whose function was read in its place: its ops lie together in one region.

    It says where copies of a function may be found, no more: what is a copy is decided by
    comparing ops, and a transformation may lose or repeat it.

    Attributes
    ----------
    name : str
        The function's name.
    function : object
        The same object for all calls of a function.
    loc, home : Location
        Of the call, and of the function.
    names : tuple of (int, str) or None
        Number and name of the parameter for each value that the ops use from around, in the order
        of :func:`gradc.ir.walk.free_in_ops`; None for what is no argument.
    constants : tuple of (int, str, str)
        Number, name and text of each argument that is a number known at compile time.
    outer : Site or None
        The call in whose ops these lie, in the same region.
    """

    name: str
    function: object
    loc: Location
    home: Location
    names: tuple[tuple[int, str] | None, ...] = ()
    constants: tuple[tuple[int, str, str], ...] = ()
    outer: Site | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Op:
    """One operation: a primitive applied to values, with static parameters and regions.

    `site` is the innermost call that it was read in place of, in its region.
    """

    prim: Primitive
    args: tuple[Value, ...]
    params: Params
    outs: tuple[Value, ...]
    regions: tuple[Region, ...] = ()
    loc: Location = NOWHERE
    role: Role = Role.PRIMAL
    site: Site | None = None

    @property
    def out(self) -> Value:
        """The only output."""
        (only,) = self.outs
        return only

    def __repr__(self) -> str:
        return f"<op {self.prim.name} at {self.loc}>"


@dataclass(frozen=True, eq=False, slots=True)
class Function:
    """A function: parameters, ops and results are those of its body region."""

    name: str
    body: Region
    loc: Location = NOWHERE

    @property
    def params(self) -> tuple[Value, ...]:
        """The arguments."""
        return self.body.params

    @property
    def ops(self) -> tuple[Op, ...]:
        """The ops of the body, outermost level."""
        return self.body.ops

    @property
    def results(self) -> tuple[Value, ...]:
        """The returned values."""
        return self.body.yields
