"""Each page of docs/decisions has a number of its own and a line in the table."""

from __future__ import annotations

import re
from pathlib import Path

_FOLDER = Path(__file__).parents[2] / "docs" / "decisions"


def test_every_page_has_its_number_and_its_line() -> None:
    pages = sorted(page.name for page in _FOLDER.glob("0*.md"))
    numbers = [page[:4] for page in pages]
    assert len(set(numbers)) == len(numbers)
    table = re.findall(r"^\| \[(\d{4})\]\(([^)]*)\)", (_FOLDER / "README.md").read_text(), re.M)
    assert table == list(zip(numbers, pages, strict=True))
    for page in pages:
        assert (_FOLDER / page).read_text().startswith(f"# {page[:4]}: "), page
