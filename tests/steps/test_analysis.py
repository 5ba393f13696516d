import re

import pytest

from trailbook.cli import main

WHERE = "WHERE eventsource = 'cloudtrail.amazonaws.com'"


@pytest.fixture
def runbook(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TRAILBOOK_RUNBOOKS", str(tmp_path / "runbooks"))
    assert main(["new", "first"]) == 0
    capsys.readouterr()
    return tmp_path / "runbooks" / "first.yaml"


@pytest.mark.parametrize(
    ("condition", "at", "code"),
    [
        ("readonly = true", "= true", "TYPE_MISMATCH"),
        ("eventtime > date '2026-01-01'", "> date", "TYPE_MISMATCH"),
        ("errorcode", "errorcode", "TYPE_MISMATCH"),
        ("count_of(eventname) = 1", "count_of", "FUNCTION_NOT_FOUND"),
        ("substr(eventname, 'a') = 'x'", "substr", "FUNCTION_NOT_FOUND"),
        ("eventname = :event_names", "= :event_names", "TYPE_MISMATCH"),
        ("sum(1) > 1", "sum", "EXPRESSION_NOT_SCALAR"),
    ],
)
def test_what_athena_would_refuse_is_a_problem_at_its_character(runbook, capsys, condition, at, code):
    runbook.write_text(runbook.read_text().replace(WHERE, f"{WHERE}\n    AND {condition}"))

    assert main(["check"]) == 2

    said = capsys.readouterr().out
    found = re.fullmatch(rf"{re.escape(str(runbook))}:(\d+):(\d+): query: {code}: [^\n]+\n", said)
    assert found is not None, said
    assert runbook.read_text().split("\n")[int(found[1]) - 1][int(found[2]) - 1 :].startswith(at)


def test_what_only_the_local_athena_cannot_run_is_a_note(runbook, capsys):
    runbook.write_text(runbook.read_text().replace(WHERE, f"{WHERE}\n    AND soundex(eventname) <> 'x'"))

    assert main(["check"]) == 0

    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(r"note: .*first\.yaml:37:9: query: NOT_SUPPORTED: .*soundex", err), err


def test_each_parameter_is_judged_by_its_type(runbook, capsys):
    text = runbook.read_text().replace(WHERE, f"{WHERE}\n    AND eventname <> :most")
    runbook.write_text(text.replace("params:\n", "params:\n  most: {type: integer, default: 3, title: Most}\n"))

    assert main(["check"]) == 2

    assert "TYPE_MISMATCH" in capsys.readouterr().out
