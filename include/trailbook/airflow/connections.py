"""AWS clients and stores of the DAGs, from the Airflow connection that the settings name; made nowhere else.

The connection gives credentials and, in its extra, `endpoint_url` and `region_name`. Where it is silent, boto3's own
variables hold (AWS_ENDPOINT_URL, a role), and the settings' region.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.amazon.aws.links.base_aws import BaseAwsLink
from botocore.config import Config

from trailbook.athena.api import AthenaApi
from trailbook.ledger import Ledger
from trailbook.objects import ObjectStore
from trailbook.objects_s3 import open_store
from trailbook.settings import Settings

CLIENT_CONFIG: dict[str, Any] = {
    "retries": {"mode": "standard", "max_attempts": 5},
    "connect_timeout": 10,
    "read_timeout": 60,
}
"""botocore's settings for each client of ours."""

PAGE_CONFIG: dict[str, Any] = {
    "retries": {"mode": "standard", "max_attempts": 2},
    "connect_timeout": 3,
    "read_timeout": 20,
    "max_pool_connections": 16,
}
"""Those of a page's clients: somebody waits for it, and a sentence on it is better than a minute of nothing."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_WEEK = 7 * 24 * 3600


def athena(settings: Settings, hook: AthenaHook | None = None) -> AthenaApi:
    """Return Athena as the settings name it, through the provider's hook."""
    hook = hook or AthenaHook(**hook_parameters(settings))
    return AthenaApi(
        hook.get_conn(),
        _s3(settings),
        workgroup=settings.workgroup,
        database=settings.table.database,
        output=settings.results,
        poll_seconds=settings.poll_seconds,
        timeout_seconds=settings.query_timeout_seconds,
    )


def store(location: str, settings: Settings, setting: str, config: Mapping[str, Any] = CLIENT_CONFIG) -> ObjectStore:
    """Return the store at `s3://bucket/prefix` or in a folder. Raises DeploymentError naming the unset `setting`."""
    return open_store(location, setting, lambda: _s3(settings, config), settings.locks)


def ledger(settings: Settings, config: Mapping[str, Any] = CLIENT_CONFIG) -> Ledger:
    """Return the deployment's ledger, with its second place where there is one. Raises DeploymentError without one."""
    heads = store(settings.heads, settings, "TRAILBOOK_HEADS", config) if settings.heads else None
    return Ledger(store(settings.ledger, settings, "TRAILBOOK_LEDGER", config), heads)


def reports(settings: Settings, config: Mapping[str, Any] = CLIENT_CONFIG) -> ObjectStore:
    """Return the store of the reports. Raises DeploymentError where the settings name none."""
    return store(settings.reports, settings, "TRAILBOOK_REPORTS", config)


def hook_parameters(settings: Settings, config: Mapping[str, Any] = CLIENT_CONFIG) -> dict[str, Any]:
    """Return what a provider's hook is made with: the connection, its region or else the settings', and our retries."""
    found = {"aws_conn_id": settings.aws_conn_id, "config": Config(**config)}
    named = AwsBaseHook(aws_conn_id=settings.aws_conn_id, client_type="sts").region_name
    return found | {"region_name": named or settings.region}


def browser_address(settings: Settings, uri: str) -> str:
    """Return where a browser finds an `s3://` object: AWS's console, or the embedded AWS; empty for a folder's file."""
    if not uri.startswith("s3://"):
        return ""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    hook = AwsBaseHook(client_type="s3", **hook_parameters(settings))
    client = _s3(settings)
    place = urlsplit(client.meta.endpoint_url)
    domain = BaseAwsLink.get_aws_domain(hook.conn_partition)
    if place.hostname in _LOOPBACK:  # the embedded AWS has no console, and a signed address of it opens nothing else
        request = {"Bucket": bucket, "Key": key}
        return str(client.generate_presigned_url("get_object", Params=request, ExpiresIn=_WEEK))
    if "amazonaws" not in place.netloc or domain is None:
        return f"{client.meta.endpoint_url}/{bucket}/{quote(key)}"
    region = hook.conn_region_name or settings.region
    return f"https://{region}.console.{domain}/s3/object/{bucket}?region={region}&prefix={quote(key)}"


def _s3(settings: Settings, config: Mapping[str, Any] = CLIENT_CONFIG) -> Any:
    return AwsBaseHook(client_type="s3", **hook_parameters(settings, config)).get_conn()
