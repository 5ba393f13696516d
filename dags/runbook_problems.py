"""Makes Airflow's import-error banner show every problem of every runbook; it defines no DAG and hides none."""

import os
from pathlib import Path

from trailbook.errors import InvalidRunbook
from trailbook.runbook.collection import Collection
from trailbook.settings import Settings

_BESIDE = {"TRAILBOOK_RUNBOOKS": str(Path(__file__).resolve().parent.parent / "runbooks")}

settings = Settings.from_env(_BESIDE | {name: value for name, value in os.environ.items() if value})
problems = Collection.load(settings.runbooks, lint=True, lookups=settings.lookups).problems
if problems:
    raise InvalidRunbook(problems)
