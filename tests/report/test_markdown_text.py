"""What Markdown readers make of hostile text: markdown-it with tables and HTML on, as lenient as a reader can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from page import Page

from trailbook.report.markdown_text import code, plain, table
from trailbook.words import HIDDEN

HOSTILE = [
    "a|b",
    "`ls` and ``",
    "<script>alert(1)</script>",
    "<!-- not seen",
    "[click](javascript:alert(1))",
    "[other-runbook]",
    "![x](https://evil.example/x.png)",
    "*bold* _it_ ~~gone~~ __b__",
    "&lt;b&gt; &amp; &#60;",
    "ends in a backslash \\",
    "\\| escaped already \\`",
    "$x$ and | ` <",
    "a\n| new | row |\nc",
    "# no heading",
    "[x]: https://evil.example",
]


def cells(markdown):
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown)
    page = Page(html.encode("utf-8", "replace"))
    return page, [tag for tag, _ in page.elements]


def as_cell(text):
    return table(["one", "two"], [[text, "end"]])


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stays_one_cell_of_plain_text(text):
    page, tags = cells(as_cell(plain(text)))
    assert tags == ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]
    assert page.words == f"one two {' '.join(text.split())} end"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stays_one_code_span(text):
    page, tags = cells(as_cell(code(text)))
    assert tags == ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "code", "td"]
    assert page.words == f"one two {' '.join(text.split())} end"


@given(st.text(max_size=40))
def test_no_text_whatever_breaks_out_of_its_cell(text):
    for cell in (plain(text), code(f"x{text}x")):
        page, tags = cells(as_cell(cell))
        assert set(tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
        assert tags.count("td") == 2
        assert page.words.endswith(" end")
        assert not HIDDEN.search(cell)


def test_an_address_in_a_text_is_no_link_where_readers_link_addresses_themselves():
    pytest.importorskip("linkify_it", reason="what markdown-it links addresses with comes with Airflow")
    parser = MarkdownIt("gfm-like")
    assert "<a " in parser.render("https://evil.example")
    assert "<a " not in parser.render(plain("https://evil.example and www.evil.example"))


def test_hidden_characters_are_marked():
    assert plain("a\u202eb\x1b") == "a⟨U+202E⟩b⟨ESC⟩"
    assert code("a\u202eb") == "`a⟨U+202E⟩b`"
