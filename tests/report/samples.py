"""Reports to look at and to test with: `python tests/report/samples.py DIR` writes each as files into a folder."""

import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from subject import ACCOUNTS, COLUMNS, COVERAGE, REGIONS, SPEC, SQL

from trailbook.athena.execution import Column
from trailbook.canonical import sha256
from trailbook.diff import Counts, Finding, Seen, State, Suppression
from trailbook.objects import FolderStore
from trailbook.outcome import Outcome, Product, QueryStatistics
from trailbook.plan import Baseline, LookupUse, Plan, Run, Trigger
from trailbook.report import Report, build, prefix, write
from trailbook.verdict import Completeness, judge
from trailbook.window import Window

SNAPSHOT = b"stands for a Parquet file"
DAY = Window(datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC))
BEFORE = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
NOW_SEEN = Seen("scheduled__2026-11-03T02:00:00+00:00", "2026-11-03T00:00:00Z")
BEFORE_SEEN = Seen("scheduled__2026-11-02T02:00:00+00:00", "2026-11-02T00:00:00Z")
LONG_AGO = Seen("scheduled__2026-10-12T02:00:00+00:00", "2026-10-12T00:00:00Z")


def finding(number: int, state: State, **more: Any) -> Finding:
    names = ("alice", "bob", "HIDDEN_DUE_TO_SECURITY_REASONS", "carol", "dave", "synthetic-eu")
    failures = more.pop("failures", 5 + number * 3)
    row = {
        "account_id": ACCOUNTS[number % 3],
        "user_name": names[number % len(names)],
        "source_ip": f"198.51.{number // 250}.{number % 250 + 1}",
        "failures": failures,
        "first_try": f"2026-11-02T0{number % 10}:11:09Z",
        "last_try": f"2026-11-02T1{number % 10}:48:51Z",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0",
        "mfa_share": 0.25,
        "event_ids": "["
        + ", ".join(f"{number:08x}-{i:04d}-4b1e-9a55-0242ac120002" for i in range(min(failures, 25)))
        + "]",
    } | more.pop("row", {})
    first = {State.NEW: NOW_SEEN, State.UPDATED: BEFORE_SEEN}.get(state, LONG_AGO)
    return Finding(
        finding_id=sha256(f"finding {number}".encode()),
        state=state,
        row=row,
        reopened=more.pop("reopened", False),
        first_seen=more.pop("first_seen", first),
        last_seen=BEFORE_SEEN if state is State.ABSENT else NOW_SEEN,
        **more,
    )


def make(
    findings: list[Finding],
    *,
    spec: dict[str, Any] | None = None,
    completeness: Completeness | None = None,
    baseline: Baseline | None = None,
    counts: Counts | None = None,
    columns: tuple[Column, ...] = COLUMNS,
    expired: tuple[int, ...] = (),
    **plan: Any,
) -> Report:
    spec = spec or SPEC
    baseline = baseline or Baseline(
        run_id=BEFORE_SEEN.run_id,
        sequence=41,
        window=BEFORE,
        snapshot="auth-failed-logins/2026-11-01T000000Z/x/result.parquet",
        snapshot_sha256=sha256(b"before"),
        columns=columns,
    )
    completeness = completeness or Completeness(COVERAGE, data_scanned_in_bytes=48_234_567)
    counts = counts or count(findings)
    made = Plan(
        **{
            "runbook": spec["id"],
            "spec": spec,
            "run": Run(
                NOW_SEEN.run_id, trigger=Trigger.SCHEDULED, triggered_by=None, logical_date="2026-11-03T02:00:00Z"
            ),
            "window": DAY,
            "params": {"threshold": 5, "users": []},
            "accounts": (),
            "regions": (),
            "expected_accounts": ACCOUNTS,
            "expected_regions": REGIONS,
            "row_limit": 10_000,
            "compare_with": None,
            "sql": SQL,
            "coverage_sql": "SELECT account, region, count(*) AS events FROM trailbook.cloudtrail_logs GROUP BY 1, 2",
            "baseline": baseline,
            "rerun_of": None,
            "runbook_sha256": sha256(b"runbook"),
            "template_sha256": sha256(b"template"),
            "sql_sha256": sha256(SQL.encode()),
            "comparison_key": sha256(b"key"),
            "started": "2026-11-03T02:00:04Z",
        }
        | plan
    )
    outcome = Outcome(
        prefix=prefix(made),
        columns=columns,
        counts=counts,
        judgement=judge(spec.get("expect", "no_new_findings"), counts, completeness),
        completeness=completeness,
        queries=(
            QueryStatistics(
                "query",
                "0d3c4a5e-8f31-4d0a-9c7b-5a1f0f3e9b11",
                completeness.data_scanned_in_bytes,
                1840,
                "Athena engine version 3",
            ),
            QueryStatistics(
                "coverage", "9a7c7c3e-52f5-4a53-a8a7-3d2c7d4b1f02", 12_345_678, 920, "Athena engine version 3"
            ),
        ),
        snapshot=Product(f"{prefix(made)}/result.parquet", sha256(SNAPSHOT), len(SNAPSHOT)),
        baseline=baseline,
    )
    return build(made, outcome, findings, expired_allow=expired, versions={"trailbook": "0.1.0", "duckdb": "2.0.0"})


def count(findings: list[Finding]) -> Counts:
    def number(state: State, *, open_only: bool = False) -> int:
        return sum(f.state is state and not (open_only and f.suppression) for f in findings)

    present = (State.NEW, State.UPDATED, State.UNCHANGED)
    return Counts(
        **{state.value: number(state) for state in State},
        suppressed=sum(f.suppression is not None for f in findings),
        reopened=sum(f.reopened for f in findings),
        open_new=number(State.NEW, open_only=True),
        open_present=sum(number(state, open_only=True) for state in present),
    )


CANARY = Suppression("Login canary", "platform", "2027-03-31")


def failed_logins() -> Report:
    """A scheduled day with a finding of each state."""
    return make(
        [
            finding(0, State.NEW, failures=7),
            finding(1, State.NEW, reopened=True, first_seen=LONG_AGO, failures=312, row={"mfa_share": None}),
            finding(2, State.UPDATED, failures=23, changes={"failures": (9, 23)}),
            finding(3, State.UNCHANGED),
            finding(4, State.ABSENT),
            finding(5, State.NEW, suppression=CANARY),
        ],
        expired=(1,),
    )


def incomplete() -> Report:
    """A manual first run that found nothing, in a window where much is missing."""
    spec = SPEC | {
        "id": "s3-critical-buckets",
        "title": "Actions on critical S3 buckets",
        "severity": "high",
        "allow": [],
        "lookups": {"critical_buckets": {"description": "Buckets that matter", "columns": {"bucket": "string"}}},
    }
    return make(
        [],
        spec=spec,
        completeness=Completeness(
            tuple(part for part in COVERAGE if part.account == ACCOUNTS[0] and part.region != "us-west-2"),
            data_scanned_in_bytes=912,
            missing_accounts=ACCOUNTS[1:],
            missing_regions=("us-west-2",),
            empty_lookups=("critical_buckets",),
        ),
        baseline=Baseline(absence="first_run"),
        run=Run(
            "manual__2026-11-03T09:14:22.104318+00:00",
            attempt=2,
            trigger=Trigger.MANUAL,
            triggered_by="a.meier",
            reason="Quarterly audit, question 14",
        ),
        lookups=(LookupUse("critical_buckets", "file", 0, sha256(b""), True),),
    )


def clean() -> Report:
    """A complete window without findings, compared with an older run across a gap."""
    before = Window(BEFORE.start - timedelta(days=3), BEFORE.end - timedelta(days=3))
    return make([], baseline=Baseline(run_id="scheduled__2026-10-30T02:00:00+00:00", sequence=38, window=before))


def huge() -> Report:
    """A run with 2,000 listed findings of more."""
    states = [State.NEW] * 900 + [State.UPDATED] * 300 + [State.UNCHANGED] * 700 + [State.ABSENT] * 100
    findings = [
        finding(i, state, **({"changes": {"failures": (4, 5 + 3 * i)}} if state is State.UPDATED else {}))
        for i, state in enumerate(states)
    ]
    counted = Counts(new=1900, updated=300, unchanged=700, absent=100, open_new=1900, open_present=2900)
    return make(findings, counts=counted)


def typed() -> Report:
    """A finding with a column of each type and values that JSON and spreadsheets get wrong."""
    values: dict[str, tuple[str, Any]] = {
        "id": ("bigint", 9_007_199_254_740_993),
        "small": ("integer", -42),
        "share": ("double", float("inf")),
        "price": ("decimal(38,10)", Decimal("-12345678901234567890.0123456789")),
        "day": ("date", date(2026, 11, 2)),
        "at": ("timestamp", datetime(2026, 11, 2, 3, 4, 5, 678000)),
        "at_utc": ("timestamp with time zone", datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)),
        "yes": ("boolean", True),
        "nothing": ("varchar", None),
        "empty": ("varchar", ""),
        "emoji": ("varchar", "naïve 🦊 日本"),
        "event_id": ("varchar", "e-1"),
    }
    spec = SPEC | {"pivots": [], "allow": [], "result": {"kind": "events", "key": ["id", "event_id"]}}
    row = {name: value for name, (_, value) in values.items()}
    found = Finding(sha256(b"typed"), State.UPDATED, row, False, BEFORE_SEEN, NOW_SEEN, changes={"small": (2**60, -42)})
    return make([found], spec=spec, columns=tuple(Column(name, type_) for name, (type_, _) in values.items()))


ALL = {
    "failed-logins": failed_logins,
    "incomplete": incomplete,
    "clean": clean,
    "typed": typed,
    "huge": huge,
}


def main(folder: Path) -> None:
    from planted import hostile  # which is made of this module

    for name, sample in {**ALL, "hostile": hostile}.items():
        report = sample()
        store = FolderStore(folder / name)
        store.put_new(report.outcome.snapshot.key, SNAPSHOT, "application/vnd.apache.parquet")
        print(write(store, report, snapshot=report.outcome.snapshot).report_uri)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
