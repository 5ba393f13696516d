"""The page of a runbook, and the page of its runs."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response

from trailbook.airflow.web import dags
from trailbook.airflow.web.access import UserDep, may, readable
from trailbook.airflow.web.data import Data, DataDep
from trailbook.airflow.web.render import page
from trailbook.airflow.web.subject import Subject, subject
from trailbook.airflow.web.views.catalogue import Known, next_run, past
from trailbook.airflow.web.views.history import PAGE, History, history
from trailbook.airflow.web.views.runbook import runbook_page
from trailbook.runbook.matrix import matrix
from trailbook.verdict import Verdict

router = APIRouter()

NEWEST = 10
"""Runs that a runbook's own page lists."""


@router.get("/runbooks/{runbook}")
def runbook(request: Request, user: UserDep, data: DataDep, runbook: str) -> Response:
    """Return a runbook's page; of one that has no valid file any more, its runs."""
    state, now = data.fresh(), datetime.now(UTC)
    of = subject(data, user, runbook)
    runs = _history(data, of, now, limit=NEWEST)
    if of.loaded is None:
        return page(request, "history.html.j2", runs, of.place(request), ledger=state)
    index, dag = data.index, dags.states([runbook])
    known = Known(index.latest([runbook]), index.latest_good([runbook]), index.trends([runbook]), dag)
    others = readable(user, [pivot.runbook for pivot in of.loaded.runbook.pivots])
    view = runbook_page(
        of.loaded.runbook,
        past=past(runbook, known, now),
        next_run=next_run(of.loaded.runbook, dag.get(runbook), now),
        sql=data.would_run.sql(of.loaded, now),
        history=runs,
        matrix=matrix(),
        known=lambda name: name in others and name in data.shelf().runbooks,
        may_start=may(user, "POST", runbook),
        today=now.date(),
    )
    return page(request, "runbook.html.j2", view, of.place(request), ledger=state)


@router.get("/runbooks/{runbook}/runs")
def runs(
    request: Request,
    user: UserDep,
    data: DataDep,
    runbook: str,
    before: Annotated[int | None, Query(ge=1, le=10**12)] = None,
    verdict: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """Return a page of a runbook's runs, of the verdicts that are asked for."""
    state, now = data.fresh(), datetime.now(UTC)
    of = subject(data, user, runbook)
    try:
        verdicts = tuple(dict.fromkeys(Verdict(name) for name in verdict or () if name))
    except ValueError:
        raise HTTPException(400, f"Expected one of {', '.join(Verdict)} as a verdict.") from None
    view = _history(data, of, now, limit=PAGE, before=before, verdicts=verdicts)
    return page(request, "history.html.j2", view, of.below(request), ledger=state)


def _history(
    data: Data,
    of: Subject,
    now: datetime,
    *,
    limit: int,
    before: int | None = None,
    verdicts: tuple[Verdict, ...] = (),
) -> History:
    first = before is None
    return history(
        of.id,
        of.title,
        data.index.page(of.id, before=before, limit=limit, verdicts=verdicts),
        under_way=dags.under_way(of.id) if first else (),
        verdicts=verdicts,
        total=data.index.count(of.id),
        first=first,
        now=now,
    )
