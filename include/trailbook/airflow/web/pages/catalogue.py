"""The page Runbooks."""

import re
from dataclasses import fields
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from trailbook.airflow.web import dags
from trailbook.airflow.web.access import UserDep, readable
from trailbook.airflow.web.data import DataDep
from trailbook.airflow.web.render import Place, page
from trailbook.airflow.web.views.catalogue import Known, catalogue
from trailbook.airflow.web.views.filters import Filters
from trailbook.runbook.model import SLUG

router = APIRouter()

_ID = re.compile(SLUG)


@router.get("/")
def runbooks(request: Request, user: UserDep, data: DataDep) -> Response:
    """Return the catalogue of what the user may see, filtered by the address."""
    ledger, shelf, index = data.fresh(), data.shelf(), data.index
    chains = [name for name in index.chains() if _ID.fullmatch(name)]  # the roll-up's chain is no runbook's
    mine = readable(user, {*shelf.runbooks, *chains})
    filters = Filters(**{part.name: request.query_params.get(part.name, "") for part in fields(Filters)})
    view = catalogue(
        {name: loaded.runbook for name, loaded in shelf.runbooks.items() if name in mine},
        retired=[name for name in chains if name in mine],
        known=Known(index.latest(mine), index.latest_good(mine), index.trends(mine), dags.states(mine)),
        filters=filters,
        problems=shelf.problems,
        now=datetime.now(UTC),
    )
    return page(request, "catalogue.html.j2", view, Place("runbooks"), ledger=ledger)
