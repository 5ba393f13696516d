"""The page as a reader's Markdown parser sees it: markdown-it with tables, links by reference and HTML as written."""

from entries import attack, entry
from markdown_it import MarkdownIt
from page import Page

from trailbook.report.catalogue_page import render
from trailbook.runbook.matrix import Matrix, matrix

CIS = "cis-aws-foundations@7.0.0"


def page(*found, known=None):
    return render(found, known or matrix(), "../runbooks")


def parsed(text):
    return Page(MarkdownIt("commonmark").enable("table").render(text).encode())


def links(text):
    return {attrs["href"] for attrs in parsed(text).all("a")}


def section(text, heading):
    """The text beneath a heading, to the next of the same depth or a higher one."""
    depth = heading.partition(" ")[0]
    _, _, rest = text.partition(f"\n{heading}\n")
    assert rest, f"{heading} is there"
    ends = [rest.find(f"\n{'#' * level} ") for level in range(1, len(depth) + 1)]
    return rest[: min((end for end in ends if end >= 0), default=len(rest))]


def row(text, start):
    (found,) = [line for line in text.splitlines() if line.startswith(f"| {start}")]
    return [cell.strip() for cell in found.strip("|").split(" | ")]


def test_the_head_counts_runbooks_and_cases_by_severity_start_kind_and_status():
    case = {"name": "one", "events": [], "rows": []}
    text = page(
        entry("a", severity="critical", cases=[case, {**case, "name": "two"}]),
        entry("b", severity="low", schedule=None, result={"kind": "events", "key": ["event_id"]}),
        entry("c", severity="low", status="experimental"),
    )
    assert row(text, "in all")[1] == "3 runbooks with 2 cases"
    assert row(text, "by severity")[1] == "1 critical, 2 low"
    assert row(text, "by start")[1] == "2 scheduled, 1 on demand"
    assert row(text, "by kind")[1] == "2 aggregate, 1 events"
    assert row(text, "by status")[1] == "2 stable, 1 experimental"


def test_the_page_says_that_mappings_support_and_were_not_reviewed_by_an_auditor():
    words = parsed(page(entry("a"))).words
    assert "a runbook's runs support a control: they are evidence that something is monitored" in words
    assert "No run, and no number of runs, satisfies a control" in words
    assert "No auditor has reviewed these mappings" in words


def test_a_runbook_s_row_says_what_it_is_keyed_by_when_it_runs_what_one_sets_and_where_it_leads():
    params = {"must": {"type": "string", "title": "x"}, "may": {"type": "string", "title": "x", "default": None}}
    lookup = {"description": "x", "columns": {"a": "string"}}
    pivots = [{"runbook": name, "with": {"x": "{user_name}"}} for name in ("elsewhere", "b", "b")]
    text = page(
        entry("a", params=params, needs_one_of=["may"], lookups={"crown": lookup}, pivots=pivots, schedule=None),
        entry("b", params={}),
    )
    assert row(text, "[a]") == [
        "[a]<br>Failed console sign-ins, by user and source",
        "medium",
        "aggregate by<br>`account_id`, `user_name`, `source_ip`",
        "on demand",
        "**`must`**, `may`<br>at least one of `may`<br>lists: `crown`",
        "[b], `elsewhere`",
    ]
    assert row(text, "[b]")[3:] == ["`0 2 * * *`<br>window&nbsp;1d", "none", "none"]


def test_what_is_not_stable_says_so():
    assert row(page(entry("a", status="deprecated")), "[a]")[0].startswith("[a] *(deprecated)*<br>")


def test_each_runbook_links_to_its_file_and_each_technique_to_its_page():
    found = links(page(entry("a", "our own"), entry("b", "storage")))
    assert {"../runbooks/our%20own/a.yaml", "../runbooks/storage/b.yaml"} <= found
    assert "https://attack.mitre.org/techniques/T1110/001/" in found


def test_the_contents_lead_to_headings_that_are_there():
    text = page(entry("a"))
    headings = [line.lstrip("# ") for line in text.splitlines() if line.startswith("## ")]
    anchors = {f"#{heading.lower().replace('&', '').replace(' ', '-')}" for heading in headings}
    assert anchors == {link for link in links(text) if link.startswith("#")}


def test_a_tactic_without_a_runbook_is_named_and_one_with_has_a_table():
    text = section(page(entry("a", attack=attack("T1110.001"))), "## By ATT&CK tactic")
    assert row(section(text, "### Credential Access (TA0006)"), "[T1110.001]") == [
        "[T1110.001](https://attack.mitre.org/techniques/T1110/001/) Brute Force: Password Guessing",
        "[a]",
    ]
    assert "Tactics without a runbook: Reconnaissance, Resource Development, Initial Access," in text
    assert "The MITRE Corporation" in text


def test_a_technique_that_is_not_known_here_is_listed_without_a_tactic():
    text = page(entry("a", attack=attack("T9999")), entry("b", attack=...))
    assert row(section(text, "### Tactic not known here"), "[T9999]")[1:] == ["19.1", "[a]"]
    assert "Runbooks without a technique: [b]." in text


def test_tactics_that_nobody_could_check_are_marked():
    tactic, name = "TA0040", "T1485"
    spec = {"version": "19.1", "tactics": {tactic: "Impact"}}
    technique = {"name": "Data Destruction", "tactics": [tactic]}
    found = entry("a", attack=attack(name))
    sure = page(found, known=Matrix.model_validate(spec | {"techniques": {name: technique}}))
    unsure = page(found, known=Matrix.model_validate(spec | {"techniques": {name: technique | {"confirmed": False}}}))
    assert "‡" not in sure
    assert "Data Destruction‡ | [a] |" in unsure
    assert "‡ Unconfirmed: nobody could check the tactics of this technique." in unsure


def test_a_cis_control_without_a_runbook_says_none():
    text = section(page(entry("a", controls={CIS: ["5.6", "2.4"]})), "### CIS AWS Foundations Benchmark 7.0.0")
    assert row(text, "5.6 ") == ["5.6", "failed console authentication", "[a]"]
    assert row(text, "5.16 ") == ["5.16", "Security Hub enabled", "**none**"]
    assert text.count("**none**") == 15
    assert "1 of the 16 controls from 5.1 to 5.16 have a runbook" in text
    assert row(text, "2.4 ") == ["2.4", "[a]"]


def test_the_scope_of_pci_and_soc2_is_said_where_they_are_used():
    text = page(entry("a", controls={"pci-dss@4.0.1": ["10.2.1"], "soc2@2017": ["A1.2"]}))
    assert "accounts in the scope of PCI DSS" in section(text, "### PCI DSS 4.0.1")
    assert "availability" in section(text, "### SOC 2, Trust Services Criteria 2017")


def test_mappings_that_nobody_has_reviewed_carry_a_mark_and_a_note_in_both_parts():
    text = page(entry("a", mappings_reviewed=False), entry("b"))
    note = "† Nobody but the runbook's author has read these mappings against their sources."
    tactics, controls = section(text, "## By ATT&CK tactic"), section(text, "## By framework and control")
    for part in (tactics, controls):
        assert "[a]†, [b]" in part
        assert note in part
        assert "[b]†" not in part
    assert "†" not in page(entry("b"), entry("c", mappings_reviewed=False, attack=..., controls=...))


def test_hostile_titles_stay_text_and_break_no_table():
    title = "a|b <img src=x> [b](javascript:x) `c\n# d \u202e"
    text = page(entry("a", title=title), entry("b"))
    seen = parsed(text)
    assert "a|b <img src=x> [b](javascript:x) `c # d ⟨U+202E⟩" not in links(text)
    assert "a|b <img src=x> [b](javascript:x) `c # d" in seen.words
    assert not seen.all("img")
    assert not [link for link in links(text) if "javascript" in link]
    assert len(seen.all("h1")) == 1
    assert "\u202e" not in text
