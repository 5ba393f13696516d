"""One Airflow DAG for each valid runbook in the runbooks folder; the factory is `trailbook.airflow.dag_factory`."""

import os
from pathlib import Path

from trailbook.airflow.dag_factory import load
from trailbook.settings import Settings

_BESIDE = {"TRAILBOOK_RUNBOOKS": str(Path(__file__).resolve().parent.parent / "runbooks")}

globals().update(load(Settings.from_env(_BESIDE | {name: value for name, value in os.environ.items() if value})))
