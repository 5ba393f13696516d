"""Sign-in events: what a console or Identity Center login writes, and the ordinary logins of a day.

Invariant: an ordinary day has at most two failures by one person, so no threshold of three or more is reached.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random

from trailbook.sample.actors import CHROME, CONSOLE_USERS, OFFICE_IPS, PEOPLE
from trailbook.sample.identities import Json, as_uuid, hex_id, timestamp, unique_id
from trailbook.sample.records import Call, Origin, Place, record

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
FAILED = "Failed authentication"
UNKNOWN_USER = "No username found in supplied account"
SIGN_IN_REGION = "us-east-1"


def console_login(*, success: bool, mfa: bool = True, message: str = FAILED) -> Call:
    """Return a ConsoleLogin."""
    return Call(
        "signin",
        "ConsoleLogin",
        False,
        response={"ConsoleLogin": "Success" if success else "Failure"},
        additional={
            "LoginTo": "https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true",
            "MobileVersion": "No",
            "MFAUsed": "Yes" if mfa else "No",
        },
        event_type="AwsConsoleSignIn",
        error_message="" if success else message,
        host="signin.aws.amazon.com",
    )


def credential_verification(user: str, workflow: str, *, success: bool) -> Call:
    """Return how IAM Identity Center records that it looked at a password."""
    return Call(
        "signin",
        "CredentialVerification",
        False,
        additional={"AuthWorkflowID": workflow, "UserName": user, "CredentialType": "PASSWORD"},
        event_type="AwsServiceEvent",
        service_details={"CredentialVerification": "Success" if success else "Failure"},
    )


def console_identity(account: str, user: str) -> Json:
    """Return the identity of a login form: no ARN and no key before the login succeeds."""
    known: Json = {} if user == HIDDEN else {"principalId": unique_id("AIDA", account, user)}
    return {"type": "IAMUser", **known, "accountId": account, "accessKeyId": "", "userName": user}


def center_identity(account: str, user: str) -> Json:
    """Return a person at Identity Center's login form."""
    return {
        "type": "Unknown",
        "principalId": account,
        "arn": "",
        "accountId": account,
        "accessKeyId": "",
        "userName": user,
    }


def ordinary_logins(place: Place, day: date, rng: Random) -> Sequence[tuple[datetime, Json]]:
    """Return the logins of one account's office day, with the odd mistyped password, in the sign-in region."""
    if place.region != SIGN_IN_REGION:
        return []
    logins: list[tuple[datetime, Json]] = []
    for number, user in enumerate(CONSOLE_USERS):
        origin = Origin(OFFICE_IPS[number % len(OFFICE_IPS)], CHROME)
        for moment, success in _attempts(day, rng):
            identity = console_identity(place.account, user)
            if success:
                identity = {**identity, "arn": f"arn:aws:iam::{place.account}:user/{user}"}
            logins.append(_event(console_login(success=success), place, origin, identity, moment, rng))
    for number, (person, _) in enumerate(PEOPLE):
        origin = Origin(OFFICE_IPS[number % len(OFFICE_IPS)], CHROME)
        for moment, success in _attempts(day, rng):
            call = credential_verification(person, hex_id(person, timestamp(moment), length=32), success=success)
            logins.append(_event(call, place, origin, center_identity(place.account, person), moment, rng))
    return logins


def _attempts(day: date, rng: Random) -> Sequence[tuple[datetime, bool]]:
    moment = datetime(day.year, day.month, day.day, 7) + timedelta(seconds=rng.randrange(4 * 3600))
    failures = rng.choices((0, 1, 2), (80, 15, 5))[0]
    return [(moment + timedelta(seconds=23 * n), n == failures) for n in range(failures + 1)]


def _event(
    call: Call, place: Place, origin: Origin, identity: Json, moment: datetime, rng: Random
) -> tuple[datetime, Json]:
    event_id = as_uuid(f"{rng.getrandbits(128):032x}")
    shown = record(
        call, place, origin, identity=identity, time=timestamp(moment), request_id="", event_id=event_id, shared=""
    )
    return moment, shown
