"""`trailbook up`: the embedded AWS and Airflow with the runbooks' DAGs; they stay until Ctrl-C."""

import argparse
import shlex
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from trailbook.cli.laptop_start import DAYS, Started, configure, start
from trailbook.laptop.children import Children, end_on_signals
from trailbook.laptop.mirror import mirror
from trailbook.laptop.place import Place
from trailbook.laptop.progress import Steps

__all__ = ["configure", "run"]


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    end_on_signals()
    place, steps = Place((args.root / "up").resolve(), Path.cwd()), Steps()
    # The days before today: a DAG that is switched on finds its scheduled window in the logs.
    first_day = (datetime.now(UTC) - timedelta(days=DAYS)).date()
    with Children(place.logs) as children:
        started = start(children, place, steps, first_day, stays=True)
        print(_welcome(place, started, first_day), flush=True)
        store = started.clients.store(started.settings.reports, "TRAILBOOK_REPORTS")
        while True:
            children.check()
            for path in mirror(store, place.reports):
                print(f"report    {path}", flush=True)
            time.sleep(2)


def _welcome(place: Place, started: Started, first_day: date) -> str:
    user, password = started.login
    return (
        f"\nAirflow   {started.rest.url}   user {user}   password {password}\n"
        f"Reports   {place.reports}   (copies of {started.settings.reports} on {started.aws['AWS_ENDPOINT_URL']})\n"
        f"History   . {_exports(place, started.aws)} && .venv/bin/trailbook history auth-failed-logins\n"
        f"Logs      {place.logs}\nThe sample trail holds {first_day} to {first_day + timedelta(days=DAYS - 1)}. "
        "Open a DAG, press Trigger, fill the form. Ctrl-C stops everything; the state stays."
    )


def _exports(place: Place, aws: Mapping[str, str]) -> Path:
    """Write what lets a shell's `trailbook` reach this place, and return the file."""
    path = place.root / "environment.sh"
    lines = [f"export {name}={shlex.quote(value)}" for name, value in {**aws, **place.settings_environment()}.items()]
    path.write_text("\n".join(lines) + "\n")
    return path
