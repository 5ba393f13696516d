"""Registers Trailbook with Airflow: its pages in the UI's navigation, on each DAG and on each DAG run.

Every component of Airflow imports this file, and only the API server asks for the app; so the app is imported then.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

from airflow.plugins_manager import AirflowPlugin

_BESIDE = {"TRAILBOOK_RUNBOOKS": str(Path(__file__).resolve().parent.parent / "runbooks")}

# Relative to where Airflow is served, which may be below a path.
_NAV = (("Runbooks", "trailbook/"), ("Compliance", "trailbook/compliance"), ("Trail", "trailbook/trail"))


class TrailbookPlugin(AirflowPlugin):
    """Trailbook in this Airflow."""

    name = "trailbook"
    external_views = [  # noqa: RUF012 - Airflow's own attribute, which it reads and does not share
        *(
            {
                "name": name,
                "href": href,
                "destination": "nav",
                "category": "browse",
                "url_route": f"trailbook-{name.lower()}",
            }
            for name, href in _NAV
        ),
        {
            "name": "Runbook",
            "href": "trailbook/runbooks/{DAG_ID}",
            "destination": "dag",
            "url_route": "trailbook-runbook",
        },
        {
            "name": "Findings",
            "href": "trailbook/runbooks/{DAG_ID}/runs/{RUN_ID}",
            "destination": "dag_run",
            "url_route": "trailbook-findings",
        },
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]  # Airflow reads it from an instance, when it serves
        """The app, made when the API server asks for it."""
        from trailbook.airflow.web.app import create_app

        return [{"app": create_app(_BESIDE), "url_prefix": "/trailbook", "name": "Trailbook"}]
