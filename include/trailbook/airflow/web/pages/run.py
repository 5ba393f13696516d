"""The page of a run, and the files of its report."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import APIRouter, HTTPException, Query, Request, Response
from starlette.responses import StreamingResponse

from trailbook.airflow.web import dags, evidence
from trailbook.airflow.web.access import UserDep, may
from trailbook.airflow.web.data import Data, DataDep
from trailbook.airflow.web.evidence import File
from trailbook.airflow.web.render import Place, links, page
from trailbook.airflow.web.subject import Subject, subject
from trailbook.airflow.web.verification import verify_run
from trailbook.airflow.web.views.pending import pending
from trailbook.airflow.web.views.run import MOST_ROWS, run_page
from trailbook.canonical import safe_name
from trailbook.errors import EvidenceError
from trailbook.ledger import Entry
from trailbook.report import Report
from trailbook.report.html import context
from trailbook.report.view import MOST_ROWS as ALL_ROWS

router = APIRouter()

AttemptQuery = Annotated[int | None, Query(ge=1, le=1_000_000)]


@router.get("/runbooks/{runbook}/runs/{run_id}/files/{name}")
@router.get("/runbooks/{runbook}/file")
def file(user: UserDep, data: DataDep, runbook: str, run_id: str, name: str, attempt: AttemptQuery = None) -> Response:
    """Return a file of a run's report, once its SHA-256 is found to be the recorded one."""
    data.fresh()
    subject(data, user, runbook)
    run = data.index.find(runbook, run_id, attempt)
    files = evidence.listed(data.reports, data.entry(run)) if run is not None else ()
    found = next((each for each in files if each.name == name), None)
    if run is None or found is None:
        raise HTTPException(404, "There is no such file of this run.")
    saved = f"{safe_name(runbook)}-{run.sequence}-{found.name}"
    headers = {"Content-Disposition": f'attachment; filename="{saved}"', "Content-Length": str(found.size)}
    return StreamingResponse(evidence.pieces(data.reports, found), media_type=found.media_type, headers=headers)


@router.get("/runbooks/{runbook}/runs/{run_id}")
@router.get("/runbooks/{runbook}/run")
def run(
    request: Request,
    user: UserDep,
    data: DataDep,
    runbook: str,
    run_id: str,
    attempt: AttemptQuery = None,
    verify: bool = False,
    rows: Annotated[int, Query(ge=1, le=ALL_ROWS)] = MOST_ROWS,
) -> Response:
    """Return a run's page; with `verify`, everything that backs it is hashed anew."""
    state = data.fresh()
    of = subject(data, user, runbook)
    found = data.index.find(runbook, run_id, attempt)
    if found is None:  # it may have ended since the index was read
        data.read_on(runbook)
        found = data.index.find(runbook, run_id, attempt)
    if found is None:
        return _pending(request, of, run_id)
    entry = data.entry(found)
    report, files, faults = _report(data, entry)
    more = {} if report is None else context(report, rows)
    view = run_page(
        entry,
        title=of.title,
        attempts=data.index.attempts(runbook, run_id),
        report=report,
        files=files,
        faults=faults,
        checks=verify_run(data.ledger, data.reports, entry) if verify else (),
        entry_uri=data.ledger.store.uri(entry.key),
        may_start=lru_cache(lambda name: _may_start(data, user, name)),
        listed={row.finding_id for group in more.get("groups", ()) for row in group.rows},
        most_rows=rows,
    )
    return page(request, "run.html.j2", view, _place(request, of), ledger=state, more=more)


def _pending(request: Request, of: Subject, run_id: str) -> Response:
    under_way = dags.run(of.id, run_id)
    if under_way is None:
        raise HTTPException(404, "There is no such run of this runbook, neither in the ledger nor in Airflow.")
    view = pending(under_way, title=of.title, now=datetime.now(UTC))
    return page(request, "pending.html.j2", view, _place(request, of))


def _place(request: Request, of: Subject) -> Place:
    return of.below(request, ("Runs", links(request).history(of.id)))


def _report(data: Data, entry: Entry) -> tuple[Report | None, Sequence[File], Sequence[str]]:
    """Return a run's report and files where they are the recorded ones, and a sentence for what is not."""
    files: tuple[File, ...] = ()
    try:
        files = evidence.listed(data.reports, entry)
        return (evidence.report_of(data.reports, files) if files else None), files, ()
    except EvidenceError as error:
        return None, files, (str(error),)


def _may_start(data: Data, user: BaseUser, runbook: str) -> bool:
    return runbook in data.shelf().runbooks and may(user, "GET", runbook) and may(user, "POST", runbook)
