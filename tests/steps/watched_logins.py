"""A small runbook, logs of two days, and every step run on them with no AWS."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trailbook.ledger import Ledger
from trailbook.local.folder import FolderAthena
from trailbook.objects import FolderStore
from trailbook.plan import Run
from trailbook.runbook.lookups import LookupTable
from trailbook.runbook.model import Runbook
from trailbook.runbook.values import resolve
from trailbook.settings import Settings
from trailbook.steps import plan, window_of
from trailbook.steps.whole import WholeRun, whole

QUERY = """
SELECT recipientaccountid AS account_id, useridentity.username AS user_name, count(*) AS failures,
       slice(array_agg(eventid ORDER BY eventtime, eventid), 1, 25) AS event_ids
FROM cloudtrail
WHERE eventname = 'ConsoleLogin' AND useridentity.username IN (SELECT user_name FROM watched)
GROUP BY 1, 2
HAVING count(*) >= :threshold
"""


def runbook(**changes: Any) -> Runbook:
    """Return the runbook, changed as asked."""
    return Runbook.model_validate(
        {
            "id": "watched-logins",
            "title": "Logins of watched users",
            "description": "How often watched users signed in.",
            "severity": "low",
            "owner": "security",
            "schedule": {"cron": "0 2 * * *"},
            "params": {
                "threshold": {"type": "integer", "title": "At least", "default": 2},
                "users": {
                    "type": "array",
                    "items": {"type": "string"},
                    "title": "Watch these instead",
                    "default": [],
                    "replaces": "watched.user_name",
                },
            },
            "lookups": {"watched": {"description": "Whom to watch", "columns": {"user_name": "string"}}},
            "query": QUERY,
            "result": {"kind": "aggregate", "key": ["account_id", "user_name"], "measures": ["failures"]},
        }
        | changes
    )


def logins(day: int, **counts: int) -> list[dict[str, Any]]:
    """Return sign-ins of users on a day of November 2026, from nine o'clock on."""
    return [
        {
            "eventID": f"{user}-{day}-{n}",
            "eventTime": f"2026-11-{day:02}T09:00:{n:02}Z",
            "eventName": "ConsoleLogin",
            "eventSource": "signin.amazonaws.com",
            "awsRegion": "us-east-1",
            "recipientAccountId": "111122223333",
            "userIdentity": {"type": "IAMUser", "userName": user},
        }
        for user, count in counts.items()
        for n in range(count)
    ]


@dataclass(frozen=True)
class Bench:
    """A folder of logs, one of evidence, and the means to run a runbook between them."""

    root: Path

    @property
    def reports(self) -> FolderStore:
        return FolderStore(self.root / "out" / "reports")

    @property
    def ledger(self) -> Ledger:
        return Ledger(FolderStore(self.root / "out" / "ledger"))

    def log(self, name: str, records: Sequence[Mapping[str, Any]]) -> None:
        folder = self.root / "logs"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.json.gz").write_bytes(gzip.compress(json.dumps({"Records": list(records)}).encode()))

    def run(
        self,
        day: int,
        run_id: str,
        *,
        of: Runbook | None = None,
        watched: Sequence[str] = ("alice", "bob"),
        settings: Settings | None = None,
        attempt: int = 1,
        started: datetime = datetime(2027, 1, 1, tzinfo=UTC),
        **given: Any,
    ) -> WholeRun:
        book, used = of or runbook(), settings or Settings()
        request = resolve(book, given)
        run = Run(run_id, attempt=attempt, reason=request.reason)
        table = LookupTable(columns=("user_name",), rows=tuple((name,) for name in watched), sha256="0" * 64)
        with FolderAthena.from_folder([self.root / "logs"], table=used.table) as athena:
            return whole(
                book,
                run,
                lambda: plan(
                    book,
                    source_sha256="1" * 64,
                    request=request,
                    run=run,
                    window=window_of(book, request, interval_end=datetime(2026, 11, day + 1, 2, tzinfo=UTC), now=None),
                    settings=used,
                    lookups={"watched": table},
                    ledger=self.ledger,
                    started=started,
                    unread=athena.problems,
                ),
                athena=athena,
                reports=self.reports,
                ledger=self.ledger,
                clock=lambda: datetime(2027, 1, 1, 0, 1, tzinfo=UTC),
            )
