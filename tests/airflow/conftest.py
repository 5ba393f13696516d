"""Airflow for these tests: a home of its own, set before anything imports Airflow, and its database made once."""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from cloud import Cloud

# Test modules are imported by path (`--import-mode=importlib`), so what they share needs a place to be found.
sys.path.append(str(Path(__file__).parent))

REPO = Path(__file__).resolve().parents[2]
HOME = Path(tempfile.mkdtemp(prefix="trailbook-airflow-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

(HOME / "dags").mkdir()
shutil.copy(REPO / "dags" / "runbook_dags.py", HOME / "dags")
(HOME / "plugins").mkdir()
shutil.copy(REPO / "plugins" / "trailbook_plugin.py", HOME / "plugins")

# When pytest collects, test modules import Airflow, which reads these at once and only then.
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(HOME / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(HOME / "plugins"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
    "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(HOME / "logs"),
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
}


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """Airflow's own database, empty of runs."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture
def runbooks(tmp_path: Path) -> Path:
    """A folder for a test's runbooks."""
    folder = tmp_path / "runbooks"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def served() -> Iterator["Cloud"]:
    """The embedded AWS, filled; one for a module's tests, since a process can serve one only at a time."""
    from cloud import running

    with running() as cloud:
        yield cloud


@pytest.fixture
def run(airflow_database: None, cloud: "Cloud", runbooks: Path) -> "Callable[..., DagRun]":
    """Write a runbook, run its DAG, and return the DAG run."""
    from cloud import INTERVAL_END
    from runbook_files import SCHEDULE, write

    from trailbook.airflow.dag_factory import load
    from trailbook.settings import Settings

    def _run(runbook: str, conf: dict[str, Any] | None = None, at: datetime = INTERVAL_END, **changes: Any) -> "DagRun":
        write(runbooks, runbook, **({"schedule": SCHEDULE} | changes))
        return load(Settings.from_env())[runbook].test(logical_date=at, run_conf=conf)

    return _run


@pytest.fixture
def cloud(served: "Cloud", runbooks: Path, monkeypatch: pytest.MonkeyPatch) -> "Cloud":
    """The embedded AWS, and an environment whose Airflow connection and settings lead to it."""
    for name, value in served.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TRAILBOOK_RUNBOOKS", str(runbooks))
    return served
