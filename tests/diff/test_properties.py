"""What holds of every diff: nothing changed gives nothing, a diff applied gives the later result, order is nothing."""

import math
import os
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbook.diff import Counts, Diff, State, changes, findings
from trailbook.errors import EvidenceError

from .conftest import Bench, spec

COLUMNS = {
    "k": "VARCHAR",
    "l": "BIGINT",
    "n": "BIGINT",
    "share": "DOUBLE",
    "price": "DECIMAL(38,18)",
    "at": "TIMESTAMP",
    "since": "TIMESTAMPTZ",
    "yes": "BOOLEAN",
    "tags": "VARCHAR",
}
KEY, MEASURES = ("k", "l"), tuple(COLUMNS)[2:]
EXAMPLES = int(os.environ.get("TRAILBOOK_DIFF_EXAMPLES", "15"))
"""The longer form: TRAILBOOK_DIFF_EXAMPLES=2000."""

Row = tuple[Any, ...]
TEXTS = st.sampled_from(
    ["", " ", "a", "A", "1", "1.0", "é", "e\u0301", "\u212b", "Å", "ß", "ss", "\x00", "'", '"', "🦊"]
)
NUMBERS = st.sampled_from([0, 1, -1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)])
VALUES = st.tuples(
    st.none() | NUMBERS,
    st.none() | st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf, -math.inf, 0.1, 0.1 + 2**-54, 5e-324]),
    st.none() | st.sampled_from([Decimal(0), Decimal("1E-18"), Decimal("2E-18"), Decimal("1" * 20)]),
    st.none() | st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)),
    st.none() | st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.none() | st.booleans(),
    st.none() | st.sampled_from(["[]", "[a, b]", "[a,b]", "{a=1}", '{"a":1}', '{"a": 1}', "null", "NULL", ""]),
)
TABLES = st.dictionaries(st.tuples(st.none() | TEXTS, st.none() | NUMBERS), VALUES, max_size=6)


def rows(table: dict[Any, Any]) -> list[Row]:
    return [(*key, *values) for key, values in table.items()]


def same(value: Any) -> Any:
    """A value that equals another exactly where the diff calls them the same: NaN is NaN, and -0.0 is 0.0."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value + 0.0
    return value.isoformat() if isinstance(value, datetime) else value


def as_table(found: dict[Any, Row]) -> dict[Any, list[Any]]:
    return {key: [same(value) for value in values] for key, values in found.items()}


def compared(bench: Bench, table: dict[Any, Any], baseline: Diff | None = None, **changed: Any) -> Diff:
    given_ = {"key": KEY, "measures": MEASURES, "columns": COLUMNS} | changed
    return bench.diff(rows(table), baseline, **given_)


@settings(max_examples=EXAMPLES, deadline=None)
@given(table=TABLES)
def test_a_result_compared_with_itself_has_no_change(new_bench: Any, table: dict[Any, Any]) -> None:
    bench = new_bench()
    first = compared(bench, table)
    assert first.counts == Counts(new=len(table), open_new=len(table), open_present=len(table))
    again = compared(bench, table, first, day=1)
    assert again.counts == Counts(unchanged=len(table), open_present=len(table))
    assert [found.changes for found in findings(again.snapshot, (), limit=None)] == [{}] * len(table)


@settings(max_examples=EXAMPLES, deadline=None)
@given(before=TABLES, after=TABLES)
def test_a_diff_applied_to_the_earlier_result_gives_the_later_one(
    new_bench: Any, before: dict[Any, Any], after: dict[Any, Any]
) -> None:
    bench = new_bench()
    first = compared(bench, before)
    whole = compared(bench, after, first, day=1)
    short = changes(
        bench.table(rows(after), COLUMNS),
        first.snapshot,
        spec=spec(1, key=KEY, measures=MEASURES),
        to=bench.path(),
    )
    listed = {found.finding_id: found for found in findings(whole.snapshot, (), limit=None)}
    assert short.counts == whole.counts
    patch = findings(short.snapshot, (), limit=None)
    assert {f.finding_id: (f.state, f.first_seen, f.last_seen) for f in patch} == {
        i: (f.state, f.first_seen, f.last_seen) for i, f in listed.items() if f.state is not State.UNCHANGED
    }
    result: dict[Any, Row] = dict(before)
    for found in patch:
        key = tuple(found.row[name] for name in KEY)
        if found.state is State.ABSENT:
            del result[key]
            continue
        assert (found.state is State.NEW) == (key not in result)
        old = dict(zip(MEASURES, result.get(key, ()), strict=False))
        assert {name: same(was) for name, (was, _) in found.changes.items()} == {
            name: same(old[name]) for name in found.changes
        }
        result[key] = tuple(found.row[name] for name in MEASURES)
    assert as_table(result) == as_table(after)


@settings(max_examples=EXAMPLES, deadline=None)
@given(before=TABLES, after=TABLES, random=st.randoms())
def test_neither_the_order_of_rows_nor_that_of_columns_matters(
    new_bench: Any, before: dict[Any, Any], after: dict[Any, Any], random: Any
) -> None:
    bench = new_bench()
    second = compared(bench, after, compared(bench, before), day=1)
    order = random.sample(list(COLUMNS), len(COLUMNS))
    places = [list(COLUMNS).index(name) for name in order]
    columns = {name: COLUMNS[name] for name in order}

    def mixed(table: dict[Any, Any]) -> list[Row]:
        found = [tuple(row[place] for place in places) for row in rows(table)]
        return list(random.sample(found, len(found)))

    keys = {"key": KEY, "measures": MEASURES, "columns": columns}
    other = bench.diff(mixed(after), bench.diff(mixed(before), **keys), day=1, **keys)
    assert other.counts == second.counts

    def told(diff: Diff) -> Any:
        return [
            (f.finding_id, f.state, {name: same(value) for name, value in f.row.items()}, sorted(f.changes))
            for f in findings(diff.snapshot, (), limit=None)
        ]

    assert told(other) == told(second)


@settings(max_examples=EXAMPLES, deadline=None)
@given(table=TABLES.filter(bool), data=st.data())
def test_a_key_of_two_rows_is_always_found_and_named(
    new_bench: Any, table: dict[Any, Any], data: st.DataObject
) -> None:
    """Whether the key is in the baseline, gone from it or nowhere: the join may not hide it."""
    bench = new_bench()
    known = data.draw(st.sets(st.sampled_from(sorted(table, key=repr))))
    first = compared(bench, {key: value for key, value in table.items() if key in known})
    baseline = data.draw(st.sampled_from([first, compared(bench, {}, first, day=1), None]))
    twice = data.draw(st.sampled_from(sorted(table, key=repr)))
    doubled = [*rows(table), (*twice, *data.draw(VALUES))]
    with pytest.raises(EvidenceError, match=r"^1 key is not unique.*\(2 rows\)"):
        bench.diff(doubled, baseline, day=2, key=KEY, measures=MEASURES, columns=COLUMNS)


@pytest.mark.parametrize(("one", "other"), [("é", "e\u0301"), ("\u212b", "Å"), ("ﬁ", "fi"), ("a\u200b", "a")])
def test_texts_that_look_alike_are_two_findings(bench: Bench, one: str, other: str) -> None:
    """CloudTrail's bytes are evidence: Unicode's normal forms of a text are different values."""
    first = bench.diff([(one, 1, ""), (other, 1, "")])
    assert first.counts.new == 2
    second = bench.diff([(other, 1, "")], first, day=1)
    assert (second.counts.unchanged, second.counts.absent) == (1, 1)
