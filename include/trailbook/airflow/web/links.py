"""The addresses of the pages, below wherever Airflow is served; every text in one is percent-encoded."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

_IN_A_PATH = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.~:+-]+")  # what Airflow allows in a run id that a person chooses


@dataclass(frozen=True, slots=True)
class Links:
    """`base` is the app's own root (`/trailbook`), `airflow` Airflow's, `assets` the folder of static files."""

    base: str
    airflow: str
    assets: str

    def catalogue(self, **query: str) -> str:
        """Return the page Runbooks, filtered."""
        return _with(f"{self.base}/", query.items())

    def runbook(self, runbook: str) -> str:
        """Return a runbook's page."""
        return f"{self.base}/runbooks/{quote(runbook, safe='')}"

    def history(self, runbook: str, query: Iterable[tuple[str, str]] = ()) -> str:
        """Return a runbook's runs."""
        return _with(f"{self.runbook(runbook)}/runs", query)

    def run(self, runbook: str, run_id: str, attempt: int | None = None, **query: int) -> str:
        """Return a run's page, of its newest attempt where none is named."""
        return _with(*self._of_run(runbook, run_id, "", attempt, **query))

    def verify(self, runbook: str, run_id: str, attempt: int) -> str:
        """Return a run's page that has hashed everything anew."""
        return f"{self.run(runbook, run_id, attempt, verify=1)}#evidence"

    def file(self, runbook: str, run_id: str, attempt: int, name: str) -> str:
        """Return a file of a run's report."""
        return _with(*self._of_run(runbook, run_id, name, attempt))

    def form(self, runbook: str, values: Iterable[tuple[str, str]] = ()) -> str:
        """Return the form that starts a run, prefilled."""
        return _with(f"{self.runbook(runbook)}/new", values)

    def compliance(self, query: Iterable[tuple[str, str]] = ()) -> str:
        """Return the page Compliance, of a framework and a period."""
        return _with(f"{self.base}/compliance", query)

    def trail(self) -> str:
        """Return the page Trail."""
        return f"{self.base}/trail"

    def asset(self, name: str) -> str:
        """Return a static file."""
        return f"{self.base}/static/{self.assets}/{name}"

    def airflow_dag(self, dag_id: str) -> str:
        """Return Airflow's own page of a DAG."""
        return f"{self.airflow}/dags/{quote(dag_id, safe='')}"

    def airflow_run(self, dag_id: str, run_id: str) -> str:
        """Return Airflow's own page of a run."""
        return f"{self.airflow}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"

    def _of_run(
        self, runbook: str, run_id: str, file: str, attempt: int | None, **query: int
    ) -> tuple[str, list[tuple[str, str]]]:
        """Return the path and the query; a run id that no path can hold (a line break, `..`) goes into the query."""
        more = {name: str(value) for name, value in {"attempt": attempt, **query}.items() if value is not None}
        if _IN_A_PATH.fullmatch(run_id):
            place = f"{self.runbook(runbook)}/runs/{quote(run_id, safe='')}{f'/files/{file}' if file else ''}"
            return place, list(more.items())
        place = f"{self.runbook(runbook)}/{'file' if file else 'run'}"
        return place, [("run_id", run_id), ("name", file), *more.items()]


def _with(place: str, query: Iterable[tuple[str, str]]) -> str:
    text = urlencode([pair for pair in query if pair[1]], errors="replace")
    return f"{place}?{text}" if text else place
