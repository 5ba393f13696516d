"""Comparing: one exact join in DuckDB, from the Parquet files to the snapshot that the next run compares with.

A snapshot has the result's columns and these: `tb_finding_id`, `tb_state`, `tb_reopened`, first and last seen (run and
time, the time being the end of that run's window), `tb_suppressed` (index of the allow entry) and `tb_old` (a JSON
object of the old values of changed measures, as texts). Two states are for the next run only, never counted or shown:
`gone` was reported absent in an earlier run, so that its return is `new` and reopened with the first_seen it had (only
its key is kept, and for FORGET_AFTER only); `unseen` is missing from a result that is not whole (see DiffSpec).

Invariants: rows are ordered by state and key, so equal input gives equal bytes; every column that the baseline has is
there with the same type, or nothing is compared.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from trailbook.athena.resultset import connect, fetch, quoted, write_parquet
from trailbook.diff.allow import expired, suppression
from trailbook.diff.checks import check_baseline, check_keys, check_result, column_types, file, own
from trailbook.diff.header import NAME, Header, read_header
from trailbook.diff.join import forgotten, joined, snapshot_rows
from trailbook.diff.model import AllowUse, Counts, Diff, DiffSpec, State
from trailbook.diff.usage import uses
from trailbook.errors import EvidenceError
from trailbook.window import text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PRESENT = (State.NEW, State.UPDATED, State.UNCHANGED)
_PRESENT_SQL = f"({', '.join(repr(state.value) for state in _PRESENT)})"
_Tally = Counter[tuple[str, int | None]]
"""How many findings there are by state and allow entry (None: unsuppressed)."""


def compare(current: Path, baseline: Path | None, *, spec: DiffSpec, to: Path, memory: str = "2GB") -> Diff:
    """Write the snapshot of a result (Parquet) against the baseline's snapshot (None: every row is new) to `to`.

    Raises EvidenceError for a duplicate key, a key or measure that is no column, or a baseline of other rows.
    """
    with connect(memory=memory) as duck:
        types = column_types(duck, current)
        before = _checked(duck, spec, types, baseline)
        result = file(current)
        suppressed, values = suppression(spec.allow, spec.window, types)
        matches = _matches(duck, result, suppressed, values)
        allow = uses(spec, {index: count for index, count in matches.items() if index is not None}, before)
        rows = joined(result, file(baseline) if baseline else None, spec, types)
        select = snapshot_rows(rows, spec, types, suppressed)
        said = {NAME: Header.of(spec, allow).to_text()}
        write_parquet(duck, select, to, values | _bound(spec, baseline), metadata=said)
        _check_unique(duck, spec, result, sum(matches.values()), baseline, to)
        tally, reopened = _tally(duck, to)
    return _diff(to, spec, allow, tally, reopened)


def changes(current: Path, baseline: Path, *, spec: DiffSpec, to: Path, memory: str = "2GB") -> Diff:
    """Write what differs between a baseline's snapshot and a result or a later snapshot; the counts are of all rows.

    The file has a snapshot's columns, but unchanged findings are left out and no run can be compared with it: it costs
    no more than what changed. Raises what `compare` does.
    """
    with connect(memory=memory) as duck:
        types = column_types(duck, current)
        result = file(current)
        if "tb_state" in types:
            types = own(types)
            result = f"(SELECT {', '.join(map(quoted, types))} FROM {result} WHERE tb_state IN {_PRESENT_SQL})"  # noqa: S608
        _checked(duck, spec, types, baseline)
        suppressed, values = suppression(spec.allow, spec.window, types)
        rows = joined(result, file(baseline), spec, types, unchanged=False)
        select = snapshot_rows(rows, spec, types, suppressed)
        write_parquet(duck, select, to, values | _bound(spec, baseline))
        present = _matches(duck, result, suppressed, values)
        _check_unique(duck, spec, result, sum(present.values()), baseline, to)
        tally, reopened = _tally(duck, to)
    for index, count in present.items():
        tally[State.UNCHANGED, index] = count - tally[State.NEW, index] - tally[State.UPDATED, index]
    return _diff(to, spec, (), tally, reopened)


def _checked(
    duck: "DuckDBPyConnection", spec: DiffSpec, types: Mapping[str, str], baseline: Path | None
) -> Header | None:
    """Return the baseline's header, all columns checked."""
    check_result(spec, types)
    if baseline is None:
        return None
    said = read_header(duck, baseline)
    check_baseline(spec, types, own(column_types(duck, baseline)), said)
    return said


def _bound(spec: DiffSpec, baseline: Path | None) -> dict[str, object]:
    """Return the values that the join's SQL binds."""
    run_id = spec.run_id.encode("utf-8", "backslashreplace").decode()
    bound: dict[str, object] = {"run_id": run_id, "time": text(spec.window.end)}
    return bound if baseline is None else bound | {"forgotten": text(forgotten(spec.window))}


def _matches(
    duck: "DuckDBPyConnection", result: str, suppressed: str, values: Mapping[str, object]
) -> dict[int | None, int]:
    """Return how many rows of a result each allow entry accepts, and (None) none does."""
    sql = f"SELECT {suppressed} AS entry, count(*) AS found FROM {result} GROUP BY ALL"  # noqa: S608 - values are bound
    return {row["entry"]: row["found"] for row in fetch(duck, sql, values)}


def _check_unique(
    duck: "DuckDBPyConnection", spec: DiffSpec, result: str, present: int, baseline: Path | None, to: Path
) -> None:
    """Raise EvidenceError where rows of the result share a key, and remove the file that was made of them.

    The join has told most of it. A baseline's keys are unique, so where as many rows of the result found an open one
    as open ones were found, each was found once, and only new rows can share a key.
    """
    if baseline is not None and spec.kind != "events" and not spec.no_absent:
        found = fetch(
            duck,
            "SELECT count(*) FILTER (tb_state = 'new') AS new, count(*) FILTER (tb_state = 'absent') AS absent, "  # noqa: S608
            f"(SELECT count(*) FROM {file(baseline)} WHERE tb_state NOT IN ('absent', 'gone')) AS open FROM {file(to)}",
        )[0]
        if present - found["new"] == found["open"] - found["absent"]:
            result = f"(SELECT * FROM {file(to)} WHERE tb_state = 'new')"  # noqa: S608 - the path is quoted
    try:
        check_keys(duck, result, spec)
    except EvidenceError:
        to.unlink()
        raise


def _tally(duck: "DuckDBPyConnection", snapshot: Path) -> tuple[_Tally, int]:
    """Return how many findings people see by state and allow entry, and how many are reopened."""
    shown_states = ", ".join(f"'{state}'" for state in State)
    grouped = fetch(
        duck,
        "SELECT tb_state, tb_suppressed, count(*) AS found, count(*) FILTER (tb_reopened) AS reopened "  # noqa: S608
        f"FROM {file(snapshot)} WHERE tb_state IN ({shown_states}) GROUP BY ALL",
    )
    tally: _Tally = Counter({(row["tb_state"], row["tb_suppressed"]): row["found"] for row in grouped})
    return tally, sum(row["reopened"] for row in grouped)


def _diff(to: Path, spec: DiffSpec, allow: tuple[AllowUse, ...], tally: _Tally, reopened: int) -> Diff:
    states: Counter[str] = Counter()
    matches: Counter[int] = Counter()
    for (state, entry), count in tally.items():
        states[state] += count
        if entry is not None:
            matches[entry] += count
    counts = Counts(
        **{state.value: states[state] for state in State},
        suppressed=matches.total(),
        reopened=reopened,
        open_new=tally[State.NEW, None],
        open_present=sum(tally[state, None] for state in _PRESENT),
    )
    found = tuple(matches[index] for index in range(len(spec.allow)))
    return Diff(to, counts, found, expired(spec.allow, spec.window), allow)
