"""Pipelines as text, and what can be seen and checked while they run."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from gradc.errors import GradcError, InternalError
from gradc.ir.core import Function, Region
from gradc.passes.base import Context
from gradc.passes.pipeline import Timing, parse_pipeline, pipeline_text, run_pipeline
from gradc.passes.registry import PASSES
from gradc.passes.simplify import Simplify
from tests.passes.helpers import parse


@dataclass(frozen=True)
class Demo:
    """A pass with an option of every kind."""

    name: ClassVar[str] = "demo"
    wrt: tuple[int, ...] = (0,)
    keep: tuple[int, ...] | None = None
    deep: bool = False
    mode: str = "plain"
    limit: int = 3

    def run(self, function: Function, context: Context) -> Function:
        return function


@dataclass(frozen=True)
class Breaks:
    """A pass that drops every op."""

    name: ClassVar[str] = "breaks"

    def run(self, function: Function, context: Context) -> Function:
        return Function("f", Region(function.params, (), function.results))


REGISTRY = {**PASSES, "demo": Demo, "breaks": Breaks}

TEXT = """
    def f(x: f64):
        one: f64 = const(dtype='f64', value=1.0)
        y: f64 = mul(x, one)
        z: f64 = sin(y)
        return (z,)
"""


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", []),
        ("dce", ["dce"]),
        (" simplify , cse,dce ", ["simplify", "cse", "dce"]),
        ("simplify,cse,", ["simplify", "cse"]),
    ],
)
def test_names(text, passes):
    assert [each.name for each in parse_pipeline(text, REGISTRY)] == passes


def test_options():
    made = parse_pipeline(
        "demo{wrt=0+2, keep=none,deep=true},demo{mode=fast,limit=-1,keep=1}, demo{deep}, demo{}",
        REGISTRY,
    )
    assert made == [
        Demo(wrt=(0, 2), deep=True),
        Demo(mode="fast", limit=-1, keep=(1,)),
        Demo(deep=True),
        Demo(),
    ]


@pytest.mark.parametrize(
    "passes", [[], [Demo()], [Demo((1, 2), (3,), True, "fast", 0), Simplify(relaxed=True)]]
)
def test_text_of_a_pipeline_reads_back(passes):
    assert parse_pipeline(pipeline_text(passes), REGISTRY) == passes


def test_text_leaves_defaults_out():
    assert pipeline_text([Demo(deep=True), Simplify()]) == "demo{deep=true},simplify"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("simplfy", "there is no pass 'simplfy'; did you mean 'simplify'?"),
        ("xyz", "there is no pass 'xyz'"),
        ("demo{deeep=true}", "pass demo has no option 'deeep'; did you mean 'deep'?"),
        ("demo{deep=maybe}", "option deep of demo cannot be 'maybe': true or false"),
        ("demo{limit=x}", "option limit of demo cannot be 'x': an integer"),
        ("demo{wrt=0+x}", "option wrt of demo cannot be '0+x': an integer, joined by '+'"),
        ("dce;cse", "a pass or name{option=value} belongs at 'dce;cse'"),
        ("dce,{", "a pass or name{option=value} belongs at '{'"),
    ],
)
def test_what_is_wrong(text, message):
    with pytest.raises(GradcError) as caught:
        parse_pipeline(text, REGISTRY)
    assert str(caught.value) == f"pipeline {text!r}: {message}"


def test_all_problems_at_once():
    with pytest.raises(GradcError, match=r"'simplfy'.*'deeep'.*'dcee'"):
        parse_pipeline("simplfy,demo{deeep=true},dcee", REGISTRY)


def test_dumps_and_stop():
    seen: list[str] = []
    result = run_pipeline(
        parse(TEXT),
        parse_pipeline("simplify,demo{deep=true},dce", REGISTRY),
        print_after=["demo", "dce"],
        stop_after="demo",
        write=seen.append,
    )
    assert [op.prim.name for op in result.ops] == ["const", "sin"]
    assert len(seen) == 1
    assert seen[0].splitlines()[:2] == ["# after demo{deep=true}", "def f(x: f64):"]
    compile(seen[0].replace("return", "pass; return"), "dump", "exec")


def test_dump_after_all():
    seen: list[str] = []
    passes = parse_pipeline("simplify,dce", REGISTRY)
    run_pipeline(parse(TEXT), passes, print_after=["all"], write=seen.append)
    assert [text.splitlines()[0] for text in seen] == ["# after simplify", "# after dce"]


def test_timings():
    timings: list[Timing] = []
    run_pipeline(parse(TEXT), parse_pipeline("simplify,demo", REGISTRY), timings=timings)
    assert [(each.name, each.changed) for each in timings] == [("simplify", True), ("demo", False)]
    assert all(each.seconds >= 0 for each in timings)


def test_a_pass_that_breaks_the_ir_is_named():
    passes = parse_pipeline("dce,breaks", REGISTRY)
    run_pipeline(parse(TEXT), passes)
    with pytest.raises(InternalError, match="invalid IR in f after breaks"):
        run_pipeline(parse(TEXT), passes, verify_each=True)


def test_unknown_names_of_dumps():
    passes = parse_pipeline("simplify,dce", REGISTRY)
    with pytest.raises(GradcError, match=r"print-after=simplfy: .*did you mean 'simplify'"):
        run_pipeline(parse(TEXT), passes, print_after=["simplfy"])
    with pytest.raises(GradcError, match=r"stop-after=loops: .*it is simplify, dce"):
        run_pipeline(parse(TEXT), passes, stop_after="loops")


def test_analyses_are_computed_once_a_function():
    calls = []

    def count(function: Function) -> int:
        calls.append(function)
        return len(function.ops)

    context, function = Context(), parse(TEXT)
    assert context.analysis(count, function) == context.analysis(count, function) == 3
    assert calls == [function]
