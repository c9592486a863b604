"""What references are called in messages."""

from __future__ import annotations

from gradc.frontend.python.refs import (
    Array,
    Callee,
    Constant,
    Generated,
    Iteration,
    List,
    Once,
    Partial,
    Ref,
    Scalar,
    Struct,
    Tuple,
    is_complex,
    is_listed,
)
from gradc.ir.types import DType


def describe(ref: Ref) -> str:
    """Say what a reference is."""
    match ref:
        case Array():
            return f"a {ref.type.rank}-dimensional array"
        case Scalar(value=value):
            names = {DType.BOOL: "a boolean", DType.INT: "an integer"}
            return names.get(value.type.dtype, "a float")
        case Constant(value=str()):
            return f"the string {ref.value!r}"
        case Constant(value=None):
            return "None"
        case Constant(value=bool() | int() | float()):
            return repr(ref.value)
        case Constant() if is_complex(ref):
            return f"the complex number {ref.value}"
        case Constant(value=set() | frozenset()):
            return "a set"
        case Constant():
            return f"an object of type {type(ref.value).__name__}"
        case _ if is_listed(ref):
            return "a list whose length is known at run time only"
        case Once() | Generated():
            return "a generator"
        case Struct() if is_complex(ref):
            part = ref.fields["re"]
            rank = part.type.rank if isinstance(part, Array) else 0
            return f"a {rank}-dimensional complex array" if rank else "a complex number"
        case Struct(cls=cls):
            return f"a {cls.__name__}"
        case Tuple():
            return f"a tuple of {len(ref.items)}"
        case List():
            return "a list"
        case Iteration(kind=kind):
            return f"what {kind} makes"
        case Callee() | Partial():
            return "a function"
        case _:
            return f"a {type(ref).__name__.lower()}"
