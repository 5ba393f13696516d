"""Access to critical buckets for `s3-critical-bucket-activity`."""

from collections.abc import Sequence
from dataclasses import replace

from trailbook.sample.calls import AUDIT_BUCKET, CUSTOMER_BUCKET, DATA_REGION, HOME, LEDGER_BUCKET, s3_bucket, s3_object
from trailbook.sample.incidents.incident import Incident
from trailbook.sample.incidents.people import (
    OFFICE,
    OUTSIDE,
    PROGRAM,
    STRANGER_ACCOUNT,
    ana,
    ben,
    mallory,
    role,
    stranger,
)
from trailbook.sample.records import Call, Place

_RUNBOOK = "s3-critical-bucket-activity"
_PLACE = Place(HOME, DATA_REGION)
_EXPORT = "exports/2026/10/customers.parquet"
_LIST = Call(
    "s3",
    "ListObjects",
    True,
    request={"list-type": "2", "bucketName": CUSTOMER_BUCKET, "prefix": "exports/"},
    resources=({"accountId": HOME, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{CUSTOMER_BUCKET}"},),
    category="Data",
)
_COPY = replace(
    s3_object(LEDGER_BUCKET, "CopyObject", "tmp/copy.parquet", _PLACE, read_only=False),
    request={
        "bucketName": LEDGER_BUCKET,
        "key": "tmp/copy.parquet",
        "x-amz-copy-source": f"{LEDGER_BUCKET}/2026/10/entries.parquet",
    },
)
_DELETE = s3_bucket(LEDGER_BUCKET, "DeleteObjects", _PLACE, read_only=False, extra={"delete": ""})
_POLICY = s3_bucket(
    CUSTOMER_BUCKET,
    "PutBucketPolicy",
    _PLACE,
    read_only=False,
    extra={
        "policy": "",
        "bucketPolicy": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{STRANGER_ACCOUNT}:root"},
                    "Action": "s3:GetObject",
                    "Resource": f"arn:aws:s3:::{CUSTOMER_BUCKET}/*",
                }
            ],
        },
    },
)

BUCKETS: Sequence[Incident] = (
    Incident(
        "a contractor downloads customers, more on day 3",
        _RUNBOOK,
        s3_object(CUSTOMER_BUCKET, "GetObject", _EXPORT, _PLACE, read_only=True, size=81_204),
        mallory,
        OUTSIDE,
        counts=(40, 40, 140),
        region=DATA_REGION,
    ),
    Incident(
        "the contractor lists; two of three succeed on day 2",
        _RUNBOOK,
        _LIST,
        mallory,
        OUTSIDE,
        counts=(3, 3, 0),
        refused=(3, 1, 0),
        region=DATA_REGION,
        starts=("09:50:00", "23:58:30", "00:00:00"),
    ),
    Incident(
        "the contractor copies within the ledger bucket on two days",
        _RUNBOOK,
        _COPY,
        mallory,
        OUTSIDE,
        counts=(2, 2, 0),
        region=DATA_REGION,
    ),
    Incident(
        "a developer deletes from the ledger once",
        _RUNBOOK,
        replace(_DELETE, category="Data"),
        ben,
        OFFICE,
        counts=(1, 0, 0),
        region=DATA_REGION,
    ),
    Incident(
        "an administrator opens the bucket's policy, on days 1 and 3",
        _RUNBOOK,
        _POLICY,
        ana,
        OFFICE,
        counts=(1, 0, 1),
        region=DATA_REGION,
    ),
    Incident(
        "a foreign account tries the audit logs from day 2 on",
        _RUNBOOK,
        s3_object(AUDIT_BUCKET, "GetObject", "AWSLogs/index.json", _PLACE, read_only=True),
        stranger,
        OUTSIDE,
        counts=(0, 5, 5),
        refused=(0, 5, 5),
        region=DATA_REGION,
    ),
    Incident(
        "the restore drill, which is allowed",
        _RUNBOOK,
        s3_object(CUSTOMER_BUCKET, "GetObject", "backups/latest.tar", _PLACE, read_only=True, size=9_000_000),
        role("dr-restore-drill", "nightly"),
        PROGRAM,
        counts=(10, 10, 10),
        region=DATA_REGION,
    ),
    Incident(
        "not: a bucket whose name only begins like a critical one",
        _RUNBOOK,
        s3_object(f"{CUSTOMER_BUCKET}-staging", "GetObject", _EXPORT, _PLACE, read_only=True),
        mallory,
        OUTSIDE,
        counts=(15, 15, 15),
        region=DATA_REGION,
    ),
    Incident(
        "not: reading a critical bucket's policy is neither config change, delete, write nor read of data",
        _RUNBOOK,
        s3_bucket(CUSTOMER_BUCKET, "GetBucketPolicy", _PLACE, read_only=True, extra={"policy": ""}),
        ben,
        OFFICE,
        counts=(2, 2, 2),
        region=DATA_REGION,
    ),
)
