"""Comparing: one exact join in DuckDB, from the Parquet files to the snapshot that the next run compares with.

A snapshot has the result's columns and these: `tb_finding_id`, `tb_state`, `tb_reopened`, first and last seen (run and
time, the time being the end of that run's window), `tb_suppressed` (index of the allow entry) and `tb_old` (a JSON
object of the old values of changed measures, as texts). Two states are for the next run only, never counted or shown:
`gone` was reported absent in an earlier run, so that its return is `new` and reopened with the first_seen it had;
`unseen` is missing from a result that is not whole (see DiffSpec).

Invariants: rows are ordered by state and key, so equal input gives equal bytes; every column that the baseline has is
there with the same type, or nothing is compared.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trailbook.athena.resultset import RESERVED, connect, fetch, literal, quoted, write_parquet
from trailbook.athena.types import shown
from trailbook.diff.allow import expired, suppression
from trailbook.diff.identity import finding_id
from trailbook.diff.model import Counts, Diff, DiffSpec, State
from trailbook.errors import EvidenceError
from trailbook.window import text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_EXAMPLES = 3
_PRESENT = (State.NEW, State.UPDATED, State.UNCHANGED)
_CARRIED = ("finding_id", "state", "first_seen_run", "first_seen_time", "last_seen_run", "last_seen_time")
_PRIOR = ", ".join(f"b.tb_{name} AS tb_prior_{name}" for name in _CARRIED)


def compare(current: Path, baseline: Path | None, *, spec: DiffSpec, to: Path, memory: str = "2GB") -> Diff:
    """Write the snapshot of a result (Parquet) against the baseline's snapshot (None: every row is new) to `to`.

    Raises EvidenceError for a duplicate key, a key or measure that is no column, or a baseline with other columns.
    """
    with connect(memory=memory) as duck:
        types = _types(duck, current)
        _check_columns(duck, spec, types, baseline)
        identity = finding_id(spec.runbook, spec.key, types)
        _check_keys(duck, current, spec)
        suppressed, values = suppression(spec.allow, spec.window, types)
        select = _select(_joined(current, baseline, spec, types), spec, types, identity, suppressed)
        run_id = spec.run_id.encode("utf-8", "backslashreplace").decode()
        write_parquet(duck, select, to, values | {"run_id": run_id, "time": text(spec.window.end)})
        counts, matches = _count(duck, to)
    found = tuple(matches.get(index, 0) for index in range(len(spec.allow)))
    return Diff(to, counts, found, expired(spec.allow, spec.window))


def _types(duck: "DuckDBPyConnection", path: Path) -> dict[str, str]:
    described = fetch(duck, f"DESCRIBE SELECT * FROM {_file(path)}")  # noqa: S608 - the path is quoted
    return {row["column_name"]: row["column_type"] for row in described}


def _file(path: Path) -> str:
    return f"read_parquet({literal(str(path))})"


def _check_columns(duck: "DuckDBPyConnection", spec: DiffSpec, types: Mapping[str, str], baseline: Path | None) -> None:
    reserved = sorted(name for name in types if name.casefold().startswith(RESERVED))
    if reserved:
        raise EvidenceError(f"the result names a column {shown(reserved[0])!r}: names that begin with tb_ are reserved")
    missing = [name for name in (*spec.key, *spec.measures) if name not in types]
    if missing:
        raise EvidenceError(
            f"the result has no column {shown(missing[0])!r}, which the runbook names as key or measure"
        )
    if baseline is None:
        return
    there = _types(duck, baseline)
    if any(f"tb_{name}" not in there for name in _CARRIED):
        raise EvidenceError(f"{baseline.name}: expected a snapshot, found a file without its columns")
    before = {name: type_ for name, type_ in there.items() if not name.startswith(RESERVED)}
    if before != dict(types):
        changed = sorted(name for name in before.keys() | types.keys() if before.get(name) != types.get(name))
        words = [f"{shown(n)} ({before.get(n, 'none')} before, {types.get(n, 'none')} now)" for n in changed]
        raise EvidenceError(f"the result's columns are not the baseline's: {', '.join(words)}")


def _check_keys(duck: "DuckDBPyConnection", current: Path, spec: DiffSpec) -> None:
    """Raise EvidenceError showing a few keys where rows share one."""
    names = ", ".join(quoted(name) for name in spec.key)
    grouped = f"SELECT {names}, count(*) AS tb_rows FROM {_file(current)} GROUP BY {names} HAVING count(*) > 1"  # noqa: S608
    # A cheap count first: sorting is for the message only.
    found = fetch(duck, f"SELECT count(*) AS keys FROM ({grouped})")[0]["keys"]  # noqa: S608 - names are quoted
    if not found:
        return
    examples = fetch(duck, f"{grouped} ORDER BY {names} LIMIT {_EXAMPLES}")
    said = "; ".join(
        f"{', '.join(f'{name}={_value(row[name])}' for name in spec.key)} ({row['tb_rows']} rows)" for row in examples
    )
    noun = "key is" if found == 1 else "keys are"
    raise EvidenceError(
        f"{found} {noun} not unique, so findings cannot be told apart: {said}: add to `result.key` or GROUP BY it"
    )


def _value(value: Any) -> str:
    return "NULL" if value is None else shown(repr(value) if isinstance(value, str) else str(value))


def _joined(current: Path, baseline: Path | None, spec: DiffSpec, types: Mapping[str, str]) -> str:
    """Return the SQL of each row with its state and what the baseline said of it, under names `tb_prior_…`."""
    here = f"SELECT *, true AS tb_here FROM {_file(current)}"  # noqa: S608 - the path is quoted
    if baseline is None:
        nulls = ", ".join(f"CAST(NULL AS VARCHAR) AS tb_{name}" for name in _CARRIED)
        before = f"SELECT *, {nulls} FROM {_file(current)} WHERE false"  # noqa: S608 - the path is quoted
    else:
        before = f"SELECT * FROM {_file(baseline)}"  # noqa: S608 - the path is quoted
    columns = [quoted(name) for name in types]
    merged = ", ".join(f"CASE WHEN c.tb_here THEN c.{name} ELSE b.{name} END AS {name}" for name in columns)
    measures = [quoted(name) for name in spec.measures]
    differs = " OR ".join(f"c.{name} IS DISTINCT FROM b.{name}" for name in measures) or "false"
    missing = "unseen" if spec.no_absent else "absent"
    state = (
        f"CASE WHEN b.tb_state IS NULL OR (c.tb_here AND {_was_closed('b.tb_state')}) THEN 'new' "
        f"WHEN c.tb_here IS NULL THEN CASE WHEN {_was_closed('b.tb_state')} THEN 'gone' ELSE '{missing}' END "
        f"WHEN {differs} THEN 'updated' ELSE 'unchanged' END"
    )
    # Events never repeat in another window: a baseline knows late arrivals only, and its other rows say nothing.
    join = "LEFT JOIN" if spec.kind == "events" else "FULL JOIN"
    on = " AND ".join(f"c.{quoted(name)} IS NOT DISTINCT FROM b.{quoted(name)}" for name in spec.key)
    return (
        f"SELECT {merged}, c.tb_here IS NOT NULL AS tb_now, {state} AS tb_state, {_PRIOR}, "  # noqa: S608 - quoted
        f"{_old(spec.measures)} AS tb_prior_old FROM ({here}) AS c {join} ({before}) AS b ON {on}"
    )


def _was_closed(state: str) -> str:
    return f"{state} IN ('absent', 'gone')"


def _old(measures: Sequence[str]) -> str:
    """Return the SQL of a JSON object of the changed measures' old values; NULL is null, all else is its text."""
    parts = [
        f"CASE WHEN c.{quoted(name)} IS DISTINCT FROM b.{quoted(name)} THEN {literal(json.dumps(name) + ':')} || "
        f"coalesce(CAST(to_json(CAST(b.{quoted(name)} AS VARCHAR)) AS VARCHAR), 'null') END"
        for name in measures
    ]
    return f"'{{' || concat_ws(',', {', '.join(parts)}) || '}}'" if parts else "NULL"


def _select(joined: str, spec: DiffSpec, types: Mapping[str, str], identity: str, suppressed: str) -> str:
    first = "tb_state = 'new' AND tb_prior_state IS NULL"
    order = (
        "CASE tb_state WHEN 'new' THEN 0 WHEN 'updated' THEN 1 WHEN 'unchanged' THEN 2 WHEN 'absent' THEN 3 ELSE 4 END"
    )
    columns = [
        *(quoted(name) for name in types),
        f"coalesce(tb_prior_finding_id, {identity}) AS tb_finding_id",
        "tb_state",
        "tb_now AND tb_prior_state IS NOT NULL AND tb_state = 'new' AS tb_reopened",
        f"CASE WHEN {first} THEN $run_id ELSE tb_prior_first_seen_run END AS tb_first_seen_run",
        f"CASE WHEN {first} THEN $time ELSE tb_prior_first_seen_time END AS tb_first_seen_time",
        "CASE WHEN tb_now THEN $run_id ELSE tb_prior_last_seen_run END AS tb_last_seen_run",
        "CASE WHEN tb_now THEN $time ELSE tb_prior_last_seen_time END AS tb_last_seen_time",
        f"CAST(CASE WHEN tb_state NOT IN ('gone', 'unseen') THEN {suppressed} END AS INTEGER) AS tb_suppressed",
        "CASE WHEN tb_state = 'updated' THEN tb_prior_old END AS tb_old",
    ]
    keys = ", ".join(quoted(name) for name in spec.key)
    return f"SELECT {', '.join(columns)} FROM ({joined}) ORDER BY {order}, {keys}, tb_state"  # noqa: S608 - quoted


def _count(duck: "DuckDBPyConnection", snapshot: Path) -> tuple[Counts, dict[int, int]]:
    shown_states = ", ".join(f"'{state}'" for state in State)
    grouped = fetch(
        duck,
        "SELECT tb_state, tb_suppressed, count(*) AS found, count(*) FILTER (tb_reopened) AS reopened "  # noqa: S608
        f"FROM {_file(snapshot)} WHERE tb_state IN ({shown_states}) GROUP BY ALL",
    )
    states = {state: sum(row["found"] for row in grouped if row["tb_state"] == state) for state in State}
    matches: dict[int, int] = {}
    for row in grouped:
        if row["tb_suppressed"] is not None:
            matches[row["tb_suppressed"]] = matches.get(row["tb_suppressed"], 0) + row["found"]
    unsuppressed = {row["tb_state"]: row["found"] for row in grouped if row["tb_suppressed"] is None}
    counts = Counts(
        **{state.value: states[state] for state in State},
        suppressed=sum(matches.values()),
        reopened=sum(row["reopened"] for row in grouped),
        open_new=unsuppressed.get(State.NEW, 0),
        open_present=sum(unsuppressed.get(state, 0) for state in _PRESENT),
    )
    return counts, matches
