"""HTML as tests look at it."""

from collections.abc import Collection
from html.parser import HTMLParser


class Balance(HTMLParser):
    """Complains about a tag that is not closed where it should be. `void`: tags that have no end."""

    def __init__(self, void: Collection[str]) -> None:
        super().__init__()
        self.void = void
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in self.void or self.open.pop() == tag
