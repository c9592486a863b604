"""Reads who imports whom out of source text, and says which imports break the floors.

Nothing is imported to find out: every `import` statement counts wherever it stands, at the top, in
a function or under `if TYPE_CHECKING`, since a lazy or typing-only import ties two rooms just so.
"""

import ast
import graphlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"gradc": ROOT / "compiler", "gradc_runtime": ROOT / "runtime"}

# A room is the first name after `gradc`. A room may import the rooms on lower floors, and those on
# its own floor unless the floor is in STRANGERS.
FLOORS = {
    "errors": 0,
    "later": 0,
    "options": 0,
    "ir": 1,
    "prims": 2,
    "analysis": 3,
    "frontend": 4,
    "adjoint": 4,
    "passes": 4,
    "sparsity": 4,
    "emit": 5,
    "driver": 6,
    "cache": 6,
    "modes": 6,
    "api": 7,
    "batching": 7,
    "debugging": 7,
    "derivatives": 7,
    "implicit_functions": 7,
    "faces": 7,
    "rules": 7,
    "explain": 7,
    "bridges": 8,
    "cli": 8,
    "__init__": 8,
    "__main__": 8,
}
STRANGERS = {4}

# What a saved gradient may rely on where it runs; anything else is imported when it is asked for.
RUNTIME_NEEDS = {"numpy", "numba", "llvmlite", "gradc_runtime"}


@dataclass(frozen=True)
class Import:
    """One module imported by another, and the line that does it."""

    source: str
    target: str
    line: int
    at_load: bool

    def __str__(self) -> str:
        return f"{self.source}, line {self.line}, imports {self.target}"


def project_modules() -> dict[str, str]:
    """Source text of every module of both packages, by its import name."""
    modules = {}
    for package, folder in FOLDERS.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join((package, *parts)).removesuffix(".__init__")
            modules[name] = path.read_text(encoding="utf-8")
    return modules


def project_packages() -> set[str]:
    """Names of those modules that are packages: relative imports count from them."""
    return {
        ".".join((package, *path.parent.relative_to(folder).parts))
        for package, folder in FOLDERS.items()
        for path in folder.rglob("__init__.py")
    }


def imports_of(name: str, text: str, modules: Mapping[str, str], *, package: bool) -> list[Import]:
    """All imports in `text`, the source of module `name`, outside modules by their full name too.

    `from a import b` imports the module `a.b` if there is one, and `a` if `b` is a name in it.
    """
    found = []
    for node, at_load in _walk(ast.parse(text), at_load=True):
        targets = []
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(name, node, package=package)
            inner = [f"{base}.{alias.name}" for alias in node.names]
            targets = [module if module in modules else base for module in inner]
        elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"}:
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                targets = [first.value]
        found += [Import(name, target, node.lineno, at_load) for target in dict.fromkeys(targets)]
    return found


def all_imports(modules: Mapping[str, str], packages: set[str]) -> list[Import]:
    """`imports_of` for every module."""
    return [
        found
        for name, text in modules.items()
        for found in imports_of(name, text, modules, package=name in packages)
    ]


def floor_problems(imports: list[Import]) -> list[str]:
    """One sentence for each import that does not go down."""
    problems = []
    for found in imports:
        here, there = found.source.split(".")[0], found.target.split(".")[0]
        if there in {"compiler", "runtime"}:
            problems.append(f"{found}: a second copy of the package; its name is another")
        elif here == "gradc_runtime" and there == "gradc":
            problems.append(f"{found}: the runtime must work where the compiler is not installed")
        elif here == there == "gradc":
            problems += _between_rooms(found)
    return problems


def runtime_needs_problems(imports: list[Import]) -> list[str]:
    """One sentence for each package the runtime loads at once and should not."""
    allowed = RUNTIME_NEEDS | sys.stdlib_module_names
    certain = ", ".join(sorted(RUNTIME_NEEDS))
    return [
        f"{found} when it is loaded: only {certain} are certain to be there"
        for found in imports
        if found.source.split(".")[0] == "gradc_runtime"
        and found.at_load
        and found.target.split(".")[0] not in allowed | {"gradc"}
    ]


def import_cycle(imports: list[Import], modules: Mapping[str, str]) -> list[str]:
    """The modules of one cycle, the first repeated at the end; empty if there is none."""
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for found in imports:
        if found.target in modules:
            graph[found.source].add(found.target)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle[::-1]
    return []


def room_of(module: str) -> str:
    """The room a module of gradc is in."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def _between_rooms(found: Import) -> list[str]:
    here, there = room_of(found.source), room_of(found.target)
    unknown = [room for room in (here, there) if room not in FLOORS]
    if unknown:
        return [f"{found}: {unknown[0]!r} has no floor; give it one in {Path(__file__).name}"]
    up = FLOORS[there] > FLOORS[here]
    strange = FLOORS[there] == FLOORS[here] and FLOORS[here] in STRANGERS and here != there
    if up or strange:
        return [f"{found}: from floor {FLOORS[here]} to floor {FLOORS[there]}"]
    return []


def _walk(node: ast.AST, *, at_load: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        yield child, at_load
        later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        yield from _walk(child, at_load=at_load and not later and not typing_only)


def _absolute(name: str, node: ast.ImportFrom, *, package: bool) -> str:
    if node.level == 0:
        return node.module or ""
    drop = node.level - (1 if package else 0)
    parts = name.split(".")
    base = parts[: len(parts) - drop]
    return ".".join([*base, node.module] if node.module else base)


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""
