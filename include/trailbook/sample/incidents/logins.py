"""Failed logins for `auth-failed-logins`."""

from collections.abc import Callable, Sequence
from datetime import datetime

from trailbook.sample.actors import CHROME
from trailbook.sample.calls import HOME
from trailbook.sample.identities import Json, hex_id, root
from trailbook.sample.incidents.incident import Incident
from trailbook.sample.records import Call, Origin
from trailbook.sample.sign_ins import (
    FAILED,
    HIDDEN,
    UNKNOWN_USER,
    center_identity,
    console_identity,
    console_login,
    credential_verification,
)

_RUNBOOK = "auth-failed-logins"
_FAILURE = console_login(success=False, mfa=False, message=FAILED)
_NO_SUCH_USER = console_login(success=False, mfa=False, message=UNKNOWN_USER)
_CENTER: Call = credential_verification("ana.silva", hex_id("workflow", length=32), success=False)


def _at_form(user: str) -> Callable[[datetime], Json]:
    return lambda midnight: console_identity(HOME, user)


def _from(ip: str) -> Origin:
    return Origin(ip, CHROME)


LOGINS: Sequence[Incident] = (
    Incident(
        "a guessing script, which grows on day 3",
        _RUNBOOK,
        _FAILURE,
        _at_form("helen.cho"),
        _from("198.51.100.23"),
        counts=(12, 12, 31),
    ),
    Incident(
        "a second script; the last failures of day 2 are delivered on day 3",
        _RUNBOOK,
        _FAILURE,
        _at_form("ivan.novak"),
        _from("198.51.100.77"),
        counts=(6, 9, 0),
        starts=("22:05:00", "23:55:30", "00:00:00"),
        spacing=30,
    ),
    Incident(
        "the root user, exactly at the threshold, from an IPv6 address",
        _RUNBOOK,
        _FAILURE,
        lambda midnight: root(HOME),
        _from("2001:db8:bad::5"),
        counts=(5, 0, 0),
        starts=("03:40:00", "03:40:00", "03:40:00"),
    ),
    Incident(
        "names that do not exist, on days 1 and 3",
        _RUNBOOK,
        _NO_SUCH_USER,
        _at_form(HIDDEN),
        _from("198.51.100.99"),
        counts=(8, 0, 8),
    ),
    Incident(
        "Identity Center passwords, on two days",
        _RUNBOOK,
        _CENTER,
        lambda midnight: center_identity(HOME, "ana.silva"),
        _from("198.51.100.140"),
        counts=(7, 7, 0),
    ),
    Incident(
        "the login canary, which is allowed",
        _RUNBOOK,
        _FAILURE,
        _at_form("synthetic-login-canary"),
        _from("203.0.113.200"),
        counts=(24, 24, 24),
        starts=("00:00:00", "00:00:00", "00:00:00"),
        spacing=3600,
    ),
    Incident(
        "not: one below the threshold",
        _RUNBOOK,
        _FAILURE,
        _at_form("julia.weber"),
        _from("198.51.100.12"),
        counts=(4, 4, 4),
    ),
    Incident(
        "not: six around midnight, three in each window; the fourth is at 00:00:00 sharp",
        _RUNBOOK,
        _FAILURE,
        _at_form("julia.weber"),
        _from("192.0.2.31"),
        counts=(3, 3, 0),
        starts=("23:59:39", "00:00:00", "00:00:00"),
        spacing=10,
    ),
    Incident(
        "not: logins that succeed",
        _RUNBOOK,
        console_login(success=True),
        _at_form("julia.weber"),
        _from("198.51.100.13"),
        counts=(9, 9, 9),
    ),
)
