"""`trailbook sample DIR`: write a reproducible sample trail with planted incidents."""

import argparse
import sys
from datetime import date
from pathlib import Path

from trailbook.cli.output import size
from trailbook.laptop.progress import Steps
from trailbook.sample import generate, lookups
from trailbook.window import text


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="where AWSLogs/… and lookups/ go")
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--events-per-day", type=int, default=5000, help="background events (default %(default)s)")
    parser.add_argument("--accounts", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7, help="the same seed writes the same bytes")
    parser.add_argument("--first-day", type=date.fromisoformat, default=date(2026, 11, 1), metavar="YYYY-MM-DD")


def run(args: argparse.Namespace) -> int:
    """Write the trail and the lookups that its incidents need."""
    steps = Steps()
    with steps.step(f"Sample trail in {args.folder}") as bar:
        summary = generate(
            args.folder,
            first_day=args.first_day,
            days=args.days,
            events_per_day=args.events_per_day,
            accounts=args.accounts,
            seed=args.seed,
            progress=lambda done, total: bar.at(done, total=total),
        )
        lookups(args.folder / "lookups", args.accounts)
    print(
        f"{summary.events} events in {summary.files} files, {size(summary.bytes)}, "
        f"{text(summary.first_event)} to {text(summary.last_event)}"
    )
    print(f"next: trailbook run --all --logs {args.folder} --lookups {args.folder / 'lookups'}", file=sys.stderr)
    return 0
