"""A file has one subject, and so it stays short."""

import subprocess
from collections.abc import Mapping

from tests.structure.imports import ROOT

LIMIT = 500


def too_long(sources: Mapping[str, str]) -> list[str]:
    """One sentence for each file with more than LIMIT lines."""
    return [
        f"{name} has {count} lines, {LIMIT} is the limit"
        for name, text in sources.items()
        if (count := len(text.splitlines())) > LIMIT
    ]


def python_files() -> dict[str, str]:
    """Text of every Python file git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return {str(p.relative_to(ROOT)): p.read_text("utf-8") for p in paths if p.exists()}


def test_no_file_is_too_long():
    files = python_files()
    assert "tests/structure/test_sizes.py" in files
    assert too_long(files) == []


def test_the_limit_is_held():
    sources = {"short.py": "x\n" * LIMIT, "long.py": "x\n" * (LIMIT + 1)}
    assert too_long(sources) == [f"long.py has {LIMIT + 1} lines, {LIMIT} is the limit"]
