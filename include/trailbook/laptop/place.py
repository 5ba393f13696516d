"""One folder with all that a laptop's Trailbook keeps, and what the programs in it need to know of each other."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trailbook.errors import DeploymentError
from trailbook.laptop.airflow_home import AirflowHome
from trailbook.laptop.children import free_port, listening

TRAIL, REPORTS, LEDGER, RESULTS = "trailbook-trail", "trailbook-reports", "trailbook-ledger", "trailbook-athena"
"""The buckets of the embedded AWS."""

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Place:
    """`root` is the state's folder, `repo` the checkout whose dags, plugins and runbooks are used."""

    root: Path
    repo: Path

    @property
    def aws(self) -> Path:
        """The embedded AWS's state."""
        return self.root / "aws"

    @property
    def runbooks(self) -> Path:
        """The checkout's runbooks."""
        return self.repo / "runbooks"

    @property
    def lookups(self) -> Path:
        """The lists that the sample's runbooks look for."""
        return self.root / "lookups"

    @property
    def logs(self) -> Path:
        """What the programs print."""
        return self.root / "logs"

    @property
    def reports(self) -> Path:
        """Local copies of the reports."""
        return self.root / "reports"

    def clear(self) -> None:
        """Remove the whole state, so that a first run is a first run again."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)

    def airflow(self, *, scheduled: bool) -> AirflowHome:
        """Return the Airflow of this place."""
        for needed in ("dags/runbook_dags.py", "plugins", "runbooks"):
            if not (self.repo / needed).exists():
                raise DeploymentError(f"{self.repo}: expected a Trailbook checkout, found no {needed} in it")
        return AirflowHome(
            folder=self.root / "airflow",
            dags=self.repo / "dags",
            plugins=self.repo / "plugins",
            port=self._port("airflow"),
            scheduled=scheduled,
        )

    def aws_port(self) -> int:
        """Return the embedded AWS's port."""
        return self._port("aws")

    def aws_environment(self, port: int) -> dict[str, str]:
        """Return what makes boto3 in any process talk to the embedded AWS, and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "embedded",
            "AWS_SECRET_ACCESS_KEY": "embedded",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def settings_environment(self) -> dict[str, str]:
        """Return the TRAILBOOK_ variables of this place."""
        return {
            "TRAILBOOK_RUNBOOKS": str(self.runbooks),
            "TRAILBOOK_LOOKUPS": str(self.lookups),
            "TRAILBOOK_TRAIL": f"s3://{TRAIL}/AWSLogs",
            "TRAILBOOK_REPORTS": f"s3://{REPORTS}",
            "TRAILBOOK_LEDGER": f"s3://{LEDGER}",
            "TRAILBOOK_RESULTS": f"s3://{RESULTS}/results/",
            "TRAILBOOK_POLL_SECONDS": "0.5",
            "TRAILBOOK_REGION": REGION,
            "TRAILBOOK_WEB_CACHE": str(self.root / "web"),  # else each place's ledger is taken for the same one
        }

    def _port(self, name: str) -> int:
        """Return the port of the time before where it is free, so that an open tab lives on; else a free one."""
        path = self.root / "ports.json"
        ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        if name not in ports or listening(ports[name]):
            ports[name] = free_port()
            self.root.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(ports))
        return ports[name]


def sample_folder(cache: Path, arguments: Mapping[str, object]) -> Path:
    """Return where the sample of these arguments is kept between runs: its content depends on nothing else."""
    return cache / ("sample-" + "-".join(str(value) for value in arguments.values()))
