"""A runbook's own tests: the SQL that Athena would get, run on each case's events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from trailbook.athena.execution import Athena, Column, Execution
from trailbook.errors import InvalidRequest, TrailbookError
from trailbook.runbook.case_events import records, window
from trailbook.runbook.model import Case, Runbook
from trailbook.runbook.values import resolve
from trailbook.settings import PhysicalTable
from trailbook.sql.bind import LookupRows, bind
from trailbook.sql.relations import replaced

_MOST_SHOWN = 5

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


class CaseAthena(Athena, Protocol):
    """An Athena whose only data are the records that it was given last."""

    def hold_records(self, sets: Sequence[Sequence[Mapping[str, Any]]]) -> None:
        """Forget all data, take these sets of records and show the first. Raises TrailbookError where it cannot."""
        ...

    def show_records(self, number: int) -> None:
        """Let queries read the set of this number."""
        ...

    def prepare(self, texts: Sequence[str]) -> None:
        """Get ready queries that are about to be executed. It changes nothing but the time that they take."""
        ...

    def rows_of_each(self, executions: Sequence[Execution]) -> list[list[dict[str, Any]]]:
        """Return the rows, as `athena.resultset.csv_rows` gives those of the result CSV, of results of one shape."""
        ...


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case went; `differences` says what was expected and found, a line each, and is empty where it passed.

    `cached` where it passed before, and nothing has changed since.
    """

    runbook: str
    case: str
    differences: tuple[str, ...]
    cached: bool = False

    @property
    def passed(self) -> bool:
        """Whether the rows were the expected ones."""
        return not self.differences


def run_cases(runbook: Runbook, cases: Sequence[Case], athena: CaseAthena, table: PhysicalTable) -> list[CaseResult]:
    """Run cases of a runbook. An error of a case's own making is a difference, so the other cases still run.

    What a case costs beside its query, reading its records in and its result out, is done for all of them at once.
    """
    found = outcomes(cases, lambda some: _rows(runbook, some, athena, table))
    return [
        CaseResult(
            runbook.id,
            case.name,
            (str(rows),) if isinstance(rows, TrailbookError) else tuple(_differences(case.rows, rows)),
        )
        for case, rows in zip(cases, found, strict=True)
    ]


def outcomes(items: Sequence[_Item], ask: Callable[[Sequence[_Item]], list[_Found]]) -> list[_Found | TrailbookError]:
    """Return what `ask` finds for each of the items together or, where one of them is wrong, for each alone."""
    try:
        return [*ask(items)]
    except TrailbookError as error:
        return [error] if len(items) == 1 else [one for item in items for one in outcomes([item], ask)]


def bound_case(runbook: Runbook, case: Case, table: PhysicalTable) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """Return the SQL that Athena would get and the case's events. Raises TrailbookError for a case that is wrong."""
    events = records(case)
    request = resolve(runbook, case.params)
    lookups = {name: _lookup(runbook, case, name, request.params) for name in runbook.lookups}
    sql = bind(
        runbook,
        window=request.window or window(events),
        table=table,
        params=request.params,
        accounts=request.accounts,
        regions=request.regions,
        row_limit=request.row_limit,
        lookups=lookups,
    )
    return sql, events


def _rows(
    runbook: Runbook, cases: Sequence[Case], athena: CaseAthena, table: PhysicalTable
) -> list[list[dict[str, Any]]]:
    """Return the rows of each case. Raises TrailbookError for the first that is wrong."""
    bound = [bound_case(runbook, case, table) for case in cases]
    athena.hold_records([events for _, events in bound])
    athena.prepare([sql for sql, _ in bound])
    found: list[list[dict[str, Any]]] = [[] for _ in cases]
    alike: dict[tuple[Column, ...], dict[int, Execution]] = {}
    for number, (sql, _) in enumerate(bound):
        athena.show_records(number)
        execution = athena.execute(sql, token=str(number))
        alike.setdefault(execution.columns, {})[number] = execution
    for executions in alike.values():
        for number, rows in zip(executions, athena.rows_of_each(list(executions.values())), strict=True):
            found[number] = rows
    return found


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
