"""Runbooks as these tests write them."""

from pathlib import Path
from typing import Any

import yaml

QUERY = """\
SELECT recipientaccountid AS account_id, useridentity.username AS user_name, count(*) AS failures,
       slice(array_agg(eventid ORDER BY eventtime, eventid), 1, 25) AS event_ids
FROM cloudtrail
WHERE eventname = 'ConsoleLogin' AND useridentity.username IN (:users) AND errormessage IS NOT NULL
GROUP BY 1, 2
HAVING count(*) >= :threshold
"""

SCHEDULE = {"cron": "0 2 * * *", "window": "1d", "settle": "2h", "start_date": "2025-10-01", "max_active_runs": 4}


def spec(runbook_id: str, **changes: Any) -> dict[str, Any]:
    """Return a small whole runbook; a change to None takes the key away, but for `schedule`, which may be null."""
    whole: dict[str, Any] = {
        "id": runbook_id,
        "title": "Failed sign-ins",
        "description": "Who failed to sign in.",
        "severity": "medium",
        "owner": "security-operations",
        "attack": {"version": "19.1", "techniques": ["T1110.001"]},
        "controls": {"nist-800-53@rev5": ["AU-6"]},
        "schedule": {"cron": "0 2 * * *", "window": "1d", "settle": "2h"},
        "params": {
            "threshold": {"type": "integer", "default": 5, "minimum": 1, "title": "Failures before a row counts"},
            "users": {"type": "array", "items": {"type": "string"}, "default": [], "title": "Only these users"},
        },
        "query": QUERY,
        "result": {"kind": "aggregate", "key": ["account_id", "user_name"], "measures": ["failures"]},
        "guide": "1. Is the user real?",
    }
    whole |= changes
    return {key: value for key, value in whole.items() if value is not None or key == "schedule"}


def write(folder: Path, runbook_id: str, **changes: Any) -> Path:
    """Write a runbook's file and return its path."""
    path = folder / f"{runbook_id}.yaml"
    path.write_text(yaml.safe_dump(spec(runbook_id, **changes), sort_keys=False, allow_unicode=True))
    return path
