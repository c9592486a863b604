"""What pyproject.toml packs is what the folders hold."""

import ast
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.structure.imports import FOLDERS, ROOT, project_packages


@pytest.fixture(scope="module")
def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def folders_without_init(root: Path) -> list[str]:
    """Folders with Python files that are no packages, and so would be packed by nobody."""
    with_python = {path.parent for path in root.rglob("*.py")}
    return sorted(
        folder.relative_to(root).as_posix()
        for folder in with_python
        if not (folder / "__init__.py").exists()
    )


def unpacked(files: Iterable[Path], patterns: Iterable[str]) -> list[str]:
    """Files that are neither Python nor matched by a pattern of package data."""
    patterns = list(patterns)
    return sorted(
        path.name
        for path in files
        if path.suffix != ".py" and not any(path.match(pattern) for pattern in patterns)
    )


def test_every_package_is_listed_and_no_other(pyproject):
    listed = pyproject["tool"]["setuptools"]["packages"]
    assert sorted(listed) == sorted(project_packages()), (
        "tool.setuptools.packages in pyproject.toml does not match the folders"
    )


def test_import_names_point_at_the_folders(pyproject):
    named = pyproject["tool"]["setuptools"]["package-dir"]
    assert {name: ROOT / folder for name, folder in named.items()} == FOLDERS


@pytest.mark.parametrize("package", FOLDERS)
def test_every_folder_is_a_package(package):
    assert folders_without_init(FOLDERS[package]) == []


@pytest.mark.parametrize("package", FOLDERS)
def test_data_files_are_packed(package, pyproject):
    patterns = pyproject["tool"]["setuptools"]["package-data"]["*"]
    files = [
        path
        for path in FOLDERS[package].rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert unpacked(files, patterns) == []


@pytest.mark.parametrize("package", FOLDERS)
def test_one_version(package, pyproject):
    tree = ast.parse((FOLDERS[package] / "__init__.py").read_text("utf-8"))
    versions = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__"
    ]
    assert versions == [pyproject["project"]["version"]]


def test_checkers_see_what_is_forgotten(tmp_path):
    (tmp_path / "__init__.py").touch()
    (tmp_path / "forgotten").mkdir()
    (tmp_path / "forgotten" / "module.py").touch()
    assert folders_without_init(tmp_path) == ["forgotten"]
    files = [Path("a.py"), Path("b.html.j2"), Path("c.css")]
    assert unpacked(files, ["*.html.j2"]) == ["c.css"]
