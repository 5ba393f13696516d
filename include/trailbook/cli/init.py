"""`trailbook init`: create the Athena database and table (partition projection) of a trail."""

import argparse
from dataclasses import replace
from datetime import date

from trailbook.cli.connections import Clients
from trailbook.settings import Settings
from trailbook.steps.init import init, statements


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("--trail", metavar="S3", help="s3://bucket/prefix/AWSLogs (default: TRAILBOOK_TRAIL)")
    parser.add_argument("--accounts", required=True, help="the accounts that log there, parted by commas")
    parser.add_argument("--regions", required=True, help="the regions that log there, parted by commas")
    parser.add_argument("--first-day", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")
    parser.add_argument("--print", action="store_true", help="print the DDL and run nothing")


def run(args: argparse.Namespace) -> int:
    """Run the DDL, or print it."""
    settings = Settings.from_env()
    settings = replace(settings, trail=args.trail or settings.trail)
    accounts = [part.strip() for part in args.accounts.split(",") if part.strip()]
    regions = [part.strip() for part in args.regions.split(",") if part.strip()]
    ddl = statements(settings, accounts=accounts, regions=regions, first_day=args.first_day)
    if args.print:
        print(";\n\n".join(ddl) + ";")
        return 0
    init(Clients(region=settings.region).athena(settings), ddl)
    table = f"{settings.table.database}.{settings.table.name}"
    print(f"{table} reads {settings.trail}: {len(accounts)} accounts, {len(regions)} regions")
    return 0
