"""`trailbook compliance` over a ledger in a folder."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from trailbook.cli import main
from trailbook.compliance import Mapped
from trailbook.ledger import Ledger, Looked, Record
from trailbook.objects import FolderStore
from trailbook.plan import Run, Trigger
from trailbook.runbook.collection import Collection
from trailbook.verdict import Verdict
from trailbook.window import Window, text

START = datetime(2026, 11, 2, tzinfo=UTC)
PERIOD = ["--from", "2026-11-02", "--to", "2026-11-09"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployment of two runbooks, of which one has run each day of a week and the other never."""
    folder = tmp_path / "runbooks"
    folder.mkdir()
    for name, controls in (("ran", {"nist-800-53@rev5": ["AU-6"]}), ("never", {"soc2@2017": ["CC7.2\x1b[31m"]})):
        spec = {
            "id": name,
            "title": name,
            "description": name,
            "severity": "low",
            "owner": "security",
            "controls": controls,
            "schedule": {"cron": "0 2 * * *"},
            "query": "SELECT eventid AS event_id FROM cloudtrail",
            "result": {"kind": "events", "key": ["event_id"]},
        }
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(spec))
    monkeypatch.setenv("TRAILBOOK_RUNBOOKS", str(folder))
    monkeypatch.setenv("TRAILBOOK_LEDGER", str(tmp_path / "ledger"))
    ledger = Ledger(FolderStore(tmp_path / "ledger"))
    key = Mapped.of(Collection.load(folder).runbooks["ran"]).comparison_key
    for day in range(7):
        window = Window(START + timedelta(days=day), START + timedelta(days=day + 1))
        begun = text(window.end + timedelta(hours=2))
        made = Record("ran", Run(f"r{day}", trigger=Trigger.SCHEDULED), Verdict.PASS, ("so",), begun, begun, "0.1.0")
        looked = Looked(1, 1, None, None, 1, 1)
        ledger.append(replace(made, window=window, completeness=looked, comparison_key=key))
    return tmp_path


def test_the_table_says_first_what_has_no_evidence(place: Path, terminal: Callable[[int], Callable[[], str]]) -> None:
    read = terminal(120)
    assert main(["compliance", *PERIOD]) == 1
    shown = read()
    lines = shown.splitlines()
    assert lines[0] == "INCOMPLETE  2026-11-02 00:00 to 2026-11-09 00:00 UTC (7 days)"
    assert lines[1].startswith(
        "1 control of 2 without any evidence: SOC 2, Trust Services Criteria 2017 CC7.2⟨ESC⟩[31m"
    )
    assert [line.split()[0] for line in lines if line.startswith(("never", "ran"))] == ["never", "ran"]
    assert "7 windows without a run" in shown


def test_a_framework_whose_evidence_is_whole_ends_in_zero(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compliance", "--framework", "nist-800-53", *PERIOD]) == 0
    assert "PASS" in capsys.readouterr().out


def test_json_csv_and_html_are_the_report_and_nothing_else(place: Path, capfdbinary: Any) -> None:
    assert main(["compliance", "--format", "json", *PERIOD]) == 1
    value = json.loads(capfdbinary.readouterr().out)
    assert (value["format"], value["verdict"]) == ("trailbook.compliance/1", "incomplete")
    assert main(["compliance", "--format", "csv", *PERIOD]) == 1
    rows = list(csv.DictReader(io.StringIO(capfdbinary.readouterr().out.decode(), newline="")))
    assert [(row["control"], row["evidence"]) for row in rows] == [("CC7.2⟨ESC⟩[31m", "none"), ("AU-6", "whole")]
    assert main(["compliance", "--format", "html", *PERIOD]) == 1
    assert capfdbinary.readouterr().out.startswith(b"<!doctype html>")


def test_out_writes_the_report_with_its_manifest_and_the_ledger_stays_as_it_is(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = list(FolderStore(place / "ledger").keys(""))
    assert main(["compliance", "--out", str(place / "out"), *PERIOD]) == 1
    (manifest,) = (place / "out").rglob("manifest.json")
    assert {path.name for path in manifest.parent.iterdir()} == {
        "report.html",
        "report.json",
        "controls.csv",
        "manifest.json",
    }
    assert str(manifest.parent / "report.html") in capsys.readouterr().err
    assert list(FolderStore(place / "ledger").keys("")) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--framework", "nist"], "no runbook maps to the framework 'nist'"),
        (["--from", "2026-11-02"], "give both --from and --to"),
        (["--from", "2999-01-01", "--to", "2999-01-02"], "which is not over yet"),
        (["--from", "then", "--to", "now"], "--from: expected an ISO 8601 time"),
        (["--runbooks", "no-such-folder"], "expected a folder of runbooks"),
    ],
)
def test_a_wrong_request_ends_in_one_sentence(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["compliance", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_without_a_period_it_is_the_last_thirty_days(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["compliance"])
    assert "(30 days)" in capsys.readouterr().out
