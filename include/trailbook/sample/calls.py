"""The calls of an ordinary day: one function per API operation that a background actor makes.

Invariant: nothing here changes an IAM policy, touches a key resource without approval, or reads a critical bucket as
somebody who is not expected there; `incidents` alone does such things. Each function is `(rng, place) -> Call`.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from trailbook.sample.identities import Json, hex_id, uuid_of
from trailbook.sample.records import Call, Place

MakeCall = Callable[[Random, Place], Call]

HOME = "111122223333"
"""The first account: it owns the critical resources, and the incidents happen in it."""

CUSTOMER_BUCKET = "acme-prod-customer-data"
LEDGER_BUCKET = "acme-prod-ledger"
AUDIT_BUCKET = "acme-audit-logs"
DATA_REGION = "eu-west-1"
"""Where the critical buckets are: a bucket's data events are recorded in its own region."""

ORDERS_TABLE = "prod-orders"
_PREFIXES = ("exports", "uploads", "reports", "images", "tmp")


def bucket_of(place: Place, name: str) -> str:
    """Return the bucket that this account has for a purpose; the first account's production buckets are critical."""
    return f"acme-{place.account[-4:]}-{place.region}-{name}"


def s3_object(bucket: str, name: str, key: str, place: Place, *, read_only: bool, size: int = 0) -> Call:
    """Return a call on one object, as a data event."""
    sent, received = (0, size) if read_only else (size, 0)
    return Call(
        "s3",
        name,
        read_only,
        request={"bucketName": bucket, "Host": f"{bucket}.s3.{place.region}.amazonaws.com", "key": key},
        response=None if read_only else {"x-amz-server-side-encryption": "AES256"},
        additional={
            "SignatureVersion": "SigV4",
            "CipherSuite": "TLS_AES_128_GCM_SHA256",
            "bytesTransferredIn": sent,
            "AuthenticationMethod": "AuthHeader",
            "x-amz-id-2": hex_id("s3", bucket, key, length=48),
            "bytesTransferredOut": received,
        },
        resources=(
            {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"},
            {"accountId": place.account, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"},
        ),
        category="Data",
        host=f"{bucket}.s3.{place.region}.amazonaws.com",
    )


def s3_bucket(bucket: str, name: str, place: Place, *, read_only: bool, extra: Json | None = None) -> Call:
    """Return a call on a bucket's own settings, as a management event."""
    return Call(
        "s3",
        name,
        read_only,
        request={"bucketName": bucket, "Host": f"{bucket}.s3.{place.region}.amazonaws.com", **(extra or {})},
        additional={"SignatureVersion": "SigV4", "bytesTransferredIn": 0, "AuthenticationMethod": "AuthHeader"},
        resources=({"accountId": place.account, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"},),
        host=f"{bucket}.s3.{place.region}.amazonaws.com",
    )


def _key(rng: Random) -> str:
    return f"{rng.choice(_PREFIXES)}/2026/{rng.randrange(1, 13):02d}/{rng.randrange(10**8):08d}.json"


def get_object(purpose: str) -> MakeCall:
    """Return reads of one of the account's ordinary buckets."""
    return lambda rng, p: s3_object(
        bucket_of(p, purpose), "GetObject", _key(rng), p, read_only=True, size=rng.randrange(200, 90_000)
    )


def put_object(purpose: str) -> MakeCall:
    """Return writes to one of the account's ordinary buckets."""
    return lambda rng, p: s3_object(
        bucket_of(p, purpose), "PutObject", _key(rng), p, read_only=False, size=rng.randrange(200, 90_000)
    )


def critical_object(bucket: str, name: str) -> MakeCall:
    """Return what an expected principal does on a critical bucket of the first account."""
    return lambda rng, p: s3_object(bucket, name, _key(rng), p, read_only=name == "GetObject", size=4096)


def bucket_setting(name: str, parameter: str) -> MakeCall:
    """Return a read of a bucket's setting such as `GetBucketPolicy`, as auditing tools do all day."""
    return lambda rng, p: s3_bucket(
        bucket_of(p, rng.choice(("app", "build", "lake"))), name, p, read_only=True, extra={parameter: ""}
    )


def deliver_logs(rng: Random, place: Place) -> Call:
    """Return CloudTrail writing its own log file."""
    key = f"AWSLogs/{place.account}/CloudTrail/{place.region}/{rng.randrange(10**9):09d}.json.gz"
    bucket = AUDIT_BUCKET if place.account == HOME else bucket_of(place, "trail")
    return replace(s3_object(bucket, "PutObject", key, place, read_only=False, size=4096), shared=True)


def list_buckets(rng: Random, place: Place) -> Call:
    """Return ListBuckets."""
    return Call("s3", "ListBuckets", True, request={"Host": "s3.amazonaws.com"}, host="s3.amazonaws.com")


def describe(source: str, name: str, request: Json | None = None, api_version: str = "") -> MakeCall:
    """Return a read whose request is always the same, such as `DescribeRegions`."""
    return lambda rng, p: Call(source, name, True, request=request, api_version=api_version)


def describe_instances(rng: Random, place: Place) -> Call:
    """Return DescribeInstances for one instance or for all."""
    items: Json = {"items": [{"instanceId": instance(place, rng.randrange(12))}]}
    request: Json = {"maxResults": 1000} if rng.random() < 0.5 else {"instancesSet": items}
    return Call("ec2", "DescribeInstances", True, request={**request, "filterSet": {}})


def instance_state(name: str) -> MakeCall:
    """Return StartInstances or StopInstances of a development instance."""

    def call(rng: Random, place: Place) -> Call:
        one = instance(place, rng.randrange(12))
        states: Json = {"instanceId": one, "currentState": {"code": 0, "name": "pending"}}
        items: Json = {"items": [{"instanceId": one}]}
        return Call("ec2", name, False, request={"instancesSet": items}, response={"instancesSet": {"items": [states]}})

    return call


def instance(place: Place, number: int) -> str:
    """Return the id of an EC2 instance of this place."""
    return "i-0" + hex_id("instance", place.account, place.region, str(number), length=16)


def assume_role(role: str) -> MakeCall:
    """Return a service assuming a role for its own work, with the shared event id that AWS adds."""

    def call(rng: Random, place: Place) -> Call:
        arn = f"arn:aws:iam::{place.account}:role/{role}"
        return Call(
            "sts",
            "AssumeRole",
            True,
            request={"roleArn": arn, "roleSessionName": f"session-{rng.randrange(10**6)}", "durationSeconds": 3600},
            response={"credentials": {"accessKeyId": f"ASIA{hex_id(arn, str(rng.random())).upper()[:16]}"}},
            resources=({"accountId": place.account, "type": "AWS::IAM::Role", "ARN": arn},),
            shared=True,
        )

    return call


def key_use(name: str) -> MakeCall:
    """Return a use of a KMS key that AWS counts as a read, such as Decrypt."""

    def call(rng: Random, place: Place) -> Call:
        arn = f"arn:aws:kms:{place.region}:{place.account}:key/{uuid_of('kms', place.account, place.region)}"
        context: Json = {"aws:s3:arn": f"arn:aws:s3:::{bucket_of(place, 'lake')}"}
        return Call(
            "kms",
            name,
            True,
            request={"encryptionContext": context, "encryptionAlgorithm": "SYMMETRIC_DEFAULT", "keyId": arn},
            resources=({"accountId": place.account, "type": "AWS::KMS::Key", "ARN": arn},),
        )

    return call


def get_secret(rng: Random, place: Place) -> Call:
    """Return an application reading its own secret."""
    secret = rng.choice(("app/db", "app/api", "app/mail"))
    return Call("secretsmanager", "GetSecretValue", True, request={"secretId": secret})


def table_item(name: str, table: str) -> MakeCall:
    """Return a DynamoDB data event on a table."""

    def call(rng: Random, place: Place) -> Call:
        arn = f"arn:aws:dynamodb:{place.region}:{place.account}:table/{table}"
        return Call(
            "dynamodb",
            name,
            name in ("GetItem", "Query"),
            request={"tableName": table, "key": {"id": f"o-{rng.randrange(10**7)}"}},
            resources=({"accountId": place.account, "type": "AWS::DynamoDB::Table", "ARN": arn},),
            category="Data",
            api_version="2012-08-10",
        )

    return call


def update_function(function: str) -> MakeCall:
    """Return a deployment of new code to a Lambda function, under the dated name that CloudTrail writes."""

    def call(rng: Random, place: Place) -> Call:
        arn = f"arn:aws:lambda:{place.region}:{place.account}:function:{function}"
        return Call(
            "lambda",
            "UpdateFunctionCode20150331v2",
            False,
            request={"functionName": function, "publish": True, "dryRun": False},
            response={"functionName": function, "functionArn": arn, "codeSize": rng.randrange(10**5, 10**7)},
            api_version="2015-03-31",
        )

    return call


def log_stream(rng: Random, place: Place) -> Call:
    """Return a runtime opening its log stream."""
    request: Json = {
        "logGroupName": f"/aws/lambda/worker-{rng.randrange(6)}",
        "logStreamName": f"2026/11/[$LATEST]{hex_id(str(rng.random()), length=32)}",
    }
    return Call("logs", "CreateLogStream", False, request=request, api_version="20140328")
