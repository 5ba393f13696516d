"""A runbook's own tests: the SQL that Athena would get, run on each case's events."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from trailbook.athena.execution import Athena
from trailbook.athena.resultset import csv_rows
from trailbook.errors import InvalidRequest, TrailbookError
from trailbook.runbook.case_events import records, window
from trailbook.runbook.model import Case, Runbook
from trailbook.runbook.values import resolve
from trailbook.settings import PhysicalTable
from trailbook.sql.bind import LookupRows, bind
from trailbook.sql.relations import replaced

_MOST_SHOWN = 5


class CaseAthena(Athena, Protocol):
    """An Athena whose only data are the records that it was given last."""

    def replace_records(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Forget all data and take these records."""
        ...


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case went; `differences` says what was expected and found, a line each, and is empty where it passed."""

    runbook: str
    case: str
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the rows were the expected ones."""
        return not self.differences


def run_case(runbook: Runbook, case: Case, athena: CaseAthena, table: PhysicalTable) -> CaseResult:
    """Run one case. An error of the case's own making is a difference, so the other cases still run."""
    try:
        found = _rows(runbook, case, athena, table)
    except TrailbookError as error:
        return CaseResult(runbook.id, case.name, (str(error),))
    return CaseResult(runbook.id, case.name, tuple(_differences(case.rows, found)))


def bound_case(runbook: Runbook, case: Case, table: PhysicalTable) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """Return the SQL that Athena would get and the case's events. Raises TrailbookError for a case that is wrong."""
    events = records(case)
    request = resolve(runbook, case.params)
    sql = bind(
        runbook,
        window=request.window or window(events),
        table=table,
        params=request.params,
        accounts=request.accounts,
        regions=request.regions,
        row_limit=request.row_limit,
        lookups={name: _lookup(runbook, case, name, request.params) for name in runbook.lookups},
    )
    return sql, events


def _rows(runbook: Runbook, case: Case, athena: CaseAthena, table: PhysicalTable) -> list[dict[str, Any]]:
    sql, events = bound_case(runbook, case, table)
    athena.replace_records(events)
    execution = athena.execute(sql, token=case.name)
    with tempfile.TemporaryDirectory(prefix="trailbook-case-") as name:
        folder = Path(name)
        athena.download(execution, folder / "result.csv")
        return csv_rows(folder / "result.csv", execution.columns)


def _lookup(runbook: Runbook, case: Case, name: str, params: Mapping[str, Any]) -> LookupRows:
    columns = dict(runbook.lookups[name].columns)
    for param_name, param in runbook.params.items():
        lookup, _, column = (param.replaces or "").partition(".")
        if lookup == name and params.get(param_name):
            return replaced(columns, column, params[param_name])
    given = case.lookups.get(name, [])
    unknown = sorted({key for row in given for key in row} - set(columns))
    if unknown:
        raise InvalidRequest(
            f"the case's lookup {name} has no column {', '.join(unknown)}; it has {', '.join(columns)}"
        )
    return LookupRows(columns, tuple(tuple(row.get(column) for column in columns) for row in given))


def _differences(expected: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Pair each expected row with one found row of its own; what stays unpaired on either side is a difference."""
    candidates = [[n for n, row in enumerate(found) if _agrees(want, row)] for want in expected]
    pairs = _pair(candidates)
    missing = [f"expected a row like {dict(expected[n])}, found none" for n in range(len(expected)) if n not in pairs]
    taken = set(pairs.values())
    extra = [f"found a row that was not expected: {_short(row)}" for n, row in enumerate(found) if n not in taken]
    lines = missing + extra
    return [*lines[:_MOST_SHOWN], f"… and {len(lines) - _MOST_SHOWN} more"] if len(lines) > _MOST_SHOWN else lines


def _pair(candidates: Sequence[Sequence[int]]) -> dict[int, int]:
    """Return a largest matching (augmenting paths): expected row number to found row number."""
    owner: dict[int, int] = {}

    def augment(want: int, seen: set[int]) -> bool:
        for row in candidates[want]:
            if row not in seen:
                seen.add(row)
                if row not in owner or augment(owner[row], seen):
                    owner[row] = want
                    return True
        return False

    for want in range(len(candidates)):
        augment(want, set())
    return {want: row for row, want in owner.items()}


def _agrees(want: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    return all(column in row and agrees(value, row[column]) for column, value in want.items())


def agrees(want: Any, got: Any) -> bool:
    """Say whether a value of a result is the one that a case expects."""
    if isinstance(want, list):  # an array is Athena's text in a result
        return bool(got == "[" + ", ".join("null" if item is None else str(item) for item in want) + "]")
    if isinstance(want, bool) or isinstance(got, bool) or want is None or got is None:
        return want is got
    if isinstance(want, (int, float)) and not isinstance(got, str):
        return bool(want == got)
    return isinstance(want, str) and want == str(got)


def _short(row: Mapping[str, Any]) -> str:
    return str({key: value for key, value in row.items() if key != "event_ids"})
