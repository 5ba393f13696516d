"""The page Trail: the chains, the last check of them, and the button that begins another."""

from datetime import UTC, datetime
from functools import partial

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from trailbook.airflow.web.access import UserDep, readable
from trailbook.airflow.web.data import DataDep
from trailbook.airflow.web.render import Place, links, page
from trailbook.airflow.web.views.trail import trail
from trailbook.ledger.verify import verify

router = APIRouter()


@router.get("/trail")
def show(request: Request, user: UserDep, data: DataDep) -> Response:
    """Return the chains that the user may see, with what the last check found of them."""
    state, index, shelf = data.fresh(), data.index, data.shelf()
    chains = index.chains()
    mine = readable(user, chains)
    titles = {name: loaded.runbook.title for name, loaded in shelf.runbooks.items()}
    view = trail(
        mine,
        titles=titles,
        counts={name: index.count(name) for name in mine},
        newest=index.latest(mine),
        checked=data.chain_check.last(),
        under_way=data.chain_check.under_way(),
        reading=index.faults(mine),
        sees_all=mine >= set(chains),
        now=datetime.now(UTC),
    )
    return page(request, "trail.html.j2", view, Place("trail"), ledger=state)


@router.post("/trail")
def begin(request: Request, data: DataDep) -> Response:
    """Begin to verify the whole ledger, where no check is under way, and lead back to the page.

    Whoever may sign in may ask: it only reads, there is one check at a time, and its page names nothing that a reader
    may not see.
    """
    check, ledger, reports = data.chain_check, data.ledger, data.reports
    last = check.last()
    heads = {} if last is None else last.ends
    again = partial(verify, ledger.store, reports, heads=heads, second=ledger.heads)
    check.begin(again, second_place=ledger.heads is not None)
    return RedirectResponse(links(request).trail(), status_code=303)
