"""Reading a page: is it well formed, and does it need nothing else."""

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Checker(HTMLParser):
    """Reads a page and notes tags that do not fit and everything that would load something."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.loads: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("script", "iframe", "object", "embed", "link", "img", "base", "form"):
            self.loads.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "href", "xlink:href", "action"):
                self.loads.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        self.text.append(data)


def checked(page: str) -> Checker:
    """Read a page, and fail when it is malformed or would load or run something."""
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.wrong == []
    assert checker.open == []
    assert checker.loads == []
    assert "http:" not in page
    assert "https:" not in page
    assert "url(" not in page.replace("url(#arrow)", "")
    assert "@import" not in page
    return checker
