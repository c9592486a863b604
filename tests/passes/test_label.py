"""Unnamed values get a name of their own, which their derivatives carry."""

from gradc.ir.builder import Builder
from gradc.ir.core import Function, Region
from gradc.ir.printer import to_text
from gradc.ir.types import F64
from gradc.ir.verify import verify
from gradc.passes.base import Context
from gradc.passes.label import Label
from gradc.prims.arithmetic import ADD, MUL
from gradc.prims.evaluate import evaluate


def product() -> Function:
    builder = Builder()
    x = builder.value(F64, "x", named=True)
    first = builder.emit(MUL, [x, x])
    kept = builder.emit(MUL, [first, x], name="y")
    total = builder.emit(ADD, [builder.emit(MUL, [kept, first]), kept])
    return Function("f", Region((x,), tuple(builder.ops), (total,)))


def test_unnamed_values_are_numbered():
    function = product()
    labelled = verify(Label().run(function, Context()), "label")
    assert [op.out.name for op in labelled.ops] == ["mul_1", "y", "mul_2", "add_3"]
    assert evaluate(labelled, [1.5]) == evaluate(function, [1.5])


def test_labelling_twice_changes_nothing():
    once = Label().run(product(), Context())
    twice = Label().run(once, Context())
    assert twice is once
    assert to_text(twice) == to_text(once)
