"""The lists that make the planted incidents visible: what is critical here, and who is approved."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from trailbook.errors import DeploymentError
from trailbook.sample.calls import AUDIT_BUCKET, CUSTOMER_BUCKET, HOME, LEDGER_BUCKET
from trailbook.sample.generation import REGIONS
from trailbook.sample.identities import account_ids
from trailbook.sample.incidents.key_resources import GROUP_ID, KEY_ID

LOOKUPS: Mapping[str, Sequence[tuple[str, ...]]] = {
    "critical_buckets": (
        ("bucket", "owner", "reason"),
        (CUSTOMER_BUCKET, "customer-platform", "Personal data of customers"),
        (LEDGER_BUCKET, "finance", "The general ledger"),
        (AUDIT_BUCKET, "security-operations", "CloudTrail's own logs"),
    ),
    "key_resources": (
        ("resource", "owner", "reason"),
        (f"arn:aws:lambda:*:{HOME}:function:payments-*", "payments", "Settlement of payments"),
        (f"arn:aws:rds:*:{HOME}:db:prod-*", "platform", "Production databases"),
        (f"arn:aws:dynamodb:*:{HOME}:table/prod-*", "platform", "Production tables"),
        (f"arn:aws:kms:*:{HOME}:key/{KEY_ID}", "payments", "Encrypts card tokens"),
        (f"arn:aws:cloudtrail:*:{HOME}:trail/org-trail", "security-operations", "The organisation's trail"),
        (f"arn:aws:ec2:*:{HOME}:security-group/{GROUP_ID}", "network", "Guards the production subnets"),
        (f"arn:aws:secretsmanager:*:{HOME}:secret:prod/*", "platform", "Production credentials"),
        ("arn:aws:s3:::acme-release-artifacts*", "release", "What is deployed"),
        (f"arn:aws:iam::{HOME}:role/payments-*", "payments", "Roles that move money"),
    ),
    "approved_principals": (
        ("principal", "resource", "owner", "reason"),
        ("arn:aws:iam::*:role/release-deploy", "*", "release", "The deployment pipeline"),
        ("arn:aws:iam::*:role/orders-api", f"arn:aws:s3:::{CUSTOMER_BUCKET}", "orders", "The orders service"),
        ("arn:aws:iam::*:role/orders-api", "arn:aws:dynamodb:*:*:table/prod-orders", "orders", "The orders service"),
        ("arn:aws:iam::*:role/analytics-etl", f"arn:aws:s3:::{LEDGER_BUCKET}", "data", "The nightly load"),
        ("cloudtrail.amazonaws.com", f"arn:aws:s3:::{AUDIT_BUCKET}", "security-operations", "Log delivery"),
    ),
    "org_accounts": (("account_id", "name", "owner"),),
    "evidence_buckets": (
        ("bucket", "owner", "reason"),
        (AUDIT_BUCKET, "security-operations", "CloudTrail's own logs"),
    ),
    "privileged_roles": (
        ("role", "owner", "reason"),
        ("arn:aws:iam::*:role/*BreakGlass*", "security-operations", "For emergencies"),
        ("arn:aws:iam::*:role/*Admin*", "cloud-platform", "May do anything"),
    ),
    "approved_regions": (
        ("region", "owner", "reason"),
        *((region, "cloud-platform", "Workloads run there") for region in REGIONS),
    ),
    "trusted_cidrs": (
        ("cidr", "owner", "reason"),
        ("203.0.113.16/28", "network-operations", "The office"),
    ),
    "geoip": (
        ("cidr", "country"),
        ("198.51.100.0/25", "NL"),
        ("198.51.100.128/25", "BR"),
        ("203.0.113.0/24", "DE"),
        ("2001:db8::/32", "DE"),
    ),
    "trusted_vendors": (("account_id", "name", "owner", "reason"),),
    "leavers": (("principal", "left_on", "owner"),),
}
"""Lookup name to its rows, the header first: one for each lookup that a shipped runbook reads.

The accounts are those of the trail: `lookups` adds them.
"""


def lookups(directory: Path, accounts: int = 3) -> Sequence[Path]:
    """Write the lookups of a trail of so many accounts as `<name>.csv`, over older ones. Raises DeploymentError."""
    own = [(account, f"sample-{n}", "cloud-platform") for n, account in enumerate(account_ids(accounts), 1)]
    written = []
    for name, listed in LOOKUPS.items():
        rows = [*listed, *own] if name == "org_accounts" else listed
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        path = directory / f"{name}.csv"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            path.write_text(text.getvalue(), encoding="utf-8")
        except OSError as error:
            raise DeploymentError(f"{path}: cannot be written: {error.strerror}; choose another folder") from error
        written.append(path)
    return written
