"""A whole Trailbook to look at with a browser: the embedded AWS, Airflow with our plugin, users, and some runs.

It is what `trailbook up` starts, in a folder of its own and with a handful of the runbooks.
"""

import json
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from trailbook.cli.laptop_start import DAYS, Started, start
from trailbook.laptop.airflow_home import AirflowHome
from trailbook.laptop.children import Children
from trailbook.laptop.place import Place
from trailbook.laptop.progress import Steps
from trailbook.laptop.rest import AirflowRest

REPO = Path(__file__).resolve().parents[2]
RUNBOOKS = (
    "auth-failed-logins",
    "change-unauthorised-key-resources",
    "cloudtrail-tampering",
    "compromised-key-investigation",
    "console-login-without-mfa",
    "iam-policy-changes",
    "mfa-device-changes",
    "principal-timeline",
    "root-account-usage",
    "s3-critical-bucket-activity",
)
USERS = {"admin": "admin", "olga": "op", "uma": "user", "vera": "viewer", "ivan": "user"}
"""Each user's role; `ivan` sees only what is of IAM."""

RIGHTS = Path(__file__).parent / "rights"
"""Where Airflow finds its auth manager."""

_FINAL = {"success", "failed"}
_PATIENCE_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Site:
    """What runs. `days` are those of the sample trail, `passwords` the users'."""

    url: str
    days: tuple[date, ...]
    passwords: Mapping[str, str]
    children: Children
    started: Started

    @property
    def rest(self) -> AirflowRest:
        """Airflow's API, as admin."""
        return self.started.rest

    def has_run(self, runs: Mapping[str, int]) -> None:
        """Let each runbook run for its first days, day after day, so that each run has a baseline."""
        dags = set(runs)
        self.children.wait_for(lambda: dags <= set(self.rest.dag_ids()), f"the DAGs {', '.join(sorted(dags))}", 180)
        for dag_id in dags:
            self.rest.unpause(dag_id)

        def go_on() -> bool:
            begun, done = self._begun_and_done()
            for name in (name for name, wanted in runs.items() if begun[name] == done[name] < wanted):
                noon_after = datetime.combine(self.days[done[name]] + timedelta(days=1), time(12), UTC)
                self.rest.trigger(
                    name, f"day-{done[name] + 1}", noon_after, f"Day {done[name] + 1} of the sample trail"
                )
            return all(done[name] == wanted for name, wanted in runs.items())

        self.children.wait_for(go_on, "the last run", _PATIENCE_SECONDS)

    def waits_for(self, runs: Mapping[str, int]) -> None:
        """Wait until each runbook has so many runs that have ended, whoever starts them."""

        def there() -> bool:
            done = self._begun_and_done()[1]
            return all(done[name] >= wanted for name, wanted in runs.items())

        self.children.wait_for(there, "the last run", _PATIENCE_SECONDS)

    def _begun_and_done(self) -> tuple[Counter[str], Counter[str]]:
        runs = self.rest.runs()
        return Counter(run.dag_id for run in runs), Counter(run.dag_id for run in runs if run.state in _FINAL)


class _Home(AirflowHome):
    """An Airflow with more users, and one who may not see everything."""

    def environment(self, aws: Mapping[str, str]) -> dict[str, str]:
        return super().environment(aws) | {
            "AIRFLOW__CORE__AUTH_MANAGER": "ui_rights.OneIsNarrow",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(RIGHTS), os.environ.get("PYTHONPATH")))),
        }


class _Place(Place):
    def airflow(self, *, scheduled: bool) -> AirflowHome:
        home = super().airflow(scheduled=scheduled)
        return _Home(home.folder, home.dags, home.plugins, home.port, home.scheduled)


@contextmanager
def serving(folder: Path, *, scheduled: bool = False) -> Iterator[Site]:
    """Serve a site whose state is in `folder`, a new or an old one; nothing that it starts outlives the block.

    `scheduled` has the DAGs' own schedules start runs as well.
    """
    passwords = folder / "state" / "airflow" / "passwords.json"
    if not passwords.exists():
        passwords.parent.mkdir(parents=True)
        passwords.write_text(json.dumps({name: secrets.token_urlsafe(9) for name in USERS}))
        _checkout(folder / "checkout", RUNBOOKS)
    place = _Place(folder / "state", folder / "checkout")
    first_day = (datetime.now(UTC) - timedelta(days=DAYS)).date()
    with Children(place.logs) as children:
        started = start(children, place, Steps(), first_day, stays=scheduled)
        days = tuple(first_day + timedelta(days=n) for n in range(DAYS))
        yield Site(started.rest.url, days, json.loads(passwords.read_text()), children, started)


def _checkout(folder: Path, runbooks: Sequence[str]) -> None:
    """Write a checkout that has only some of the runbooks, and what they share."""
    library = REPO / "runbooks"
    found = {path.stem: path for path in library.glob("*/*.yaml") if path.parent.name != "fragments"}
    for name in runbooks:
        target = folder / "runbooks" / found[name].relative_to(library)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(found[name], target)
    shutil.copytree(library / "fragments", folder / "runbooks" / "fragments")
    for name in ("dags", "plugins"):
        shutil.copytree(REPO / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
