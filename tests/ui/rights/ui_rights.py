"""Airflow's SimpleAuthManager, and one user more: `ivan` may read and start what is of IAM, and nothing else."""

from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager


class OneIsNarrow(SimpleAuthManager):
    """Rights that differ from DAG to DAG, which SimpleAuthManager itself knows only by teams."""

    def is_authorized_dag(self, *, user: Any, details: DagDetails | None = None, **asked: Any) -> bool:
        if user.username == "ivan" and not (details and details.id and details.id.startswith("iam-")):
            return False
        return super().is_authorized_dag(user=user, details=details, **asked)
