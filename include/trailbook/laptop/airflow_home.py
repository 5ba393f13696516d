"""The environment of a laptop's Airflow: one folder, loopback, LocalExecutor, SQLite, the repo's dags and plugins."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class AirflowHome:
    """Where a laptop's Airflow lives, and at which port its API and UI answer."""

    folder: Path
    dags: Path
    plugins: Path
    port: int
    scheduled: bool
    """Whether the DAGs' own schedules start runs (`make up`) or only people and backfills do (`make demo`)."""

    @property
    def url(self) -> str:
        """The UI's address."""
        return f"http://127.0.0.1:{self.port}"

    def login(self) -> tuple[str, str]:
        """Return user and password, made on first use and kept with the state."""
        path = self.folder / "passwords.json"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(json.dumps({_ADMIN: secrets.token_urlsafe(9)}))
        return _ADMIN, json.loads(path.read_text())[_ADMIN]

    def environment(self, aws: Mapping[str, str]) -> dict[str, str]:
        """Return Airflow's variables; `aws` are those of the embedded AWS, which the tasks see as well."""
        self.login()
        variables = {
            "AIRFLOW_HOME": self.folder,
            "AIRFLOW__CORE__DAGS_FOLDER": self.dags,
            "AIRFLOW__CORE__PLUGINS_FOLDER": self.plugins,
            "AIRFLOW__CORE__LOAD_EXAMPLES": False,
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": 3,  # a process each; two cores gain nothing from more
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{_ADMIN}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": self.folder / "passwords.json",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": True,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__FERNET_KEY": "",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.folder / 'airflow.db'}",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": self.port,
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": 1,
            "AIRFLOW__API__SECRET_KEY": self._secret("api"),
            "AIRFLOW__API_AUTH__JWT_SECRET": self._secret("jwt"),
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": self.folder / "logs",
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": self.scheduled,
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": 1,
            # A worker killed with -9 is noticed after this long; Airflow's own default is five minutes.
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": 60,
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": 5,
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": 1,
            "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": 120,
            "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": 120,
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": False,
            "AIRFLOW_CONN_AWS_DEFAULT": connection(aws),
            # macOS kills a forked child that touches its system libraries; LocalExecutor forks.
            "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
            "no_proxy": "127.0.0.1,localhost",
        }
        return {name: str(value) for name, value in variables.items()} | dict(aws)

    def _secret(self, name: str) -> str:
        path = self.folder / f"{name}.secret"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(32))
        return path.read_text()


def connection(aws: Mapping[str, str]) -> str:
    """Return the Airflow connection, as JSON, that leads to the embedded AWS."""
    return json.dumps(
        {
            "conn_type": "aws",
            "login": aws["AWS_ACCESS_KEY_ID"],
            "password": aws["AWS_SECRET_ACCESS_KEY"],
            "extra": {"region_name": aws["AWS_DEFAULT_REGION"], "endpoint_url": aws["AWS_ENDPOINT_URL"]},
        }
    )
