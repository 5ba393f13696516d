"""The DAG of the compliance roll-up; it is built in `trailbook.airflow.rollup_dag`."""

import os
from pathlib import Path

from trailbook.airflow.rollup_dag import load
from trailbook.settings import Settings

_BESIDE = {"TRAILBOOK_RUNBOOKS": str(Path(__file__).resolve().parent.parent / "runbooks")}

globals().update(load(Settings.from_env(_BESIDE | {name: value for name, value in os.environ.items() if value})))
