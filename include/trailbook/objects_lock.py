"""S3 Object Lock: how long an object that is written now must stay, by the settings and by the bucket's own default.

Invariant: a retention is only ever set as an object is created, and never weaker than what the bucket would have given
it: the longer of the two times, and COMPLIANCE where either says so.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trailbook.aws_errors import code, speaking
from trailbook.errors import DeploymentError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_COMPLIANCE = "COMPLIANCE"
_YEAR = 366  # S3 counts a year as 365 days or as a calendar's; longer is never weaker
NO_LOCK = "ObjectLockConfigurationNotFoundError"


@dataclass(frozen=True, slots=True)
class Retention:
    """An Object Lock mode, `COMPLIANCE` or `GOVERNANCE`, and days from the moment of writing."""

    mode: str
    days: int


def bucket_default(client: "S3Client", bucket: str) -> Retention | None:
    """Return the retention that a bucket gives by default. Raises DeploymentError where it has no Object Lock."""
    with speaking(f"asking for the Object Lock of s3://{bucket}"):
        try:
            found: Any = client.get_object_lock_configuration(Bucket=bucket).get("ObjectLockConfiguration", {})
        except ClientError as error:
            if code(error) != NO_LOCK:
                raise
            found = {}
    if found.get("ObjectLockEnabled") != "Enabled":
        raise DeploymentError(
            f"s3://{bucket}: TRAILBOOK_LOCK_DAYS asks for Object Lock, and the bucket has none: enable it, or leave "
            "this store out of TRAILBOOK_LOCK_DAYS"
        )
    rule = found.get("Rule", {}).get("DefaultRetention")
    return rule and Retention(rule["Mode"], rule.get("Days", 0) or rule.get("Years", 0) * _YEAR)


def put_arguments(client: "S3Client", bucket: str, wanted: Retention | None, now: datetime) -> dict[str, Any]:
    """Return what PutObject is given for a retention; nothing where none is wanted, so that the bucket's own holds."""
    if wanted is None:
        return {}
    default = bucket_default(client, bucket) or wanted
    mode = _COMPLIANCE if _COMPLIANCE in (wanted.mode, default.mode) else wanted.mode
    until = now.astimezone(UTC) + timedelta(days=max(wanted.days, default.days))
    return {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": until}
