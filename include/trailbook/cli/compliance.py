"""`trailbook compliance`: which evidence the ledger holds for each framework's controls, and what is missing."""

import argparse
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trailbook.canonical import digest
from trailbook.cli import printable
from trailbook.cli.connections import Clients
from trailbook.cli.output import console, table
from trailbook.compliance import ComplianceView, data, page, statements
from trailbook.compliance import table as lines
from trailbook.compliance.evidence import Evidence, Standing
from trailbook.compliance.write import write
from trailbook.errors import InvalidRequest
from trailbook.objects import FolderStore
from trailbook.plan import Run, Trigger
from trailbook.report.statements import moment
from trailbook.runbook.collection import Collection
from trailbook.settings import Settings
from trailbook.steps import rollup
from trailbook.verdict import Verdict
from trailbook.window import Window, parse_time
from trailbook.words import sentence

_DAYS = 30


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument(
        "--framework", action="append", metavar="F", help="only this one, such as nist-800-53 (again for more)"
    )
    parser.add_argument("--from", dest="start", metavar="T", help="the period's first moment, UTC")
    parser.add_argument(
        "--to", dest="end", metavar="T", help=f"the moment it ends (default: the last {_DAYS} whole days, UTC)"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the report there, with a manifest of digests")
    parser.add_argument("--runbooks", type=Path, metavar="DIR", help="where they are (default: TRAILBOOK_RUNBOOKS)")
    parser.add_argument("--ledger", metavar="WHERE", help="s3://bucket/prefix or a folder (default: TRAILBOOK_LEDGER)")
    parser.add_argument("--format", choices=("table", "json", "csv", "html"), default="table")


def run(args: argparse.Namespace) -> int:
    """Print the view; 0 where it passes, 1 where a run fails or evidence is missing. Nothing is recorded."""
    settings, started = Settings.from_env(), datetime.now(UTC)
    period = _period(args.start, args.end, started)
    frameworks = args.framework or []
    ledger = Clients(region=settings.region).ledger(settings, args.ledger)
    made = rollup.plan(
        Run(f"cli-{started:%Y%m%dT%H%M%S}-{digest([started.isoformat(), list(frameworks)])[:8]}", trigger=Trigger.CLI),
        period,
        frameworks,
        Collection.load(args.runbooks or settings.runbooks),
        ledger,
        started=started,
    )
    found = rollup.gathered(made, ledger)
    report = rollup.report_of(made, found)
    if args.out is not None:
        # The runs' reports lie elsewhere, so the page shows where and links to none.
        products = write(FolderStore(args.out), report, beside=False)
        print(f"report: {printable(products.report_uri)}", file=sys.stderr)
    if args.format == "table":
        show(found)
    else:
        body = {
            "json": lambda: data.dumps(report) + b"\n",
            "csv": lambda: lines.dumps(found),
            "html": lambda: page.render(report, beside=False),
        }[args.format]()
        sys.stdout.buffer.write(body)
    sys.stdout.flush()
    return 0 if found.verdict is Verdict.PASS else 1


def _period(start: str | None, end: str | None, now: datetime) -> Window:
    if (start is None) != (end is None):
        raise InvalidRequest("give both --from and --to, or none of them")
    if start is None or end is None:
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return Window(today - timedelta(days=_DAYS), today)
    return Window(parse_time(start, "--from"), parse_time(end, "--to"))


def show(found: ComplianceView) -> None:
    """Print the verdict with its reasons, then each framework, then what is missing of each runbook."""
    console().print(f"{found.verdict.upper()}  {statements.period(found)}", style="bold", markup=False)
    for reason in statements.reasons(found):
        console().print(printable(sentence(reason)), markup=False)
    columns = ("framework", "controls", "no evidence", "partial", "evidence")
    rows = [
        (framework.title, len(framework.controls), *(len(framework.of(standing)) for standing in _STANDINGS))
        for framework in found.frameworks
    ]
    table(columns, rows, numbers=columns[1:])
    if found.evidence:
        console().print()
        table(_COLUMNS, [_row(of) for of in sorted(found.evidence, key=_by_need)], numbers=_COLUMNS[2:6])


_STANDINGS = (Standing.NONE, Standing.PARTIAL, Standing.WHOLE)
_COLUMNS = ("runbook", "evidence", "windows", "expected", "runs", "fail", "last good", "missing")


def _row(of: Evidence) -> tuple[object, ...]:
    missing = "; ".join((*statements.gaps(of), *statements.remarks(of)))
    last = None if of.last_good is None else moment(of.last_good.placed)
    return (
        of.runbook.id,
        of.standing.value,
        of.found,
        of.expected,
        len(of.runs),
        len(of.of(Verdict.FAIL)),
        last,
        missing,
    )


def _by_need(of: Evidence) -> tuple[int, str]:
    order = list(Standing)
    return order.index(of.standing), of.runbook.id
