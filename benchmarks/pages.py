"""How long a page takes at 10,000 runs: Airflow's own API app with the plugin, the ledger on the embedded AWS.

Run it: `.venv/bin/python benchmarks/pages.py [--entries N]`. A page is asked for by a signed-in user, in this process,
and measured from the request to the last byte; beside the wall's clock stands the time that this process computed, for
a machine that does other things as well.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "ledger"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "report"))
sys.path.insert(0, str(Path(__file__).parent))

import samples
import web

from trailbook.ledger import Ledger
from trailbook.objects_s3 import S3Store
from trailbook.plan import Run
from trailbook.report import Report, prefix, write
from trailbook.steps.record import record
from trailbook.window import parse_time

REPO = Path(__file__).resolve().parents[1]
_TIMES = 15
_MOST_MS = 300
_BOOK = f"/trailbook/runbooks/{web.LONG}"
_ENDED = parse_time("2054-06-01T02:00:00Z", "finished")


def main() -> int:
    """Grow a ledger, ask for each page, print what it took; 1 where one had to compute for longer than it may take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000)
    args = parser.parse_args()
    with web.aws() as store, tempfile.TemporaryDirectory(prefix="trailbook-pages-") as folder:
        assert isinstance(store, S3Store)  # noqa: S101 - the embedded AWS's
        web.grow(store, args.entries)
        store.client.create_bucket(Bucket="reports")
        for name, report in (("small", samples.failed_logins()), ("huge", samples.huge())):
            _report(store, report, f"manual__{name}")
        with _browser(Path(folder), store.client.meta.endpoint_url) as get:
            return _measure(get)


def _measure(get: Any) -> int:
    began = time.perf_counter()
    while "ledger as of" not in get("/trailbook/").text:
        time.sleep(0.5)
    print(f"the first page that shows the whole ledger: {time.perf_counter() - began:.1f} s")
    pages = {
        "Runbooks": "/trailbook/",
        "Runbooks, filtered": "/trailbook/?severity=high&framework=nist-800-53%40rev5",
        "Runbook": _BOOK,
        "Runs, first page": f"{_BOOK}/runs",
        "Runs, far back, of one verdict": f"{_BOOK}/runs?before=900&verdict=fail",
        "Run": f"{_BOOK}/runs/manual__small",
        "Run, verified": f"{_BOOK}/runs/manual__small?verify=1",
        "Run of 2,000 findings": f"{_BOOK}/runs/manual__huge",
        "Run with parameters": f"{_BOOK}/new",
        "Compliance": "/trailbook/compliance",
        "Trail": "/trailbook/trail",
    }
    slow = 0
    for name, path in pages.items():
        wall, computed, size = [], [], 0
        for _ in range(_TIMES):
            before = time.perf_counter(), time.process_time()
            answer = get(path)
            wall.append((time.perf_counter() - before[0]) * 1e3)
            computed.append((time.process_time() - before[1]) * 1e3)
            assert answer.status_code == 200, answer.text  # noqa: S101 - a page that fails is no measure
            size = len(answer.content)
        slow += median(computed) > _MOST_MS
        print(
            f"{name}: {median(wall):.0f} ms (fastest {min(wall):.0f}), computed {median(computed):.0f} ms, "
            f"{size / 1e3:.0f} kB",
            flush=True,
        )
    return int(slow > 0)


def _report(ledger: S3Store, report: Report, run_id: str) -> None:
    """Write a report as a run of the long chain would, and record it."""
    reports = S3Store(ledger.client, "reports")
    plan = replace(report.plan, run=Run(run_id))
    outcome = replace(report.outcome, prefix=prefix(plan))
    outcome = replace(outcome, snapshot=replace(outcome.snapshot, key=f"{outcome.prefix}/result.parquet"))
    made = replace(report, plan=plan, outcome=outcome)
    reports.put_new(outcome.snapshot.key, samples.SNAPSHOT, "application/vnd.apache.parquet")
    products = write(reports, made, snapshot=outcome.snapshot)
    record(
        plan.runbook, plan.run, plan=plan, outcome=outcome, products=products, failure=None,
        ledger=Ledger(ledger), finished=_ENDED,
    )  # fmt: skip


@contextmanager
def _browser(home: Path, endpoint: str) -> Iterator[Any]:
    """Yield what asks Airflow's app for a path, as a signed-in administrator."""
    extra = {"endpoint_url": endpoint, "region_name": "us-east-1"}
    (home / "dags").mkdir()
    (home / "plugins").mkdir()
    shutil.copy(REPO / "plugins" / "trailbook_plugin.py", home / "plugins")
    os.environ |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__API_AUTH__JWT_SECRET": "of this benchmark only, and long enough for its digest " * 2,
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(
            {"conn_type": "aws", "login": "testing", "password": "testing", "extra": extra}
        ),
        "TRAILBOOK_RUNBOOKS": str(REPO / "runbooks"),
        "TRAILBOOK_LEDGER": "s3://ledger",
        "TRAILBOOK_REPORTS": "s3://reports",
        "TRAILBOOK_WEB_CACHE": str(home / "cache"),
    }
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.utils.db import initdb
    from fastapi.testclient import TestClient

    initdb()
    client = TestClient(create_app())
    client.cookies.set("_token", get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="bench", role="ADMIN")))
    yield client.get


if __name__ == "__main__":
    sys.exit(main())
