"""`trailbook sql ID`: print the exact SQL that Athena would get."""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trailbook.cli import printable
from trailbook.errors import InvalidRequest
from trailbook.plan import Run
from trailbook.runbook.collection import find
from trailbook.runbook.lookups import read_all
from trailbook.runbook.values import from_text, resolve
from trailbook.settings import Settings
from trailbook.steps.plan import plan, window_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("id", metavar="ID")
    parser.add_argument("--from", dest="start", metavar="T", help="start of the window (default: yesterday, UTC)")
    parser.add_argument("--to", dest="end", metavar="T", help="end of the window, not in it")
    parser.add_argument("--param", metavar="k=v", action="append", default=[])
    parser.add_argument("--coverage", action="store_true", help="the query of the completeness statement instead")
    parser.add_argument("--runbooks", type=Path, metavar="DIR", help="default: TRAILBOOK_RUNBOOKS")


def run(args: argparse.Namespace) -> int:
    """Print the SQL."""
    settings = Settings.from_env()
    item = find(args.runbooks or settings.runbooks, args.id)
    runbook = item.runbook
    if bool(args.start) != bool(args.end):
        raise InvalidRequest("give --from and --to, or neither")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    window = {"start": args.start, "end": args.end}
    if not args.start:
        window = {"start": (today - timedelta(days=1)).isoformat(), "end": today.isoformat()}
    request = resolve(runbook, from_text(runbook, args.param) | window)
    planned = plan(
        runbook,
        source_sha256=item.source.sha256,
        request=request,
        run=Run("sql"),
        window=window_of(runbook, request, interval_end=None, now=None),
        settings=settings,
        lookups=read_all(settings.lookups, runbook),
        ledger=None,
        started=today,
    )
    print(printable(planned.coverage_sql if args.coverage else planned.sql))
    return 0
