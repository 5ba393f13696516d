"""`trailbook up`: the embedded AWS and Airflow with the runbooks' DAGs; they stay until Ctrl-C."""

import argparse
import shlex
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trailbook.cli import connections
from trailbook.cli.demo import fill, sample
from trailbook.laptop import stack
from trailbook.laptop.children import Children, end_on_signals, environment
from trailbook.laptop.mirror import mirror
from trailbook.laptop.place import Place
from trailbook.laptop.progress import Steps
from trailbook.settings import Settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument(
        "--root", type=Path, default=Path(".trailbook"), help="where the state goes (default %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    end_on_signals()
    place, steps = Place((args.root / "up").resolve(), Path.cwd()), Steps()
    home = place.airflow(scheduled=True)
    # The days before today: a DAG that is switched on finds its scheduled window in the logs.
    first_day = (datetime.now(UTC) - timedelta(days=3)).date()
    with Children(place.logs) as children:
        folder = sample(steps, args.root.resolve(), place, first_day)
        with steps.step("Embedded AWS: S3, Glue, Athena and SNS on loopback"):
            aws = stack.start_aws(children, place)
            env = environment(home.environment(aws) | place.settings_environment())
            migration = stack.migrate(children, env)
            settings = Settings.from_env(env)
            clients = connections.Clients(aws)
        fill(steps, clients, settings, folder, first_day)
        with steps.step("Airflow 3.3.2: api-server, scheduler, dag-processor, triggerer"):
            children.wait_for(lambda: migration.process.poll() is not None, "Airflow's database", 180)
            stack.start_airflow(children, home, env, triggerer=True)
        user, password = home.login()
        print(
            f"\nAirflow   {home.url}   user {user}   password {password}\n"
            f"Reports   {place.reports}   (copies of {settings.reports} on {aws['AWS_ENDPOINT_URL']})\n"
            f"History   . {_exports(place, aws)} && .venv/bin/trailbook history auth-failed-logins\n"
            f"Logs      {place.logs}\nThe sample trail holds {first_day} to {first_day + timedelta(days=2)}. "
            "Open a DAG, press Trigger, fill the form. Ctrl-C stops everything; the state stays.",
            flush=True,
        )
        store = clients.store(settings.reports, "TRAILBOOK_REPORTS")
        while True:
            children.check()
            for path in mirror(store, place.reports):
                print(f"report    {path}", flush=True)
            time.sleep(2)


def _exports(place: Place, aws: Mapping[str, str]) -> Path:
    """Write what lets a shell's `trailbook` reach this place, and return the file."""
    path = place.root / "environment.sh"
    lines = [f"export {name}={shlex.quote(value)}" for name, value in {**aws, **place.settings_environment()}.items()]
    path.write_text("\n".join(lines) + "\n")
    return path
