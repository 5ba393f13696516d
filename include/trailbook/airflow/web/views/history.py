"""A runbook's runs as the ledger has them: paged from the newest back, by verdict."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from trailbook.airflow.web.dag_states import AirflowRun
from trailbook.airflow.web.views.words import Part, ago, found, started
from trailbook.ledger.index_rows import RunSummary
from trailbook.report.statements import span
from trailbook.verdict import Verdict
from trailbook.window import parse_time

PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One attempt of a run. `because` is the first reason of its verdict."""

    run: RunSummary
    when: str
    window: str
    started: str
    found: tuple[Part, ...]
    because: str


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A run that the ledger does not have yet."""

    run: AirflowRun
    started: str


@dataclass(frozen=True, slots=True)
class History:
    """The page. `older` is what the next page begins before, `total` counts all runs whatever their verdict."""

    id: str
    title: str
    rows: tuple[Row, ...]
    under_way: tuple[UnderWay, ...]
    verdicts: tuple[str, ...]
    older: int | None
    total: int
    first: bool
    choices: tuple[str, ...] = tuple(verdict.value for verdict in Verdict)

    def query(self, before: int | None = None) -> tuple[tuple[str, str], ...]:
        """Return what asks for the same verdicts, before an entry."""
        asked = tuple(("verdict", name) for name in self.verdicts)
        return asked if before is None else (*asked, ("before", str(before)))


def history(
    runbook: str,
    title: str,
    page: tuple[Sequence[RunSummary], int | None],
    *,
    under_way: Iterable[AirflowRun],
    verdicts: Collection[Verdict],
    total: int,
    first: bool,
    now: datetime,
) -> History:
    """Return the page of what the index gave; only the first one shows what is under way."""
    runs, older = page
    have = {run.run_id for run in runs}
    return History(
        id=runbook,
        title=title,
        rows=tuple(row(run, now) for run in runs),
        under_way=tuple(
            UnderWay(run, started(run.kind, run.by))
            for run in under_way
            if first and (run.run_id not in have or run.attempt > 1)
        ),
        verdicts=tuple(verdict.value for verdict in verdicts),
        older=older,
        total=total,
        first=first,
    )


def row(run: RunSummary, now: datetime) -> Row:
    """Return a run as a row."""
    return Row(
        run=run,
        when=ago(parse_time(run.finished, "finished"), now),
        window="none" if run.window is None else span(run.window),
        started=started(run.trigger, run.triggered_by),
        found=found(run.counts),
        because=(run.error or "") if run.verdict is Verdict.ERROR else "; ".join(run.gaps),
    )
