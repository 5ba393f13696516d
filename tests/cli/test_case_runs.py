import json
import os
import tempfile

import pytest

from trailbook.cli import main
from trailbook.cli.case_runs import results_of, workers
from trailbook.cli.passed_cases import PassedCases
from trailbook.errors import InvalidRequest
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


def test_processes_that_wait_are_used_and_end_with_their_block():
    with workers(2, ready_for=TABLE) as waiting:
        pids = set(waiting._processes)
        assert results_of(a_library(), {}, TABLE, 2, begun=waiting) == results_of(a_library(), {}, TABLE, 1)
        assert set(waiting._processes) == pids

    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_the_command_over_a_library_of_which_it_knows_nothing(tmp_path, capsys, passed_cases):
    for number in range(21):
        assert main(["new", f"trails-{number}", "--folder", str(tmp_path)]) == 0
    capsys.readouterr()
    assert main(["test", "--runbooks", str(tmp_path)]) == 0
    assert capsys.readouterr().err.startswith("21 runbooks, ")

    (tmp_path / "trails-7.yaml").write_text("id: [")
    assert main(["test", "--fresh", "--runbooks", str(tmp_path)]) == 2
    assert "trails-7.yaml:2:1: " in capsys.readouterr().err


@pytest.mark.parametrize("processes", [1, 2])
def test_a_bug_is_not_taken_for_a_failed_case(processes):
    hopeless = runbook("hopeless", "one")
    hopeless.cases[0].events[0]["eventName"] = frozenset()

    with pytest.raises(TypeError, match="frozenset"):
        results_of([runbook("fine", "one"), hopeless, runbook("fine-too", "one")], {}, TABLE, processes)


def cached(runbooks, fragments, file, *, table=TABLE, fresh=False):
    """Run the cases with what a file knows; return those that were not run."""
    results = results_of(runbooks, fragments, table, passed=PassedCases(file, table, fresh=fresh))
    assert [(r.runbook, r.case, r.differences) for r in results] == [
        (r.runbook, r.case, r.differences) for r in results_of(runbooks, fragments, table, 1)
    ]
    return [f"{r.runbook}: {r.case}" for r in results if r.cached]


def test_what_passed_and_is_unchanged_is_not_run_again_and_what_failed_is(tmp_path):
    fragments = {name: Fragment.model_validate(FRAGMENT) for name in ("loud", "aloud")}
    passing = [f"fragment {name}: case 1" for name in fragments] + [
        f"r-{n}: case {c}" for n in range(5, 0, -1) for c in range(n)
    ]

    assert cached(a_library(), fragments, tmp_path / "p") == []
    assert cached(a_library(), fragments, tmp_path / "p") == passing
    assert cached(a_library(), fragments, tmp_path / "p", fresh=True) == []
    assert cached(a_library(), fragments, tmp_path / "p") == passing


def test_a_change_of_anything_that_a_case_stands_on_runs_it_again(tmp_path):
    def library(words="!", **fields):
        quiet = Fragment.model_validate({**FRAGMENT, "sql": f"concat(text, '{words}')", "cases": FRAGMENT["cases"][:1]})
        one = runbook("one", "a", "b").model_copy(update={"fragments": {"loud": quiet}, **fields})
        outer = {**FRAGMENT, "sql": "LOUD(text)", "cases": [{"given": {"text": "a"}, "expect": f"a{words}"}]}
        return [one, runbook("other", "a")], {"outer": Fragment.model_validate(outer), "loud": quiet}

    file = tmp_path / "p"
    first = library()
    assert cached(*first, file) == []
    every = ["fragment outer: case 1", "fragment loud: case 1", "one: a", "one: b", "other: a"]
    assert cached(*first, file) == every

    assert cached(*library(words="?"), file) == ["other: a"]
    assert cached(*library(query=first[0][0].query.replace("eventid", "requestid")), file) == [*every[:2], "other: a"]
    cases = first[0][0].cases
    changed = [cases[0], cases[1].model_copy(update={"events": [*cases[1].events, {"eventName": "b", "repeat": 2}]})]
    assert cached(*library(cases=changed), file) == [*every[:3], "other: a"]
    assert cached(*first, file, table=PhysicalTable(name="elsewhere")) == []
    assert cached(*first, file) == every


def test_another_version_of_trailbook_or_its_engines_knows_nothing(tmp_path, monkeypatch):
    library = [runbook("one", "a")]
    assert cached(library, {}, tmp_path / "p") == []
    assert cached(library, {}, tmp_path / "p") == ["one: a"]

    monkeypatch.setattr("trailbook.cli.passed_cases.version", lambda name: f"{name} 99")
    assert cached(library, {}, tmp_path / "p") == []
    monkeypatch.undo()
    copy = tmp_path / "trailbook"
    copy.mkdir()
    (copy / "__init__.py").write_text("")
    monkeypatch.setattr("trailbook.__file__", str(copy / "__init__.py"))
    assert cached(library, {}, tmp_path / "p") == []
    assert cached(library, {}, tmp_path / "p") == ["one: a"]
    (copy / "engine.py").write_text("# changed")
    assert cached(library, {}, tmp_path / "p") == []


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"nonsense\n\n", None])
def test_a_file_of_passes_that_is_broken_or_cannot_be_is_none(tmp_path, content):
    file = tmp_path / "folder" / "p"
    if content is None:
        (tmp_path / "folder").write_text("a file")
    else:
        file.parent.mkdir()
        file.write_bytes(content)
    passed = PassedCases(file, TABLE)

    assert all(result.passed for result in results_of([runbook("one", "a")], {}, TABLE, passed=passed))

    assert bool(passed.problem) is (content is None)
    assert cached([runbook("one", "a")], {}, file) == ([] if content is None else ["one: a"])


def test_the_command_says_how_many_failed(tmp_path, capsys, passed_cases):
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
    assert len(passed_cases.read_text().split()) > 1


def test_the_command_says_what_it_did_not_run_and_runs_it_when_told(tmp_path, capsys):
    def told(*options):
        assert main(["test", "--runbooks", str(tmp_path), "--format", "json", *options]) == 0
        captured = capsys.readouterr()
        return [case["cached"] for case in json.loads(captured.out)["cases"]], captured.err

    assert main(["new", "trails-deleted", "--folder", str(tmp_path)]) == 0
    capsys.readouterr()
    count = len(told()[0])

    assert count > 1
    assert told()[0] == [True] * count
    assert f"({count} passed before and are unchanged" in told()[1]
    assert told("--fresh")[0] == [False] * count
    assert "passed before" not in told("--fresh")[1]


@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_done_meanwhile_may_stop_it_all(processes):
    done = []

    def refuse():
        done.append(1)
        raise InvalidRequest("no")

    with pytest.raises(InvalidRequest, match="no"):
        results_of(a_library(), {}, TABLE, processes, meanwhile=refuse)
    assert results_of([], {}, TABLE, processes, meanwhile=lambda: done.append(2)) == []
    assert done == [1, 2]


def test_the_command_refuses_sql_that_is_wrong_before_any_result(tmp_path, capsys):
    for name in ("one", "two"):
        assert main(["new", name, "--folder", str(tmp_path)]) == 0
    file = tmp_path / "two.yaml"
    file.write_text(file.read_text().replace("FROM cloudtrail\n", "FROM elsewhere\n"))
    capsys.readouterr()

    assert main(["test", "--runbooks", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert "two.yaml:" in told.err
    assert told.out == ""
    assert main(["test", "one", "--runbooks", str(tmp_path)]) == 0
    assert main(["test", "two", "--runbooks", str(tmp_path)]) == 2
    assert main(["test", "three", "--runbooks", str(tmp_path)]) == 2
    assert "no runbook three; there are one, two" in capsys.readouterr().err
