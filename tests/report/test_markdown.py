import pytest
from page import Page

from trailbook.report.markdown import to_html


def test_a_guide_is_formatted():
    page = Page(to_html("# Act\n\n1. **Now**: see [it](https://a.example/x?y=1&z).\n\n`code`\n").encode())
    assert [tag for tag, _ in page.elements] == ["h4", "ol", "li", "strong", "a", "p", "code"]
    assert page.all("a") == [{"href": "https://a.example/x?y=1&z", "rel": "noreferrer noopener"}]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x]( http://a.example)",
        "[x](//a.example)",
        "[x](/a)",
        "[x](#a)",
        "<javascript:alert(1)>",
        "<mailto:a@b.example>",
        "[x][y]\n\n[y]: data:text/html,hello",
        "![x](https://a.example/i.png)",
        "&lt;script&gt;",
        '```js" onload=x\ny\n```',
    ],
)
def test_no_markdown_makes_markup_or_a_link_that_is_not_https(text):
    page = Page(to_html(text).encode())
    assert {tag for tag, _ in page.elements} <= {"p", "a", "pre", "code"}
    for _, attrs in page.elements:
        assert set(attrs) <= {"href", "rel", "class"}
        assert (attrs.get("href") or "https://").startswith("https://")


def test_a_table_has_no_style_attributes():
    page = Page(to_html("| a |\n|--:|\n| b |\n").encode())
    assert all("style" not in attrs for _, attrs in page.elements)


def test_hidden_characters_of_a_guide_are_marked():
    assert to_html("a\u202eb\x1bc") == "<p>a⟨U+202E⟩b⟨ESC⟩c</p>\n"
