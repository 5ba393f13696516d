import unicodedata

import pytest

from trailbook.report.text import clip, shell_quote, size, visible, web_address


def test_every_control_and_format_character_of_unicode_is_made_visible():
    points = [chr(point) for point in range(0x110000)]
    hidden = [
        c for c in points if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(c) in BIDI
    ]
    assert [hex(ord(c)) for c in hidden if c in visible(c)] == []
    visible("".join(points)).encode()


BIDI = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


@pytest.mark.parametrize("text", ["", "plain", "naïve 日本 🦊", "a b"])
def test_what_can_be_seen_stays(text):
    assert visible(text) == text


def test_line_breaks_stay_only_where_asked():
    assert visible("a\nb\tc") == "a⟨LF⟩b⟨TAB⟩c"
    assert visible("a\nb\tc\r", keep="\n\t") == "a\nb\tc⟨CR⟩"


def test_a_clipped_text_says_how_long_it_was():
    assert clip("x" * 400) == "x" * 400
    assert clip("x" * 401) == "x" * 400 + "… [401 characters; whole in report.json]"


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"),
     (48_234_567, "48.2 MB"), (3 * 10**12, "3.0 TB"), (5 * 10**15, "5.0 PB")],
)  # fmt: skip
def test_sizes_are_said_as_people_do(count, said):
    assert size(count) == said


@pytest.mark.parametrize(
    "text",
    ["http://x", "javascript:alert(1)", "HTTPS://x", "https://", "//x", "https://x y", "https://x\n", 'https://x"onx=',
     "https://x<", "https://é.example", " https://x", "data:text/html,x"],
)  # fmt: skip
def test_only_an_https_address_is_one(text):
    assert web_address(text) is None


def test_an_https_address_is_kept_as_it_is():
    assert web_address("https://a.example/b?c=d&e#f") == "https://a.example/b?c=d&e#f"


@pytest.mark.parametrize("text", ["\0", "a\0", "\ud800"])
def test_what_no_argument_can_hold_is_not_quoted(text):
    assert shell_quote(text) is None
