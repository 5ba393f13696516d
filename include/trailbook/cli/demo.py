"""`trailbook demo`: three days of the sample trail through real Airflow, then one table. Nothing outlives it."""

import argparse
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

from trailbook.cli import connections, demo_table
from trailbook.errors import DeploymentError
from trailbook.laptop import seed, stack
from trailbook.laptop.children import Children, end_on_signals, environment
from trailbook.laptop.mirror import mirror
from trailbook.laptop.place import Place, sample_folder
from trailbook.laptop.progress import Steps
from trailbook.laptop.rest import AirflowRest
from trailbook.sample import generate, lookups
from trailbook.settings import Settings

_FIRST_DAY, _DAYS = date(2026, 11, 1), 3
_SAMPLE = {"first_day": _FIRST_DAY, "days": _DAYS, "events_per_day": 4000, "accounts": 3, "seed": 7}
_FINAL = {"success", "failed"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument(
        "--root", type=Path, default=Path(".trailbook"), help="where the state goes (default %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Run the demonstration and return 0 where every run left its entry and the ledger verifies."""
    end_on_signals()
    place, steps = Place((args.root / "demo").resolve(), Path.cwd()), Steps()
    place.clear()
    home = place.airflow(scheduled=False)
    with Children(place.logs) as children:
        folder = sample(steps, args.root.resolve(), place)
        with steps.step("Embedded AWS: S3, Glue, Athena and SNS on loopback"):
            aws = stack.start_aws(children, place)
            env = environment(home.environment(aws) | place.settings_environment())
            migration = stack.migrate(children, env)
            settings = Settings.from_env(env)
            clients = connections.Clients(aws)
        fill(steps, clients, settings, folder)
        with steps.step("Airflow 3.3.2: api-server, scheduler, dag-processor"):
            children.wait_for(lambda: migration.process.poll() is not None, "Airflow's database", 180)
            rest = stack.start_airflow(children, home, env, triggerer=False)
        days = backfill(steps, children, rest)
        with steps.step("Reports and ledger"):
            mirror(clients.store(settings.reports, "TRAILBOOK_REPORTS"), place.reports)
            code = demo_table.show(clients, settings, place, days)
        with steps.step("Stopping everything"):
            children.stop()
    print(f"The whole demonstration took {steps.seconds():.0f} s. The UI, and a form to press: make up")
    return code


def sample(steps: Steps, root: Path, place: Place, first_day: date = _FIRST_DAY) -> Path:
    """Return the folder of the sample trail, made where it is not there yet; write its lookups to the place."""
    arguments: Mapping[str, object] = _SAMPLE | {"first_day": first_day}
    folder = sample_folder(root / "cache", arguments)
    whole = folder / "whole"
    with steps.step("Three days of sample CloudTrail logs") as bar:
        if not whole.exists():
            generate(
                folder, first_day=first_day, days=_DAYS, events_per_day=4000, accounts=3, seed=7,
                progress=lambda done, total: bar.at(done, total=total),
            )  # fmt: skip
            whole.touch()
        lookups(place.lookups)
    return folder


def fill(
    steps: Steps, clients: connections.Clients, settings: Settings, folder: Path, first_day: date = _FIRST_DAY
) -> None:
    """Put the sample into the embedded S3 and create the table over it."""
    with steps.step("Logs to S3, Athena database and table with partition projection") as bar:
        seed.buckets(clients.s3)
        files = seed.upload(clients.s3, folder, lambda done, total: bar.at(done, total=total))
        seed.table(clients.athena(settings), settings, folder, first_day)
        bar.at(files)


def backfill(steps: Steps, children: Children, rest: AirflowRest) -> list[date]:
    """Run every runbook for every day, in order, and return the days."""
    days = [_FIRST_DAY + timedelta(days=n) for n in range(_DAYS)]
    with steps.step("The runbooks become DAGs") as bar:
        children.wait_for(lambda: bool(rest.dag_ids()) or bool(rest.import_errors()), "the first DAG", 120)
        for error in rest.import_errors():
            raise DeploymentError(f"Airflow cannot read a DAG file:\n{error}")
        dag_ids = rest.dag_ids()
        bar.at(len(dag_ids), ", ".join(dag_ids))
    with steps.step(f"{len(dag_ids)} runbooks × {_DAYS} days, day after day", len(dag_ids) * _DAYS) as bar:
        for dag_id in dag_ids:
            rest.unpause(dag_id)
        while True:
            children.check()
            runs = rest.runs()
            done = Counter(run.dag_id for run in runs if run.state in _FINAL)
            begun = Counter(run.dag_id for run in runs)
            # A day begins when the one before it has ended, so that each run finds its baseline.
            for dag_id in (name for name in dag_ids if begun[name] == done[name] < _DAYS):
                _trigger(rest, dag_id, days[done[dag_id]], done[dag_id] + 1)
            states = Counter(run.state for run in runs)
            bar.at(done.total(), ", ".join(f"{count} {state}" for state, count in sorted(states.items())))
            if done.total() == len(dag_ids) * _DAYS:
                return days
            time.sleep(1)


def _trigger(rest: AirflowRest, dag_id: str, day: date, number: int) -> None:
    """Start the run whose window is `day`: of the data interval that ends in the night after it."""
    noon_after = datetime.combine(day + timedelta(days=1), time_of_day(12), UTC)
    rest.trigger(dag_id, f"demo-day-{number}", noon_after, f"make demo, day {number}")
