"""The people and roles of the planted incidents; a session lasts the day whose midnight it is asked for."""

from collections.abc import Callable
from datetime import datetime

from trailbook.sample.actors import BOTO, CHROME, CLI
from trailbook.sample.calls import HOME
from trailbook.sample.identities import Json, assumed_role, iam_user, sso_session
from trailbook.sample.records import Origin

STRANGER_ACCOUNT = "999988887777"
OUTSIDE = Origin("198.51.100.201", CLI)
OFFICE = Origin("203.0.113.17", CHROME, console=True)
PROGRAM = Origin("198.51.100.44", BOTO)


def mallory(midnight: datetime) -> Json:
    """Return a contractor with a long-lived key."""
    return iam_user(HOME, "mallory.contractor")


def helen(midnight: datetime) -> Json:
    """Return an IAM user in the console."""
    return iam_user(HOME, "helen.cho", console_since=midnight)


def ben(midnight: datetime) -> Json:
    """Return a developer who came through Identity Center."""
    return sso_session(HOME, "Developer", "ben.okafor", midnight)


def ana(midnight: datetime) -> Json:
    """Return an administrator who came through Identity Center."""
    return sso_session(HOME, "Administrator", "ana.silva", midnight)


def stranger(midnight: datetime) -> Json:
    """Return a caller of a foreign account, of whom CloudTrail shows two ids and no ARN."""
    return {"type": "AWSAccount", "principalId": "AIDA7XSTRANGEREXAMPLE", "accountId": STRANGER_ACCOUNT}


def role(name: str, session: str) -> Callable[[datetime], Json]:
    """Return sessions of a role."""
    return lambda midnight: assumed_role(HOME, name, session, midnight)
