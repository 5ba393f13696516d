"""What `demo` and `up` have in common: the sample trail, the embedded AWS filled with it, and Airflow beside it."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from trailbook.cli.connections import Clients
from trailbook.laptop import seed, stack
from trailbook.laptop.children import Children, environment
from trailbook.laptop.place import Place, sample_folder
from trailbook.laptop.progress import Steps
from trailbook.laptop.rest import AirflowRest
from trailbook.sample import generate, lookups
from trailbook.settings import Settings

DAYS = 3
_EVENTS_PER_DAY, _ACCOUNTS, _SEED = 4000, 3, 7


@dataclass(frozen=True, slots=True)
class Started:
    """Everything that runs, and the environment (`aws`) that reaches the embedded AWS."""

    aws: Mapping[str, str]
    clients: Clients
    settings: Settings
    rest: AirflowRest
    login: tuple[str, str]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("--root", type=Path, default=Path(".trailbook"), help="where the state goes (%(default)s)")


def start(children: Children, place: Place, steps: Steps, first_day: date, *, stays: bool) -> Started:
    """Start it all with a trail of three days; `stays` also runs the DAGs' own schedules and Airflow's triggerer."""
    home = place.airflow(scheduled=stays)
    folder = _sample(steps, place, first_day)
    with steps.step("Embedded AWS: S3, Glue, Athena and SNS on loopback"):
        aws = stack.start_aws(children, place)
        env = environment(home.environment(aws) | place.settings_environment())
        migration = stack.migrate(children, env)  # goes on while the logs are put into S3
        settings, clients = Settings.from_env(env), Clients(aws)
    with steps.step("Logs to S3, Athena database and table with partition projection") as bar:
        seed.buckets(clients.s3)
        files = seed.upload(clients.s3, folder, lambda done, total: bar.at(done, total=total))
        seed.table(clients.athena(settings), settings, folder, first_day)
        bar.at(files)
    with steps.step(f"Airflow 3.3.2: {', '.join(stack.components(triggerer=stays))}"):
        children.wait_for(lambda: migration.process.poll() is not None, "Airflow's database", 180)
        rest = stack.start_airflow(children, home, env, triggerer=stays)
    return Started(aws, clients, settings, rest, home.login())


def _sample(steps: Steps, place: Place, first_day: date) -> Path:
    """Return the folder of the sample trail, made where it is not there yet; write its lookups to the place."""
    shape = {"first_day": first_day, "days": DAYS, "events": _EVENTS_PER_DAY, "accounts": _ACCOUNTS, "seed": _SEED}
    folder = sample_folder(place.root.parent / "cache", shape)
    with steps.step("Three days of sample CloudTrail logs") as bar:
        if not (folder / "AWSLogs").exists():  # it is written elsewhere and renamed when whole
            generate(
                folder,
                first_day=first_day,
                days=DAYS,
                events_per_day=_EVENTS_PER_DAY,
                accounts=_ACCOUNTS,
                seed=_SEED,
                progress=lambda done, total: bar.at(done, total=total),
            )
        lookups(place.lookups, _ACCOUNTS)
    return folder
