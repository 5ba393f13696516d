"""`trailbook demo`: three days of the sample trail through real Airflow, then one table. Nothing outlives it."""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

from trailbook.cli import demo_table
from trailbook.cli.laptop_start import DAYS, configure, start
from trailbook.errors import DeploymentError
from trailbook.laptop.children import Children, end_on_signals
from trailbook.laptop.mirror import mirror
from trailbook.laptop.place import Place
from trailbook.laptop.progress import Steps
from trailbook.laptop.rest import AirflowRest
from trailbook.runbook.collection import Collection
from trailbook.sample import PLANTED

__all__ = ["configure", "run"]

_FIRST_DAY = date(2026, 11, 1)
_FINAL = {"success", "failed"}


def run(args: argparse.Namespace) -> int:
    """Run the demonstration and return 0 where every run left its entry and the ledger verifies."""
    end_on_signals()
    place, steps = Place((args.root / "demo").resolve(), Path.cwd()), Steps()
    place.clear()
    dag_ids = _shown(place.runbooks)
    with Children(place.logs) as children:
        started = start(children, place, steps, _FIRST_DAY, stays=False)
        days = _run_days(steps, children, started.rest, dag_ids)
        with steps.step("Reports and ledger"):
            mirror(started.clients.store(started.settings.reports, "TRAILBOOK_REPORTS"), place.reports)
            code = demo_table.show(started.clients, started.settings, place, days, dag_ids)
        with steps.step("Stopping everything"):
            children.stop()
    print(f"The whole demonstration took {steps.seconds():.0f} s. The UI, and a form to press: make up")
    return code


def _run_days(steps: Steps, children: Children, rest: AirflowRest, dag_ids: Sequence[str]) -> list[date]:
    """Run the runbooks for every day, in order, and return the days."""
    days = [_FIRST_DAY + timedelta(days=n) for n in range(DAYS)]
    with steps.step("The runbooks become DAGs") as bar:
        children.wait_for(
            lambda: set(dag_ids) <= set(rest.dag_ids()) or bool(rest.import_errors()),
            f"the DAG of each of {', '.join(dag_ids)}",
            120,
        )
        for error in rest.import_errors():
            raise DeploymentError(f"Airflow cannot read a DAG file:\n{error}")
        bar.at(len(dag_ids), ", ".join(dag_ids))
    with steps.step(f"{len(dag_ids)} runbooks × {DAYS} days, day after day", len(dag_ids) * DAYS) as bar:
        for dag_id in dag_ids:
            rest.unpause(dag_id)
        while True:
            children.check()
            runs = rest.runs()
            done = Counter(run.dag_id for run in runs if run.state in _FINAL)
            begun = Counter(run.dag_id for run in runs)
            # A day begins when the one before it has ended, so that each run finds its baseline.
            for dag_id in (name for name in dag_ids if begun[name] == done[name] < DAYS):
                _trigger(rest, dag_id, days[done[dag_id]], done[dag_id] + 1)
            states = Counter(run.state for run in runs)
            bar.at(done.total(), ", ".join(f"{count} {state}" for state, count in sorted(states.items())))
            if done.total() == len(dag_ids) * DAYS:
                return days
            time.sleep(1)


def _shown(runbooks: Path) -> list[str]:
    """Return the runbooks that find what is planted in the sample trail, or all of a repository without them.

    They come from the files and not from Airflow, which has other DAGs too, and reads the files in any order.
    """
    every = sorted(Collection.load(runbooks).runbooks)
    chosen = [name for name in every if name in PLANTED] or every
    if not chosen:
        raise DeploymentError(f"there is no valid runbook in {runbooks}: `trailbook check` says why")
    return chosen


def _trigger(rest: AirflowRest, dag_id: str, day: date, number: int) -> None:
    """Start the run whose window is `day`: of the data interval that ends in the night after it."""
    noon_after = datetime.combine(day + timedelta(days=1), time_of_day(12), UTC)
    rest.trigger(dag_id, f"demo-day-{number}", noon_after, f"make demo, day {number}")
