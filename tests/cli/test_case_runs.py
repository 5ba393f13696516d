import tempfile

import duckdb
import pytest

from trailbook.cli import main
from trailbook.cli.case_runs import results_of
from trailbook.runbook.fragments import Fragment
from trailbook.runbook.model import Runbook
from trailbook.settings import PhysicalTable

TABLE = PhysicalTable()
FRAGMENT = {
    "description": "Loud.",
    "params": {"text": "string"},
    "sql": "concat(text, '!')",
    "cases": [{"given": {"text": "a"}, "expect": "a!"}, {"given": {"text": "a"}, "expect": "b"}],
}


def runbook(name, *cases):
    return Runbook.model_validate(
        {
            "id": name,
            "title": name,
            "description": "For tests.",
            "severity": "low",
            "owner": "tests",
            "schedule": None,
            "query": f"SELECT eventname AS event_name, '{name}' AS whose, eventid AS event_ids FROM cloudtrail",  # noqa: S608  # a name of this file
            "result": {"kind": "events", "key": ["event_name"]},
            "cases": [{"name": c, "events": [{"eventName": c}], "rows": [{"event_name": c}]} for c in cases],
        }
    )


def a_library():
    wrong = runbook("wrong", "one")
    wrong = wrong.model_copy(update={"cases": [c.model_copy(update={"rows": []}) for c in wrong.cases]})
    broken = runbook("broken", "one", "two").model_copy(
        update={"query": "SELECT nothing AS event_name FROM cloudtrail"}
    )
    asks = runbook("asks", "one")
    asks = asks.model_copy(update={"cases": [c.model_copy(update={"params": {"no": 1}}) for c in asks.cases]})
    plain = [runbook(f"r-{n}", *(f"case {c}" for c in range(n))) for n in range(5, 0, -1)]
    return [*plain, wrong, broken, runbook("empty"), asks]


def test_one_process_and_several_find_the_same_in_the_same_order_and_leave_nothing(tmp_path, monkeypatch):
    fragments = {name: Fragment.model_validate(FRAGMENT) for name in ("loud", "aloud")}
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)

    alone = results_of(a_library(), fragments, TABLE, 1)
    together = results_of(a_library(), fragments, TABLE, 2)

    assert together == alone
    assert [(r.runbook, r.case) for r in alone][:6] == [
        ("fragment loud", "case 1"), ("fragment loud", "case 2"), ("fragment aloud", "case 1"),
        ("fragment aloud", "case 2"), ("r-5", "case 0"), ("r-5", "case 1")]  # fmt: skip
    failed = {(r.runbook, r.case): r.differences[0] for r in alone if not r.passed}
    assert {name for name, _ in failed} == {"fragment loud", "fragment aloud", "wrong", "broken", "empty", "asks"}
    assert failed["broken", "two"].startswith("COLUMN_NOT_FOUND: line ")
    assert failed["empty", "(none)"] == "the runbook has no cases: nothing shows that its SQL is right"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("processes", [1, 2])
def test_a_bug_is_not_taken_for_a_failed_case(processes):
    hopeless = runbook("hopeless", "one")
    hopeless.cases[0].events[0]["eventName"] = "\ud800"

    with pytest.raises(duckdb.Error, match="surrogate"):
        results_of([runbook("fine", "one"), hopeless, runbook("fine-too", "one")], {}, TABLE, processes)


def test_the_command_says_how_many_failed(tmp_path, capsys):
    assert main(["new", "trails-deleted", "--folder", str(tmp_path)]) == 0
    text = (tmp_path / "trails-deleted.yaml").read_text()
    capsys.readouterr()

    assert main(["test", "--runbooks", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("✓ trails-deleted: ")
    (tmp_path / "trails-deleted.yaml").write_text(text.replace("rows: []", "rows: [{account_id: nobody}]"))
    assert main(["test", "--runbooks", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert "✗ trails-deleted: " in captured.out
    assert "1 failed" in captured.err
