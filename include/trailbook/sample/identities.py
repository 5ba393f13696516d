"""Who acts in the sample: identifiers and `userIdentity` elements in the shapes that AWS writes.

Invariant: every identifier is a pure function of names, so the same user has the same principal id and access key in
every run, volume and seed.
"""

import hashlib
from datetime import datetime
from random import Random

Json = dict[str, object]

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_DOCUMENTATION_ACCOUNTS = ("111122223333", "444455556666", "123456789012")


def account_ids(count: int) -> tuple[str, ...]:
    """Return `count` twelve-digit account ids: the three of AWS's documentation first, then derived ones."""
    derived = (str(10**11 + _number(f"account/{n}") % (9 * 10**11)) for n in range(3, count))
    return (*_DOCUMENTATION_ACCOUNTS[:count], *derived)


def unique_id(prefix: str, *names: str) -> str:
    """Return an IAM unique id such as `AIDA…` (21 characters) or an access key such as `ASIA…` (20 characters)."""
    length = 16 if prefix in ("AKIA", "ASIA") else 17
    number = _number("/".join((prefix, *names)))
    return prefix + "".join(_BASE32[(number >> (5 * i)) & 31] for i in range(length))


def hex_id(*names: str, length: int = 17) -> str:
    """Return `length` lower-case hexadecimal digits derived from names, as in EC2 resource ids."""
    return hashlib.sha256("/".join(names).encode()).hexdigest()[:length]


def uuid_of(*names: str) -> str:
    """Return a version 4 UUID derived from names."""
    return as_uuid(hex_id(*names, length=32))


def as_uuid(digits: str) -> str:
    """Return 32 hexadecimal digits in the form of a version 4 UUID."""
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def timestamp(moment: datetime) -> str:
    """Return a time as CloudTrail writes it: `2026-11-01T09:00:00Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def iam_user(account: str, name: str, *, console_since: datetime | None = None) -> Json:
    """Return an IAM user with a long-lived key, or with a console session where `console_since` is given."""
    identity: Json = {
        "type": "IAMUser",
        "principalId": unique_id("AIDA", account, name),
        "arn": f"arn:aws:iam::{account}:user/{name}",
        "accountId": account,
        "accessKeyId": unique_id("AKIA", account, name),
        "userName": name,
    }
    if console_since is not None:
        identity["accessKeyId"] = unique_id("ASIA", account, name, timestamp(console_since))
        identity["sessionContext"] = {
            "attributes": {"creationDate": timestamp(console_since), "mfaAuthenticated": "true"}
        }
    return identity


def assumed_role(
    account: str,
    role: str,
    session: str,
    created: datetime,
    *,
    path: str = "/",
    invoked_by: str = "",
    ec2: bool = False,
) -> Json:
    """Return a role session with its issuer. `invoked_by` names the service that calls on the role's behalf."""
    principal = unique_id("AROA", account, role)
    context: Json = {
        "sessionIssuer": {
            "type": "Role",
            "principalId": principal,
            "arn": f"arn:aws:iam::{account}:role{path}{role}",
            "accountId": account,
            "userName": role,
        },
        "attributes": {"creationDate": timestamp(created), "mfaAuthenticated": "false"},
    }
    if ec2:
        context["ec2RoleDelivery"] = "2.0"
    identity: Json = {
        "type": "AssumedRole",
        "principalId": f"{principal}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        "accountId": account,
        "accessKeyId": unique_id("ASIA", account, role, session, timestamp(created)),
        "sessionContext": context,
    }
    if invoked_by:
        identity["invokedBy"] = invoked_by
    return identity


def sso_role(account: str, permission_set: str) -> tuple[str, str]:
    """Return the path and the name of the role that IAM Identity Center makes for a permission set."""
    name = f"AWSReservedSSO_{permission_set}_{hex_id('sso', permission_set, account, length=16)}"
    return "/aws-reserved/sso.amazonaws.com/eu-west-1/", name


def sso_session(account: str, permission_set: str, person: str, created: datetime) -> Json:
    """Return the session of a person who came through IAM Identity Center."""
    path, role = sso_role(account, permission_set)
    return assumed_role(account, role, f"{person}@example.com", created, path=path)


def aws_service(service: str) -> Json:
    """Return an AWS service that acts by itself, such as `cloudtrail.amazonaws.com`."""
    return {"type": "AWSService", "invokedBy": service}


def root(account: str) -> Json:
    """Return the root user of an account."""
    return {
        "type": "Root",
        "principalId": account,
        "arn": f"arn:aws:iam::{account}:root",
        "accountId": account,
        "accessKeyId": "",
    }


def random_of(*names: str) -> Random:
    """Return random numbers that are the same for the same names, in every process."""
    return Random("/".join(names))  # noqa: S311  # reproducible sample data, nothing is kept secret with it


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big")
