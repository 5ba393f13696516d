"""What the catalogue says of control frameworks in words of its own; no publisher's text is copied here.

The numbers of CIS section 5 were read in Prowler 5.46.0 (`cis_7.0_aws.json`), a transcription of the benchmark.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "cis-aws-foundations": "CIS AWS Foundations Benchmark {}",
        "iso-27001": "ISO/IEC 27001:{}, Annex A",
        "nist-800-53": "NIST SP 800-53 {}",
        "pci-dss": "PCI DSS {}",
        "soc2": "SOC 2, Trust Services Criteria {}",
    }
)

LIMITS: Mapping[str, str] = MappingProxyType(
    {
        "pci-dss": "Its requirements matter only for accounts in the scope of PCI DSS.",
        "soc2": "A1 (availability) matters only where availability is in the scope of the report.",
    }
)

COVERAGE: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "cis-aws-foundations@7.0.0": MappingProxyType(
            {
                "5.1": "unauthorized API calls",
                "5.2": "console sign-in without MFA",
                "5.3": "use of the root user",
                "5.4": "IAM policy changes",
                "5.5": "CloudTrail configuration changes",
                "5.6": "failed console authentication",
                "5.7": "customer KMS keys disabled or scheduled for deletion",
                "5.8": "S3 bucket policy changes",
                "5.9": "AWS Config configuration changes",
                "5.10": "security group changes",
                "5.11": "network ACL changes",
                "5.12": "network gateway changes",
                "5.13": "route table changes",
                "5.14": "VPC changes",
                "5.15": "AWS Organizations changes",
                "5.16": "Security Hub enabled",
            }
        )
    }
)
"""Controls that the catalogue lists whether or not a runbook supports them, so that a gap shows."""

Natural: TypeAlias = tuple[str | int, ...]


def title(framework: str) -> str:
    """Return `framework@version` as people name it."""
    name, _, version = framework.partition("@")
    return TITLES[name].format(version) if name in TITLES else f"{name} {version}"


def limit(framework: str) -> str:
    """Return where the framework holds, in a sentence; empty where there is nothing to say."""
    return LIMITS.get(framework.partition("@")[0], "")


def natural(control: str) -> Natural:
    """Return the key by which ids sort as people count: 5.2 before 5.10, AC-2 before AC-2(4) before AC-10."""
    parts = re.split(r"([0-9]+)", control)  # every second part is a number
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts))
