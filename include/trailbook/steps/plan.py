"""The first step: freeze everything that decides a run's result."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from trailbook.canonical import digest, sha256
from trailbook.errors import InvalidRequest
from trailbook.ledger import Ledger
from trailbook.plan import Baseline, LookupUse, Plan, Run
from trailbook.runbook.lookups import LookupTable
from trailbook.runbook.model import Runbook
from trailbook.runbook.values import Request
from trailbook.settings import Settings
from trailbook.sql.bind import LookupRows, bind, bind_coverage, template_digest
from trailbook.sql.relations import replaced
from trailbook.window import Window, text


def window_of(runbook: Runbook, request: Request, *, interval_end: datetime | None, now: datetime | None) -> Window:
    """Return a run's window: the operator's, or the data interval's end less `settle`, `window` long.

    `now` only refuses a window that is not over yet (None: do not ask); it never moves one.
    Raises InvalidRequest saying what to give.
    """
    window = request.window
    if window is None:
        schedule = runbook.schedule
        if schedule is None:
            raise InvalidRequest(f"{runbook.id} runs on demand only: give `start` and `end`")
        if interval_end is None:
            raise InvalidRequest("this run has no data interval to take a window from: give `start` and `end`")
        end = interval_end - schedule.settle_time
        window = Window(end - schedule.window_length, end)
    if now is not None and window.end > now:
        raise InvalidRequest(
            f"the window ends at {text(window.end)}, which is not over yet (now it is {text(now)}): "
            "choose an earlier `end`, or run again later"
        )
    return window


def plan(
    runbook: Runbook,
    *,
    source_sha256: str,
    request: Request,
    run: Run,
    window: Window,
    settings: Settings,
    lookups: Mapping[str, LookupTable],
    ledger: Ledger | None,
    started: datetime,
    unread: Sequence[str] = (),
) -> Plan:
    """Return the frozen plan. `lookups` are the runbook's, as read; without a ledger there is no baseline.

    `unread` says what of the logs is known to be unreadable, a sentence each: the run is then incomplete.
    """
    relations, uses = _lookups(runbook, lookups, request.params)
    sql = bind(
        runbook,
        window=window,
        table=settings.table,
        params=request.params,
        accounts=request.accounts,
        regions=request.regions,
        row_limit=request.row_limit,
        lookups=relations,
    )
    comparison_key = request.comparison_key(runbook.id)
    template = template_digest(runbook)
    baseline, rerun_of, last = Baseline(absence="first_run"), None, None
    if ledger is not None:
        baseline, rerun_of = ledger.baseline(
            runbook.id,
            comparison_key=comparison_key,
            template_sha256=template,
            window=window,
            run_id=run.run_id,
            compare_with=request.compare_with,
        )
        last = ledger.head(runbook.id)
    return Plan(
        runbook=runbook.id,
        spec=runbook.spec(),
        run=run,
        window=window,
        params=dict(request.params),
        accounts=tuple(request.accounts),
        regions=tuple(request.regions),
        expected_accounts=tuple(request.accounts or runbook.expected.accounts) or settings.expected_accounts,
        expected_regions=tuple(request.regions or runbook.expected.regions) or settings.expected_regions,
        row_limit=request.row_limit,
        compare_with=request.compare_with,
        sql=sql,
        coverage_sql=bind_coverage(window, settings.table, request.accounts, request.regions),
        baseline=baseline,
        rerun_of=rerun_of,
        runbook_sha256=source_sha256,
        template_sha256=template,
        sql_sha256=sha256(sql.encode()),
        comparison_key=comparison_key,
        lookups=uses,
        warnings=(*_warnings(runbook, window, started), *unread),
        started=text(started.replace(microsecond=0)),
        head=None if last is None else last.head,
    )


def _lookups(
    runbook: Runbook, tables: Mapping[str, LookupTable], params: Mapping[str, Any]
) -> tuple[dict[str, LookupRows], tuple[LookupUse, ...]]:
    """Return each declared lookup as the SQL will see it: the operator's list where one is given, else the file's."""
    given = {
        param.replaces: params[name]
        for name, param in runbook.params.items()
        if param.replaces is not None and params.get(name)
    }
    relations: dict[str, LookupRows] = {}
    uses: list[LookupUse] = []
    for name, lookup in runbook.lookups.items():
        instead = {column: given[f"{name}.{column}"] for column in lookup.columns if f"{name}.{column}" in given}
        if len(instead) > 1:
            raise InvalidRequest(f"give only one list for the lookup {name}, found {', '.join(sorted(instead))}")
        table = tables[name]
        used, used_digest, source = LookupRows(dict(lookup.columns), table.rows), table.sha256, "file"
        for column, values in instead.items():
            used, used_digest, source = replaced(used.columns, column, values), digest({column: list(values)}), "param"
        relations[name] = used
        uses.append(LookupUse(name, source, len(used.rows), used_digest, lookup.required))
    return relations, tuple(uses)


def _warnings(runbook: Runbook, window: Window, started: datetime) -> tuple[str, ...]:
    if runbook.schedule is None or window.end + runbook.schedule.settle_time <= started:
        return ()
    settled = text(window.end + runbook.schedule.settle_time)
    return (f"the run began before {settled}, so CloudTrail may not have delivered the window's last events",)
