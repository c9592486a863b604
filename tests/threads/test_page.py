"""The page of threads: the tests that it names are there, and all tests here are on it."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "threads.md"
NAMED = re.compile(r"`((?:tests/\w+/)?test_\w+\.py)::(test_\w+)`")


def functions_of(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def named():
    for file, name in NAMED.findall(PAGE.read_text(encoding="utf-8")):
        yield (ROOT / file if "/" in file else Path(__file__).parent / file), name


def test_tests_that_are_named_are_there():
    missing = [
        f"{path.name}::{name}"
        for path, name in named()
        if not path.exists() or name not in functions_of(path)
    ]
    assert not missing
    assert len(list(named())) > 130


def test_all_tests_of_threads_are_named():
    here = {
        (path.name, name)
        for path in Path(__file__).parent.glob("test_*.py")
        for name in functions_of(path)
        if name.startswith("test_") and path.name != "test_page.py"
    }
    assert here - {(path.name, name) for path, name in named()} == set()


def test_every_row_names_a_test():
    page, without = PAGE.read_text(encoding="utf-8").split("## Without a test")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if not row.startswith(("| thread", "| ---"))]
    assert [row for row in rows if not NAMED.search(row)] == []
    assert not NAMED.search(without)
