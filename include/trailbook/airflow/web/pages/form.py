"""The page Run with parameters: it shows the form, judges what was sent, and has Airflow start the run."""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import APIRouter, HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from trailbook.airflow.runs import data_interval_end
from trailbook.airflow.web import airflow_api, dags
from trailbook.airflow.web.access import UserDep, may
from trailbook.airflow.web.data import Data, DataDep
from trailbook.airflow.web.render import links, page
from trailbook.airflow.web.subject import Subject, subject
from trailbook.airflow.web.views.form import Fields, form_page, texts
from trailbook.errors import InvalidRequest
from trailbook.ledger.index import RunSummary
from trailbook.runbook.common import COMMON_SCHEMAS
from trailbook.runbook.model import Runbook
from trailbook.runbook.values import Request as RunRequest
from trailbook.runbook.values import from_fields, resolve
from trailbook.window import text

router = APIRouter()

LIKE = "like"
"""The part of the address that names an earlier run to take the values from (a runbook may have such a param)."""

ONCE, UNPAUSE = "form-once", "form-unpause"
"""Fields that are no params: their names cannot be, for a param's has no hyphen."""

MOST_BYTES = 2**20
MOST_FIELDS = 2_000
_ONCE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9a-f]{8}")
_NOT_YOURS_TO_START = "You may read this runbook, but not start it. Somebody who may trigger its DAG in Airflow can."


@dataclass(frozen=True, slots=True)
class _Sent:
    """A form that was sent: its fields, what is wrong with them, and the values where nothing is."""

    fields: Fields
    once: str
    unpause: bool
    reasons: Sequence[str] = ()
    conf: Mapping[str, Any] = field(default_factory=dict)


@router.get("/runbooks/{runbook}/new")
def form(request: Request, user: UserDep, data: DataDep, runbook: str) -> Response:
    """Return the form, filled by the address: by a finding's values, or by those of an earlier run."""
    of, model = _startable(data, user, runbook)
    query = _grouped(request.query_params.multi_items())
    like = query.pop(LIKE, ()) if LIKE not in model.params else ()
    before, notes = _like(data, model, like[-1]) if like else ({}, ())
    return _page(request, of, model, {**before, **query}, notes=notes)


@router.post("/runbooks/{runbook}/new")
async def start(request: Request, user: UserDep, data: DataDep, runbook: str) -> Response:
    """Have Airflow start the run, as the user, and lead to it; or return the form with what is wrong beside it."""
    fields = await _sent_fields(request)
    of, model = await run_in_threadpool(_startable, data, user, runbook)
    sent = await run_in_threadpool(_judged, data, model, fields)

    def again(status: int, reasons: Sequence[str], started: str = "") -> Response:
        return _page(request, of, model, sent.fields, reasons, unpause=sent.unpause, status=status, started=started)

    if sent.reasons:
        return await run_in_threadpool(again, 422, sent.reasons)
    run_id = f"manual__{sent.once}"
    try:
        if sent.unpause:
            await airflow_api.unpause(request, runbook)
        run_id = await airflow_api.start(request, runbook, run_id, sent.conf)
    except airflow_api.Refused as refused:
        there = await run_in_threadpool(dags.run, runbook, run_id) if refused.status == 409 else None
        if there is None or dict(there.conf) != dict(sent.conf):
            return await run_in_threadpool(again, refused.status, [refused.says], "" if there is None else run_id)
        # The same form sent twice, by a double click or by going back: it is the run that is wanted.
    return RedirectResponse(links(request).run(runbook, run_id), status_code=303)


def _startable(data: Data, user: BaseUser, runbook: str) -> tuple[Subject, Runbook]:
    """Return the runbook. Raises HTTPException where the user may not read or not start it, or it cannot run."""
    data.fresh()
    of = subject(data, user, runbook)
    if not may(user, "POST", runbook):
        raise HTTPException(403, _NOT_YOURS_TO_START)
    if of.loaded is None:
        raise HTTPException(404, "This runbook has no valid file any more, so it cannot run; its history stays.")
    return of, of.loaded.runbook


def _page(
    request: Request,
    of: Subject,
    model: Runbook,
    fields: Fields,
    reasons: Sequence[str] = (),
    *,
    notes: Sequence[str] = (),
    unpause: bool = False,
    status: int = 200,
    started: str = "",
) -> Response:
    view = form_page(
        model,
        fields,
        reasons=reasons,
        notes=notes,
        dag=dags.states([of.id]).get(of.id),
        once=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.{secrets.token_hex(4)}",
        unpause=unpause,
        started=started,
    )
    return page(request, "form.html.j2", view, of.below(request), status=status)


async def _sent_fields(request: Request) -> dict[str, tuple[str, ...]]:
    """Return the fields of the request's body. Raises HTTPException for what no browser sends."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise HTTPException(413, "The form is larger than a runbook's parameters can be.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise HTTPException(400, "The form is not as browsers send one, in UTF-8.") from None
    return _grouped((name, value.replace("\r\n", "\n")) for name, value in pairs)


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        found[name] = (*found.get(name, ()), value)
    return found


def _judged(data: Data, model: Runbook, fields: dict[str, tuple[str, ...]]) -> _Sent:
    once = fields.pop(ONCE, ("",))[-1]
    sent = _Sent(fields, once, fields.pop(UNPAUSE, ("",))[-1] == "yes")
    if not _ONCE.fullmatch(once):
        raise HTTPException(400, "This form was not made by this page: open it anew.")
    conf = from_fields(model, fields)
    try:
        asked = resolve(model, conf)
    except InvalidRequest as error:
        return _Sent(fields, once, sent.unpause, error.reasons)
    return _Sent(fields, once, sent.unpause, _objections(data, model, asked), conf)


def _objections(data: Data, model: Runbook, asked: RunRequest) -> Sequence[str]:
    """Return what the plan step would refuse later, where that can be known now."""
    from trailbook.steps.plan import window_of  # here: it brings the SQL parser, which no other page needs

    now, reasons = datetime.now(UTC), []
    try:
        window_of(model, asked, interval_end=data_interval_end(model, _Now(now)), now=now)
    except InvalidRequest as error:
        if model.schedule is None and asked.window is None:
            reasons += ["start: expected a time, found none", "end: expected a time, found none"]
        else:
            reasons += error.reasons
    if asked.compare_with is not None and _find(data, model.id, asked.compare_with) is None:
        reasons.append("compare_with: the ledger has no run of this runbook with this id")
    return reasons


@dataclass(frozen=True, slots=True)
class _Now:
    """A DAG run of this moment, as far as a window needs one."""

    run_after: datetime
    data_interval_end: datetime | None = None


def _like(data: Data, model: Runbook, run_id: str) -> tuple[dict[str, tuple[str, ...]], Sequence[str]]:
    """Return the values of an earlier run of this runbook, found by its very id, and what to say of them."""
    found = _find(data, model.id, run_id)
    if found is not None:
        record = data.entry(found).record
        values = {name: value for name, value in record.params.items() if name in _names(model)}
        gone = sorted(record.params.keys() - values.keys())
        if record.window is not None:
            values |= {"start": text(record.window.start), "end": text(record.window.end)}
        notes = (
            [f"{', '.join(gone)}: that run had it, and this runbook has no such parameter any more."] if gone else []
        )
        return texts(values), [f"Filled with what run {run_id} was asked. Give your own reason.", *notes]
    there = dags.run(model.id, run_id)
    if there is not None:
        values = {name: value for name, value in there.conf.items() if name in _names(model) and name != "reason"}
        return texts(values), [f"Filled with what run {run_id} was asked. Give your own reason."]
    return {}, ["The run that this form was to be filled from is neither in the ledger nor in Airflow."]


def _find(data: Data, runbook: str, run_id: str) -> RunSummary | None:
    found = data.index.find(runbook, run_id)
    if found is None:  # it may have ended since the index was read
        data.fresh(wait=2.0, oldest=1.0)
        found = data.index.find(runbook, run_id)
    return found


def _names(model: Runbook) -> frozenset[str]:
    return frozenset((*model.params, *COMMON_SCHEMAS))
