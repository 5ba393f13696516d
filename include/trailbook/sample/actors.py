"""The background's cast: who they are, where they call from, and how often they make which call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from trailbook.sample import calls
from trailbook.sample.identities import Json, assumed_role, aws_service, hex_id, iam_user, sso_session
from trailbook.sample.records import Origin, Place

OFFICE_IPS = ("203.0.113.17", "203.0.113.18", "2001:db8:40:1::23")
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
BOTO = "Boto3/1.40.61 md/Botocore#1.40.61 ua/2.1 os/linux#6.1.0 md/arch#x86_64 lang/python#3.12.7"
CLI = "aws-cli/2.31.13 md/awscrt#0.27.6 ua/2.1 os/macos#25.0.0 md/arch#arm64 lang/python#3.13.7 md/command#ec2.describe"
TERRAFORM = "APN/1.0 HashiCorp/1.0 Terraform/1.13.4 terraform-provider-aws/6.17.0 aws-sdk-go-v2/1.39.3"
PEOPLE = (
    ("ana.silva", "Administrator"),
    ("ben.okafor", "Developer"),
    ("chloe.martin", "Developer"),
    ("dmitri.petrov", "Developer"),
    ("emma.larsen", "ReadOnly"),
    ("farid.haddad", "Billing"),
)
CONSOLE_USERS = ("helen.cho", "ivan.novak", "julia.weber")

Sessions = Callable[[datetime], Sequence[Json]]
"""Identities for sessions that began at a time."""


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of call and its share among the calls of its actor; `denied` is the share that is refused."""

    weight: int
    make: calls.MakeCall
    denied: float = 0.0


@dataclass(frozen=True, slots=True)
class Actor:
    """One caller. `sessions` gives its identities for a session that began at a time; each has its own origin."""

    name: str
    weight: int
    sessions: Sessions
    origins: Sequence[Origin]
    work: Sequence[Work]
    office_hours: bool = False


_READS = (
    Work(8, calls.describe_instances),
    Work(3, calls.describe("ec2", "DescribeSecurityGroups", {"filterSet": {}, "securityGroupSet": {}}), 0.03),
    Work(2, calls.describe("ec2", "DescribeVolumes", {"volumeSet": {}, "filterSet": {}, "maxResults": 1000})),
    Work(2, calls.describe("monitoring", "DescribeAlarms", {"maxRecords": 100}, "2010-08-01")),
    Work(2, calls.describe("rds", "DescribeDBInstances", {"maxRecords": 100}, "2014-10-31"), 0.05),
    Work(2, calls.describe("logs", "DescribeLogGroups", {"limit": 50}, "20140328")),
    Work(1, calls.list_buckets, 0.05),
    Work(1, calls.describe("iam", "ListRoles", {"maxItems": 1000}), 0.1),
    Work(1, calls.describe("cloudtrail", "LookupEvents", {"maxResults": 50})),
)


def cast(place: Place) -> Sequence[Actor]:
    """Return everybody who is active in a place."""
    return (*_people(place.account), *_programs(place), *_services(place))


def _people(account: str) -> Sequence[Actor]:
    people = []
    for number, (person, permission_set) in enumerate(PEOPLE):
        ip = OFFICE_IPS[number % len(OFFICE_IPS)]
        work = [*_READS, Work(2, calls.get_object("app"), 0.04)]
        if permission_set in ("Administrator", "Developer"):
            work += [Work(1, calls.instance_state(name), 0.1) for name in ("StartInstances", "StopInstances")]
        people.append(
            Actor(
                person,
                3,
                _person(account, permission_set, person),
                [Origin(ip, CHROME if number % 2 else CLI, console=bool(number % 2))],
                work,
                office_hours=True,
            )
        )
    people += [
        Actor(
            user,
            1,
            _console_user(account, user),
            [Origin(OFFICE_IPS[number], CHROME, console=True)],
            _READS,
            office_hours=True,
        )
        for number, user in enumerate(CONSOLE_USERS)
    ]
    return people


def _role(account: str, role: str, sessions: Sequence[str], *, ec2: bool = False) -> Sessions:
    return lambda at: [assumed_role(account, role, s, at, ec2=ec2) for s in sessions]


def _person(account: str, permission_set: str, person: str) -> Sessions:
    return lambda at: [sso_session(account, permission_set, person, at)]


def _console_user(account: str, user: str) -> Sessions:
    return lambda at: [iam_user(account, user, console_since=at)]


def _at(ip: str, agent: str = BOTO) -> Sequence[Origin]:
    return [Origin(ip, agent)]


def _programs(place: Place) -> Sequence[Actor]:
    account = place.account
    instances = [calls.instance(place, n) for n in range(3)]
    endpoint = "vpce-0" + hex_id("endpoint", account, place.region, length=16)
    private = [Origin(f"10.20.{n}.{40 + n}", BOTO, endpoint=endpoint) for n in range(3)]
    orders = [
        Work(20, calls.get_object("app"), 0.01),
        Work(5, calls.put_object("app")),
        Work(8, calls.key_use("Decrypt")),
        Work(3, calls.get_secret),
        Work(9, calls.table_item("GetItem", calls.ORDERS_TABLE)),
        Work(3, calls.table_item("UpdateItem", calls.ORDERS_TABLE)),
    ]
    etl = [
        Work(30, calls.get_object("lake")),
        Work(4, calls.put_object("lake")),
        Work(6, calls.key_use("GenerateDataKey")),
    ]
    if place == Place(calls.HOME, calls.DATA_REGION):
        orders += [
            Work(6, calls.critical_object(calls.CUSTOMER_BUCKET, "GetObject")),
            Work(2, calls.critical_object(calls.CUSTOMER_BUCKET, "PutObject")),
        ]
        etl.append(Work(4, calls.critical_object(calls.LEDGER_BUCKET, "GetObject")))
    audit = [
        *_READS,
        Work(6, calls.bucket_setting("GetBucketPolicy", "policy"), 0.02),
        Work(6, calls.bucket_setting("GetBucketAcl", "acl")),
        Work(6, calls.bucket_setting("GetBucketEncryption", "encryption")),
        Work(4, calls.describe("iam", "GetAccountAuthorizationDetails", {"maxItems": 1000})),
    ]
    shop = [Work(6, calls.log_stream), Work(10, calls.get_object("app")), Work(4, calls.get_secret)]
    reporting = [Work(5, calls.get_object("lake"), 0.03), *_READS]
    deploy = [Work(6, calls.update_function("storefront")), Work(2, calls.update_function("payments-settle")), *_READS]
    return (
        Actor("orders-api", 30, _role(account, "orders-api", instances, ec2=True), private, orders),
        Actor("analytics-etl", 20, _role(account, "analytics-etl", ["GlueJobRunnerSession"]), private[:1], etl),
        Actor("storefront", 14, _role(account, "storefront-fn", ["storefront"]), _at("198.51.100.30"), shop),
        Actor("security-audit", 12, _role(account, "SecurityAudit", ["posture-scan"]), _at("198.51.100.61"), audit),
        Actor("deploy", 3, _role(account, "release-deploy", ["GitHubActions"]), _at("192.0.2.90", TERRAFORM), deploy),
        Actor("reporting", 4, lambda at: [iam_user(account, "reporting")], _at("203.0.113.40"), reporting),
    )


def _services(place: Place) -> Sequence[Actor]:
    account = place.account

    def service(name: str, weight: int, *work: Work) -> Actor:
        host = f"{name}.amazonaws.com"
        return Actor(name, weight, lambda at: [aws_service(host)], [Origin(host, host)], work)

    host, role = "config.amazonaws.com", "AWSServiceRoleForConfig"
    path = f"/aws-service-role/{host}/"
    config = Actor(
        "config",
        8,
        lambda at: [assumed_role(account, role, "AWSConfig-Describe", at, path=path, invoked_by=host)],
        [Origin(host, host)],
        _READS,
    )
    trail = [service("cloudtrail", 5, Work(1, calls.deliver_logs))] if place.region == calls.DATA_REGION else []
    return (
        config,
        *trail,
        service("ec2", 4, Work(1, calls.assume_role("orders-api"))),
        service("lambda", 5, Work(1, calls.assume_role("storefront-fn"))),
    )
