"""Which run a run is compared with, as a table of chains."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from chain_records import COLUMNS, window

from trailbook.athena.execution import Column
from trailbook.errors import InvalidRequest
from trailbook.ledger import Ledger, columns_match
from trailbook.plan import Baseline
from trailbook.verdict import Verdict
from trailbook.window import Window

NAME = "auth-failed-logins"


def ask(ledger: Ledger, day: int, run_id: str = "now", **changes: Any) -> tuple[Baseline, str | None]:
    asked: dict[str, Any] = {
        "comparison_key": "e" * 64,
        "template_sha256": "b" * 64,
        "window": window(day),
        "run_id": run_id,
    }
    return ledger.baseline(NAME, **asked | changes)


def test_the_first_run_has_none(ledger: Ledger) -> None:
    assert ask(ledger, 0) == (Baseline(absence="first_run"), None)


def test_the_day_before_is_the_baseline(ledger: Ledger, make: Any) -> None:
    for day in range(4):
        ledger.append(make(f"run-{day}", day=day))
    found, rerun_of = ask(ledger, 4)
    assert (found.run_id, found.sequence, found.window, found.absence) == ("run-3", 4, window(3), None)
    assert found.snapshot == f"{NAME}/run-3/result.parquet"
    assert found.columns == COLUMNS
    assert rerun_of is None
    assert ask(ledger, 2)[0].run_id == "run-1"


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
def test_the_order_of_recording_does_not_matter(ledger: Ledger, make: Any, order: tuple[int, ...]) -> None:
    for day in order:
        ledger.append(make(f"run-{day}", day=day))
    assert [ask(ledger, day)[0].run_id for day in range(5)] == [None, "run-0", "run-1", "run-2", "run-3"]


def test_a_rerun_of_a_window_compares_as_the_first_did_and_names_it(ledger: Ledger, make: Any) -> None:
    for day in range(3):
        ledger.append(make(f"run-{day}", day=day))
    ledger.append(make("again", day=1))
    found, rerun_of = ask(ledger, 1)
    assert (found.run_id, rerun_of) == ("run-0", "run-1")
    assert ask(ledger, 2)[0].run_id == "again"  # of two runs of one window, the newer


def test_a_run_is_no_baseline_and_no_rerun_of_itself(ledger: Ledger, make: Any) -> None:
    ledger.append(make("run-0", day=0))
    ledger.append(make("now", day=1))
    found, rerun_of = ask(ledger, 1)
    assert (found.run_id, rerun_of) == ("run-0", None)


def test_an_error_is_no_baseline(ledger: Ledger, make: Any) -> None:
    ledger.append(make("good", day=0))
    ledger.append(make("bad", day=1, verdict=Verdict.ERROR, snapshot=None, completeness=None))
    assert ask(ledger, 2)[0].run_id == "good"
    assert ask(ledger, 1)[1] == "bad"  # it was a run of this window all the same


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.FAIL, Verdict.INCOMPLETE])
def test_every_verdict_with_a_whole_result_serves(ledger: Ledger, make: Any, verdict: Verdict) -> None:
    ledger.append(make("run-0", verdict=verdict))
    assert ask(ledger, 1)[0].run_id == "run-0"


def no_logs(make: Any) -> Any:
    return replace(make().completeness, events=0)


@pytest.mark.parametrize("flaw", ["cut at its row limit", "found no logs"])
def test_a_truncated_or_dataless_run_is_passed_over_and_said(ledger: Ledger, make: Any, flaw: str) -> None:
    changes = {"truncated": True} if "cut" in flaw else {"completeness": no_logs(make)}
    ledger.append(make("flawed", day=1, **changes))
    found, _ = ask(ledger, 2)
    assert (found.absence, found.run_id) == ("prior_truncated", None)
    assert flaw in (found.note or "")
    ledger.append(make("good", day=0))
    found, _ = ask(ledger, 2)
    assert (found.absence, found.run_id) == (None, "good")
    assert "run flawed (window to 2026-11-03T00:00:00Z)" in (found.note or "")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"comparison_key": "f" * 64}, "params_changed"),
        ({"template_sha256": "f" * 64}, "query_changed"),
        ({"columns": (Column("account_id", "varchar"),)}, "columns_changed"),
        ({"columns": (Column("account_id", "bigint"), Column("failures", "bigint"))}, "columns_changed"),
        ({"columns": COLUMNS[::-1]}, None),
        ({"template_sha256": "f" * 64, "comparison_key": "f" * 64}, "query_changed"),
    ],
)
def test_another_question_is_no_baseline_and_the_reason_is_said(
    ledger: Ledger, make: Any, changes: dict[str, Any], reason: str | None
) -> None:
    ledger.append(make("run-0", day=0))
    found, _ = ask(ledger, 1, **changes)
    assert found.absence == reason
    assert found.run_id == (None if reason else "run-0")


def test_the_reason_is_that_of_the_latest_run(ledger: Ledger, make: Any) -> None:
    ledger.append(make("query", day=1, materials=replace(make().materials, template_sha256="0" * 64)))
    ledger.append(make("params", day=0, comparison_key="0" * 64))
    assert ask(ledger, 2)[0].absence == "query_changed"
    assert ask(ledger, 1)[0].absence == "params_changed"


def test_a_later_window_is_never_a_baseline_and_an_overlapping_one_may_be(ledger: Ledger, make: Any) -> None:
    ledger.append(make("later", day=5))
    assert ask(ledger, 4)[0].absence == "first_run"
    half = Window(window(3).start, window(3).start + (window(3).end - window(3).start) / 2)
    ledger.append(make("half", window=half))
    assert ask(ledger, 3)[0].run_id == "half"


def test_the_search_reads_no_further_back_than_it_must(ledger: Ledger, make: Any) -> None:
    for day in range(6):
        ledger.append(make(f"run-{day}", day=day))
    for sequence in (1, 2, 3):
        with open(ledger.store.uri(f"{NAME}/{sequence:012d}.json"), "wb") as file:
            file.write(b"unreadable, were it read")
    assert ask(ledger, 6)[0].run_id == "run-5"


def test_compare_with_overrides_the_choice(ledger: Ledger, make: Any) -> None:
    for day in range(4):
        ledger.append(make(f"run-{day}", day=day, comparison_key="e" * 64 if day else "f" * 64))
    found, rerun_of = ask(ledger, 4, compare_with="run-1")
    assert (found.run_id, found.note, rerun_of) == ("run-1", "chosen with compare_with", None)
    assert "other parameters" in (ask(ledger, 4, compare_with="run-0")[0].note or "")


def test_a_run_that_was_told_what_to_compare_with_is_the_last_choice_of_its_window(ledger: Ledger, make: Any) -> None:
    asked = {"compare_with": "run-0"}
    ledger.append(make("run-0", day=0))
    ledger.append(make("quarter", day=1, params=asked))
    assert ask(ledger, 2)[0].run_id == "quarter"
    ledger.append(make("run-1", day=1))
    assert ask(ledger, 2)[0].run_id == "run-1"
    ledger.append(make("quarter-again", day=1, params=asked))
    assert ask(ledger, 2)[0].run_id == "run-1"
    ledger.append(make("run-1-again", day=1))
    assert ask(ledger, 2)[0].run_id == "run-1-again"


@pytest.mark.parametrize(
    ("run_id", "words"),
    [
        ("nobody", "has no run 'nobody'"),
        ("failed", "ended without a result"),
        ("cut", "was cut at its row limit"),
        ("now", "cannot be compared with itself"),
    ],
)
def test_compare_with_a_run_that_cannot_serve_is_refused(ledger: Ledger, make: Any, run_id: str, words: str) -> None:
    ledger.append(make("failed", verdict=Verdict.ERROR, snapshot=None))
    ledger.append(make("cut", truncated=True))
    with pytest.raises(InvalidRequest, match=words):
        ask(ledger, 3, compare_with=run_id)


def test_columns_match_by_name_and_type_in_any_order() -> None:
    assert columns_match(COLUMNS, COLUMNS[::-1])
    assert not columns_match(COLUMNS, COLUMNS[:1])
    assert not columns_match(COLUMNS, (COLUMNS[0], Column("failures", "integer")))
