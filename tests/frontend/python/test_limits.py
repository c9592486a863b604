"""Each example of the page of limits is refused with exactly the message of the page."""

import pytest

from tests.frontend.python.limits_page import PAGE, examples, message_of, renewed

EXAMPLES = examples()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_message(example):
    assert example.text, "gradc takes this: it does not belong on the page of limits"
    assert message_of(example.code) == example.text


def test_no_example_is_overlooked():
    text = PAGE.read_text(encoding="utf-8")
    assert len(EXAMPLES) >= 40
    assert len(EXAMPLES) == text.count("```python") == text.count("```text")


def test_page_is_written_as_it_is_read():
    assert renewed() == PAGE.read_text(encoding="utf-8")


def test_accepted_code_has_no_message():
    assert message_of("def f(x):\n    return x.sum()\n") == ""
