"""Changes of key resources for `change-unauthorised-key-resources`."""

from collections.abc import Sequence
from dataclasses import replace

from trailbook.sample.calls import DATA_REGION, HOME, update_function
from trailbook.sample.identities import random_of
from trailbook.sample.incidents.incident import Incident
from trailbook.sample.incidents.people import OFFICE, OUTSIDE, PROGRAM, ana, ben, helen, mallory, role
from trailbook.sample.records import Call, Place

_RUNBOOK = "change-unauthorised-key-resources"
_PLACE = Place(HOME, DATA_REGION)
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
GROUP_ID = "sg-0a1b2c3d4e5f60718"
_KEY_ARN = f"arn:aws:kms:{DATA_REGION}:{HOME}:key/{KEY_ID}"
_INGRESS = Call(
    "ec2",
    "AuthorizeSecurityGroupIngress",
    False,
    request={
        "groupId": GROUP_ID,
        "ipPermissions": {
            "items": [
                {
                    "ipProtocol": "tcp",
                    "fromPort": 22,
                    "toPort": 22,
                    "groups": {},
                    "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]},
                    "ipv6Ranges": {},
                    "prefixListIds": {},
                }
            ]
        },
    },
    response={"requestId": "f0f0f0f0-0000-4000-a000-000000000000", "_return": True},
)
_DATABASE = Call(
    "rds",
    "ModifyDBInstance",
    False,
    request={"dBInstanceIdentifier": "prod-orders", "backupRetentionPeriod": 0, "applyImmediately": True},
    api_version="2014-10-31",
)
_DELETE_KEY = Call(
    "kms",
    "ScheduleKeyDeletion",
    False,
    request={"keyId": KEY_ID, "pendingWindowInDays": 7},
    response={"keyId": _KEY_ARN, "keyState": "PendingDeletion", "pendingWindowInDays": 7},
    resources=({"accountId": HOME, "type": "AWS::KMS::Key", "ARN": _KEY_ARN},),
)

KEY_RESOURCES: Sequence[Incident] = (
    Incident(
        "a developer deploys payments by hand, more often on day 3",
        _RUNBOOK,
        update_function("payments-settle")(random_of("by hand"), _PLACE),
        ben,
        OFFICE,
        counts=(2, 2, 5),
        region=DATA_REGION,
    ),
    Incident(
        "a console user turns off the database's backups; one attempt is refused each day",
        _RUNBOOK,
        _DATABASE,
        helen,
        OFFICE,
        counts=(1, 2, 0),
        refused=(1, 1, 0),
        region=DATA_REGION,
        starts=("18:00:00", "23:58:00", "00:00:00"),
        denial=("AccessDenied", "User is not authorized to perform: rds:ModifyDBInstance"),
    ),
    Incident(
        "a contractor tries to stop the trail",
        _RUNBOOK,
        Call("cloudtrail", "StopLogging", False, request={"name": "org-trail"}),
        mallory,
        OUTSIDE,
        counts=(3, 0, 0),
        refused=(3, 0, 0),
        denial=("AccessDeniedException", "User is not authorized to perform: cloudtrail:StopLogging"),
    ),
    Incident(
        "an administrator opens SSH to the world, on days 1 and 3",
        _RUNBOOK,
        _INGRESS,
        ana,
        OFFICE,
        counts=(1, 0, 1),
        region=DATA_REGION,
    ),
    Incident(
        "the payments key is scheduled for deletion, from day 2 on",
        _RUNBOOK,
        _DELETE_KEY,
        mallory,
        OUTSIDE,
        counts=(0, 1, 1),
        region=DATA_REGION,
    ),
    Incident(
        "the rotation of the database's secret, which is allowed",
        _RUNBOOK,
        Call("secretsmanager", "PutSecretValue", False, request={"secretId": "prod/db"}),
        role("secrets-rotation", "rotate-prod-db"),
        PROGRAM,
        counts=(1, 1, 1),
        region=DATA_REGION,
    ),
    Incident(
        "not: an approved role does the same",
        _RUNBOOK,
        replace(_DATABASE, request={"dBInstanceIdentifier": "prod-orders", "backupRetentionPeriod": 14}),
        role("release-deploy", "GitHubActions"),
        PROGRAM,
        counts=(1, 1, 1),
        region=DATA_REGION,
    ),
    Incident(
        "not: a database whose name only ends like a key resource",
        _RUNBOOK,
        replace(_DATABASE, request={"dBInstanceIdentifier": "preprod-orders", "backupRetentionPeriod": 0}),
        helen,
        OFFICE,
        counts=(2, 2, 2),
        region=DATA_REGION,
    ),
    Incident(
        "not: a developer reads the function's configuration",
        _RUNBOOK,
        Call("lambda", "GetFunction20150331v2", True, request={"functionName": "payments-settle"}),
        ben,
        OFFICE,
        counts=(6, 6, 6),
        region=DATA_REGION,
    ),
)
