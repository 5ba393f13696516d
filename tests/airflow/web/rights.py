"""Airflow's SimpleAuthManager, and one user more: `nina` may read and start what is of the network, nothing else."""

from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager


class ByName(SimpleAuthManager):
    """Rights that differ from DAG to DAG, which SimpleAuthManager itself knows only by teams."""

    def is_authorized_dag(self, *, user: Any, details: DagDetails | None = None, **asked: Any) -> bool:
        if user.username == "nina" and not (details and details.id and details.id.startswith("net-")):
            return False
        return super().is_authorized_dag(user=user, details=details, **asked)
