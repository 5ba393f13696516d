"""A page as a browser's parser sees it: its elements, attributes and text."""

from html.parser import HTMLParser
from typing import Any, ClassVar


class Page(HTMLParser):
    """The elements in order as (tag, attributes), the text of each open element path, and what was left open."""

    VOID: ClassVar = {"meta", "br", "rect"}
    CODE: ClassVar = {"style"}
    """Elements whose content is no text, but kept as `style`."""

    def __init__(self, body: bytes | str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, Any]]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.comments: list[str] = []
        self.text = ""
        self.style = ""
        self.feed(body if isinstance(body, str) else body.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.CODE:
            self.style += data
        else:
            self.text += data

    @property
    def words(self) -> str:
        return " ".join(self.text.split())

    def all(self, tag: str) -> list[dict[str, Any]]:
        return [attrs for name, attrs in self.elements if name == tag]
