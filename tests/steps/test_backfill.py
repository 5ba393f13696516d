"""Sixty daily windows, out of order and in parallel, then ten of them again: each compares with the right window."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from watched_logins import Bench, logins

from trailbook.ledger import Entry, verify
from trailbook.steps.whole import WholeRun
from trailbook.verdict import Verdict

FIRST = datetime(2026, 9, 1, tzinfo=UTC)
DAYS, AGAIN, WORKERS = 60, 10, 4


def day(number: int) -> datetime:
    return FIRST + timedelta(days=number)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Sixty days of logs: each day one more or fewer sign-in of alice, and bob on every other day."""
    made = Bench(tmp_path_factory.mktemp("backfill"))
    records = []
    for number in range(DAYS):
        for record in logins(1, alice=2 + number % 5, bob=2 * (number % 2)):
            at = record["eventTime"].replace("2026-11-01", f"{day(number):%Y-%m-%d}")
            records.append(record | {"eventTime": at, "eventID": f"{number}-{record['eventID']}"})
    made.log("all", records)
    return made


KNOWN: dict[str, int] = {}
"""How many entries the chain had for sure when a run was planned."""


def run(bench: Bench, number: int, run_id: str) -> WholeRun:
    start, end = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (day(number), day(number + 1)))
    KNOWN[run_id] = sum(1 for _ in bench.ledger.store.keys("watched-logins/"))
    return bench.run(1, run_id, start=start, end=end)


def in_parallel(numbers: Sequence[int], call: Callable[[int], WholeRun]) -> list[WholeRun]:
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(call, numbers))


@pytest.fixture(scope="module")
def entries(bench: Bench) -> list[Entry]:
    """The chain after both backfills."""
    order = random.Random(60).sample(range(DAYS), DAYS)  # noqa: S311 - the same order each time
    first = in_parallel(order, lambda number: run(bench, number, f"first-{number}"))
    again = in_parallel(range(20 + AGAIN - 1, 19, -1), lambda number: run(bench, number, f"again-{number}"))
    assert [done.failure for done in (*first, *again)] == [None] * (DAYS + AGAIN)
    return list(bench.ledger.entries("watched-logins"))


def test_every_run_has_its_entry_and_the_chain_and_its_files_verify(bench: Bench, entries: list[Entry]) -> None:
    expected = {f"first-{n}" for n in range(DAYS)} | {f"again-{n}" for n in range(20, 20 + AGAIN)}
    assert {entry.record.run.run_id for entry in entries} == expected
    assert [entry.sequence for entry in entries] == list(range(1, DAYS + AGAIN + 1))
    found = verify(bench.ledger.store, bench.reports)
    assert (list(found.faults), found.entries) == ([], DAYS + AGAIN)


def test_windows_were_really_recorded_out_of_order(entries: list[Entry]) -> None:
    starts = [entry.record.window.start for entry in entries if entry.record.window]
    assert sum(later < earlier for earlier, later in pairwise(starts)) > 15


def test_each_first_run_compares_with_the_latest_window_before_its_own_that_the_chain_had(
    entries: list[Entry],
) -> None:
    for entry in entries[:DAYS]:
        record = entry.record
        assert record.window is not None
        before = [e for e in entries[:DAYS] if e.record.window and e.record.window.end <= record.window.start]
        ends = {e.record.window.end: e for e in before if e.record.window and e.sequence < entry.sequence}
        sure = {end for end, e in ends.items() if e.sequence <= KNOWN[record.run.run_id]}
        baseline = record.materials.baseline
        assert baseline is not None
        if baseline.window is None:
            assert baseline.absence == "first_run"
            assert not sure
        else:
            assert baseline.window.end in ends
            assert baseline.window.end >= max(sure, default=baseline.window.end)
            chosen = ends[baseline.window.end]
            assert (baseline.run_id, baseline.sequence) == (chosen.record.run.run_id, chosen.sequence)
            assert record.snapshot is not None
            assert chosen.record.snapshot is not None
            assert baseline.snapshot_sha256 == chosen.record.snapshot.sha256


def test_a_second_run_compares_with_the_day_before_and_says_which_run_it_repeats(entries: list[Entry]) -> None:
    for entry in entries[DAYS:]:
        record = entry.record
        assert record.window is not None
        baseline = record.materials.baseline
        assert baseline is not None
        assert baseline.window is not None
        assert baseline.window.end == record.window.start
        assert record.rerun_of == record.run.run_id.replace("again", "first")


def test_a_second_run_finds_what_the_days_say_whatever_the_order_was(entries: list[Entry]) -> None:
    for entry in entries[DAYS:]:
        number, counts = int(entry.record.run.run_id.partition("-")[2]), entry.record.counts
        assert counts is not None
        # alice's count differs from the day before's on each day, and bob signs in on odd days only.
        assert (counts.updated, counts.new, counts.absent) == (1, number % 2, (number + 1) % 2)
        assert entry.record.verdict is (Verdict.FAIL if number % 2 else Verdict.PASS)
