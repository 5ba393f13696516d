"""`trailbook diff` between two recorded runs, for people in terminals of two widths, and for programs."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from watched_logins import Bench, logins

from trailbook.cli import main

HOSTILE = "\x1b[31m\u202eeve\n[bold]x[/]"
WATCHED = ("alice", "bob", "carol", "dave", HOSTILE)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Two days: alice the same, bob more often, carol gone, dave and a hostile name new."""
    made = Bench(tmp_path_factory.mktemp("bench"))
    made.log("one", logins(1, alice=3, bob=2, carol=4))
    made.log("two", logins(2, alice=3, bob=5, dave=2, **{HOSTILE: 2}))
    made.run(1, "day-1", watched=WATCHED)
    made.run(2, "day-2", watched=WATCHED)
    return made


def arguments(bench: Bench, *more: str) -> list[str]:
    out = bench.root / "out"
    return ["diff", *more, "--ledger", str(out / "ledger"), "--reports", str(out / "reports")]


@pytest.mark.parametrize("width", [80, 200])
def test_people_read_what_changed(
    width: int, bench: Bench, terminal: Callable[..., Callable[[], str]], golden: Callable[[str, str], None]
) -> None:
    seen = terminal(width)
    assert main(arguments(bench, "day-1", "day-2")) == 1
    out = seen()
    golden(f"diff-{width}.txt", out)
    assert max(map(len, out.splitlines())) <= width


def test_json_names_both_runs_and_each_change(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(bench, "watched-logins:day-1", "day-2", "--format", "json")) == 1
    out = json.loads(capsys.readouterr().out)
    assert (out["runbook"], out["before"]["run_id"], out["after"]["run_id"]) == ("watched-logins", "day-1", "day-2")
    assert out["after"]["window"] == {"start": "2026-11-02T00:00:00Z", "end": "2026-11-03T00:00:00Z"}
    states = {finding["row"]["user_name"]: finding["state"] for finding in out["findings"]}
    assert states == {"bob": "updated", "carol": "absent", "dave": "new", HOSTILE: "new"}
    (bob,) = (finding for finding in out["findings"] if finding["row"]["user_name"] == "bob")
    assert bob["changes"] == {"failures": {"old": 2, "new": 5}}
    assert (out["counts"]["new"], out["counts"]["unchanged"]) == (2, 1)


def test_hostile_text_drives_no_terminal(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    main(arguments(bench, "day-1", "day-2"))
    out = capsys.readouterr().out
    assert not {"\x1b", "\u202e"} & set(out)
    assert "user_name=⟨ESC⟩[31m⟨U+202E⟩eve\\n[bold]x[/]" in out


def test_a_run_beside_itself_has_no_change(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(bench, "day-1", "day-1")) == 0
    assert "found   3 unchanged" in capsys.readouterr().out


def test_the_other_way_round_new_is_absent(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(bench, "day-2", "day-1", "--format", "json")) == 1
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert (counts["new"], counts["updated"], counts["absent"]) == (1, 1, 2)


@pytest.mark.parametrize("run", ["day-9", "nothing:day-1"])
def test_a_run_that_is_not_there_is_said(run: str, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(bench, run, "day-1")) == 2
    assert f"the ledger has no run '{run}'" in capsys.readouterr().err


def test_a_changed_snapshot_is_no_evidence(bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = Bench(tmp_path)
    other.log("one", logins(1, alice=3))
    other.run(1, "day-1")
    (path,) = (tmp_path / "out" / "reports").rglob("result.parquet")
    path.write_bytes(path.read_bytes() + b" ")
    assert main(arguments(other, "day-1", "day-1")) != 0
    assert "is not the file that entry watched-logins/000000000001.json recorded" in capsys.readouterr().err
