"""AWS clients and stores for the command line; the only place in it where a boto3 client is made."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from trailbook.athena.api import AthenaApi
from trailbook.ledger import Ledger
from trailbook.objects import ObjectStore
from trailbook.objects_s3 import open_store
from trailbook.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_s3 import S3Client

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 5},
    connect_timeout=10,
    read_timeout=60,
    max_pool_connections=16,
)


class Clients:
    """The clients of one place: AWS as boto3 finds it, or the endpoint and credentials of `environ`."""

    def __init__(self, environ: Mapping[str, str] | None = None, region: str | None = None) -> None:
        """Make nothing yet: a verb that needs no AWS must not ask for credentials."""
        env = environ or {}
        self._options = {
            "region_name": env.get("AWS_DEFAULT_REGION", region),
            "endpoint_url": env.get("AWS_ENDPOINT_URL"),
            "aws_access_key_id": env.get("AWS_ACCESS_KEY_ID"),
            "aws_secret_access_key": env.get("AWS_SECRET_ACCESS_KEY"),
        }

    @cached_property
    def s3(self) -> "S3Client":
        """The S3 client."""
        return boto3.client("s3", config=_CONFIG, **self._options)  # type: ignore[call-overload, no-any-return]  # one dict of options for both

    @cached_property
    def _athena(self) -> "AthenaClient":
        return boto3.client("athena", config=_CONFIG, **self._options)  # type: ignore[call-overload, no-any-return]  # as above

    def athena(self, settings: Settings) -> AthenaApi:
        """Return Athena as the settings name it."""
        return AthenaApi(
            self._athena,
            self.s3,
            workgroup=settings.workgroup,
            database=settings.table.database,
            output=settings.results,
            poll_seconds=settings.poll_seconds,
            timeout_seconds=settings.query_timeout_seconds,
        )

    def store(self, location: str, setting: str) -> ObjectStore:
        """Return the store at `s3://bucket/prefix` or in a folder. Raises DeploymentError naming an unset `setting`.

        No verb writes evidence to S3, so no retention is set.
        """
        return open_store(location, setting, lambda: self.s3)

    def ledger(self, settings: Settings, location: str | None = None) -> Ledger:
        """Return the ledger of the settings, or the one at `location`."""
        return Ledger(self.store(location or settings.ledger, "TRAILBOOK_LEDGER"))
