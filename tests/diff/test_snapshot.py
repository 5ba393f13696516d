"""The states of findings, one run after the other."""

from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbook.diff import Counts, Diff, State, findings
from trailbook.errors import EvidenceError


def states(diff: Diff) -> dict[Any, str]:
    return {found.row["k"]: found.state.value for found in findings(diff.snapshot, (), limit=None)}


def raw(diff: Diff, columns: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as duck:
        return duck.execute(f"SELECT {columns} FROM read_parquet('{diff.snapshot}') ORDER BY ALL").fetchall()  # noqa: S608 - ours


def test_without_a_baseline_every_row_is_new(bench: Any) -> None:
    diff = bench.diff([("a", 1, "x"), ("b", None, None)])
    assert states(diff) == {"a": "new", "b": "new"}
    assert diff.counts == Counts(new=2, open_new=2, open_present=2)


def test_each_row_has_its_state_and_the_rows_are_in_the_order_of_states(bench: Any) -> None:
    first, second = bench.days(
        [("gone", 1, "x"), ("same", 2, "x"), ("more", 3, "x")], [("same", 2, "y"), ("z", 1, ""), ("more", 4, "x")]
    )
    assert first.counts.new == 3
    assert list(states(second).items()) == [
        ("z", "new"),
        ("more", "updated"),
        ("same", "unchanged"),
        ("gone", "absent"),
    ]
    assert second.counts == Counts(new=1, updated=1, unchanged=1, absent=1, open_new=1, open_present=3)


def test_an_updated_finding_shows_old_and_new_value_and_an_unchanged_one_its_new_row(bench: Any) -> None:
    _, second = bench.days([("a", 1, "x"), ("b", 1, "x")], [("a", 2**60 + 1, "y"), ("b", 1, "y")])
    updated, unchanged = findings(second.snapshot, (), limit=None)
    assert updated.changes == {"n": (1, 2**60 + 1)}
    assert (unchanged.changes, unchanged.row["note"]) == ({}, "y")


def test_an_absent_finding_keeps_the_row_that_was_seen_last(bench: Any) -> None:
    _, second = bench.days([("a", 7, "x")], [])
    (absent,) = findings(second.snapshot, (), limit=None)
    assert (absent.state, absent.row) == (State.ABSENT, {"k": "a", "n": 7, "note": "x"})
    assert (absent.last_seen.run_id, absent.last_seen.time) == ("run-0", "2026-11-02T00:00:00Z")


def test_a_finding_is_absent_once_and_then_carried_without_being_counted_or_shown(bench: Any) -> None:
    *_, third = bench.days([("a", 1, "x")], [], [])
    assert third.counts == Counts()
    assert states(third) == {}
    assert raw(third, "k, tb_state") == [("a", "gone")]


@pytest.mark.parametrize("pause", [1, 2, 5])
def test_a_finding_that_returns_is_new_and_reopened_with_its_id_and_first_seen(bench: Any, pause: int) -> None:
    days = bench.days([("a", 1, "x")], *[[] for _ in range(pause)], [("a", 1, "x"), ("b", 1, "x")])
    back, fresh = findings(days[-1].snapshot, (), limit=None)
    (original,) = findings(days[0].snapshot, (), limit=None)
    assert (back.state, back.reopened, back.finding_id) == (State.NEW, True, original.finding_id)
    assert back.first_seen == original.first_seen
    assert back.last_seen.run_id == f"run-{pause + 1}"
    assert (fresh.state, fresh.reopened, fresh.first_seen.run_id) == (State.NEW, False, f"run-{pause + 1}")
    assert days[-1].counts == Counts(new=2, reopened=1, open_new=2, open_present=2)


def test_first_and_last_seen_are_carried_through_the_snapshots(bench: Any) -> None:
    *_, last = bench.days([("a", 1, "x")], [("a", 2, "x")], [("a", 2, "x")])
    (found,) = findings(last.snapshot, (), limit=None)
    assert (found.first_seen.run_id, found.first_seen.time) == ("run-0", "2026-11-02T00:00:00Z")
    assert (found.last_seen.run_id, found.last_seen.time) == ("run-2", "2026-11-04T00:00:00Z")


def test_what_a_result_that_is_not_whole_lacks_is_carried_on_unseen(bench: Any) -> None:
    first = bench.diff([("a", 1, "x"), ("b", 1, "x"), ("c", 1, "x")])
    cut = bench.diff([("b", 1, "x")], first, day=1, no_absent=True)
    assert cut.counts == Counts(unchanged=1, open_present=1)
    assert states(cut) == {"b": "unchanged"}
    whole = bench.diff([("a", 1, "x"), ("b", 1, "x")], cut, day=2)
    assert states(whole) == {"a": "unchanged", "b": "unchanged", "c": "absent"}
    seen = {found.row["k"]: found.last_seen.run_id for found in findings(whole.snapshot, (), limit=None)}
    assert seen == {"a": "run-2", "b": "run-2", "c": "run-0"}


def test_a_finding_that_was_absent_stays_so_in_a_result_that_is_not_whole(bench: Any) -> None:
    *_, absent = bench.days([("a", 1, "x")], [])
    cut = bench.diff([], absent, day=2, no_absent=True)
    (back,) = findings(bench.diff([("a", 1, "x")], cut, day=3).snapshot, (), limit=None)
    assert (back.state, back.reopened) == (State.NEW, True)


def test_events_stand_by_their_time_and_those_of_one_second_by_their_ids(bench: Any) -> None:
    columns = {"k": "VARCHAR", "event_time": "VARCHAR"}
    rows = [("a", "2026-11-01T09:00:00Z"), ("c", "2026-11-01T08:00:00Z"), ("b", "2026-11-01T08:00:00Z")]
    shape = {"columns": columns, "measures": ()}
    assert list(states(bench.diff(rows, kind="events", **shape))) == ["b", "c", "a"]
    assert list(states(bench.diff(rows, kind="aggregate", **shape))) == ["a", "b", "c"]


def test_events_are_new_or_late_arrivals_and_never_absent(bench: Any) -> None:
    _, second = bench.days([("a", 1, "x"), ("b", 1, "x")], [("b", 1, "x"), ("c", 1, "x")], kind="events")
    assert states(second) == {"b": "unchanged", "c": "new"}
    assert second.counts == Counts(new=1, unchanged=1, open_new=1, open_present=2)
    assert [key for (key,) in raw(second, "k")] == ["b", "c"]


@pytest.mark.parametrize(
    ("type_", "before", "after", "state"),
    [
        ("BIGINT", None, None, "unchanged"),
        ("BIGINT", None, 0, "updated"),
        ("BIGINT", 0, None, "updated"),
        ("BIGINT", 2**53, 2**53 + 1, "updated"),
        ("BIGINT", -(2**63), -(2**63) + 1, "updated"),
        ("DOUBLE", float("nan"), float("nan"), "unchanged"),
        ("DOUBLE", float("nan"), None, "updated"),
        ("DOUBLE", 0.0, -0.0, "unchanged"),
        ("VARCHAR", "", None, "updated"),
        ("VARCHAR", "é", "e\u0301", "updated"),
        ("VARCHAR", "A", "a", "updated"),
        ("VARCHAR", "a ", "a", "updated"),
        ("VARCHAR", '"\\\x00\n😀', '"\\\x00\n', "updated"),
        ("VARCHAR", "[1, 2]", "[1, 2]", "unchanged"),
        ("TIMESTAMP", "2026-11-01 00:00:00.000001", "2026-11-01 00:00:00.000002", "updated"),
        ("TIMESTAMPTZ", "2026-11-01 01:00:00+01", "2026-11-01 00:00:00+00", "unchanged"),
        ("TIMESTAMPTZ", "2026-11-01 01:00:00+01", "2026-11-01 01:00:00+00", "updated"),
        ("DECIMAL(38,18)", "0.000000000000000001", "0.000000000000000002", "updated"),
        ("BOOLEAN", False, None, "updated"),
    ],
)
def test_measures_are_compared_exactly(bench: Any, type_: str, before: Any, after: Any, state: str) -> None:
    columns = {"k": "VARCHAR", "n": type_}
    first = bench.diff([("a", before)], columns=columns)
    second = bench.diff([("a", after)], first, columns=columns, day=1)
    assert states(second) == {"a": state}
    (old,) = findings(first.snapshot, (), limit=None)
    (new,) = findings(second.snapshot, (), limit=None)
    if state == "updated":
        assert repr(new.changes) == repr({"n": (old.row["n"], new.row["n"])})


@pytest.mark.parametrize(
    ("type_", "keys"),
    [
        ("VARCHAR", [None, "", "null", "a", "A", "é", "e\u0301", "a\x00", "a\x00b", "1"]),
        ("BIGINT", [None, 0, 2**53, 2**53 + 1]),
        ("DOUBLE", [None, float("nan"), 0.0, float("inf")]),
        ("TIMESTAMP", [None, "2026-11-01 00:00:00", "2026-11-01 00:00:00.000001"]),
    ],
)
def test_keys_are_joined_on_their_values(bench: Any, type_: str, keys: list[Any]) -> None:
    columns = {"k": type_, "n": "BIGINT"}
    first = bench.diff([(key, 1) for key in keys], columns=columns)
    second = bench.diff([(key, 1) for key in reversed(keys)], first, columns=columns, day=1)
    assert second.counts == Counts(unchanged=len(keys), open_present=len(keys))
    assert len({found.finding_id for found in findings(second.snapshot, (), limit=None)}) == len(keys)


def test_a_duplicate_key_is_shown_without_control_characters(bench: Any) -> None:
    rows = [(key, n, "x") for key in ("\x1b[2J" + "x" * 500, "b", None, "d", "e") for n in range(2)]
    with pytest.raises(EvidenceError) as caught:
        bench.diff(rows)
    words = str(caught.value)
    assert words.startswith("5 keys are not unique")
    assert "k='b' (2 rows)" in words
    assert words.count("(2 rows)") == 3
    assert "\x1b" not in words
    assert len(words) < 500


def test_two_nulls_are_a_duplicate_key(bench: Any) -> None:
    with pytest.raises(EvidenceError, match=r"1 key is not unique.*k=NULL \(2 rows\)"):
        bench.diff([(None, 1, "x"), (None, 2, "x")])


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"k": "BIGINT", "n": "BIGINT"}, r"k \(VARCHAR before, BIGINT now\)"),
        ({"k": "VARCHAR", "n": "DOUBLE"}, r"n \(BIGINT before, DOUBLE now\)"),
        ({"k": "VARCHAR", "n": "BIGINT", "o": "BIGINT"}, r"o \(none before, BIGINT now\)"),
    ],
)
def test_a_baseline_with_other_columns_is_refused(bench: Any, columns: dict[str, str], words: str) -> None:
    first = bench.diff([("1", 1)], columns={"k": "VARCHAR", "n": "BIGINT"})
    with pytest.raises(EvidenceError, match=words):
        bench.diff([], first, columns=columns)


def test_the_order_of_columns_does_not_matter(bench: Any) -> None:
    first = bench.diff([("a", 1)], columns={"k": "VARCHAR", "n": "BIGINT"})
    assert states(bench.diff([(1, "a")], first, columns={"n": "BIGINT", "k": "VARCHAR"})) == {"a": "unchanged"}


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"k": "VARCHAR", "n": "BIGINT", "TB_state": "VARCHAR"}, "reserved"),
        ({"n": "BIGINT"}, "no column 'k'"),
        ({"k": "VARCHAR"}, "no column 'n'"),
        ({"k": "BLOB", "n": "BIGINT"}, "key column 'k'"),
    ],
)
def test_columns_that_cannot_serve_are_named(bench: Any, columns: dict[str, str], words: str) -> None:
    with pytest.raises(EvidenceError, match=words):
        bench.diff([], columns=columns)


def test_a_baseline_that_is_no_snapshot_is_refused(bench: Any) -> None:
    diff = bench.diff([("a", 1, "x")])
    plain = Diff(bench.table([("a", 1, "x")]), diff.counts, (), ())
    with pytest.raises(EvidenceError, match="expected a snapshot"):
        bench.diff([], plain)


def test_equal_input_gives_equal_bytes(bench: Any) -> None:
    rows = [(f"k{n}", n, None if n % 3 else "x") for n in range(3000)]
    first = bench.diff(rows)
    again = bench.diff(rows[::-1])
    assert first.snapshot.read_bytes() == again.snapshot.read_bytes()
    second, twice = bench.diff(rows[:2000], first, day=1), bench.diff(rows[:2000][::-1], again, day=1)
    assert second.snapshot.read_bytes() == twice.snapshot.read_bytes()


ROWS = st.dictionaries(
    st.none() | st.sampled_from(["", "a", "b", "é", "e\u0301", "\x00", "'"]),
    st.tuples(st.none() | st.sampled_from([0, 1, 2**53, 2**53 + 1]), st.none() | st.text("ab", max_size=2)),
    max_size=5,
)


def table(rows: dict[Any, Any]) -> list[tuple[Any, ...]]:
    return [(key, *rest) for key, rest in rows.items()]


@settings(max_examples=25, deadline=None)
@given(before=ROWS, after=ROWS, random=st.randoms())
def test_a_diff_says_exactly_what_changed(new_bench: Any, before: Any, after: Any, random: Any) -> None:
    bench = new_bench()
    first = bench.diff(table(before))
    again = bench.diff(table(before), first, day=1)
    assert again.counts == Counts(unchanged=len(before), open_present=len(before))
    second = bench.diff(table(after), first, day=1)
    shuffled = table(after)
    random.shuffle(shuffled)
    assert bench.diff(shuffled, first, day=1).snapshot.read_bytes() == second.snapshot.read_bytes()
    found = findings(second.snapshot, (), limit=None)
    expected = {
        key: "new" if key not in before else "updated" if before[key][0] != after[key][0] else "unchanged"
        for key in after
    } | {key: "absent" for key in before if key not in after}
    assert {finding.row["k"]: finding.state.value for finding in found} == expected
    present = {f.row["k"]: (f.row["n"], f.row["note"]) for f in found if f.state is not State.ABSENT}
    assert present == after
    olds = {f.row["k"]: f.changes["n"] for f in found if f.state is State.UPDATED}
    assert olds == {key: (before[key][0], after[key][0]) for key, state in expected.items() if state == "updated"}


@settings(max_examples=20, deadline=None)
@given(days=st.lists(st.sets(st.sampled_from("abc")), min_size=1, max_size=6))
def test_states_over_many_days_follow_a_plain_model(new_bench: Any, days: list[set[str]]) -> None:
    first_seen: dict[str, int] = {}
    before: set[str] = set()
    diffs = new_bench().days(*[[(key, 1, "x") for key in sorted(keys)] for keys in days])
    for day, (keys, diff) in enumerate(zip(days, diffs, strict=True)):
        found = {f.row["k"]: f for f in findings(diff.snapshot, (), limit=None)}
        assert set(found) == keys | before
        for key in keys:
            reopened = key not in before and key in first_seen
            first_seen.setdefault(key, day)
            assert found[key].state.value == ("unchanged" if key in before else "new")
            assert found[key].reopened == reopened
            assert found[key].first_seen.run_id == f"run-{first_seen[key]}"
        assert all(found[key].state is State.ABSENT for key in before - keys)
        before = keys
