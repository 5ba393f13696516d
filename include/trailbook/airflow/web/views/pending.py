"""The page of a run that has no ledger entry: it is under way, or it ended without one."""

from dataclasses import dataclass
from datetime import datetime

from trailbook.airflow.web.dag_states import AirflowRun
from trailbook.airflow.web.views.words import ago, started
from trailbook.report.values import shown

REFRESH_SECONDS = 4

_SAYS = {
    "queued": "It waits for its turn.",
    "running": "It is under way; this page loads itself anew until the ledger has it.",
    "success": "It has ended, and the ledger’s entry appears here in a moment.",
    "failed": (
        "It has failed and left no entry in the ledger. The log of its task record, in Airflow, says why; clear that"
        " task to have the run recorded."
    ),
}


@dataclass(frozen=True, slots=True)
class Pending:
    """The page. `conf` is what was asked for, as texts; `refresh` how many seconds until it is loaded anew, or None."""

    title: str
    run: AirflowRun
    says: str
    started: str
    since: str
    conf: tuple[tuple[str, str], ...]
    refresh: int | None


def pending(run: AirflowRun, *, title: str, now: datetime) -> Pending:
    """Return the page."""
    begun = run.started or run.asked_at
    return Pending(
        title=title,
        run=run,
        says=_SAYS.get(run.state, f"Its state in Airflow is {run.state}."),
        started=started(run.kind, run.by),
        since="" if begun is None else ago(begun, now),
        conf=tuple((name, shown(value)) for name, value in run.conf.items() if value not in (None, "", [])),
        refresh=REFRESH_SECONDS if run.under_way or _recent(run, now) else None,
    )


def _recent(run: AirflowRun, now: datetime) -> bool:
    """Whether a run ended so lately that its entry may not have been read yet."""
    return run.ended is not None and (now - run.ended).total_seconds() < 60
