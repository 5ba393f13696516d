"""`trailbook init`: create the Athena database and tables, and say what protects the buckets of the evidence."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from trailbook.cli import printable
from trailbook.cli.connections import Clients
from trailbook.ledger.table import NAME
from trailbook.settings import Settings
from trailbook.steps.buckets import Protection, protections
from trailbook.steps.init import init, statements


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("--trail", metavar="S3", help="s3://bucket/prefix/AWSLogs (default: TRAILBOOK_TRAIL)")
    parser.add_argument("--accounts", required=True, help="the accounts that log there, parted by commas")
    parser.add_argument("--regions", required=True, help="the regions that log there, parted by commas")
    parser.add_argument("--first-day", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")
    parser.add_argument("--print", action="store_true", help="print the DDL and run nothing")


def run(args: argparse.Namespace) -> int:
    """Run the DDL, or print it; 1 where a bucket of the evidence lacks a protection."""
    settings = Settings.from_env()
    settings = replace(settings, trail=args.trail or settings.trail)
    accounts = [part.strip() for part in args.accounts.split(",") if part.strip()]
    regions = [part.strip() for part in args.regions.split(",") if part.strip()]
    ddl = statements(settings, accounts=accounts, regions=regions, first_day=args.first_day)
    if args.print:
        print(";\n\n".join(ddl) + ";")
        return 0
    clients = Clients(region=settings.region)
    init(clients.athena(settings), ddl)
    table = f"{settings.table.database}.{settings.table.name}"
    print(f"{table} reads {settings.trail}: {len(accounts)} accounts, {len(regions)} regions")
    if settings.ledger.startswith("s3://"):
        print(f"{settings.table.database}.{NAME} reads {settings.ledger}: the trail of runs, one row an entry")
    return _show(list(protections(clients.s3, settings)))


def _show(found: Sequence[Protection]) -> int:
    for item in found:
        print(printable(f"{'ok' if item.present else 'MISSING':8}s3://{item.bucket}: {item.name}: {item.says}"))
    missing = sum(not item.present for item in found)
    if missing:
        print(f"{missing} protections are missing: docs/evidence.md says what that leaves unproved")
    return 1 if missing else 0
