"""Fill the compose profile's embedded AWS: buckets, three days of the sample trail up to yesterday, the Athena table.

Runs again without harm: what is there stays.
"""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trailbook.cli.connections import Clients
from trailbook.laptop import seed
from trailbook.sample import generate
from trailbook.settings import Settings

_DAYS = 3


def main() -> None:
    """Fill the AWS that AWS_ENDPOINT_URL names."""
    settings = Settings.from_env()
    clients = Clients(region=settings.region)
    first_day = datetime.now(UTC).date() - timedelta(days=_DAYS)
    seed.buckets(clients.s3)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder, first_day=first_day, days=_DAYS, events_per_day=4000, accounts=3, seed=7)
        files = seed.upload(clients.s3, folder, lambda done, total: None)
        seed.table(clients.athena(settings), settings, folder, first_day)
    print(f"{settings.table.database}.{settings.table.name}: {files} log files from {first_day} on in {settings.trail}")


if __name__ == "__main__":
    main()
