import json
import re
from pathlib import Path

import pytest

from trailbook.cli import main
from trailbook.runbook.fragments import examine_fragment
from trailbook.runbook.load import examine, load
from trailbook.runbook.model import Runbook
from trailbook.settings import PhysicalTable
from trailbook.sql.bind import bind, template_digest
from trailbook.window import Window, parse_time

LOUD = 'description: Loud.\nparams: {word: string}\nsql: upper(word)\ncases: [{given: {word: a}, expect: "A"}]\n'


@pytest.fixture
def folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TRAILBOOK_RUNBOOKS", str(tmp_path / "runbooks"))
    assert main(["new", "first"]) == 0
    (tmp_path / "runbooks/fragments").mkdir()
    path = tmp_path / "runbooks/first.yaml"
    path.write_text(path.read_text().replace("eventname AS event_name", "loud(eventname) AS event_name"))
    (tmp_path / "runbooks/fragments/loud.yaml").write_text(LOUD)
    capsys.readouterr()
    return tmp_path / "runbooks"


def bound(runbook):
    window = Window(parse_time("2026-01-01T00:00:00Z", "s"), parse_time("2026-01-02T00:00:00Z", "e"))
    params = {"event_names": ["DeleteTrail"], "users": None}
    return bind(runbook, window=window, table=PhysicalTable(), params=params)


def test_a_runbook_takes_the_shared_fragments_that_it_calls(folder):
    (folder / "fragments/unused.yaml").write_text(LOUD)

    runbook = load(folder / "first.yaml")

    assert list(runbook.fragments) == ["loud"]
    assert "UPPER(eventname)" in bound(runbook).replace("upper", "UPPER")


def test_a_fragment_takes_the_fragments_that_it_calls(folder):
    (folder / "fragments/louder.yaml").write_text(LOUD.replace("upper(word)", "concat(loud(word), '!')"))
    path = folder / "first.yaml"
    path.write_text(path.read_text().replace("loud(eventname)", "louder(eventname)"))

    assert list(load(path).fragments) == ["loud", "louder"]


def test_a_changed_fragment_is_another_query(folder):
    before = template_digest(load(folder / "first.yaml"))
    (folder / "fragments/loud.yaml").write_text(LOUD.replace("upper(word)", "lower(word)"))

    assert template_digest(load(folder / "first.yaml")) != before


def test_the_spec_of_a_runbook_carries_its_fragments_and_not_their_cases(folder):
    runbook = load(folder / "first.yaml")

    spec = json.loads(json.dumps(runbook.spec()))

    assert "cases" not in spec["fragments"]["loud"]
    assert bound(Runbook.from_spec(spec)) == bound(runbook)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (LOUD.replace("params: {word: string}", "params: {word: text}"), "params.word"),
        (LOUD.replace("word: a", "wrd: a"), "`word`: the fragment needs it"),
        (LOUD[: LOUD.index("cases")], "a fragment needs cases"),
        ("description: [", "loud.yaml"),
        (LOUD.replace("upper(word)", "upper(wrd)"), "`wrd` is none of its parameters"),
        (LOUD.replace("upper(word)", "upper(word) FROM cloudtrail"), "expected one expression"),
    ],
)
def test_a_fragment_that_is_wrong_is_a_problem_at_its_file(folder, capsys, content, words):
    (folder / "fragments/loud.yaml").write_text(content)

    assert main(["check"]) == 2

    out = capsys.readouterr().out
    assert words in out
    assert str(folder / "fragments/loud.yaml") in out


def test_an_unused_fragment_that_is_wrong_is_a_problem_too(folder, capsys):
    (folder / "fragments/spare.yaml").write_text(LOUD.replace("upper(word)", "upper(wrd)"))

    assert main(["check"]) == 2

    assert f"{folder}/fragments/spare.yaml:1:1: sql: " in capsys.readouterr().out


def test_a_runbooks_own_fragment_may_not_have_a_shared_ones_name(folder):
    path = folder / "first.yaml"
    own = "fragments: {loud: {description: Own., params: {word: string}, sql: lower(word)}}\nquery: |"
    path.write_text(path.read_text().replace("query: |", own))

    _, problems = examine(path)

    assert [p.message for p in problems] == ["`loud` is a shared fragment too: choose another name"]


def test_test_runs_the_cases_of_fragments_and_says_which_failed(folder, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "cache"))
    (folder / "fragments/loud.yaml").write_text(LOUD.replace('expect: "A"', 'expect: "B"'))
    path = folder / "first.yaml"
    path.write_text(path.read_text().replace("loud(eventname)", "eventname"))

    assert main(["test"]) == 1

    out = capsys.readouterr().out
    assert "✗ fragment loud: case 1" in out
    assert "expected 'B', found 'A'" in out


def test_every_shared_fragment_of_this_repository_is_called_by_a_runbook():
    root = Path(__file__).parents[2] / "runbooks"
    used = {name for path in root.glob("*/*.yaml") if path.parent.name != "fragments" for name in load(path).fragments}

    assert {path.stem for path in (root / "fragments").glob("*.yaml")} == used


def test_the_guide_names_every_shared_fragment_with_its_parameters():
    root = Path(__file__).parents[2]
    guide = (root / "docs" / "writing-runbooks.md").read_text()
    shipped = {path.stem: examine_fragment(path)[0] for path in (root / "runbooks" / "fragments").glob("*.yaml")}

    named = {line.split("`")[1].split("(")[0]: line for line in guide.splitlines() if re.match(r"\| `\w+\(", line)}
    assert set(named) == set(shipped)
    for name, fragment in shipped.items():
        assert named[name].split("`")[1].count(",") == len(fragment.params) - 1
