"""A copy of GradBench beside the project: fetched, or made from a checkout that is named.

``GRADBENCH=path`` names a checkout; otherwise the public repository is cloned once. What is built
goes into the copy, ``build/gradbench/work``, so that a checkout of somebody's stays as it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.common import ROOT

REPOSITORY = "https://github.com/gradbench/gradbench"
BUILD = ROOT / "build" / "gradbench"
PACKAGES = BUILD / "packages"
# What the evals import and the project does not have.
NEEDED = ("dataclasses-json",)


class CheckoutError(RuntimeError):
    """GradBench cannot be had, or does not build."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """The copy that evals and tools run in."""

    path: Path

    @classmethod
    def find(cls) -> Checkout:
        """Make the copy, with the tool that the evals compare with built; once.

        Raises
        ------
        CheckoutError
            Where it cannot be fetched or built.
        """
        found = cls(BUILD / "work")
        if not found.path.exists():
            named = os.environ.get("GRADBENCH")
            found.copy(Path(named)) if named else found.clone()
        found.install()
        found.build()
        return found

    def copy(self, source: Path) -> None:
        """Copy a checkout."""
        if not (source / "evals").is_dir():
            raise CheckoutError(f"GRADBENCH={source} is no checkout of {REPOSITORY}")
        BUILD.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, self.path, ignore=shutil.ignore_patterns(".git", "node_modules"))

    def clone(self) -> None:
        """Fetch the public repository."""
        BUILD.mkdir(parents=True, exist_ok=True)
        _run(["git", "clone", "--depth", "1", REPOSITORY, str(self.path)], BUILD)

    def install(self) -> None:
        """Install what the evals import, beside the project and not into its environment."""
        if not PACKAGES.exists():
            command = [sys.executable, "-m", "pip", "install", "--quiet"]
            _run([*command, "--target", str(PACKAGES), *NEEDED], BUILD)

    def build(self) -> None:
        """Build the hand-written programs: the evals compare with them."""
        header = self.path / "cpp" / "json.hpp"
        installed = Path("/usr/include/nlohmann/json.hpp")
        if not header.exists() and installed.exists():
            shutil.copy(installed, header)
        if not header.exists():
            _run(["make", "-C", "cpp"], self.path)
        if not (self.path / "tools" / "manual" / "bin" / "lse").exists():
            print("building the hand-written programs", file=sys.stderr, flush=True)
            _run(["make", "-C", "tools/manual"], self.path)

    def eval(self, name: str) -> Path:
        """The program of an eval."""
        return self.path / "python" / "gradbench" / "gradbench" / "evals" / name / "run.py"

    @property
    def environment(self) -> Mapping[str, str]:
        """Where the programs of GradBench find their modules."""
        paths = [self.path / "python" / "gradbench", PACKAGES]
        return {"PYTHONPATH": os.pathsep.join(map(str, paths))}


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise CheckoutError(f"{' '.join(command)}: {said[-2000:]}")
