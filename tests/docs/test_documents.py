"""Every example of the README and of docs/ does what the page says."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
COMMAND = re.compile(r"^\$ gradc (.*?)(?:\s+#.*)?$", re.MULTILINE)
# Its examples need a GPU or the simulator: tests/cuda runs them.
SIMULATED = "cuda.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def _examples(page: Path) -> int:
    return len(doctest.DocTestParser().get_examples(page.read_text()))


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if _examples(page) and page.name != SIMULATED],
    ids=lambda page: page.name,
)
def test_python_examples(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testfile(
        str(page), module_relative=False, optionflags=FLAGS, encoding="utf-8"
    )
    assert tried
    assert not failed


def _commands() -> list[str]:
    blocks = (block for page in PAGES for block in BLOCK.findall(page.read_text()))
    found = [command for block in blocks for command in COMMAND.findall(block)]
    # training is run by the tests of the command line, on less data
    return sorted({command for command in found if not command.startswith("train")})


@pytest.mark.parametrize("command", _commands())
def test_commands(command, tmp_path, monkeypatch):
    from gradc.cli.app import group

    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    result = CliRunner().invoke(group, shlex.split(command))
    assert result.exit_code == 0, result.output
