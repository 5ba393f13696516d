"""The runs of one `trailbook run`: each runbook through all steps, on one load of the logs."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from trailbook.canonical import digest
from trailbook.cli import triage_params
from trailbook.laptop.progress import Steps
from trailbook.ledger import Ledger
from trailbook.local.folder import FolderAthena
from trailbook.objects import FolderStore
from trailbook.plan import Plan, Run, Trigger
from trailbook.runbook.load import Loaded
from trailbook.runbook.lookups import read_all
from trailbook.runbook.values import from_text, resolve
from trailbook.settings import Settings
from trailbook.steps.plan import plan, window_of
from trailbook.steps.whole import WholeRun, whole
from trailbook.window import Window, text
from trailbook.words import amount


@dataclass(frozen=True, slots=True)
class Bench:
    """What the runs of one command share."""

    settings: Settings
    lookups: Path
    athena: FolderAthena
    window: Window
    out: Path
    begun: datetime

    @property
    def bounds(self) -> dict[str, str]:
        """The window as a request gives it."""
        return {"start": text(self.window.start), "end": text(self.window.end)}

    @property
    def reports(self) -> FolderStore:
        """Where the reports go."""
        return FolderStore(self.out / "reports")


def run_each(items: Sequence[Loaded], params: Sequence[str], bench: Bench, *, every: bool) -> list[WholeRun]:
    """Run some runbooks, one after another; with `every`, each takes of the `k=v` those that it knows."""
    given = [triage_params.given(item.runbook, params) if every else params for item in items]
    if len(items) < 2 or not sys.stderr.isatty():
        return [_one(item, pairs, bench) for item, pairs in zip(items, given, strict=True)]
    runs = []
    with Steps().step(f"Running {amount(len(items), 'runbook')}", len(items)) as bar:
        for done, (item, pairs) in enumerate(zip(items, given, strict=True)):
            bar.at(done, item.runbook.id)
            runs.append(_one(item, pairs, bench))
    return runs


def _one(item: Loaded, given: Sequence[str], bench: Bench) -> WholeRun:
    runbook, started = item.runbook, datetime.now(UTC)
    ledger = Ledger(FolderStore(bench.out / "ledger"))
    run_id = f"cli-{started:%Y%m%dT%H%M%S}-{digest([runbook.id, started.isoformat(), list(given)])[:8]}"

    def make_plan() -> Plan:
        request = resolve(runbook, from_text(runbook, given) | bench.bounds)
        return plan(
            runbook,
            source_sha256=item.source.sha256,
            request=request,
            run=Run(run_id, trigger=Trigger.CLI, reason=request.reason),
            window=window_of(runbook, request, interval_end=None, now=None),
            settings=bench.settings,
            lookups=read_all(bench.lookups, runbook),
            ledger=ledger,
            started=started,
            unread=bench.athena.problems,
        )

    return whole(
        runbook,
        Run(run_id, trigger=Trigger.CLI),
        make_plan,
        athena=bench.athena,
        reports=bench.reports,
        ledger=ledger,
        clock=lambda: datetime.now(UTC),
        coverage_token=digest(["coverage", bench.begun.isoformat()]),
    )
