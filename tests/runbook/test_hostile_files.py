"""Whatever a file holds, reading it ends in a runbook or in problems: nothing else is raised, and nothing hangs."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailbook.errors import InvalidRunbook, Problem
from trailbook.runbook.collection import Collection
from trailbook.runbook.load import load
from trailbook.runbook.lookups import read
from trailbook.runbook.model import Runbook
from trailbook.runbook.params import Lookup

SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
WHOLE = """\
id: probe
title: A probe
description: What was called.
severity: low
owner: security-operations
attack: {version: "19.1", techniques: [T1110]}
schedule: {cron: "0 2 * * *", window: 1d}
params:
  names: {type: array, items: {type: string}, default: [a], title: Names, examples: [[b]]}
lookups: {good: {description: Those that matter, columns: {name: string}}}
query: |
  SELECT eventid AS event_id, eventname AS event_name
  FROM cloudtrail JOIN good ON name = eventname
  WHERE eventname IN (:names) AND useridentity.username LIKE 'a%'
result: {kind: events, key: [event_id]}
pivots: [{runbook: probe, with: {names: "{event_name}"}}]
allow: [{match: {event_name: "Get*"}, reason: Reads, owner: platform, expires: 2030-01-01}]
cases:
  - {name: one, events: [{eventName: ConsoleLogin, repeat: 2}], rows: [{event_name: a}], params: {names: [x]}}
"""
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.sampled_from(["probe", "string", "array", "{event_name}", "T1562.001", "1d", "2030-01-01", "(", "names.name"]),
)  # fmt: skip
KEYS = st.one_of(st.text(max_size=8), st.sampled_from(sorted(["id", "type", "items", "key", *Runbook.model_fields])))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "probe.yaml"


def _read(path: Path, body: bytes) -> None:
    path.write_bytes(body)
    problems: Sequence[Problem] = ()
    try:
        assert load(path).id == "probe"
    except InvalidRunbook as error:
        problems = error.problems or pytest.fail("invalid, and nothing said")
    lines = body.count(b"\n") + body.count(b"\r") + 1
    assert all(p.path == str(path) and 1 <= p.line <= lines + 1 and p.column >= 1 for p in problems)
    assert Collection.of([path], lint=True, lookups=path.parent).problems is not None


@SETTINGS
@given(body=st.binary(max_size=300))
def test_random_bytes(path, body):
    _read(path, body)


@SETTINGS
@given(text=st.text(alphabet="ab0:-?[]{}&*!|>'\"#%@`,\t\n \r~<=\ufeff\u2028é\0", max_size=200))
def test_random_marks_of_yaml(path, text):
    _read(path, text.encode())


@SETTINGS
@given(value=VALUES)
def test_random_yaml_values(path, value):
    _read(path, yaml.safe_dump(value, allow_unicode=True).encode("utf-8", "replace"))


@SETTINGS
@given(data=st.data())
def test_a_runbook_with_one_part_replaced(path, data):
    spec = yaml.safe_load(WHOLE)
    spec["allow"][0]["expires"] = "2030-01-01"
    at = spec
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = data.draw(st.sampled_from(keys))
        if not at[key] or not isinstance(at[key], (dict, list)) or data.draw(st.booleans()):
            break
        at = at[key]
    at[key] = data.draw(VALUES)
    _read(path, yaml.safe_dump(spec, allow_unicode=True).encode("utf-8", "replace"))


@SETTINGS
@given(data=st.data())
def test_a_runbook_with_one_stretch_of_text_replaced(path, data):
    start = data.draw(st.integers(0, len(WHOLE)))
    end = data.draw(st.integers(start, min(len(WHOLE), start + 40)))
    other = data.draw(st.text(alphabet="ab:-[]{}&*!|'\"#, \n().;=?", max_size=12))
    _read(path, (WHOLE[:start] + other + WHOLE[end:]).encode())


def test_the_runbook_that_is_mutated_is_whole(path):
    path.write_text(WHOLE)
    path.with_name("good.csv").write_text("name\nx\n")

    assert Collection.of([path], lint=True, lookups=path.parent).problems == ()


@SETTINGS
@given(body=st.binary(max_size=200) | st.text(alphabet='ab,"\n\r 1.-\ufeff\0', max_size=100).map(str.encode))
def test_random_lookup_files(tmp_path, body):
    (tmp_path / "x.csv").write_bytes(b"a,b\n" + body)
    lookup = Lookup(description="x", columns={"b": "integer", "a": "string"})
    rows = ()
    with suppress(InvalidRunbook):
        rows = read(tmp_path, "x", lookup).rows
    assert all(len(row) == 2 and isinstance(row[1], str) for row in rows)
