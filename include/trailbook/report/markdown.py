"""A runbook's guide as HTML: Markdown without HTML, without images, and with https links only."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from trailbook.report.text import visible, web_address

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


def to_html(text: str) -> str:
    """Return the HTML of a Markdown text: markup in it is text, a link that is not https is text."""
    parser = _parser()
    tokens = parser.parse(visible(text, keep="\n\t"))
    _tame(tokens)
    return str(parser.renderer.render(tokens, parser.options, {}))


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # here, since DAG parsing imports this module and renders nothing

    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    parser.validateLink = lambda url: web_address(url) is not None  # type: ignore[method-assign]  # the documented hook
    return parser


def _tame(tokens: "Sequence[Token]") -> None:
    """Links tell the other side nothing, headings fit beneath the page's own, no attribute carries a style."""
    for token in tokens:
        token.attrs.pop("style", None)
        if token.type == "link_open":
            token.attrs["rel"] = "noreferrer noopener"
        if token.type == "th_open":
            token.attrs["scope"] = "col"
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 3)}"
        if token.children:
            _tame(token.children)
