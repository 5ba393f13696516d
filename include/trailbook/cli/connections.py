"""AWS clients and stores for the command line; the only place in it where a boto3 client is made."""

from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from trailbook.athena.api import AthenaApi
from trailbook.errors import DeploymentError
from trailbook.objects import FolderStore, ObjectStore
from trailbook.objects_s3 import S3Store
from trailbook.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_s3 import S3Client

_CONFIG = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=60)


def s3_client(settings: Settings) -> "S3Client":
    """Return an S3 client; the endpoint and credentials are boto3's own (AWS_ENDPOINT_URL, profiles, roles)."""
    return boto3.client("s3", region_name=settings.region, config=_CONFIG)


def athena_client(settings: Settings) -> "AthenaClient":
    """Return an Athena client, as `s3_client`."""
    return boto3.client("athena", region_name=settings.region, config=_CONFIG)


def athena(settings: Settings) -> AthenaApi:
    """Return Athena as the settings name it."""
    return AthenaApi(
        athena_client(settings),
        s3_client(settings),
        workgroup=settings.workgroup,
        database=settings.table.database,
        output=settings.results,
        poll_seconds=settings.poll_seconds,
        timeout_seconds=settings.query_timeout_seconds,
    )


def store(location: str, settings: Settings, setting: str) -> ObjectStore:
    """Return the store at `s3://bucket/prefix` or in a folder. Raises DeploymentError naming the unset `setting`."""
    if not location:
        raise DeploymentError(f"{setting} is not set: expected s3://bucket/prefix or a folder")
    if location.startswith("s3://"):
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        return S3Store(s3_client(settings), bucket, prefix)
    return FolderStore(Path(location))
