"""The runbook, the SQL, the columns and the coverage that the sample reports are about."""

from typing import Any

from trailbook.athena.execution import Column
from trailbook.verdict import Coverage

SQL = """WITH cloudtrail AS (
  SELECT * FROM trailbook.cloudtrail_logs
  WHERE "timestamp" BETWEEN '2026/11/02' AND '2026/11/03' 
    AND eventtime >= '2026-11-02T00:00:00Z' AND eventtime < '2026-11-03T00:00:00Z'
)
SELECT recipientaccountid AS account_id, useridentity.username AS user_name, sourceipaddress AS source_ip,
       count(*) AS failures, min(eventtime) AS first_try, max(eventtime) AS last_try,
       slice(array_agg(eventid ORDER BY eventtime), 1, 25) AS event_ids
FROM cloudtrail
WHERE eventsource = 'signin.amazonaws.com' AND eventname = 'ConsoleLogin'
  AND json_extract_scalar(responseelements, '$.ConsoleLogin') = 'Failure'
GROUP BY 1, 2, 3
HAVING count(*) >= 5
LIMIT 10001"""

SPEC: dict[str, Any] = {
    "id": "auth-failed-logins",
    "title": "Failed console sign-ins, by user and source",
    "description": "Who failed to sign in to the console, from where, how often.",
    "status": "stable",
    "severity": "medium",
    "owner": "security-operations",
    "references": [
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html"
    ],
    "falsepositives": ["A person who forgot a password after a holiday."],
    "attack": {"version": "19.1", "techniques": ["T1110.001", "T1110.003"]},
    "controls": {"cis-aws-foundations@7.0.0": ["5.6"], "nist-800-53@rev5": ["AC-7", "AU-6"]},
    "schedule": {"cron": "0 2 * * *", "window": "1d", "settle": "2h"},
    "params": {
        "threshold": {"type": "integer", "default": 5, "minimum": 1, "title": "Failures before a row counts"},
        "users": {
            "type": "array",
            "items": {"type": "string"},
            "default": [],
            "title": "Only these users (empty = all)",
        },
    },
    "query": "SELECT 1",
    "result": {"kind": "aggregate", "key": ["account_id", "user_name", "source_ip"], "measures": ["failures"]},
    "expect": "no_new_findings",
    "guide": (
        "1. **Is the user real?** `HIDDEN_DUE_TO_SECURITY_REASONS` means the name typed was not a user's.\n"
        "2. Did a sign-in from the same address succeed? Follow the address with the command below.\n"
        "3. If so, treat the account as taken over: see [the playbook](https://wiki.example.com/ir/account-takeover).\n\n"
        "| failures | act within |\n|---|--:|\n| 5 to 20 | 1 day |\n| more | 1 hour |\n"
    ),
    "pivots": [
        {
            "runbook": "principal-timeline",
            "with": {"source_ip": "{source_ip}"},
            "title": "All that this address did in the window",
        }
    ],
    "allow": [
        {"match": {"user_name": "synthetic-*"}, "reason": "Login canary", "owner": "platform", "expires": "2027-03-31"},
        {
            "match": {"user_name": "jenkins"},
            "reason": "Old build server until it is replaced",
            "owner": "build-team",
            "expires": "2026-10-31",
        },
    ],
}
COLUMNS = tuple(
    Column(name, type_)
    for name, type_ in (
        ("account_id", "varchar"),
        ("user_name", "varchar"),
        ("source_ip", "varchar"),
        ("failures", "bigint"),
        ("first_try", "varchar"),
        ("last_try", "varchar"),
        ("user_agent", "varchar"),
        ("mfa_share", "double"),
        ("event_ids", "array"),
    )
)
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2")
ACCOUNTS = ("111122223333", "444455556666", "777788889999")
COVERAGE = tuple(
    Coverage(
        account, region, 1000 + 977 * (i + 1) * (j + 2), f"2026-11-02T00:0{i}:1{j}Z", f"2026-11-02T23:5{i + j}:02Z"
    )
    for i, account in enumerate(ACCOUNTS)
    for j, region in enumerate(REGIONS)
)
