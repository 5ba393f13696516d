"""Entries: what goes in comes out, and nothing else comes out."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbook.canonical import dumps
from trailbook.errors import EvidenceError
from trailbook.ledger import Entry, Record
from trailbook.ledger.entry import FIRST, fingerprint
from trailbook.ledger.storable import storable
from trailbook.plan import Run
from trailbook.verdict import Verdict


def test_an_entry_comes_back_from_its_bytes_equal_to_itself(full: Record, make: Any) -> None:
    bare = Record("x", Run("r"), Verdict.ERROR, (), "", "", "0.1.0", error="no plan")
    for record in (full, make(), bare):
        entry = Entry.after(record, 0, FIRST, None)
        assert entry.record == record
        assert Entry.from_bytes(entry.to_bytes(), "here") == entry


def test_the_bytes_are_canonical_and_name_the_chain(full: Record) -> None:
    body = Entry.after(full, 6, "9" * 64, None).to_bytes()
    value = json.loads(body)
    assert dumps(value) == body
    assert (value["chain_uid"], value["sequence"]) == ("trailbook/auth-failed-logins", 7)
    assert value["prev_event"] == "9" * 64
    assert value["fingerprint"] == fingerprint(value)
    assert value["materials"]["baseline"]["run_id"] == "run-0"
    assert (value["run_id"], value["verdict"], value["trigger"]) == ("run-0", "pass", "scheduled")


@pytest.mark.parametrize("name", ["run_id", "verdict", "format", "fingerprint", "truncated", "latest_window_end"])
def test_a_missing_field_is_refused_by_name(make: Any, name: str) -> None:
    value = Entry.after(make(), 0, FIRST, None).to_json()
    del value[name]
    with pytest.raises(EvidenceError, match=f"here: not an entry as it was recorded.*({name}|format)"):
        Entry.from_bytes(dumps(value), "here")


@pytest.mark.parametrize("extra", [{"surplus": 1}, {"format": "trailbook.entry/2"}])
def test_an_unknown_field_or_format_is_refused_by_name(make: Any, extra: dict[str, Any]) -> None:
    value = Entry.after(make(), 0, FIRST, None).to_json() | extra
    value["fingerprint"] = fingerprint(value)
    with pytest.raises(EvidenceError, match=r"surplus|trailbook\.entry/2"):
        Entry.from_bytes(dumps(value), "here")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"a":1,"a":2}', b"\xff", b"null", b'{"format":"trailbook.entry/1"}']
)
def test_what_is_no_entry_is_refused_in_one_sentence(body: bytes) -> None:
    with pytest.raises(EvidenceError, match="here: not an entry as it was recorded"):
        Entry.from_bytes(body, "here")


def test_any_flipped_bit_is_refused(make: Any) -> None:
    body = Entry.after(make(), 0, FIRST, None).to_bytes()
    for place in range(0, len(body), 7):
        flipped = bytearray(body)
        flipped[place] ^= 1
        with pytest.raises(EvidenceError):
            Entry.from_bytes(bytes(flipped), "here")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(params=st.dictionaries(st.text(max_size=5), ANYTHING, max_size=3), reason=st.text())
def test_whatever_an_operator_gives_can_be_recorded(make: Any, params: dict[str, Any], reason: str) -> None:
    given_record = replace(make(), params=params, run=Run("r\ud800", reason=reason), error=reason)
    entry = Entry.after(given_record, 0, FIRST, None)
    assert Entry.from_bytes(entry.to_bytes(), "here") == entry
    assert storable(storable(params)) == storable(params)
