"""Every record that can be made is an entry that can be read again, the same, from one line of canonical JSON."""

from datetime import UTC
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trailbook.athena.execution import Column
from trailbook.canonical import dumps, loads
from trailbook.diff import Counts
from trailbook.ledger import Entry, Looked, Materials, Notification, Record, Written
from trailbook.ledger.chain import verify
from trailbook.ledger.entry import FIRST
from trailbook.outcome import Product, QueryStatistics
from trailbook.plan import Baseline, LookupUse, Run, Trigger
from trailbook.verdict import Verdict
from trailbook.window import Window

TEXT = st.text(max_size=12)
MAYBE = st.none() | TEXT
COUNT = st.integers(0, 2**53 - 1)
MOMENT = st.datetimes(timezones=st.just(UTC)).map(lambda t: t.replace(microsecond=0))
WINDOW = st.tuples(MOMENT, MOMENT).filter(lambda w: w[0] < w[1]).map(lambda w: Window(*w))
COLUMNS = st.lists(st.builds(Column, TEXT, TEXT), max_size=2).map(tuple)
PRODUCT = st.builds(Product, TEXT, TEXT, COUNT)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
PARAMS = st.dictionaries(
    TEXT, st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=2), max_leaves=4), max_size=3
)
BASELINE = st.builds(Baseline, MAYBE, MAYBE, st.none() | COUNT, st.none() | WINDOW, MAYBE, MAYBE, COLUMNS, MAYBE)
RUN = st.builds(Run, TEXT, st.integers(1, 9), st.sampled_from(Trigger), MAYBE, MAYBE, MAYBE)
MATERIALS = st.builds(
    Materials,
    MAYBE,
    MAYBE,
    MAYBE,
    st.lists(st.builds(LookupUse, TEXT, TEXT, COUNT, TEXT, st.booleans()), max_size=2).map(tuple),
    st.none() | BASELINE,
)
RECORD = st.builds(
    Record,
    runbook=st.just("a-runbook"),
    run=RUN,
    verdict=st.sampled_from(Verdict),
    reasons=st.lists(TEXT, max_size=2).map(tuple),
    started=TEXT,
    finished=TEXT,
    version=TEXT,
    window=st.none() | WINDOW,
    params=PARAMS,
    materials=MATERIALS,
    queries=st.lists(st.builds(QueryStatistics, TEXT, TEXT, COUNT, COUNT, TEXT, st.booleans()), max_size=2).map(tuple),
    products=st.none() | st.builds(Written, PRODUCT, TEXT, TEXT),
    snapshot=st.none() | PRODUCT,
    counts=st.none() | st.builds(Counts, new=COUNT, absent=COUNT),
    completeness=st.none() | st.builds(Looked, COUNT, COUNT, MAYBE, MAYBE, COUNT, COUNT, st.lists(TEXT).map(tuple)),
    columns=COLUMNS,
    comparison_key=MAYBE,
    rerun_of=MAYBE,
    truncated=st.booleans(),
    error=MAYBE,
    notifications=st.lists(
        st.builds(Notification, TEXT, TEXT, st.lists(TEXT, max_size=2).map(tuple), st.booleans(), MAYBE), max_size=2
    ).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(RECORD, st.integers(0, 10**9), st.none() | MOMENT)
def test_an_entry_of_any_record_is_read_again_the_same(record: Any, sequence: int, latest: Any) -> None:
    entry = Entry.after(record, sequence, FIRST, latest)
    body = entry.to_bytes()
    again = Entry.from_bytes(body, "here")
    assert again == entry
    assert again.to_bytes() == body == dumps(loads(body))
    assert Record.from_json(entry.record.to_json()) == entry.record
    assert body[:1] == b"{"
    assert b"\n" not in body


@settings(max_examples=25, deadline=None)
@given(st.lists(RECORD, min_size=1, max_size=5, unique_by=lambda r: (r.run.run_id, r.run.attempt)))
def test_a_chain_of_any_records_is_clean(records: list[Any]) -> None:
    chain: list[Entry] = []
    for number, record in enumerate(records):
        chain.append(Entry.after(record, number, chain[-1].fingerprint if chain else FIRST, None))
    assert verify((entry.key, entry.to_bytes()) for entry in chain) == ()
