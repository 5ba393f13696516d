import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
from page import Page
from planted import PLANTED, WRITTEN, hostile
from samples import ALL, clean, failed_logins, finding, huge, incomplete, make
from subject import SPEC

from trailbook.diff import State
from trailbook.report import html
from trailbook.report.html import environment
from trailbook.runbook.collection import Collection

TEMPLATES = Path(html.__file__).parent / "templates"
SAMPLES = {**ALL, "hostile": hostile}
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "nav", "footer", "section", "h1", "h2", "h3"),
    *("h4", "p", "div", "span", "ul", "ol", "li", "dl", "dt", "dd", "details", "summary", "a", "br", "strong", "em"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "pre", "code", "del", "ins", "svg", "rect"),
}


@pytest.mark.parametrize("name", ["failed-logins", "incomplete", "hostile"])
def test_the_page_is_the_golden_one(name, golden):
    golden(f"{name}.html", html.render(SAMPLES[name]()))


@pytest.mark.parametrize("name", SAMPLES)
def test_the_same_run_renders_the_same_bytes(name):
    assert html.render(SAMPLES[name]()) == html.render(SAMPLES[name]())


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_on_the_page_runs_loads_or_leads_anywhere_but_https(name):
    page = Page(html.render(SAMPLES[name]()))
    assert {tag for tag, _ in page.elements} <= ELEMENTS
    for tag, attrs in page.elements:
        assert not {
            key for key in attrs if key.startswith("on") or key in ("style", "src", "srcset", "srcdoc", "action")
        }
        href = attrs.get("href")
        assert href is None or (tag == "a" and (href.startswith("https://") or re.fullmatch("#[a-z-]+", href)))
        if href and href.startswith("https://"):
            assert "noreferrer" in (attrs["rel"] or "")
    assert page.unbalanced == []
    assert page.open == []
    assert page.comments == []


@pytest.mark.parametrize("name", SAMPLES)
def test_the_policy_allows_the_page_s_own_style_and_nothing_else(name):
    page = Page(html.render(SAMPLES[name]()))
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert len(page.all("style")) == 1
    assert "url(" not in page.style
    assert "@import" not in page.style


def test_no_hidden_character_reaches_the_page():
    body = html.render(hostile()).decode()
    hidden = [
        c for c in body if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2066\u2069\u200b"
    ]
    assert hidden == ["\t"] * len(hidden), "tabs of the SQL only"
    assert "⟨U+202E⟩gnp.exe" in body
    assert "⟨ESC⟩]0;owned⟨BEL⟩" in body


def test_every_planted_text_is_shown_as_text():
    text = Page(html.render(hostile())).text
    for planted in PLANTED[:9]:
        assert planted in text, "what was typed is what is read"


def test_a_planted_text_in_any_field_of_the_runbook_is_shown_as_text():
    words = Page(html.render(hostile())).words
    for planted in WRITTEN[:9]:
        assert words.count(" ".join(planted.split())) > 5


def test_a_value_of_10_kb_is_clipped_and_says_where_the_whole_is():
    words = Page(html.render(make([finding(0, State.NEW, row={"user_agent": "W" * 10_000})]))).words
    assert "W" * 400 + "… [10,000 characters; whole in report.json]" in words
    assert "W" * 401 not in words


def test_a_page_that_lists_2000_findings_stays_below_5_mb_and_says_how_many_there_are():
    body = html.render(huge())
    assert len(body) < 5_000_000
    words = Page(body).words
    assert (
        "Showing 500 of 1,900 findings. report.json and findings.csv have 2,000 findings; result.parquet has all."
        in words
    )


def test_what_the_author_puts_in_backticks_is_set_as_code_and_nothing_else_is_taken_as_markup():
    said = environment().from_string("{{ text|spans }}").render(text="a `Put*` of\n`<b>\u202e` & <i>`")
    assert said == "a <code>Put*</code> of <code>&lt;b&gt;⟨U+202E⟩</code> &amp; &lt;i&gt;`"


def test_the_whole_description_is_there():
    report = clean()
    long = f"{'word ' * 700}`end` of it"
    runbook = report.runbook.model_copy(update={"description": long})
    page = html.render(replace(report, runbook=runbook)).decode()
    assert "word <code>end</code> of it</p>" in page


def test_no_text_of_the_library_is_cut_on_its_way_to_a_page():
    for loaded in Collection.load(Path(__file__).parents[2] / "runbooks").runbooks.values():
        runbook = loaded.runbook
        asked = {"texts": [runbook.description, *runbook.falsepositives], "titles": [runbook.title]}
        asked["titles"] += [text for of in runbook.params.values() for text in (of.title, of.description or "")]
        shown = environment().from_string("{% for t in texts %}{{ t|spans }}{% endfor %}{{ titles|map('prose')|join }}")
        assert "… [" not in shown.render(asked)


def test_only_the_guide_is_taken_as_markup():
    used = [line for path in TEMPLATES.iterdir() for line in path.read_text().splitlines() if "safe" in line]
    assert len(used) == 1
    assert "{{ guide|safe }}" in used[0]
    assert not [path for path in TEMPLATES.iterdir() if "autoescape" in path.read_text()]


def test_the_order_is_verdict_facts_completeness_findings_comparison_and_what_to_do():
    page = Page(html.render(failed_logins()))
    ids = [attrs["id"] for attrs in page.all("section")]
    assert ids == ["facts", "completeness", "findings", "comparison", "act", "mappings", "query", "provenance"]
    assert page.words.index("FAIL") < page.words.index("All in the trail")


def test_each_section_is_a_landmark_with_a_heading_and_each_header_cell_has_a_scope():
    page = Page(html.render(failed_logins()))
    ids = {attrs.get("id") for _, attrs in page.elements}
    assert all(attrs["aria-labelledby"] in ids for attrs in page.all("section"))
    assert all(attrs.get("scope") in ("row", "col") for attrs in page.all("th"))
    assert len(page.all("main")) == len(page.all("h1")) == 1
    assert page.all("html")[0]["lang"] == "en"


def test_findings_are_listed_by_state_reopened_first_and_a_change_shows_both_values():
    words = Page(html.render(failed_logins())).words
    places = [words.index(text) for text in ("New (2)", "Updated (1)", "Unchanged (1)", "Absent (1)", "Suppressed (1)")]
    assert places == sorted(places)
    new = words[places[0] : places[1]]
    assert new.index("bob") < new.index("alice")
    assert "reopened" in new
    assert "was 9 →, now 23" in words[places[1] : places[2]]
    assert "Accepted: Login canary (owner platform, until 2027-03-31)" in words[places[4] :]


def test_no_findings_stands_beside_what_was_read():
    words = Page(html.render(clean())).words
    assert "No findings. 94,068 events of 3 accounts in 4 regions lie in the window" in words
    assert "✓ PASS" in words


def test_an_incomplete_run_never_reads_as_clean():
    words = Page(html.render(incomplete())).words
    assert "! INCOMPLETE" in words
    assert "No findings, but the window was not looked at whole, so this is not an all-clear." in words
    assert "The lookup critical_buckets is empty, so there was nothing to look for." in words
    assert words.count("No logs of the expected accounts 444455556666, 777788889999.") == 2


def test_null_and_the_empty_text_are_told_apart():
    row = {"user_agent": "", "mfa_share": None}
    words = Page(html.render(make([finding(0, State.NEW, row=row)]))).words
    assert "user_agent empty text" in words
    assert "mfa_share NULL" in words


def test_mappings_that_nobody_has_reviewed_say_so_beneath_what_they_are_worth():
    words = "by itself it satisfies none. Nobody but the runbook's author has read these mappings"
    assert words in Page(html.render(make([], spec=SPEC | {"mappings_reviewed": False}))).words
    assert "Nobody but" not in Page(html.render(make([]))).words


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


TEXT_ON = [
    ("ink", "page"),
    ("ink", "panel"),
    ("soft", "page"),
    ("soft", "panel"),
    ("soft", "warn-page"),
    ("link", "page"),
]
TEXT_ON += [(name, f"{name}-page") for name in ("fail", "pass", "warn")]
TEXT_ON += [(f"{name}", f"{other}-page") for name in ("ink", "link") for other in ("fail", "pass", "warn")]
TEXT_ON += [(name, "page") for name in ("fail", "warn", "new", "updated", "unchanged", "absent", "suppressed")]


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_has_the_contrast_that_wcag_aa_wants_in_light_and_dark(theme, text, ground):
    blocks = re.findall(r":root \{(.*?)\}", (TEMPLATES / "report.css").read_text(), re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", blocks[theme]))
    light, dark = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
