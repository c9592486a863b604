"""Generated text, exactly; and what it computes, so that no wrong text can be blessed.

``pytest tests/golden --update-golden`` writes the text that gradc makes now into the cases, but
only where that text computes the right thing.
"""

from pathlib import Path

import pytest

from tests.golden.runner import execute, generated, read_case, source_function

CASES = sorted((Path(__file__).parent / "cases").rglob("*.golden"))


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_text_and_meaning(path, tmp_path, request):
    case = read_case(path)
    function = source_function(case, tmp_path)
    text = generated(case, function)
    if request.config.getoption("--update-golden") and text != case.expected:
        execute(case, function, text)
        path.write_text(case.with_expected(text), encoding="utf-8")
        return
    assert text == case.expected
    execute(case, function, case.expected)


def test_a_wrong_text_is_not_blessed(tmp_path):
    case = read_case(next(path for path in CASES if path.stem == "horner_grad"))
    function = source_function(case, tmp_path)
    execute(case, function, case.expected)
    wrong = case.expected.replace("x_bar += p_bar * p_1", "x_bar += p_bar")
    assert wrong != case.expected
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        execute(case, function, wrong)


def test_every_case_executes_somewhere():
    assert CASES
    assert all(read_case(path).args for path in CASES)
