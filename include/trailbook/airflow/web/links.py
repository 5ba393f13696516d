"""The addresses of the pages, below wherever Airflow is served; every text in one is percent-encoded."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlencode


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

    def run(self, runbook: str, run_id: str, attempt: int | None = None) -> str:
        """Return a run's page, of its newest attempt where none is named."""
        query = () if attempt is None else (("attempt", str(attempt)),)
        return _with(f"{self.runbook(runbook)}/runs/{quote(run_id, safe='')}", query)

    def verify(self, runbook: str, run_id: str, attempt: int) -> str:
        """Return a run's page that has hashed everything anew."""
        return f"{self.run(runbook, run_id, attempt)}&verify=1#evidence"

    def file(self, runbook: str, run_id: str, attempt: int, name: str) -> str:
        """Return a file of a run's report."""
        place = f"{self.runbook(runbook)}/runs/{quote(run_id, safe='')}/files/{quote(name, safe='')}"
        return _with(place, [("attempt", str(attempt))])

    def form(self, runbook: str, values: Iterable[tuple[str, str]] = ()) -> str:
        """Return the form that starts a run, prefilled."""
        return _with(f"{self.runbook(runbook)}/new", values)

    def compliance(self) -> str:
        """Return the page Compliance."""
        return f"{self.base}/compliance"

    def trail(self) -> str:
        """Return the page Trail."""
        return f"{self.base}/trail"

    def asset(self, name: str) -> str:
        """Return a static file."""
        return f"{self.base}/static/{self.assets}/{name}"

    def airflow_run(self, dag_id: str, run_id: str) -> str:
        """Return Airflow's own page of a run."""
        return f"{self.airflow}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"


def _with(place: str, query: Iterable[tuple[str, str]]) -> str:
    text = urlencode([pair for pair in query if pair[1]], errors="replace")
    return f"{place}?{text}" if text else place
