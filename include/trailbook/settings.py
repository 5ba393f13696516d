"""Where this deployment keeps things: frozen, read from `TRAILBOOK_*` variables only when asked, never at import."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trailbook.errors import DeploymentError

LOCKABLE = ("ledger", "reports", "heads")
_DAYS = re.compile(r"[1-9][0-9]{0,4}")


@dataclass(frozen=True, slots=True)
class PhysicalTable:
    """The Athena table that presents the logical relation `cloudtrail`, and its partition columns (all strings).

    `day_column` holds the delivery day as `yyyy/MM/dd`, as in CloudTrail's own key layout.
    """

    database: str = "trailbook"
    name: str = "cloudtrail_logs"
    account_column: str = "account"
    region_column: str = "region"
    day_column: str = "timestamp"


@dataclass(frozen=True, slots=True)
class Locks:
    """S3 Object Lock of what is written: the mode, and the days by what it is (`ledger`, `reports`, `heads`).

    What has no days is written without a retention of its own; the bucket's default then holds.
    """

    mode: str = "COMPLIANCE"
    days: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """One deployment. Locations are `s3://bucket/prefix` or a local folder; empty where the deployment has none."""

    runbooks: Path = Path("runbooks")
    lookups: Path = Path("runbooks/lookups")
    table: PhysicalTable = field(default_factory=PhysicalTable)
    workgroup: str = "primary"
    results: str = ""
    reports: str = ""
    ledger: str = ""
    heads: str = ""
    """The second place: each append also writes the chain's head here, where the ledger's writers cannot replace it."""
    locks: Locks = field(default_factory=Locks)
    trail: str = ""
    expected_accounts: tuple[str, ...] = ()
    expected_regions: tuple[str, ...] = ()
    aws_conn_id: str = "aws_default"
    region: str = "us-east-1"
    deferrable: bool = False
    poll_seconds: float = 2.0
    query_timeout_seconds: float = 1800.0
    retry_seconds: float = 15.0
    """Pause before a DAG task's first retry; it doubles with each."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Return the settings of an environment (default: this process's). Raises DeploymentError naming a bad one."""
        env = os.environ if environ is None else environ

        def get(name: str, default: str) -> str:
            return env.get(f"TRAILBOOK_{name}", "") or default

        runbooks = Path(get("RUNBOOKS", "runbooks"))
        return cls(
            runbooks=runbooks,
            lookups=Path(get("LOOKUPS", str(runbooks / "lookups"))),
            table=PhysicalTable(
                database=get("DATABASE", "trailbook"),
                name=get("TABLE", "cloudtrail_logs"),
                account_column=get("ACCOUNT_COLUMN", "account"),
                region_column=get("REGION_COLUMN", "region"),
                day_column=get("DAY_COLUMN", "timestamp"),
            ),
            workgroup=get("WORKGROUP", "primary"),
            results=get("RESULTS", ""),
            reports=get("REPORTS", ""),
            ledger=get("LEDGER", ""),
            heads=get("HEADS", ""),
            locks=_locks(get("LOCK_MODE", "COMPLIANCE"), get("LOCK_DAYS", "")),
            trail=get("TRAIL", ""),
            expected_accounts=_names(get("EXPECTED_ACCOUNTS", "")),
            expected_regions=_names(get("EXPECTED_REGIONS", "")),
            aws_conn_id=get("AWS_CONN_ID", "aws_default"),
            region=get("REGION", env.get("AWS_DEFAULT_REGION", "") or "us-east-1"),
            deferrable=_truth("DEFERRABLE", get("DEFERRABLE", "false")),
            poll_seconds=_seconds("POLL_SECONDS", get("POLL_SECONDS", "2")),
            query_timeout_seconds=_seconds("QUERY_TIMEOUT_SECONDS", get("QUERY_TIMEOUT_SECONDS", "1800")),
            retry_seconds=_seconds("RETRY_SECONDS", get("RETRY_SECONDS", "15")),
        )


def _names(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _locks(mode: str, days: str) -> Locks:
    """Return the locks of `3650` (all three) or of `ledger=3650,reports=400,heads=3650`."""
    if mode.upper() not in ("COMPLIANCE", "GOVERNANCE"):
        raise DeploymentError(f"TRAILBOOK_LOCK_MODE: expected COMPLIANCE or GOVERNANCE, found {mode!r}")
    parts = [part.rpartition("=")[::2] for part in _names(days)]
    named = dict.fromkeys(LOCKABLE, parts[0][1]) if len(parts) == 1 and not parts[0][0] else dict(parts)
    if len(named) < len(parts) or not set(named) <= set(LOCKABLE) or not all(map(_DAYS.fullmatch, named.values())):
        raise DeploymentError(
            f"TRAILBOOK_LOCK_DAYS: expected days, or some of {', '.join(f'{name}=days' for name in LOCKABLE)}, "
            f"found {days!r}"
        )
    return Locks(mode.upper(), tuple((name, int(value)) for name, value in named.items()))


def _truth(name: str, value: str) -> bool:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if value.lower() not in known:
        raise DeploymentError(f"TRAILBOOK_{name}: expected true or false, found {value!r}")
    return known[value.lower()]


def _seconds(name: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 1e6:
        raise DeploymentError(f"TRAILBOOK_{name}: expected a number of seconds above 0, found {value!r}")
    return seconds
