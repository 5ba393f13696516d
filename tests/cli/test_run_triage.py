"""`trailbook run --all` as people and programs meet it: the triage, what did not run, and the page of `--out`."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from watched_logins import logins

from trailbook.cli import main
from trailbook.local.folder import FolderAthena

HOSTILE = "\x1b]0;owned\x07<script>alert(1)</script>\u202eeve"
_SELECT = """
SELECT recipientaccountid AS account_id, useridentity.username AS user_name, count(*) AS logins,
       slice(array_agg(eventid ORDER BY eventtime, eventid), 1, 25) AS event_ids
FROM cloudtrail WHERE eventname = 'ConsoleLogin' AND {condition}
GROUP BY 1, 2
"""
_TEXT = {"type": "string", "default": None}


def book(name: str, severity: str, condition: str, **more: Any) -> dict[str, Any]:
    """Return a runbook that finds the sign-ins of which the condition holds."""
    return {
        "id": name,
        "title": f"About {name}",
        "description": "Who signed in.",
        "severity": severity,
        "owner": "security",
        "schedule": {"cron": "0 2 * * *"},
        "query": _SELECT.format(condition=condition),
        "result": {"kind": "aggregate", "key": ["account_id", "user_name"], "measures": ["logins"]},
        "expect": "no_findings",
    } | more


LIBRARY = (
    book("alice-alone", "low", "useridentity.username = 'alice'"),
    book("all-users", "critical", "useridentity.username IS NOT NULL"),
    book("bob-alone", "critical", "useridentity.username = 'bob'"),
    book(
        "carol-accepted",
        "high",
        "useridentity.username = 'carol'",
        allow=[{"match": {"user_name": "carol"}, "reason": "Canary", "owner": "platform", "expires": "2099-01-01"}],
    ),
    book("dave-nowhere", "high", "useridentity.username = 'dave'"),
    book("erin-nowhere", "low", "useridentity.username = 'erin'"),
    book(
        "listed-users",
        "medium",
        "useridentity.username IN (SELECT user_name FROM listed)",
        lookups={"listed": {"description": "Whom to look for", "columns": {"user_name": "string"}}},
    ),
    book(
        "one-key",
        "medium",
        "useridentity.accesskeyid = :access_key_id",
        schedule=None,
        params={"access_key_id": {"type": "string", "minLength": 4, "title": "Which key"}},
    ),
    book(
        "one-principal",
        "medium",
        "useridentity.username = :user AND sourceipaddress = :address",
        schedule=None,
        params={"user": _TEXT | {"title": "Whose"}, "address": _TEXT | {"title": "From where"}},
        needs_one_of=["user", "address"],
    ),
)


class Place:
    """Runbooks, a lookup without rows and logs of one day, and the command run on them."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self._capsys = root, capsys
        for folder in ("runbooks", "lookups", "logs"):
            (root / folder).mkdir()
        (root / "lookups" / "listed.csv").write_text("user_name\n")
        for runbook in LIBRARY:
            self.add(runbook)
        self.log("one", logins(1, alice=2, bob=3, carol=1))

    def add(self, runbook: dict[str, Any]) -> None:
        (self.root / "runbooks" / f"{runbook['id']}.yaml").write_text(yaml.safe_dump(runbook))

    def only(self, *names: str) -> None:
        for path in (self.root / "runbooks").glob("*.yaml"):
            if path.stem not in names:
                path.unlink()

    def log(self, name: str, records: list[dict[str, Any]]) -> None:
        (self.root / "logs" / f"{name}.json").write_text(json.dumps({"Records": records}))

    def arguments(self, *more: str) -> list[str]:
        options = [f"--{name}={self.root / name}" for name in ("runbooks", "lookups", "logs")]
        return ["run", "--all", *options, *more]

    def run(self, *more: str) -> tuple[int, str, str]:
        code = main(self.arguments(*more))
        out, err = self._capsys.readouterr()
        return code, out, err

    def index(self) -> dict[str, Any]:
        return json.loads((self.root / "out" / "index.json").read_text())


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Place:
    for name in ("RUNBOOKS", "LOOKUPS", "EXPECTED_ACCOUNTS", "EXPECTED_REGIONS"):
        monkeypatch.delenv(f"TRAILBOOK_{name}", raising=False)
    return Place(tmp_path, capsys)


def rows(out: str) -> list[list[str]]:
    """Return the lines of the triage table, in their columns."""
    verdicts = ("fail", "incomplete", "error", "pass")
    return [re.split(r"  +", line.strip()) for line in out.splitlines() if line.startswith(verdicts)]


def test_the_first_line_is_the_first_to_look_at(place: Place) -> None:
    code, out, err = place.run()
    assert code == 1
    assert rows(out) == [
        ["fail", "critical", "all-users", "3", "3", "0", "user_name=alice, account_id=111122223333"],
        ["fail", "critical", "bob-alone", "1", "1", "0", "user_name=bob, account_id=111122223333"],
        ["fail", "low", "alice-alone", "1", "1", "0", "user_name=alice, account_id=111122223333"],
        ["incomplete", "medium", "listed-users", "0", "0", "0", *rows(out)[3][6:]],
        ["pass", "high", "carol-accepted", "0", "0", "1", "user_name=carol, account_id=111122223333"],
    ]
    assert rows(out)[3][6] == "the lookup listed is empty, so there was nothing to look for"
    assert "\x1b" not in out
    assert err.splitlines()[0].startswith("… Reading")
    assert "Running" not in err


def test_what_found_nothing_is_one_line_with_what_was_looked_at_and_verbose_lists_it(place: Place) -> None:
    _, out, _ = place.run()
    said = "2 runbooks found nothing in 6 events of 1 account in 1 region, the first at 2026-11-01T09:00:00Z"
    assert f"{said} and the last at 2026-11-01T09:00:02Z. -v lists them." in out
    assert "dave-nowhere" not in out
    _, out, _ = place.run("-v")
    assert re.search(r"  high +dave-nowhere  About dave-nowhere\n  low +erin-nowhere  About erin-nowhere\n", out)
    assert "-v lists them" not in out


def test_totals_and_the_next_command_stand_at_the_end(place: Place) -> None:
    _, out, _ = place.run("--from", "2026-11-01", "--to", "2026-11-02", "--param", "row_limit=50")
    assert "Of 7 runbooks, 3 fail (2 critical, 1 low), 1 is incomplete, 3 pass." in out
    assert "5 open findings, 5 of them new; 1 suppressed by allow entries. 2 runbooks skipped" in out
    assert "none kept: --out DIR keeps them" in out
    command = out.splitlines()[-1].removeprefix("Rows").split()
    assert command[:3] == ["trailbook", "run", "all-users"]
    assert main(command[1:]) == 1


def test_an_on_demand_runbook_is_skipped_for_what_nobody_gave(place: Place) -> None:
    place.only("dave-nowhere", "one-key", "one-principal")
    code, out, _ = place.run()
    assert code == 0
    assert re.search(r"  one-key +needs --param access_key_id=…\n", out)
    assert re.search(r"  one-principal +needs one of --param user=…, --param address=…\n", out)
    assert not (place.root / "ledger").exists()


def test_an_on_demand_runbook_runs_with_what_it_needs(place: Place) -> None:
    place.only("dave-nowhere", "one-key", "one-principal")
    code, out, _ = place.run("--param", "user=bob")
    assert code == 1
    assert [row[2] for row in rows(out)] == ["one-principal"]
    assert re.search(r"  one-key +needs --param access_key_id=…\n", out)


def test_a_value_that_is_wrong_is_an_error_and_not_skipped(place: Place) -> None:
    place.only("dave-nowhere", "one-key")
    code, out, _ = place.run("--param", "access_key_id=abc")
    assert code == 2
    assert rows(out)[0][:3] == ["error", "medium", "one-key"]
    assert "plan: access_key_id: expected at least 4 characters, found 3" in out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("usr=bob", "--param 'usr': no runbook has this parameter; did you mean `user`?"),
        ("acounts=111122223333", "did you mean `accounts`?"),
        ("user", "--param 'user': expected name=value"),
        ("start=2026-11-01", "--param start: give --from"),
        ("compare_with=x", "--param compare_with: it names a run of one runbook"),
        ("accounts=1234", "accounts[0]: expected an AWS account id of 12 digits"),
        ("row_limit=many", "row_limit: expected an integer"),
    ],
)
def test_a_param_that_would_have_no_effect_or_fail_everywhere_is_refused(place: Place, given: str, said: str) -> None:
    code, out, err = place.run("--param", given)
    assert (code, out) == (2, "")
    assert said in err
    assert "Reading" not in err


def test_a_broken_runbook_is_left_out_and_shows(place: Place) -> None:
    place.only("dave-nowhere")
    (place.root / "runbooks" / "broken.yaml").write_text("id: broken\nseverty: high\n")
    code, out, err = place.run("--out", str(place.root / "out"))
    assert code == 2
    path = place.root / "runbooks" / "broken.yaml"
    assert f"left out: {path}:2:1: severty: unknown key `severty`; did you mean `severity`?" in err
    assert re.search(rf"left out, since broken.*\n  broken  {re.escape(str(path))}:1:1: .* \(and \d+ more\)\n", out)
    assert "1 broken runbook left out." in out
    assert [broken["runbook"] for broken in place.index()["left_out"]] == ["broken"]
    assert place.index()["verdict"] == "incomplete"


def test_a_runbook_whose_fragment_is_broken_is_left_out_with_the_fragments_problem(place: Place) -> None:
    folder = place.root / "runbooks" / "fragments"
    folder.mkdir()
    (folder / "is_it.yaml").write_text("description: Whether.\nparams: {value: string}\nsql: value =\n")
    place.only("dave-nowhere")
    place.add(book("calls-it", "high", "is_it(eventname)"))
    code, out, _ = place.run()
    assert code == 2
    assert re.search(r"  calls-it  .*is_it\.yaml:\d+:\d+: ", out)


def test_a_pivot_that_leads_nowhere_leaves_nothing_out(place: Place) -> None:
    place.only()
    pivots = [{"runbook": "no-such", "with": {"user": "{user_name}"}}]
    place.add(book("bob-alone", "high", "useridentity.username = 'bob'", pivots=pivots))
    code, out, err = place.run()
    assert (code, len(rows(out))) == (1, 1)
    assert "problem: " in err
    assert "left out" not in err + out


def test_a_folder_without_runbooks_is_said(place: Place) -> None:
    place.only()
    code, out, err = place.run()
    assert (code, out) == (2, "")
    assert f"expected runbooks in {place.root / 'runbooks'}, found none" in err


def test_a_run_that_fails_shows_with_its_reason(place: Place) -> None:
    place.only("dave-nowhere", "listed-users")
    (place.root / "lookups" / "listed.csv").unlink()
    code, out, _ = place.run("--out", str(place.root / "out"))
    assert code == 2
    (row,) = rows(out)
    assert row[:6] == ["error", "medium", "listed-users", "-", "-", "-"]
    assert "listed: the lookup's file cannot be read" in row[6]
    assert f"\nno result\n  listed-users: {row[6]}\n" in out
    (run,) = [run for run in place.index()["runs"] if run["runbook"] == "listed-users"]
    assert (run["verdict"], run["counts"], run["report"]) == ("error", None, None)


def test_what_the_logs_lack_is_said_once_and_nothing_found_is_no_all_clear(place: Place) -> None:
    (place.root / "logs" / "cut.json").write_text('{"Records": [')
    code, out, err = place.run("--out", str(place.root / "out"))
    assert code == 1
    assert out.count("cut.json: the file is not valid JSON") == 1
    assert "logs: " in err
    assert [row[2] for row in rows(out)] == [
        *("all-users", "bob-alone", "alice-alone"),
        *("carol-accepted", "listed-users"),
    ]
    assert "the lookup listed is empty" in rows(out)[4][6]
    assert re.search(r"2 runbooks found nothing in 6 events .*, which is no all-clear", out)
    page = (place.root / "out" / "index.html").read_text()
    assert "The logs are not whole" in page


def test_json_is_one_object_with_what_was_skipped_and_left_out(place: Place) -> None:
    place.only("bob-alone", "one-key")
    (place.root / "runbooks" / "broken.yaml").write_text("id: broken\n")
    code, out, _ = place.run("--format", "json")
    assert code == 2
    told = json.loads(out)
    assert [(run["runbook"], run["severity"], run["counts"]["open_new"]) for run in told["runs"]] == [
        ("bob-alone", "critical", 1)
    ]
    assert [skip["runbook"] for skip in told["skipped"]] == ["broken", "one-key"]
    assert told["skipped"][0]["reason"].startswith("left out: ")
    assert told["skipped"][1] == {"runbook": "one-key", "reason": "needs --param access_key_id=…"}


def test_out_keeps_a_page_that_leads_to_each_report(place: Place) -> None:
    out_dir = place.root / "out"
    _, out, _ = place.run("--out", str(out_dir), "--param", "reason=audit")
    assert f"Reports  {out_dir}/index.html" in out
    page = (out_dir / "index.html").read_text()
    links = re.findall(r'href="(reports/[^"]+)"', page)
    assert len(links) == len(set(links)) == 7
    assert all((out_dir / link).is_file() for link in links)
    index = place.index()
    assert (index["format"], index["params"], index["events_in_window"]) == ("trailbook.index/1", ["reason=audit"], 6)
    assert (index["logs"]["files"], index["logs"]["events"]) == (1, 6)
    assert {run["report"] for run in index["runs"]} == set(links)
    assert index["verdicts"] == {"fail": 3, "incomplete": 1, "error": 0, "pass": 3}
    verify = next(line for line in out.splitlines() if line.startswith("Verify")).split()
    assert main(verify[2:]) == 0


def test_the_next_run_writes_the_page_anew_and_leaves_the_reports(place: Place) -> None:
    place.only("bob-alone", "dave-nowhere")
    where = ["--out", str(place.root / "out")]
    place.run(*where)
    first = place.index()
    reports = {path: path.read_bytes() for path in (place.root / "out" / "reports").rglob("*") if path.is_file()}
    code, out, _ = place.run(*where)
    assert code == 1
    assert rows(out)[0][:4] == ["fail", "critical", "bob-alone", "1"]
    assert place.index()["runs"][0]["run_id"] != first["runs"][0]["run_id"]
    assert all(path.read_bytes() == body for path, body in reports.items())
    assert not list((place.root / "out").glob(".new-*"))
    assert main(["run", "dave-nowhere", *place.arguments(*where)[2:]]) == 0
    assert [run["runbook"] for run in place.index()["runs"]] == ["dave-nowhere"]


def test_a_page_that_cannot_be_written_is_said(place: Place) -> None:
    place.only("dave-nowhere")
    (place.root / "out" / "index.html").mkdir(parents=True)
    code, _, err = place.run("--out", str(place.root / "out"))
    assert code == 2
    assert "index.html: cannot be written" in err
    assert not list((place.root / "out").glob(".new-*"))


def test_hostile_names_drive_neither_terminal_nor_page(place: Place) -> None:
    place.only("all-users")
    place.log("one", logins(1, **{HOSTILE: 2}))
    _, out, _ = place.run("--out", str(place.root / "out"))
    assert not {"\x1b", "\x07", "\u202e"} & set(out)
    assert "user_name=⟨ESC⟩]0;owned⟨BEL⟩<script>alert(1)</script>⟨U+202E⟩eve" in out
    page = (place.root / "out" / "index.html").read_text()
    assert "<script" not in page
    assert not {"\x1b", "\x07", "\u202e"} & set(page)


@pytest.mark.parametrize("width", [60, 80, 140, 200])
def test_each_line_fits_the_terminal(width: int, place: Place, terminal: Callable[[int], Callable[[], str]]) -> None:
    seen = terminal(width)
    main(place.arguments())
    lines = seen().splitlines()
    table = lines[lines.index(next(line for line in lines if line.startswith("verdict"))) : lines.index("")]
    assert max(map(len, table)) <= width
    beneath = [line for line in table if line.startswith("  user_name=bob")]
    assert len(beneath) == (1 if width < 100 else 0)
    assert any("the lookup listed is empty" in line for line in table)


def test_the_events_of_the_window_are_counted_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    answered: list[str] = []
    execute = FolderAthena.execute

    def watched(self: FolderAthena, sql: str, *, token: str) -> Any:
        found = execute(self, sql, token=token)
        answered.append(found.query_execution_id)
        return found

    monkeypatch.setattr(FolderAthena, "execute", watched)
    place.run()
    assert len(answered) == 14
    assert len(set(answered)) == 8, "seven questions and one count"


@pytest.fixture
def seen_on_a_terminal(place: Place) -> str:
    """Run the command in another process whose standard error is a terminal, and give what that saw."""
    place.only("bob-alone", "dave-nowhere")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "trailbook", *place.arguments("--format", "json")]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=os.environ | {"TERM": "xterm"})
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 65536):
            seen += piece
    except OSError:  # the other end has closed
        pass
    child.wait(60)
    os.close(ours)
    return seen.decode()


def test_a_terminal_sees_how_far_the_runs_are(seen_on_a_terminal: str) -> None:
    assert "Running 2 runbooks" in seen_on_a_terminal
    assert "✓" in seen_on_a_terminal
