"""The runbook that an address names: of the library, or one that the ledger has a chain of, and the user may read."""

from dataclasses import dataclass

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import HTTPException, Request

from trailbook.airflow.web.access import NOT_YOURS, require_read
from trailbook.airflow.web.data import Data
from trailbook.airflow.web.render import Place, links
from trailbook.runbook.load import Loaded


@dataclass(frozen=True, slots=True)
class Subject:
    """A runbook's id and title; `loaded` is None where it has no valid file any more."""

    id: str
    title: str
    loaded: Loaded | None

    def place(self, request: Request) -> Place:
        """Return the place of the runbook's own page."""
        return Place("runbooks", (("Runbooks", links(request).catalogue()),))

    def below(self, request: Request, *more: tuple[str, str]) -> Place:
        """Return the place of a page below it."""
        return Place("runbooks", (*self.place(request).above, (self.title, links(request).runbook(self.id)), *more))


def subject(data: Data, user: BaseUser, runbook: str) -> Subject:
    """Return the runbook. Raises HTTPException: 403 where the user may not read it, 404 where there is none."""
    require_read(user, runbook)
    loaded = data.shelf().runbooks.get(runbook)
    if loaded is None and runbook not in data.index.chains():
        raise HTTPException(404, NOT_YOURS)
    return Subject(runbook, runbook if loaded is None else loaded.runbook.title, loaded)
