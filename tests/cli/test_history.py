"""`trailbook history` for people in terminals of two widths, and for programs."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trailbook.cli import main
from trailbook.diff import Counts
from trailbook.ledger import Ledger, Looked, Materials, Notification, Record, Written
from trailbook.objects import FolderStore
from trailbook.outcome import Product
from trailbook.plan import Baseline, Run, Trigger
from trailbook.verdict import Verdict
from trailbook.window import Window

HOSTILE = "\x1b]0;owned\x07\x9b31m\u202egnp.exe\nsecond line\t[bold]x[/]"


def day(number: int) -> Window:
    start = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=number - 1)
    return Window(start, start + timedelta(days=1))


def record(number: int, **changes: object) -> Record:
    report = Product(f"failed/{number}/manifest.json", "1" * 64, 900)
    made = Record(
        runbook="failed-logins",
        run=Run(
            f"scheduled__2026-11-{number + 1:02}",
            trigger=Trigger.SCHEDULED,
            logical_date=f"2026-11-{number:02}T02:00:00Z",
        ),
        verdict=Verdict.PASS,
        reasons=("no open findings in a complete window",),
        started=f"2026-11-{number + 1:02}T02:00:05Z",
        finished=f"2026-11-{number + 1:02}T02:00:19Z",
        version="0.1.0",
        window=day(number),
        params={"threshold": 5, "users": [], "accounts": [], "row_limit": 10000, "compare_with": None},
        materials=Materials(baseline=Baseline(run_id=f"scheduled__2026-11-{number:02}", sequence=number - 1)),
        counts=Counts(unchanged=3, suppressed=3),
        completeness=Looked(12345, 1_712_345, "2026-11-01T00:00:01Z", "2026-11-01T23:59:58Z", 3, 4),
        products=Written(report, f"s3://reports/{report.key}", f"s3://reports/failed/{number}/report.html"),
    )
    return replace(made, **changes)


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    kept = Ledger(FolderStore(tmp_path / "ledger"))
    kept.append(record(1, materials=Materials(baseline=Baseline(absence="first_run"))))
    findings = Counts(new=5, updated=1, unchanged=3, absent=2, suppressed=1, reopened=2, open_new=5, open_present=8)
    kept.append(
        record(
            2,
            run=Run("manual__2026", attempt=2, trigger=Trigger.MANUAL, triggered_by="a.meier", reason="Audit, q. 14"),
            verdict=Verdict.FAIL,
            reasons=("there are 5 new findings, expected no new ones", "no logs of the expected regions eu-west-1"),
            counts=findings,
            rerun_of="scheduled__2026-11-03",
            notifications=(
                Notification("sns", "arn:aws:sns:eu-central-1:111122223333:findings", ("new_findings", "fail"), True),
                Notification(
                    "notifier", "chat.Notifier", ("fail",), False, "chat.Notifier raised OSError: see the log"
                ),
            ),
        )
    )
    kept.append(
        Record(
            runbook="failed-logins",
            run=Run("backfill__3", trigger=Trigger.BACKFILL),
            verdict=Verdict.ERROR,
            reasons=("the task query failed: access denied",),
            started="2026-11-04T02:00:05Z",
            finished="2026-11-04T02:00:09Z",
            version="0.1.0",
            error="query: access denied",
        )
    )
    hostile = Run(HOSTILE, trigger=Trigger.MANUAL, triggered_by=HOSTILE, reason=HOSTILE)
    kept.append(record(4, run=hostile, verdict=Verdict.INCOMPLETE, reasons=(HOSTILE,), params={HOSTILE: [HOSTILE]}))
    return str(tmp_path / "ledger")


def listed(arguments: list[str], ledger: str, capsys: pytest.CaptureFixture[str]) -> list[int]:
    assert main(["history", "failed-logins", "--ledger", ledger, "--format", "json", *arguments]) == 0
    return [entry["sequence"] for entry in json.loads(capsys.readouterr().out)["entries"]]


@pytest.mark.parametrize("width", [80, 200])
def test_people_read_when_who_why_and_what_came_of_it(
    width: int, ledger: str, terminal: Callable[..., Callable[[], str]], golden: Callable[[str, str], None]
) -> None:
    seen = terminal(width)
    assert main(["history", "failed-logins", "--ledger", ledger]) == 0
    out = seen()
    golden(f"history-{width}.txt", out)
    assert max(map(len, out.splitlines())) <= width


def test_hostile_text_drives_no_terminal_and_makes_no_line(ledger: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "failed-logins", "--ledger", ledger, "--last", "1"]) == 0
    out = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\t"} & set(out)
    assert "⟨ESC⟩]0;owned⟨BEL⟩⟨U+009B⟩31m⟨U+202E⟩gnp.exe\\nsecond line\\t[bold]x[/]" in out
    assert not any(line.startswith("second line") for line in out.splitlines())


def test_json_has_the_entries_as_they_were_recorded(ledger: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["history", "failed-logins", "--ledger", ledger, "--format", "json"])
    entries = json.loads(capsys.readouterr().out)["entries"]
    kept = Ledger(FolderStore(Path(ledger)))
    assert entries == [entry.to_json() for entry in kept.entries("failed-logins")]
    second = entries[1]
    assert (second["triggered_by"], second["reason"], second["verdict"]) == ("a.meier", "Audit, q. 14", "fail")


@pytest.mark.parametrize(
    ("arguments", "sequences"),
    [
        ([], [1, 2, 3, 4]),
        (["--last", "2"], [3, 4]),
        (["--last", "0"], [1, 2, 3, 4]),
        (["--before", "3"], [1, 2]),
        (["--before", "4", "--last", "1"], [3]),
        (["--since", "2026-11-02T12:00:00Z"], [2, 4]),
        (["--since", "2026-11-03"], [4]),
        (["--until", "2026-11-02"], [1]),
        (["--since", "2026-11-02", "--until", "2026-11-03"], [2]),
        (["--verdict", "fail", "--verdict", "error"], [2, 3]),
        (["--trigger", "manual"], [2, 4]),
        (["--by", "a.meier"], [2]),
        (["--by", "nobody"], []),
    ],
)
def test_filters_and_pages(
    arguments: list[str], sequences: list[int], ledger: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert listed(arguments, ledger, capsys) == sequences


def test_the_last_line_leads_to_the_page_before(ledger: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["history", "failed-logins", "--ledger", ledger, "--last", "2"])
    assert "2 runs shown, the newest last; more before them: --before 3, or --last 0" in capsys.readouterr().out
    main(["history", "failed-logins", "--ledger", ledger, "--before", "3"])
    assert capsys.readouterr().out.endswith("failed-logins: 2 runs shown, the newest last\n")
    main(["history", "failed-logins", "--ledger", ledger, "--by", "nobody"])
    assert capsys.readouterr().out == "failed-logins: no run matches\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing-here"], "nothing-here has no entries here; there are: failed-logins"),
        (["failed-logins", "--since", "yesterday"], "--since: expected an ISO 8601 time"),
    ],
)
def test_what_someone_must_mend_is_one_sentence(
    arguments: list[str], sentence: str, ledger: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", *arguments, "--ledger", ledger]) == 2
    assert sentence in capsys.readouterr().err


def test_a_number_of_runs_is_a_whole_number(ledger: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["history", "failed-logins", "--ledger", ledger, "--last", "-1"])
    assert ended.value.code == 2
    assert "expected a whole number such as 20, found '-1'" in capsys.readouterr().err
