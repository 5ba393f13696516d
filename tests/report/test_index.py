"""The index of a command's runs: its order, what it folds together, its sentences, and the page and JSON of it."""

import base64
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from page import Page
from planted import PLANTED, WRITTEN
from subject import SPEC

from trailbook.diff import Counts, Finding, Seen, State
from trailbook.errors import DeploymentError
from trailbook.report import index_statements as says
from trailbook.report.index import Index, LeftOut, Line, Logs, Skipped, controls, key_of, ordered, techniques
from trailbook.report.index_files import dumps, render, write
from trailbook.runbook.model import Runbook
from trailbook.verdict import Coverage, Verdict
from trailbook.window import Window, parse_time

DAY = Window(parse_time("2026-11-01", ""), parse_time("2026-11-02", ""))
LOGS = Logs(("logs",), files=3, bytes=4_200_000, events=1200, problems=())
COVERAGE = (
    Coverage("111122223333", "eu-west-1", 300, "2026-11-01T00:00:05Z", "2026-11-01T23:58:00Z"),
    Coverage("444455556666", "us-east-1", 700, "2026-11-01T00:00:01Z", "2026-11-01T22:00:00Z"),
)
LATE = "the run began before 2026-11-02T02:00:00Z, so CloudTrail may not have delivered the window's last events"
EMPTY = "the lookup critical_buckets is empty, so there was nothing to look for"


def runbook(name: str, severity: str = "high", **more: Any) -> Runbook:
    return Runbook.model_validate(SPEC | {"id": name, "severity": severity, "title": f"About {name}"} | more)


def line(
    name: str,
    verdict: str = "pass",
    *,
    severity: str = "high",
    found: int = 0,
    suppressed: int = 0,
    gaps: tuple[str, ...] = (),
    own: tuple[str, ...] = (),
    top: str | None = None,
    report: str | None = None,
    **more: Any,
) -> Line:
    """Return a run of which all findings are new, `suppressed` of them accepted."""
    opened = found - suppressed
    counts = Counts(new=found, suppressed=suppressed, open_new=opened, open_present=opened)
    reasons = (*((f"there are {opened} findings",) if verdict == "fail" else ()), *own, *gaps)
    return Line(
        runbook=runbook(name, severity, **more),
        run_id=f"run-of-{name}",
        verdict=Verdict(verdict),
        reasons=("query: no such column",) if verdict == "error" else reasons,
        gaps=(*own, *gaps),
        own_gaps=own,
        counts=None if verdict == "error" else counts,
        top=top or (f"user_name={name}" if found else None),
        report=report,
    )


def index(*lines: Line, **more: Any) -> Index:
    given: dict[str, Any] = {"window": DAY, "made": "2026-11-03T09:00:00Z", "logs": LOGS, "coverage": COVERAGE}
    return Index(lines=ordered(lines), **(given | more))


def usual() -> Index:
    return index(
        line("broken-query", "error", severity="medium"),
        line("clean", severity="critical"),
        line("accepted-only", found=2, suppressed=2),
        line("one-found", "fail", severity="critical", found=1, report="reports/one-found/x/report.html"),
        line("three-found", "fail", severity="critical", found=4, suppressed=1),
        line("low-found", "fail", severity="low", found=9),
        line("no-list", "incomplete", severity="high", own=(EMPTY,)),
        line("clean-too", severity="low", report="reports/clean-too/x/report.html"),
        skipped=(Skipped("one-key", "needs --param access_key_id=…"),),
        left_out=(LeftOut("broken-file", tuple(f"broken.yaml:{n}:1: key: unknown" for n in range(7))),),
        params=("users=alice",),
    )


def hostile() -> Index:
    bad = " ".join(WRITTEN)
    lines = [
        line(
            f"run-{number}",
            "fail",
            found=1,
            top=text,
            title=(text + " title")[:200],
            description=text,
            attack={"version": "19.1", "techniques": ["T1110", "javascript:alert(1)", "<b>"]},
            controls={f"{text}@{text}": [text]},
        )
        for number, text in enumerate(WRITTEN)
    ]
    lines.append(line("nothing", title=bad[:200]))
    lines += [line(f"late-{number}", "incomplete", gaps=(" ".join(PLANTED),)) for number in range(40)]
    return index(
        *lines,
        logs=Logs(PLANTED, 1, 2, 3, PLANTED),
        coverage=tuple(Coverage(text, text, 1, text, text) for text in PLANTED),
        skipped=tuple(Skipped(text, text) for text in PLANTED),
        left_out=(LeftOut(bad, PLANTED),),
        params=PLANTED,
    )


def test_runs_are_ordered_by_verdict_severity_and_open_findings() -> None:
    assert [run.runbook.id for run in usual().lines] == [
        *("three-found", "one-found", "low-found"),
        *("no-list", "broken-query"),
        *("clean", "accepted-only", "clean-too"),
    ]


def test_what_found_nothing_is_folded_and_what_was_accepted_is_not() -> None:
    assert [run.runbook.id for run in usual().quiet] == ["clean", "clean-too"]
    assert {run.runbook.id for run in usual().rows} == {run.runbook.id for run in usual().lines} - {
        "clean",
        "clean-too",
    }


def test_a_gap_of_the_logs_is_said_once_for_all() -> None:
    late = [line(f"late-{number}", "incomplete", gaps=(LATE,)) for number in range(3)]
    found = index(*late, line("found", "fail", found=2, gaps=(LATE,)), line("on-demand"))
    assert found.gaps == (LATE,)
    assert [run.runbook.id for run in found.rows] == ["found"]
    assert says.found_nothing(found) == (
        "1 runbook found nothing in 1,000 events of 2 accounts in 2 regions, the first at 2026-11-01T00:00:01Z and "
        "the last at 2026-11-01T23:58:00Z.",
        "3 runbooks found nothing in 1,000 events of 2 accounts in 2 regions, the first at 2026-11-01T00:00:01Z and "
        "the last at 2026-11-01T23:58:00Z, which is no all-clear: the window was not looked at whole.",
    )


def test_a_gap_of_few_runbooks_and_an_empty_lookup_of_many_are_theirs() -> None:
    missing = "no logs of the expected regions eu-north-1"
    found = index(
        *(line(f"listed-{number}", "incomplete", own=(EMPTY,)) for number in range(4)),
        line("expects-more", "incomplete", gaps=(missing,)),
        line("clean"),
    )
    assert found.gaps == ()
    assert [run.runbook.id for run in found.quiet] == ["clean"]
    assert {found.first_look(run) for run in found.rows} == {EMPTY, missing}


def test_one_run_alone_keeps_its_own_gaps() -> None:
    found = index(line("late", "incomplete", gaps=(LATE,)))
    assert (found.gaps, found.quiet) == ((), ())
    assert found.first_look(found.lines[0]) == LATE


def test_the_first_look_is_a_finding_or_the_reason() -> None:
    looks = {run.runbook.id: usual().first_look(run) for run in usual().lines}
    assert looks["three-found"] == "user_name=three-found"
    assert looks["accepted-only"] == "user_name=accepted-only"
    assert looks["no-list"] == EMPTY
    assert looks["broken-query"] == "query: no such column"


def test_an_incomplete_run_with_findings_says_its_own_gap_before_them() -> None:
    late = [line(f"late-{number}", "incomplete", gaps=(LATE,)) for number in range(3)]
    cut = line("cut", "incomplete", found=3, gaps=(LATE,), own=("rows were cut at the row limit of 3",))
    kept = line("kept", "incomplete", found=3, gaps=(LATE,))
    found = index(*late, cut, kept)
    assert found.first_look(cut) == "rows were cut at the row limit of 3"
    assert found.first_look(kept) == "user_name=kept"


@pytest.mark.parametrize(
    ("lines", "more", "worst"),
    [
        (("pass", "fail", "error"), {}, "fail"),
        (("pass", "incomplete", "error"), {}, "error"),
        (("pass", "incomplete"), {}, "incomplete"),
        (("pass",), {}, "pass"),
        (("pass",), {"left_out": (LeftOut("broken", ()),)}, "incomplete"),
        (("pass",), {"skipped": (Skipped("one-key", "needs it"),)}, "pass"),
        ((), {}, "incomplete"),
    ],
)
def test_the_page_s_verdict_is_the_worst_and_never_clean_over_what_was_not_looked_at(
    lines: tuple[str, ...], more: dict[str, Any], worst: str
) -> None:
    assert index(*(line(f"r-{n}", verdict) for n, verdict in enumerate(lines)), **more).verdict == worst


def finding(row: dict[str, Any]) -> Finding:
    return Finding("id", State.NEW, row, reopened=False, first_seen=Seen("r", "t"), last_seen=Seen("r", "t"))


def test_a_finding_is_named_by_its_key_the_account_last() -> None:
    row = {"account_id": "111122223333", "user_name": "W" * 200, "source_ip": None, "error_message": "x", "n": 1}
    assert key_of(finding(row), runbook("x")) == f"user_name={'W' * 79}…, source_ip=NULL, account_id=111122223333"


def test_a_finding_whose_key_is_an_event_id_is_named_by_its_first_columns() -> None:
    events = runbook("x", result={"kind": "events", "key": ["event_id"]})
    row = {"event_id": "e-1", "event_time": "T", "user_name": None, "event_name": "Do", "source_ip": "::1", "more": 2}
    assert key_of(finding(row), events) == "event_time=T, event_name=Do, source_ip=::1"
    assert key_of(finding({"event_id": "e-1"}), events) == "event_id=e-1"


def test_mappings_are_counted_over_the_failing_runbooks() -> None:
    lines = [
        line("a", attack={"version": "19.1", "techniques": ["T1110", "T1078.004"]}, controls={"soc2@2017": ["CC6.10"]}),
        line("b", attack={"version": "19.1", "techniques": ["T1110"]}, controls={"soc2@2017": ["CC6.2", "CC6.10"]}),
        line("c", attack=None, controls={}),
    ]
    assert techniques(lines) == (("T1078.004", 1), ("T1110", 2))
    assert controls(lines) == (("soc2@2017", (("CC6.2", 1), ("CC6.10", 2))),)


def test_a_mapping_that_nobody_reviewed_is_said() -> None:
    reviewed, not_reviewed = runbook("a"), runbook("b", mappings_reviewed=False)
    assert says.UNREVIEWED not in says.mappings([reviewed])
    assert says.UNREVIEWED in says.mappings([reviewed, not_reviewed])
    assert says.mappings([runbook("c", attack=None, controls={}, mappings_reviewed=False)]) == ()


def test_sentences_count_in_words_that_fit_one_and_many() -> None:
    assert says.verdicts(usual()) == (
        "Of 8 runbooks, 3 fail (2 critical, 1 low), 1 is incomplete, 1 has no result, 3 pass."
    )
    assert says.findings(usual()) == "13 open findings, 13 of them new; 3 suppressed by allow entries."
    assert says.unstarted(usual()) == "1 runbook skipped, since it needs a parameter; 1 broken runbook left out."
    alone = index(line("a", "fail", found=1))
    assert says.verdicts(alone) == "Of 1 runbook, 1 fails (1 high)."
    assert (says.findings(alone), says.unstarted(alone)) == ("1 open finding, 1 of them new.", None)
    assert says.verdicts(index()) == "No runbook ran."


@pytest.mark.parametrize("made", [usual, hostile, index], ids=["usual", "hostile", "empty"])
def test_nothing_on_the_page_runs_loads_or_leads_anywhere_but_to_reports_and_https(made: Any) -> None:
    page = Page(render(made()))
    for tag, attrs in page.elements:
        assert tag not in ("script", "img", "iframe", "object", "embed", "form", "link", "base", "svg")
        assert not {key for key in attrs if key.startswith("on") or key in ("style", "src", "srcset", "action")}
        href = attrs.get("href")
        assert href is None or re.fullmatch(r"reports/[\w./-]+|#[a-z-]+|https://attack\.mitre\.org/[\w/]+", href)
    assert (page.unbalanced, page.open, page.comments) == ([], [], [])
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_no_hidden_character_reaches_the_page_and_every_planted_text_is_text() -> None:
    body = render(hostile()).decode()
    assert not [c for c in body if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2066\u200b"]
    assert "⟨ESC⟩]0;owned⟨BEL⟩" in body
    text = Page(render(hostile())).text
    for planted in PLANTED[:9]:
        assert planted in text
    assert "W" * 400 + "… [10,000 characters; whole in index.json]" in text
    assert "report.json" not in text


def test_the_page_has_its_sections_headings_and_scopes() -> None:
    page = Page(render(usual()))
    ids = {attrs.get("id") for _, attrs in page.elements}
    assert [attrs["id"] for attrs in page.all("section")] == ["triage", "nothing", "skipped", "mappings", "read"]
    assert all(attrs["aria-labelledby"] in ids for attrs in page.all("section"))
    assert all(attrs.get("scope") in ("row", "col") for attrs in page.all("th"))
    assert all((attrs["href"] or "").lstrip("#") in ids for attrs in page.all("a") if attrs["href"].startswith("#"))
    assert len(page.all("main")) == len(page.all("h1")) == 1


def test_the_page_says_what_was_read_and_that_it_is_no_evidence() -> None:
    words = Page(render(usual())).words
    assert "✕ FAIL Of 8 runbooks, 3 fail (2 critical, 1 low)" in words
    assert "3 files, 4.2 MB, 1,200 events" in words
    assert "1,000 events of 2 accounts in 2 regions" in words
    assert "users=alice" in words
    assert "an index and no evidence: each run writes it anew" in words
    assert "one-key needs --param access_key_id=…" in words
    assert "broken-file broken broken.yaml:0:1: key: unknown" in words
    assert "2 more problems in index.json" in words


def test_an_index_that_found_nothing_says_so_only_beside_what_was_looked_at() -> None:
    words = Page(render(index(line("clean")))).words
    assert "No runbook has anything to look at." in words
    assert "1 runbook found nothing in 1,000 events" in words


def test_json_has_each_run_and_is_the_same_bytes_each_time() -> None:
    assert dumps(usual()) == dumps(usual())
    told = json.loads(dumps(usual()))
    assert told["format"] == "trailbook.index/1"
    assert [run["runbook"] for run in told["runs"]][:2] == ["three-found", "one-found"]
    assert [run["runbook"] for run in told["runs"] if run["found_nothing"]] == ["clean", "clean-too"]
    assert told["runs"][1]["report"] == "reports/one-found/x/report.html"
    assert told["verdicts"] == {"fail": 3, "incomplete": 1, "error": 1, "pass": 3}
    assert told["skipped"] == [{"runbook": "one-key", "reason": "needs --param access_key_id=…"}]
    assert len(told["left_out"][0]["problems"]) == 7
    json.loads(dumps(hostile()))


def test_files_are_written_over_whole_or_not_at_all(tmp_path: Path) -> None:
    write(tmp_path / "new" / "folder", usual())
    page = tmp_path / "new" / "folder" / "index.html"
    first = page.stat().st_ino
    write(page.parent, index(line("clean")))
    assert page.stat().st_ino != first, "a reader of the old file keeps the old file"
    assert page.read_bytes() == render(index(line("clean")))
    assert sorted(path.name for path in page.parent.iterdir()) == ["index.html", "index.json"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(DeploymentError, match=re.escape(os.fspath(tmp_path / "out" / "index.html"))):
        write(tmp_path / "out", usual())
