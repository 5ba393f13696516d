"""Where a query's result goes: the client's setting or its work group's, and what is wrong with one."""

import re
from typing import Any

from moto.s3.models import s3_backends

from trailbook.local.athena_shapes import Refused
from trailbook.local.athena_store import ACCOUNT, Record
from trailbook.local.s3_objects import DISK

_LOCATION = re.compile(r"s3://([^/]+)(?:/(.*))?", re.DOTALL)


MANAGED = f"athena-managed-query-results-{ACCOUNT}"
"""The bucket behind work groups whose results Athena itself keeps; clients get those through GetQueryResults."""


def is_managed(group: Record) -> bool:
    """Say whether a work group's results are kept by Athena itself."""
    return bool((group["Configuration"].get("ManagedQueryResultsConfiguration") or {}).get("Enabled"))


def check_result_configuration(settings: dict[str, Any]) -> None:
    """Raise Refused for a ResultConfiguration that Athena would not take."""
    location = settings.get("OutputLocation")
    if location is not None and _LOCATION.fullmatch(location) is None:
        raise Refused("outputLocation is not a valid S3 path.")
    encryption = settings.get("EncryptionConfiguration") or {}
    if encryption.get("EncryptionOption") in ("SSE_KMS", "CSE_KMS") and not encryption.get("KmsKey"):
        raise Refused("KmsKey is required for this encryption option")
    if "KmsKey" in encryption and encryption.get("EncryptionOption") == "SSE_S3":
        raise Refused("KmsKey is not allowed for this encryption option")


def result_configuration(asked: dict[str, Any], group: Record) -> dict[str, Any]:
    """Return the ResultConfiguration that a query of a work group has; its OutputLocation ends in `/`.

    An enforcing work group's settings win over the request's. Raises Refused where there is no place, or a wrong one.
    """
    check_result_configuration(asked)
    configured = group["Configuration"]
    if is_managed(group):
        if asked.get("OutputLocation"):
            raise Refused("OutputLocation cannot be given: the results of this WorkGroup are managed by Athena")
        managed = configured["ManagedQueryResultsConfiguration"]
        return {"OutputLocation": f"s3://{MANAGED}/", "ManagedQueryResultsConfiguration": managed}
    own = configured.get("ResultConfiguration") or {}
    enforced = bool(configured.get("EnforceWorkGroupConfiguration")) and bool(own.get("OutputLocation"))
    found = dict(own) if enforced or not asked.get("OutputLocation") else {}
    found |= {} if enforced else asked
    location = found.get("OutputLocation")
    if not location:
        raise Refused(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input."
        )
    return found | {"OutputLocation": location if location.endswith("/") else location + "/"}


def check_bucket(settings: dict[str, Any]) -> None:
    """Raise Refused where the result's bucket is not there, or belongs to another than the expected owner.

    Athena's own is made when it is needed first.
    """
    match = _LOCATION.fullmatch(settings["OutputLocation"])
    bucket = match[1] if match else ""
    owner = settings.get("ExpectedBucketOwner", ACCOUNT)
    backend = s3_backends[ACCOUNT]["aws"]
    if bucket == MANAGED:
        with DISK.lock:
            if MANAGED not in backend.buckets:
                backend.create_bucket(MANAGED, "us-east-1")
                DISK.made.add(MANAGED)
    if bucket not in backend.buckets or owner != ACCOUNT:
        raise Refused(f"Unable to verify/create output bucket {bucket}")
