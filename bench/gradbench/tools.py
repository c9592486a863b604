"""The tools that an eval is run against: gradc, and those of GradBench that build here.

``GRADBENCH_PYTHON`` names an interpreter with JAX and PyTorch, where they are not installed beside
gradc. C++ libraries are found through ``CPATH``: ADOL-C is Debian's libadolc-dev. Enzyme is taken
where ``ENZYME_LIB`` names the folder with its plugin for clang, as its own Makefile has it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.common import ROOT
from bench.gradbench.checkout import Checkout
from bench.gradbench.modules import MODULES

FAST = "-std=c++17 -O3 -ffast-math -Wall -I../../cpp"
# The tools that a C++ compiler builds, and their flags where these are not GradBench's own.
COMPILED: Mapping[str, str] = {
    "manual": "",
    "manual-fast": FAST,
    "tapenade": "",
    "adol-c": "",
    "codipack": "",
    "cppad": "",
    "enzyme": "",
}
# The tools build their programs anew for each session; these are there, with flags of our choice,
# and the memory of a compiler is not theirs.
BUILT: Mapping[str, str] = {"CXX": "true", "CC": "true"}
WAITING = Path(__file__).parent / "waiting.py"


@dataclass(frozen=True, slots=True)
class Tool:
    """A process that answers messages."""

    name: str
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def tools_of(name: str, checkout: Checkout) -> list[Tool]:
    """The tools that have a function for an eval and build here."""
    forms = [form for form in ("loops", "arrays") if (name, form) in MODULES]
    ours = [_gradc(form, len(forms) > 1) for form in forms]
    return [*ours, *_compiled(name, checkout), *_in_python(name, checkout)]


def _gradc(form: str, several: bool) -> Tool:
    command = (sys.executable, "-m", "bench.gradbench.tool", "--form", form)
    return Tool(f"gradc {form}" if several else "gradc", command, ROOT)


def _compiled(name: str, checkout: Checkout) -> list[Tool]:
    """Tools that a C++ compiler builds."""
    found = []
    for tool, flags in COMPILED.items():
        if tool == "enzyme" and "ENZYME_LIB" not in os.environ:
            continue
        environment = {**checkout.environment, **({"CXXFLAGS": flags} if flags else {})}
        if tool == "manual-fast":
            _copied(checkout, "manual", tool)
        if _builds(tool, name, checkout, environment):
            program = (
                "gradbench/tools/tapenade/run.py" if tool == "tapenade" else "gradbench/cpp.py"
            )
            command = (sys.executable, str(checkout.path / "python" / "gradbench" / program))
            arguments = () if tool == "tapenade" else (tool,)
            found.append(
                Tool(tool, (*command, *arguments), checkout.path, {**environment, **BUILT})
            )
    return found


def _copied(checkout: Checkout, tool: str, name: str) -> None:
    """A copy of a tool, to be built with other flags."""
    folder = checkout.path / "tools"
    if not (folder / name).exists():
        shutil.copytree(folder / tool, folder / name, ignore=shutil.ignore_patterns("bin"))


def _builds(tool: str, name: str, checkout: Checkout, environment: Mapping[str, str]) -> bool:
    """Whether the program of a tool for an eval is there or can be built."""
    folder = checkout.path / "tools" / tool
    if not folder.is_dir() or (tool == "tapenade" and name == "hello"):
        return False
    if (folder / "bin" / name).exists():
        return True
    done = subprocess.run(
        ["make", "-C", str(folder), f"bin/{name}"],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def _imports(python: str, package: str) -> bool:
    """Whether an interpreter has a package."""
    command = [python, "-c", f"import {package}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _in_python(name: str, checkout: Checkout) -> list[Tool]:
    """Tools that are Python packages."""
    python = os.environ.get("GRADBENCH_PYTHON", sys.executable)
    folder = checkout.path / "python" / "gradbench" / "gradbench" / "tools"
    found = []
    for tool, package in (("jax", "jax"), ("pytorch", "torch")):
        if (folder / tool / f"{name}.py").exists() and _imports(python, package):
            program = str(folder / tool / "run.py")
            command = (python, str(WAITING), program) if tool == "jax" else (python, program)
            found.append(Tool(tool, command, checkout.path, checkout.environment))
    return found
