"""`trailbook verify` and the second place."""

import json
from pathlib import Path
from typing import Any

import pytest

from trailbook.cli import main
from trailbook.ledger import Ledger, Record
from trailbook.objects import FolderStore
from trailbook.plan import Run
from trailbook.verdict import Verdict


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger of four failed runs with its heads elsewhere, named by the environment."""
    for name in ("ledger", "reports", "heads"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"TRAILBOOK_{name.upper()}", str(tmp_path / name))
    ledger = Ledger(FolderStore(tmp_path / "ledger"), FolderStore(tmp_path / "heads"))
    for number in range(4):
        ledger.append(Record("a-runbook", Run(f"run-{number}"), Verdict.ERROR, ("it broke",), "", "", "0.1.0"))
    return tmp_path


def cut(places: Path) -> None:
    (places / "ledger" / "a-runbook" / "000000000004.json").unlink()


def test_the_second_place_of_the_settings_is_compared(places: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 0
    assert "verified: 1 chains, 4 entries, 0 report files, 4 heads kept elsewhere, all as" in capsys.readouterr().out
    cut(places)
    assert main(["verify"]) == 1
    assert "a-runbook/000000000004.json: cut tail: a head kept elsewhere names entry 4" in capsys.readouterr().out


def test_the_settings_second_place_is_not_that_of_another_ledger(places: Path) -> None:
    cut(places)
    assert main(["verify", "--ledger", str(places / "ledger")]) == 0
    assert main(["verify", "--ledger", str(places / "ledger"), "--heads", str(places / "heads")]) == 1


def test_heads_may_be_a_file_of_an_earlier_day(places: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--format", "json"]) == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (printed["compared"], printed["ok"]) == (4, True)
    (places / "kept.json").write_text(json.dumps(printed))
    cut(places)
    assert main(["verify", "--heads", str(places / "kept.json")]) == 1


def test_heads_that_are_nowhere_are_not_taken_for_none(places: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--heads", str(places / "no-such")]) == 2
    assert "expected a file, a folder or s3://bucket/prefix, found nothing there" in capsys.readouterr().err


def test_a_whole_report_that_no_entry_names_is_said_and_no_fault(
    places: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    FolderStore(places / "reports").put_new("a-runbook/w/run-9/manifest.json", b"{}", "application/json")
    assert main(["verify"]) == 0
    assert "1 whole reports that no entry names: runs under way, or entries that were" in capsys.readouterr().out
