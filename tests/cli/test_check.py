import re
from pathlib import Path

import pytest

from trailbook.cli import main

DATA = Path(__file__).parents[1] / "data"
EXPECTED = (DATA / "broken" / "EXPECTED.txt").read_text().splitlines()


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What `trailbook check broken` prints, one list of lines per file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(DATA)
        patch.setenv("TRAILBOOK_RUNBOOKS", "broken")
        out = tmp_path_factory.mktemp("out") / "out.txt"
        with out.open("w") as file, pytest.MonkeyPatch.context() as streams:
            streams.setattr("sys.stdout", file)
            assert main(["check", "broken"]) == 2
        return out.read_text().splitlines()


def _file(line):
    return line.partition(":")[0]


@pytest.mark.parametrize("path", sorted({_file(line) for line in EXPECTED}))
def test_each_broken_file_has_exactly_the_problems_that_are_expected(said, path):
    assert [line for line in said if _file(line) == path] == [line for line in EXPECTED if _file(line) == path]


def test_no_broken_file_passes_and_nothing_else_is_said(said):
    written = {str(path.relative_to(DATA)) for path in (DATA / "broken").rglob("*.yaml")}
    silent = {"broken/lookup-file-wrong.yaml", "broken/lookup-rows-wrong.yaml"}  # their CSV files are at fault

    assert {_file(line) for line in said if ".yaml" in _file(line)} == written - silent
    assert said == EXPECTED


@pytest.mark.parametrize(
    "line", [x for x in EXPECTED if re.search("unknown key|has no field|no column|no relation|no parameter", x)]
)
def test_a_misspelt_name_is_pointed_at_to_the_character(line):
    path, row, column, _, message = line.split(":", 4)
    name = re.search(r"(?:key|field|column|relation|parameter) `(\w+)", message)[1]

    at = (DATA / path).read_text().split("\n")[int(row) - 1][int(column) - 1 :]

    assert at.lstrip(":").startswith(name)


@pytest.fixture
def runbooks(tmp_path, monkeypatch):
    monkeypatch.setenv("TRAILBOOK_RUNBOOKS", str(tmp_path / "runbooks"))
    assert main(["new", "first"]) == 0
    return tmp_path / "runbooks"


def test_a_new_runbook_has_no_problem_and_the_summary_says_so(runbooks, capsys):
    capsys.readouterr()

    assert main(["check"]) == 0

    assert capsys.readouterr() == ("", "1 runbook, 0 problems\n")


def test_a_file_is_checked_alone_and_its_pivots_may_lead_to_runbooks_beside_it(runbooks, capsys):
    assert main(["new", "second"]) == 0
    path = runbooks / "second.yaml"
    path.write_text(
        path.read_text() + 'pivots: [{runbook: first, with: {users: "{principal_arn}", usr: "{event_name}"}}]\n'
    )
    last = len(path.read_text().splitlines())
    (runbooks / "broken.yaml").write_text("id: [")
    capsys.readouterr()

    assert main(["check", str(path)]) == 2

    out, err = capsys.readouterr()
    assert out == f"{path}:{last}:60: pivots[0].with.usr: `first` has no parameter `usr`; did you mean `users`?\n"
    assert err == "1 runbook, 1 problem in 1 file\n"


def test_github_annotations_escape_what_github_would_read_as_its_own(runbooks, capsys):
    (runbooks / "a,b.yaml").write_text("50%: 1\n")
    capsys.readouterr()

    assert main(["check", "--format", "github"]) == 2

    lines = capsys.readouterr().out.splitlines()
    assert f"::error file={runbooks}/a%2Cb.yaml,line=1,col=1::50%25: unknown key `50%25`" in lines
    assert all(line.startswith("::error file=") for line in lines)


def test_a_problem_is_one_line_whatever_the_file_holds(runbooks, capsys):
    (runbooks / "hostile.yaml").write_text('"a\\nb\\e[31m\\u202e": 1\n')
    capsys.readouterr()

    assert main(["check"]) == 2

    out = capsys.readouterr().out
    assert r":1:1: a\nb⟨ESC⟩[31m⟨U+202E⟩: unknown key `a\nb⟨ESC⟩[31m⟨U+202E⟩`" in out
    assert all(line.startswith(f"{runbooks}/hostile.yaml:1:1: ") for line in out.splitlines())


def test_a_path_that_is_not_there_is_said_in_one_line(runbooks, capsys):
    assert main(["check", "nowhere.yaml"]) == 2

    assert "expected a file or folder of runbooks, found none at nowhere.yaml" in capsys.readouterr().err


def test_the_runbooks_of_this_repository_have_no_problems(monkeypatch, capsys):
    monkeypatch.delenv("TRAILBOOK_RUNBOOKS", raising=False)
    monkeypatch.delenv("TRAILBOOK_LOOKUPS", raising=False)
    monkeypatch.chdir(DATA.parents[1])

    assert main(["check", "--strict"]) == 0, capsys.readouterr().out


@pytest.fixture
def doubted(runbooks, capsys):
    path = runbooks / "first.yaml"
    path.write_text(
        path.read_text().replace("default: [DeleteTrail, StopLogging]", "default: [DeleteTrail, StopLoging]")
    )
    capsys.readouterr()
    return path


def test_a_name_that_no_service_is_known_to_write_is_a_warning_and_stops_nothing(doubted, capsys):
    line, text = next((n, t) for n, t in enumerate(doubted.read_text().split("\n"), 1) if "StopLoging" in t)
    place = f"{doubted}:{line}:{text.index('StopLoging') + 1}"
    message = "`cloudtrail.amazonaws.com` has no event `StopLoging`; did you mean `StopLogging`?"

    assert main(["check"]) == 0

    out, err = capsys.readouterr()
    assert out == f"{place}: warning: params.event_names.default[1]: {message}\n"
    assert err == (
        "1 runbook, 0 problems, 1 warning\n"
        "a name that is right is written in event-names.yaml beside the runbooks: docs/writing-runbooks.md says how\n"
    )


def test_with_strict_a_warning_is_something_to_mend(doubted, capsys):
    assert main(["check", "--strict"]) == 2
    assert main(["check", "--strict", str(doubted)]) == 2

    (doubted.parent / "event-names.yaml").write_text("cloudtrail.amazonaws.com: [{why: a test, names: [StopLoging]}]\n")

    assert main(["check", "--strict"]) == 0


def test_a_warning_is_an_annotation_of_its_own_kind(doubted, capsys):
    assert main(["check", "--format", "github"]) == 0

    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith(f"::warning file={doubted},line=")
    assert "StopLoging" in line


def test_problems_and_warnings_are_told_together_in_the_order_of_their_places(doubted, capsys):
    (doubted.parent / "another.yaml").write_text("id: [")
    (doubted.parent / "zero.yaml").write_text("id: [")

    assert main(["check"]) == 2

    out, err = capsys.readouterr()
    assert [Path(_file(line)).name for line in out.splitlines()] == ["another.yaml", "first.yaml", "zero.yaml"]
    assert err.startswith("3 runbooks, 2 problems in 2 files, 1 warning\n")
