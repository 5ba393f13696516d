"""The report of a compliance view: the page, its CSV and JSON, written once, with a manifest of digests."""

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from month import AFTER, DAYS, PERIOD, book, every_day, run

from trailbook.canonical import dumps, loads, sha256
from trailbook.compliance.page import render
from trailbook.compliance.report import ComplianceReport
from trailbook.compliance.table import CONTROL_COLUMNS, RUNBOOK_COLUMNS
from trailbook.compliance.view import ComplianceView, view
from trailbook.compliance.write import write
from trailbook.errors import EvidenceError
from trailbook.objects import FolderStore
from trailbook.plan import Head, Run, Trigger
from trailbook.runbook.rollup import CHAIN

HOSTILE = "=cmd|' /C calc'!A0 <script>alert(1)</script> \x1b[31m \u202e \"'&"


def of(found: ComplianceView, **changes: Any) -> ComplianceReport:
    whole = ComplianceReport(
        view=found,
        run=Run("scheduled__2026-11-09", 1, Trigger.SCHEDULED, None, None, "2026-11-09T04:00:00Z"),
        started="2026-11-09T04:00:03Z",
        runbooks_sha256="7" * 64,
        heads={"failed-logins": Head(9, "8" * 64)},
        head=Head(3, "9" * 64),
    )
    return replace(whole, **changes)


def mixed(**changes: Any) -> ComplianceView:
    """One runbook whole with a failing run, one with gaps, one that never ran, and controls without any."""
    books = [
        book(),
        book("gaps", controls={"nist-800-53@rev5": ("AU-6", "AC-2")}),
        book("never", controls={"nist-800-53@rev5": ("SI-4",)}),
    ]
    runs = [*every_day(3), run(3, "fail"), *every_day(1, 2, runbook="gaps"), run(1, "incomplete", runbook="gaps")]
    return view(PERIOD, [], books, runs, **{"by": AFTER, "last_good": {}} | changes)


class Page(HTMLParser):
    """What a browser would see: the tags with their attributes, and the text."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_says_first_what_has_no_evidence() -> None:
    text = Page(render(of(mixed()), beside=True)).text
    order = [
        "16 controls of 19 without any evidence",
        "failing",
        "Missing evidence",
        "no runbook maps to it",
        "runbooks owe evidence",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert places[-1] < text.index("5.6")


def test_each_run_of_the_page_leads_to_its_report_in_the_same_store() -> None:
    links = [tag[1]["href"] for tag in Page(render(of(mixed()), beside=True)).tags if tag[0] == "a"]
    away = {link for link in links if link and not link.startswith("#")}
    assert f"../../../failed-logins/w/r-{DAYS - 1}/report.html" in away
    assert all(re.fullmatch(r"\.\./\.\./\.\./[a-z0-9/-]+/report\.html", link) for link in away)
    anchors = {link[1:] for link in links if link and link.startswith("#")}
    ids = {tag[1]["id"] for tag in Page(render(of(mixed()), beside=True)).tags if "id" in tag[1]}
    assert anchors <= ids
    alone = [tag[1]["href"] for tag in Page(render(of(mixed()), beside=False)).tags if tag[0] == "a"]
    assert all(link is not None and link.startswith("#") for link in alone)


def hostile() -> ComplianceReport:
    """Every text of an operator, an author and the ledger is one that a browser or a spreadsheet would obey."""
    books = [book(HOSTILE, title=HOSTILE, controls={f"{HOSTILE}@1": (HOSTILE,), "cis-aws-foundations@7.0.0": ("5.6",)})]
    runs = [
        run(n, verdict, runbook=HOSTILE, run_id=f"{HOSTILE}{n}", gaps=(HOSTILE,), error=HOSTILE, report_uri=HOSTILE)
        for n, verdict in enumerate(("pass", "fail", "incomplete", "error"))
    ]
    found = view(PERIOD, [], books, runs, by=AFTER, last_good={HOSTILE: runs[0]}, left_out=[HOSTILE], faults=[HOSTILE])
    return of(found, run=Run(HOSTILE, 2, reason=HOSTILE, triggered_by=HOSTILE), heads={HOSTILE: Head(1, HOSTILE)})


def test_hostile_text_stays_text_on_the_page() -> None:
    body = render(hostile(), beside=True)
    page = Page(body)
    assert not {tag for tag, _ in page.tags} & {"script", "iframe", "img", "object", "form"}
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert all((attributes["href"] or "").startswith(("#", "../../../")) for tag, attributes in page.tags if tag == "a")
    assert "\x1b" not in body.decode()
    assert "\u202e" not in body.decode()
    assert "⟨U+202E⟩" in page.text
    assert "<script>alert(1)</script>" in page.text


def test_no_cell_of_the_csv_is_a_formula(tmp_path: Path) -> None:
    products = write(FolderStore(tmp_path), hostile())
    body = FolderStore(tmp_path).get(products.manifest.key.replace("manifest.json", "controls.csv")).decode()
    rows = list(csv.reader(io.StringIO(body, newline="")))
    assert tuple(rows[0]) == (*CONTROL_COLUMNS, *RUNBOOK_COLUMNS)
    cells = [cell for row in rows[1:] for cell in row]
    assert any(cell.startswith("'=cmd") for cell in cells)
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell]


def test_the_csv_has_a_line_for_each_control_and_runbook_and_what_has_no_evidence_first(tmp_path: Path) -> None:
    products = write(FolderStore(tmp_path), of(mixed()))
    key = products.manifest.key.replace("manifest.json", "controls.csv")
    rows = list(csv.DictReader(io.StringIO(FolderStore(tmp_path).get(key).decode(), newline="")))
    assert len(rows) == 19
    assert [row["evidence"] for row in rows] == ["none"] * 16 + ["partial"] * 2 + ["whole"]
    assert [(row["control"], row["runbook"]) for row in rows[-3:]] == [
        ("AC-2", "gaps"),
        ("AU-6", "gaps"),
        ("5.6", "failed-logins"),
    ]
    whole, gaps = rows[-1], rows[-2]
    assert (whole["verdict"], whole["runs"], whole["runs_fail"], whole["last_verdict"]) == ("fail", "10", "1", "pass")
    assert (whole["last_good_entry"], whole["open_findings"], whole["new_findings"]) == ("10", "3", "2")
    assert gaps["missing"] == "1 window without a run; 1 window not looked at whole"
    assert (gaps["windows_expected"], gaps["windows_with_evidence"]) == ("10", "8")


def test_the_json_is_canonical_and_names_each_run_by_its_entry(tmp_path: Path) -> None:
    products = write(FolderStore(tmp_path), of(mixed()))
    body = FolderStore(tmp_path).get(products.manifest.key.replace("manifest.json", "report.json"))
    value: Any = loads(body)
    assert dumps(value) == body
    assert value["format"] == "trailbook.compliance/1"
    assert (value["verdict"], value["chains"]["failed-logins"]["sequence"]) == ("fail", 9)
    (gaps,) = [of for of in value["runbooks"] if of["id"] == "gaps"]
    assert [lack["why"] for lack in gaps["windows"]["without_evidence"]] == ["incomplete", "no run"]
    assert {run["fingerprint"] for run in gaps["runs"]} == {f"{n:064x}" for n in range(DAYS) if n != 2}
    assert gaps["runs"][0]["manifest_sha256"] == "6" * 64


def test_the_manifest_names_every_file_by_its_digest(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    products = write(store, of(mixed()))
    assert products.manifest.key == f"{CHAIN}/2026-11-01T000000Z/scheduled__2026-11-09/manifest.json"
    manifest = json.loads(store.get(products.manifest.key))
    assert [file["name"] for file in manifest["files"]] == ["controls.csv", "report.html", "report.json"]
    for file in manifest["files"]:
        body = store.get(products.manifest.key.replace("manifest.json", file["name"]))
        assert (sha256(body), len(body)) == (file["sha256"], file["size"])
    assert (manifest["verdict"], manifest["ledger_head"]["sequence"]) == ("fail", 3)


def test_it_is_written_once_and_found_again(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    assert write(store, of(mixed())) == write(store, of(mixed()))
    with pytest.raises(EvidenceError, match="another report of this run is there already"):
        write(store, of(mixed(faults=["something else"])))
