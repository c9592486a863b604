"""The page of functions is what the tables say now."""

from pathlib import Path

from gradc.explain.functions_page import _RULES, functions_page
from gradc.prims.table import TABLE

PAGE = Path(__file__).parents[2] / "docs" / "functions.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == functions_page(), "run `make docs`"


def test_every_record_and_every_name_is_on_it() -> None:
    page = functions_page()
    assert all(f"| `{name}` |" in page for name, record in TABLE.items() if record.formula)
    names = [name for record in TABLE.values() for name in record.names]
    assert len(names) > 150
    for name in names:
        short = name.replace("scipy.special", "special").replace("numpy", "np")
        assert f"`{short}`" in page


def test_rules_are_of_functions_that_are_taken() -> None:
    page = functions_page()
    for names in _RULES.values():
        for name in names.split():
            assert f"| `{name}` |" in page, name
