"""The page Compliance: the same view as the roll-up's report, of now, and of what the reader may see."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from trailbook.airflow.web.access import UserDep, may, readable
from trailbook.airflow.web.data import DataDep
from trailbook.airflow.web.render import Place, page
from trailbook.airflow.web.views.controls import Asked, controls, period_of
from trailbook.compliance import statements
from trailbook.compliance.view import view
from trailbook.report.frameworks import title
from trailbook.runbook.rollup import CHAIN

router = APIRouter()

NEWEST = 5
"""Roll-ups that the page lists."""


@router.get("/compliance")
def compliance(request: Request, user: UserDep, data: DataDep) -> Response:
    """Return a framework's controls and their evidence in a period of days."""
    state, index, now = data.fresh(), data.index, datetime.now(UTC)
    query = request.query_params
    asked = Asked(query.get("framework", ""), query.get("from", ""), query.get("to", ""))
    period = period_of(asked, now.date())
    every = data.mapped()
    mine = readable(user, {*every, CHAIN})
    mapped = [runbook for name, runbook in every.items() if name in mine]
    used = sorted({(title(name), name) for runbook in mapped for name in runbook.controls})
    found = view(
        period,
        (asked.framework,) if asked.framework else (),
        mapped,
        index.between(period.start, period.end, [runbook.id for runbook in mapped]),
        by=min(now, state.as_of or now),
        last_good=index.latest_good([runbook.id for runbook in mapped], period.end),
        faults=index.faults([runbook.id for runbook in mapped]),
    )
    rolls = CHAIN in mine
    made = controls(
        found,
        asked=asked,
        frameworks=[(name, shown) for shown, name in used],
        hidden=len(every) - len(mapped),
        rollups=index.page(CHAIN, limit=NEWEST)[0] if rolls else (),
        rolls=rolls and may(user, "POST", CHAIN),
        may_start=lambda name: may(user, "POST", name),
        today=now.date(),
    )
    return page(request, "controls.html.j2", made, Place("compliance"), ledger=state, more={"says": statements})
