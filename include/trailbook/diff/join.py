"""The SQL of the join: each row of a result and of its baseline, with its state and what the baseline said of it.

Invariant: rows are joined on their values, never on hashes of them; NULL equals NULL and NaN equals NaN.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from trailbook.athena.resultset import literal, quoted
from trailbook.diff.identity import finding_id
from trailbook.diff.model import EVENT_TIME, DiffSpec
from trailbook.window import Window

CARRIED = ("state", "first_seen_run", "first_seen_time", "last_seen_run", "last_seen_time")
"""What a row of the baseline hands on, under names `tb_…`; here they become `tb_prior_…`."""

FORGET_AFTER = timedelta(days=400)
"""How long a finding that is gone is remembered, by window: then its return is a new finding, not a reopened one."""

_RANKS = "CASE tb_state WHEN 'new' THEN 0 WHEN 'updated' THEN 1 WHEN 'unchanged' THEN 2 WHEN 'absent' THEN 3 ELSE 4 END"
_CLOSED = "IN ('absent', 'gone')"


def forgotten(window: Window) -> datetime:
    """Return the end of the last window whose gone findings a run with this window no longer remembers."""
    return window.end - FORGET_AFTER


def joined(
    current: str, baseline: str | None, spec: DiffSpec, types: Mapping[str, str], *, unchanged: bool = True
) -> str:
    """Return the SQL of each row with `tb_now`, `tb_state`, `tb_prior_…` and, for measures, `tb_was_…`.

    `current` and `baseline` are relations; the value `$forgotten` is to be bound. Without `unchanged` there are only
    rows that are new, updated or absent.
    """
    names = [quoted(name) for name in types]
    if baseline is None:
        nulls = [f"CAST(NULL AS VARCHAR) AS tb_prior_{name}" for name in CARRIED]
        was = [f"NULL AS tb_was_{place}" for place in range(len(spec.measures))]
        columns = ", ".join([*names, "true AS tb_now", "'new' AS tb_state", *nulls, *was])
        return f"SELECT {columns} FROM {current}"  # noqa: S608 - names are quoted
    here = f"SELECT *, true AS tb_here FROM {current}"  # noqa: S608 - the path is quoted
    # Neither id nor old values travel through the join: the id follows from the key, and wide rows cost memory.
    carried = ", ".join([*names, *(f"tb_{name}" for name in CARRIED)])
    # The first half keeps what is not gone: without it, NULL in a state would lose a row.
    remembered = "tb_state IS DISTINCT FROM 'gone' OR tb_last_seen_time >= $forgotten"
    before = f"SELECT {carried} FROM {baseline} WHERE {remembered}"  # noqa: S608 - names are quoted
    # Events never repeat in another window: a baseline knows late arrivals only, and its other rows say nothing.
    join = "LEFT JOIN" if spec.kind == "events" else "FULL JOIN"
    on = " AND ".join(f"c.{quoted(name)} IS NOT DISTINCT FROM b.{quoted(name)}" for name in spec.key)
    columns = ", ".join(
        [
            *(_merged(name, spec) for name in types),
            "c.tb_here IS NOT NULL AS tb_now",
            f"{_state(spec)} AS tb_state",
            *(f"b.tb_{name} AS tb_prior_{name}" for name in CARRIED),
            *(f"b.{quoted(name)} AS tb_was_{place}" for place, name in enumerate(spec.measures)),
        ]
    )
    chosen = "" if unchanged else f" WHERE {_changed(spec)}"
    return f"SELECT {columns} FROM ({here}) AS c {join} ({before}) AS b ON {on}{chosen}"  # noqa: S608 - names are quoted


def _merged(name: str, spec: DiffSpec) -> str:
    """Return the SQL of a column's value: the result's, else the baseline's; of what is gone the key alone remains."""
    column = quoted(name)
    otherwise = f"ELSE b.{column}" if name in spec.key else f"WHEN NOT b.tb_state {_CLOSED} THEN b.{column}"
    return f"CASE WHEN c.tb_here THEN c.{column} {otherwise} END AS {column}"


def _differs(spec: DiffSpec) -> str:
    measures = [quoted(name) for name in spec.measures]
    return " OR ".join(f"c.{name} IS DISTINCT FROM b.{name}" for name in measures) or "false"


def _changed(spec: DiffSpec) -> str:
    """Return whether a row is new, updated or absent: cheaper for DuckDB than to name the state and look at it."""
    gone = "false" if spec.no_absent else f"NOT b.tb_state {_CLOSED}"
    return f"CASE WHEN c.tb_here THEN b.tb_state IS NULL OR b.tb_state {_CLOSED} OR {_differs(spec)} ELSE {gone} END"


def _state(spec: DiffSpec) -> str:
    missing = "unseen" if spec.no_absent else "absent"
    return (
        f"CASE WHEN b.tb_state IS NULL OR (c.tb_here AND b.tb_state {_CLOSED}) THEN 'new' "
        f"WHEN c.tb_here IS NULL THEN CASE WHEN b.tb_state {_CLOSED} THEN 'gone' ELSE '{missing}' END "
        f"WHEN {_differs(spec)} THEN 'updated' ELSE 'unchanged' END"
    )


def snapshot_rows(rows: str, spec: DiffSpec, types: Mapping[str, str], suppressed: str) -> str:
    """Return the SQL of a snapshot's rows, ordered, from those of `joined`.

    `suppressed` is the SQL of a row's allow entry; the values `$run_id` and `$time` are to be bound.
    """
    first = "tb_state = 'new' AND tb_prior_state IS NULL"
    columns = [
        *(quoted(name) for name in types),
        f"{finding_id(spec.runbook, spec.key, types)} AS tb_finding_id",
        "tb_state",
        "tb_now AND tb_prior_state IS NOT NULL AND tb_state = 'new' AS tb_reopened",
        f"CASE WHEN {first} THEN $run_id ELSE tb_prior_first_seen_run END AS tb_first_seen_run",
        f"CASE WHEN {first} THEN $time ELSE tb_prior_first_seen_time END AS tb_first_seen_time",
        "CASE WHEN tb_now THEN $run_id ELSE tb_prior_last_seen_run END AS tb_last_seen_run",
        "CASE WHEN tb_now THEN $time ELSE tb_prior_last_seen_time END AS tb_last_seen_time",
        f"CAST(CASE WHEN tb_state NOT IN ('gone', 'unseen') THEN {suppressed} END AS INTEGER) AS tb_suppressed",
        f"CASE WHEN tb_state = 'updated' THEN {_old(spec.measures)} END AS tb_old",
    ]
    # Events are read as a story: by their time, and not by ids that say nothing.
    told = [EVENT_TIME] if spec.kind == "events" and EVENT_TIME in types and EVENT_TIME not in spec.key else []
    order = ", ".join(quoted(name) for name in (*told, *spec.key))
    return f"SELECT {', '.join(columns)} FROM ({rows}) ORDER BY {_RANKS}, {order}, tb_state"  # noqa: S608


def _old(measures: Sequence[str]) -> str:
    """Return the SQL of a JSON object of the changed measures' old values; NULL is null, all else is its text."""
    parts = [
        f"CASE WHEN {quoted(name)} IS DISTINCT FROM tb_was_{place} THEN {literal(json.dumps(name) + ':')} || "
        f"coalesce(CAST(to_json(CAST(tb_was_{place} AS VARCHAR)) AS VARCHAR), 'null') END"
        for place, name in enumerate(measures)
    ]
    return f"'{{' || concat_ws(',', {', '.join(parts)}) || '}}'" if parts else "NULL"
