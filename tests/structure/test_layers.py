"""Imports go down the floors only, never in a circle, and the runtime stands alone."""

import ast

import pytest

from tests.structure import imports as structure


@pytest.fixture(scope="module")
def modules() -> dict[str, str]:
    return structure.project_modules()


@pytest.fixture(scope="module")
def project(modules: dict[str, str]) -> list[structure.Import]:
    return structure.all_imports(modules, structure.project_packages())


def test_both_packages_are_read(modules):
    assert {"gradc", "gradc_runtime"} <= modules.keys()


def test_imports_go_down(project):
    assert structure.floor_problems(project) == []


def test_every_module_has_a_floor(modules):
    rooms = {structure.room_of(name) for name in modules if name.split(".")[0] == "gradc"}
    assert rooms <= structure.FLOORS.keys()


def test_no_import_cycles(project, modules):
    assert structure.import_cycle(project, modules) == []


def test_runtime_loads_what_it_may_rely_on(project):
    assert structure.runtime_needs_problems(project) == []


def test_tests_and_examples_use_the_import_names():
    found = [
        structure.Import(path.relative_to(structure.ROOT).as_posix(), target, node.lineno, True)
        for folder in ("tests", "examples", "bench")
        for path in sorted((structure.ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for target in _targets(node)
    ]
    assert found, "no test file was read"
    assert structure.floor_problems(found) == []


def _targets(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if node.module and node.level == 0 else []


# --- the checkers themselves ------------------------------------------------------------------

PACKAGES = {"gradc", "gradc.ir", "gradc.passes", "gradc.adjoint", "gradc_runtime"}


def problems_of(sources: dict[str, str]) -> list[str]:
    return structure.floor_problems(structure.all_imports(sources, PACKAGES))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gradc.ir.types", "from gradc.prims import sin"),
        ("gradc.ir.types", "import gradc.prims.scalar as scalar"),
        ("gradc.ir.types", "from .. import prims"),
        ("gradc.ir", "from ..prims import sin"),
        ("gradc.ir.types", "def late():\n    from gradc.emit import cpu"),
        (
            "gradc.ir.types",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import gradc.api",
        ),
        ("gradc.ir.types", "import importlib\nimportlib.import_module('gradc.api')"),
        ("gradc.ir.types", "from gradc import grad"),
        ("gradc.errors", "import gradc.ir"),
        ("gradc.passes.cse", "from gradc.adjoint import reverse"),
        ("gradc.adjoint.reverse", "from gradc.passes.cse import cse"),
        ("gradc.frontend.parse", "import gradc.passes"),
        ("gradc.surprise", "import gradc.ir"),
        ("gradc.api", "import gradc.surprise"),
        ("gradc_runtime.tape", "import gradc"),
        ("gradc_runtime.tape", "def late():\n    from gradc.errors import GradcError"),
        ("gradc.api", "from runtime import tape"),
        ("gradc_runtime.tape", "import compiler.ir"),
    ],
)
def test_checker_refuses(name, text):
    sources = {"gradc": "", "gradc.prims": "", "gradc.prims.scalar": "", name: text}
    assert len(problems_of(sources)) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gradc.prims.scalar", "from gradc import errors\nfrom gradc.ir.types import F64"),
        ("gradc.passes.cse", "from gradc.passes import base\nfrom . import walk"),
        ("gradc.driver", "import gradc.cache, gradc.emit, gradc_runtime.jit"),
        ("gradc.api", "from gradc.faces.containers import flatten"),
        ("gradc", "from gradc.api import grad"),
        ("gradc.cli", "from gradc import __version__"),
        ("gradc_runtime.tape", "from gradc_runtime import arrays\nimport numpy as np"),
        ("gradc.ir.types", "import gradcam"),
    ],
)
def test_checker_accepts(name, text):
    sources = {"gradc": "", "gradc.errors": "", "gradc.passes.base": "", name: text}
    assert problems_of(sources) == []


def test_cycle_is_found():
    sources = {
        "gradc.ir.types": "def late():\n    from gradc.ir import ops",
        "gradc.ir.ops": "from gradc.ir.walk import walk",
        "gradc.ir.walk": "from . import types",
    }
    found = structure.all_imports(sources, PACKAGES)
    cycle = structure.import_cycle(found, sources)
    assert cycle[0] == cycle[-1]
    assert set(cycle) == set(sources)


def test_package_that_its_own_module_imports_is_a_cycle():
    sources = {"gradc.ir": "from gradc.ir.ops import Op", "gradc.ir.ops": "from gradc.ir import Op"}
    assert structure.import_cycle(structure.all_imports(sources, PACKAGES), sources)


def test_siblings_through_the_package_are_no_cycle():
    sources = {
        "gradc.ir": "from gradc.ir.ops import Op",
        "gradc.ir.ops": "from gradc.ir import types",
        "gradc.ir.types": "",
    }
    assert structure.import_cycle(structure.all_imports(sources, PACKAGES), sources) == []


def test_runtime_may_ask_for_more_later():
    at_load = {"gradc_runtime.data": "import pyarrow\nclass A:\n    import scipy"}
    later = {"gradc_runtime.data": "def parquet():\n    import pyarrow"}
    assert len(structure.runtime_needs_problems(structure.all_imports(at_load, PACKAGES))) == 2
    assert structure.runtime_needs_problems(structure.all_imports(later, PACKAGES)) == []
