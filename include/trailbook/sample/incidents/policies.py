"""IAM policy changes for `iam-policy-changes`."""

import json
from collections.abc import Sequence
from urllib.parse import quote

from trailbook.sample.calls import HOME
from trailbook.sample.identities import Json
from trailbook.sample.incidents.incident import Incident
from trailbook.sample.incidents.people import OFFICE, OUTSIDE, STRANGER_ACCOUNT, ana, mallory
from trailbook.sample.records import Call

_RUNBOOK = "iam-policy-changes"


def statement(action: str, resource: str) -> str:
    """Return a policy document of one statement, as JSON text without spaces."""
    body: Json = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [body]}, separators=(",", ":"))


READ_LAKE = statement("s3:GetObject", "arn:aws:s3:::acme-lake/*")
READ_ALL = statement("s3:*", "*")
BOUNDARY = statement("*", "*")
SANDBOX = statement("ec2:Describe*", "*")
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{STRANGER_ACCOUNT}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    },
    separators=(",", ":"),
)


def _iam(name: str, **request: object) -> Call:
    return Call("iam", name, name.startswith(("Get", "List")), request=dict(request), api_version="2010-05-08")


def _inline(role: str, policy: str, document: str) -> Call:
    return _iam("PutRolePolicy", roleName=role, policyName=policy, policyDocument=document)


POLICIES: Sequence[Incident] = (
    Incident(
        "an inline policy, the same document on day 2 though URL-encoded, a wider one on day 3",
        _RUNBOOK,
        _inline("analytics-etl", "lake-read", READ_LAKE),
        ana,
        OFFICE,
        counts=(1, 1, 1),
        variants={
            1: _inline("analytics-etl", "lake-read", quote(READ_LAKE)),
            2: _inline("analytics-etl", "lake-read", READ_ALL),
        },
    ),
    Incident(
        "a contractor tries to become administrator; one attempt of day 2 succeeds",
        _RUNBOOK,
        _iam(
            "AttachUserPolicy", userName="mallory.contractor", policyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        ),
        mallory,
        OUTSIDE,
        counts=(2, 3, 0),
        refused=(2, 2, 0),
        starts=("12:00:00", "23:57:45", "00:00:00"),
    ),
    Incident(
        "the deployment boundary is widened once",
        _RUNBOOK,
        _iam(
            "CreatePolicyVersion",
            policyArn=f"arn:aws:iam::{HOME}:policy/deploy-boundary",
            policyDocument=BOUNDARY,
            setAsDefault=True,
        ),
        ana,
        OFFICE,
        counts=(1, 0, 0),
    ),
    Incident(
        "the audit role is opened to a foreign account, on days 1 and 3",
        _RUNBOOK,
        _iam("UpdateAssumeRolePolicy", roleName="SecurityAudit", policyDocument=TRUST),
        ana,
        OFFICE,
        counts=(1, 0, 1),
    ),
    Incident(
        "the contractor loses the boundary, from day 2 on",
        _RUNBOOK,
        _iam("DeleteUserPermissionsBoundary", userName="mallory.contractor"),
        ana,
        OFFICE,
        counts=(0, 1, 1),
    ),
    Incident(
        "the sandbox's nightly reset, which is allowed",
        _RUNBOOK,
        _inline("sandbox-reset", "reset", SANDBOX),
        ana,
        OFFICE,
        counts=(1, 1, 1),
        starts=("01:00:00", "01:00:00", "01:00:00"),
    ),
    Incident(
        "not: reading a policy",
        _RUNBOOK,
        _iam("GetRolePolicy", roleName="analytics-etl", policyName="lake-read"),
        mallory,
        OUTSIDE,
        counts=(4, 4, 4),
    ),
    Incident(
        "not: IAM changes that change no policy",
        _RUNBOOK,
        _iam("TagRole", roleName="analytics-etl", tags=[{"key": "team", "value": "data"}]),
        ana,
        OFFICE,
        counts=(1, 1, 1),
    ),
)
