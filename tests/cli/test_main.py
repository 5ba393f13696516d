"""The command line as people and programs meet it: output, errors, exit codes."""

import csv
import io
import json
import re
from datetime import date
from pathlib import Path

import pytest

from trailbook.cli import VERBS, main, printable
from trailbook.sample import generate, lookups

REPO = Path(__file__).resolve().parents[2]
_WINDOW = ["--from", "2026-11-01", "--to", "2026-11-02"]


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small days of the sample trail and its lookups."""
    folder = tmp_path_factory.mktemp("trail")
    generate(folder, first_day=date(2026, 11, 1), days=2, events_per_day=400, accounts=2, seed=3, processes=1)
    lookups(folder / "lookups")
    return folder


@pytest.fixture(autouse=True)
def _repository(monkeypatch: pytest.MonkeyPatch, trail: Path) -> None:
    monkeypatch.chdir(REPO)
    for name in ("REPORTS", "LEDGER", "RUNBOOKS", "TRAIL"):
        monkeypatch.delenv(f"TRAILBOOK_{name}", raising=False)
    monkeypatch.setenv("TRAILBOOK_LOOKUPS", str(trail / "lookups"))


def test_json_is_one_object_and_nothing_else(trail: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["run", "auth-failed-logins", "--logs", str(trail), "--format", "json", *_WINDOW])
    assert code == 1
    out = json.loads(capsys.readouterr().out)
    (run,) = out["runs"]
    told = {"runbook", "severity", "window", "verdict", "counts", "columns", "rows", "statistics", "problems"}
    assert (out.keys(), run.keys()) == ({"runs", "skipped"}, told)
    assert (run["runbook"], run["verdict"], run["problems"]) == ("auth-failed-logins", "fail", [])
    assert (run["severity"], run["counts"]["new"]) == ("high", len(run["rows"]))
    assert run["window"] == {"start": "2026-11-01T00:00:00Z", "end": "2026-11-02T00:00:00Z"}
    assert run["statistics"].keys() == {"data_scanned_in_bytes", "engine_ms", "events_in_window"}
    assert run["statistics"]["data_scanned_in_bytes"] > 10_000
    assert run["statistics"]["events_in_window"] >= 400
    helen = next(row for row in run["rows"] if row["user_name"] == "helen.cho")
    assert (helen["failures"], len(helen["event_ids"])) == (12, 12)
    assert {column["name"] for column in run["columns"]} == set(helen)


def test_without_a_window_all_that_the_logs_hold_is_read(trail: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", "auth-failed-logins", "--logs", str(trail), "--format", "json"])
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert run["window"]["start"].startswith("2026-11-01T00:")
    assert run["window"]["end"].startswith("2026-11-0")
    assert run["statistics"]["events_in_window"] >= 800


def test_a_parameter_is_typed_by_the_runbook(trail: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", "auth-failed-logins", "--logs", str(trail), "--format", "json", *_WINDOW]
    main([*arguments, "--param", "users=helen.cho,nobody", "--param", "threshold=2"])
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert [row["user_name"] for row in run["rows"]] == ["helen.cho"]
    assert main([*arguments, "--param", "threshold=0"]) == 2
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert run["verdict"] == "error"
    assert "threshold" in run["problems"][-1]


def test_the_table_names_verdict_rows_and_states(trail: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runbooks = ("auth-failed-logins", "s3-critical-bucket-activity", "iam-policy-changes")
    assert main(["run", *runbooks, "--logs", str(trail), *_WINDOW]) == 1
    out = capsys.readouterr().out
    for runbook in runbooks:
        assert f"FAIL       {runbook}" in out
    looked_at = r"00:00 UTC\. [0-9,]+ events of 2 accounts in \d+ regions lie in the window, the first at 2026-11-01T0"
    assert len(re.findall(looked_at, out)) >= 3
    assert "new suppressed" in out
    assert "\x1b" not in out  # no colours where there is no terminal


def test_csv_is_the_reports_own(trail: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "iam-policy-changes", "--logs", str(trail), "--format", "csv", *_WINDOW]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["event_name"] for row in rows} >= {"PutRolePolicy", "AttachUserPolicy"}


def test_runs_with_out_compare_leave_a_history_and_verify(
    trail: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "evidence"
    where = ["--ledger", str(out / "ledger")]
    both = [*where, "--reports", str(out / "reports")]
    for start, end in (("2026-11-01", "2026-11-02"), ("2026-11-02", "2026-11-03")):
        main(["run", "auth-failed-logins", "--logs", str(trail), "--out", str(out), "--from", start, "--to", end])
    page = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("report: "))
    assert Path(page.removeprefix("report: ")).read_text().startswith("<!doctype html>")
    assert main(["history", "auth-failed-logins", "--format", "json", *where]) == 0
    entries = json.loads(capsys.readouterr().out)["entries"]
    assert [entry["verdict"] for entry in entries] == ["fail", "pass"]
    assert main(["diff", entries[0]["run_id"], entries[1]["run_id"], *both]) == 1
    assert "1 updated" in capsys.readouterr().out
    assert main(["verify", *both]) == 0
    assert "all as recorded" in capsys.readouterr().out
    main(["verify", "--format", "json", *both])
    heads = tmp_path / "heads.json"
    heads.write_text(capsys.readouterr().out)
    first, last = sorted((out / "ledger").rglob("*.json"))
    newest = last.read_bytes()
    last.unlink()
    assert main(["verify", *both]) == 0  # nothing in the ledger itself says that there was one more
    assert main(["verify", "--heads", str(heads), *both]) == 1
    assert "auth-failed-logins" in capsys.readouterr().out
    last.write_bytes(newest)
    assert main(["verify", "--heads", str(heads), *both]) == 0
    first.write_bytes(first.read_bytes().replace(b'"fail"', b'"pass"'))
    assert main(["verify", *both]) == 1
    assert "NOT as recorded" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "no-such-runbook", "--logs", "."], "no runbook no-such-runbook"),
        (["run", "--logs", "."], "say which runbooks to run"),
        (["run", "auth-failed-logins", "--logs", "/no/such/folder"], "no such file or folder: /no/such/folder"),
        (["run", "auth-failed-logins", "--logs", "docs"], "the logs hold no CloudTrail events"),
        (["sql", "auth-failed-logins", "--from", "2026-11-02", "--to", "2026-11-01"], "is not before end"),
        (["sql", "auth-failed-logins", "--param", "treshold=3"], "treshold"),
        (["history", "auth-failed-logins"], "TRAILBOOK_LEDGER is not set"),
        (["verify"], "TRAILBOOK_LEDGER is not set"),
        (["init", "--accounts", "1", "--regions", "us-east-1", "--first-day", "2026-01-01"], "TRAILBOOK_TRAIL"),
        (["test", "no-such-runbook"], "no runbook no-such-runbook"),
    ],
)
def test_what_someone_must_mend_is_one_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_sql_prints_the_scope_and_the_literals(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", "auth-failed-logins", *_WINDOW, "--param", "users=o'hara"]) == 0
    sql = capsys.readouterr().out
    assert "\"timestamp\" BETWEEN '2026/11/01' AND '2026/11/02'" in sql
    assert "'o''hara'" in sql
    assert ":users" not in sql


def test_init_prints_the_ddl(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["init", "--print", "--trail", "s3://acme-trail/AWSLogs", "--accounts", "111122223333,444455556666"]
    assert main([*arguments, "--regions", "us-east-1", "--first-day", "2026-01-01"]) == 0
    ddl = capsys.readouterr().out
    assert "CREATE DATABASE IF NOT EXISTS" in ddl
    assert "s3://acme-trail/AWSLogs/${account}/CloudTrail/${region}/${timestamp}" in ddl


def test_cases_pass_and_a_failing_one_is_told_by_what_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", "my-question", "--folder", str(tmp_path)]) == 0
    assert main(["test", "--runbooks", str(tmp_path)]) == 0
    (path,) = tmp_path.rglob("my-question.yaml")
    text = path.read_text()
    path.write_text(text.replace("rows: []", "rows: [{}]", 1))
    assert main(["test", "--runbooks", str(tmp_path)]) == 1
    assert "expected a row like {}, found none" in capsys.readouterr().out


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_each_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert verb in capsys.readouterr().out


def test_text_that_a_terminal_would_obey_is_shown_instead() -> None:
    assert printable("a\x1b[31m\u202eb\x07\x9b\tc\n") == "a⟨ESC⟩[31m⟨U+202E⟩b⟨BEL⟩⟨U+009B⟩\tc\n"
