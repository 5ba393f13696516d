"""What protects the buckets of the evidence, asked of S3 itself: versioning, Object Lock, public access, encryption.

Invariant: nothing is changed, and what S3 does not let us ask counts as missing: it cannot be shown to an auditor.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trailbook.aws_errors import code, speaking, status
from trailbook.objects_lock import NO_LOCK, Retention
from trailbook.settings import LOCKABLE, Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NOT_SET = {NO_LOCK, "NoSuchPublicAccessBlockConfiguration", "ServerSideEncryptionConfigurationNotFoundError"}
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@dataclass(frozen=True, slots=True)
class Protection:
    """One protection of one bucket; `says` is how it is set, or what it means that it is not."""

    bucket: str
    name: str
    present: bool
    says: str


def protections(s3: "S3Client", settings: Settings) -> Iterator[Protection]:
    """Yield what protects the buckets of ledger, reports and heads; a folder has none of it and is passed over.

    Raises DeploymentError where a bucket does not exist, ServiceUnavailable.
    """
    kinds: dict[str, list[str]] = {}
    for kind in LOCKABLE:
        location = getattr(settings, kind)
        if location.startswith("s3://"):
            kinds.setdefault(location.removeprefix("s3://").partition("/")[0], []).append(kind)
    for bucket, held in kinds.items():
        with speaking(f"asking for s3://{bucket}"):
            s3.head_bucket(Bucket=bucket)
        days = dict(settings.locks.days)
        least = min(days.get(kind, 0) for kind in held)
        own = Retention(settings.locks.mode, least) if least else None
        yield _versioning(s3, bucket)
        yield _lock(s3, bucket, own)
        yield _public(s3, bucket)
        yield _encryption(s3, bucket)


def _versioning(s3: "S3Client", bucket: str) -> Protection:
    found, refused = _ask(partial(s3.get_bucket_versioning, Bucket=bucket))
    means = "an object that was replaced or deleted leaves no trace: turn it on"
    return _judged(bucket, "versioning", found.get("Status") == "Enabled", "enabled", refused or means)


def _lock(s3: "S3Client", bucket: str, own: Retention | None) -> Protection:
    found, refused = _ask(partial(s3.get_object_lock_configuration, Bucket=bucket))
    config = found.get("ObjectLockConfiguration", {})
    rule = config.get("Rule", {}).get("DefaultRetention")
    if config.get("ObjectLockEnabled") != "Enabled":
        means = "whoever may delete versions can remove the evidence for good: enable it"
        return Protection(bucket, "Object Lock", False, refused or means)
    held = [f"{own.mode}, {own.days} days from TRAILBOOK_LOCK_DAYS"] if own else []
    if rule:
        length = f"{rule['Days']} days" if rule.get("Days") else f"{rule.get('Years')} years"
        held.append(f"{rule['Mode']}, {length} by default of the bucket")
    means = "it is enabled and holds nothing: set TRAILBOOK_LOCK_DAYS, or a default retention on the bucket"
    compliance = "COMPLIANCE" in (own.mode if own else "", rule["Mode"] if rule else "")
    weaker = "" if compliance else "; who has s3:BypassGovernanceRetention can still delete"
    return _judged(bucket, "Object Lock", bool(held), " and ".join(held) + weaker, means)


def _public(s3: "S3Client", bucket: str) -> Protection:
    found, refused = _ask(partial(s3.get_public_access_block, Bucket=bucket))
    off = [name for name in _BLOCKS if not found.get("PublicAccessBlockConfiguration", {}).get(name)]
    means = f"one wrong policy would make the evidence public: turn on {', '.join(off)}"
    return _judged(bucket, "public access block", not off, "all four blocks are on", refused or means)


def _encryption(s3: "S3Client", bucket: str) -> Protection:
    found, refused = _ask(partial(s3.get_bucket_encryption, Bucket=bucket))
    rules = found.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    kinds = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm", "") for rule in rules]
    means = "no encryption is configured by name: set SSE-S3 or a KMS key"
    return _judged(bucket, "encryption", any(kinds), ", ".join(filter(None, kinds)), refused or means)


def _judged(bucket: str, name: str, present: bool, how: str, means: str) -> Protection:
    return Protection(bucket, name, present, how if present else means)


def _ask(call: Callable[[], Any]) -> tuple[dict[str, Any], str]:
    """Return S3's answer, empty where the thing is not set, and a sentence where S3 refuses to say."""
    with speaking("asking for a bucket's protection"):
        try:
            return call(), ""
        except ClientError as error:
            if code(error) in _NOT_SET:
                return {}, ""
            if status(error) in (401, 403):
                return {}, f"S3 does not let this role ask ({code(error)}), so it cannot be shown"
            raise
