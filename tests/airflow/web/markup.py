"""A page as a browser's parser sees it: elements, attributes and text, and what a planted text must never become."""

from typing import ClassVar

from page import Page

ELEMENTS = {
    *("html", "head", "meta", "title", "link", "script", "body", "header", "main", "nav", "footer", "section"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "span", "ul", "ol", "li", "dl", "dt", "dd", "details", "summary"),
    *("a", "br", "strong", "em", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "pre", "code", "del"),
    *("ins", "svg", "rect", "path", "time", "form", "fieldset", "legend", "label", "input", "select", "option"),
    *("button", "blockquote", "hr", "textarea"),
}
ATTRIBUTES = {
    *(
        "lang",
        "open",
        "charset",
        "name",
        "content",
        "rel",
        "href",
        "src",
        "class",
        "id",
        "tabindex",
        "role",
        "scope",
        "colspan",
    ),
    *("method", "action", "type", "value", "for", "placeholder", "autocomplete", "selected", "checked", "datetime"),
    *("title", "viewbox", "preserveaspectratio", "x", "y", "width", "height", "d", "start", "http-equiv"),
    *("aria-label", "aria-labelledby", "aria-current", "aria-hidden", "aria-describedby", "aria-invalid"),
    *("required", "novalidate", "rows", "spellcheck", "inputmode", "step"),
    *("data-name", "data-words", "data-filters", "data-of", "data-copies", "data-outside"),
}


class Markup(Page):
    """A page of the UI. No element of it may hold code."""

    VOID: ClassVar = {"meta", "br", "rect", "path", "link", "input", "img", "hr"}
    CODE: ClassVar = {"script", "style"}

    def links(self) -> list[str]:
        return [attrs["href"] for attrs in self.all("a")]


def only_ours(page: Markup) -> None:
    """Assert that a page is made of our own elements, runs nothing but our script, and leads nowhere strange."""
    assert {tag for tag, _ in page.elements} <= ELEMENTS
    assert {name for _, attrs in page.elements for name in attrs} <= ATTRIBUTES
    assert (page.unbalanced, page.open, page.comments, page.style) == ([], [], [], "")
    assert [attrs["src"].startswith("/trailbook/static/") for attrs in page.all("script")] == [True]
    for tag, attrs in page.elements:
        for name in ("href", "action"):
            to = attrs.get(name)
            assert (
                to is None or to == "data:," or to.startswith(("/trailbook/", "/dags/", "/auth/", "#", "https://"))
            ), to
        assert tag != "a" or not attrs["href"].startswith("https://") or "noreferrer" in attrs["rel"]
    hidden = [
        c for c in page.text if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2066\u200b"
    ]
    assert hidden == []
    assert [attrs.get("scope") for attrs in page.all("th")] == [a["scope"] for a in page.all("th")]
    assert len(page.all("h1")) == len(page.all("main")) == 1
