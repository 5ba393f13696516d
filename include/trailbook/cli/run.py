"""`trailbook run ID… | --all --logs DIR`: run runbooks on a folder of CloudTrail files, with no AWS and no Airflow."""

import argparse
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trailbook.canonical import digest
from trailbook.cli import run_output
from trailbook.errors import InvalidRequest, InvalidRunbook
from trailbook.laptop.progress import Steps
from trailbook.ledger import Ledger
from trailbook.local.folder import FolderAthena
from trailbook.objects import FolderStore
from trailbook.plan import Plan, Run, Trigger
from trailbook.runbook.collection import Collection
from trailbook.runbook.load import Loaded
from trailbook.runbook.lookups import read_all
from trailbook.runbook.values import from_text, resolve
from trailbook.settings import Settings
from trailbook.steps.plan import plan, window_of
from trailbook.steps.whole import WholeRun, whole
from trailbook.window import Window, parse_time, text


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("ids", metavar="ID", nargs="*", help="runbooks to run")
    parser.add_argument("--all", action="store_true", help="every runbook; one load of the logs serves all")
    parser.add_argument("--logs", metavar="DIR", type=Path, required=True, action="append", help="files or folders")
    parser.add_argument("--from", dest="start", metavar="T", help="start of the window (default: the first event)")
    parser.add_argument("--to", dest="end", metavar="T", help="end of the window, not in it (default: the last event)")
    parser.add_argument("--param", metavar="k=v", action="append", default=[], help="a parameter; may be repeated")
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table")
    parser.add_argument("--out", metavar="DIR", type=Path, help="keep reports and ledger here: the next run compares")
    parser.add_argument("--runbooks", type=Path, metavar="DIR", help="default: TRAILBOOK_RUNBOOKS")
    parser.add_argument("--lookups", type=Path, metavar="DIR", help="default: TRAILBOOK_LOOKUPS")


def run(args: argparse.Namespace) -> int:
    """Run the chosen runbooks; 1 where one found something or could not look at all of the window."""
    settings = Settings.from_env()
    loaded = _chosen(args, Collection.load(args.runbooks or settings.runbooks, lint=True))
    athena = _load(args.logs, settings)
    window = _window_params(args, athena)
    with tempfile.TemporaryDirectory(prefix="trailbook-run-") as scratch:
        out = args.out or Path(scratch)
        runs = [_one(item, args, window, settings, athena, out) for item in loaded]
        run_output.show(runs, athena, args.format, FolderStore(out / "reports"), kept=args.out)
    return run_output.exit_code(runs)


def _chosen(args: argparse.Namespace, collection: Collection) -> list[Loaded]:
    if bool(args.ids) == args.all:
        raise InvalidRequest("say which runbooks to run: their ids, or --all")
    if args.format == "csv" and (args.all or len(args.ids) != 1):
        raise InvalidRequest("--format csv prints one table: name one runbook")
    problems = [p for p in collection.problems if args.all or Path(p.path).stem in args.ids]
    if problems and not args.all:
        raise InvalidRunbook(problems)
    for problem in problems:
        print(f"left out: {problem}", file=sys.stderr)
    return collection.named(args.ids)


def _load(logs: list[Path], settings: Settings) -> FolderAthena:
    missing = [str(path) for path in logs if not path.exists()]
    if missing:
        raise InvalidRequest(f"--logs: no such file or folder: {', '.join(missing)}")
    with Steps().step(f"Reading {', '.join(map(str, logs))}") as bar:
        return FolderAthena.from_folder(
            logs, table=settings.table, progress=lambda done, total: bar.at(done, total=total)
        )


def _one(
    item: Loaded,
    args: argparse.Namespace,
    window: dict[str, str],
    settings: Settings,
    athena: FolderAthena,
    out: Path,
) -> WholeRun:
    runbook, started = item.runbook, datetime.now(UTC)
    ledger = Ledger(FolderStore(out / "ledger"))
    given = list(args.param)
    if args.all:  # a parameter is for the runbooks that have it
        known = {*runbook.params, "accounts", "regions", "row_limit", "reason"}
        given = [pair for pair in given if pair.partition("=")[0] in known]
    run_id = f"cli-{started:%Y%m%dT%H%M%S}-{digest([runbook.id, started.isoformat(), given])[:8]}"
    own = Run(run_id, trigger=Trigger.CLI)

    def make_plan() -> Plan:
        request = resolve(runbook, from_text(runbook, given) | window)
        return plan(
            runbook,
            source_sha256=item.source.sha256,
            request=request,
            run=Run(run_id, trigger=Trigger.CLI, reason=request.reason),
            window=window_of(runbook, request, interval_end=None, now=None),
            settings=settings,
            lookups=read_all(args.lookups or settings.lookups, runbook),
            ledger=ledger,
            started=started,
            unread=athena.problems,
        )

    return whole(
        runbook,
        own,
        make_plan,
        athena=athena,
        reports=FolderStore(out / "reports"),
        ledger=ledger,
        clock=lambda: datetime.now(UTC),
    )


def _window_params(args: argparse.Namespace, athena: FolderAthena) -> dict[str, str]:
    """Return `start` and `end`: as given, the rest from what the logs hold, in whole seconds."""
    span = athena.span()
    if span is None and not (args.start and args.end):
        raise InvalidRequest(
            "the logs hold no CloudTrail events, so there is no window: give --from and --to, or other logs"
        )
    first, last = span or (None, None)
    start = parse_time(args.start, "--from") if args.start else first
    end = parse_time(args.end, "--to") if args.end else last and last.replace(microsecond=0) + timedelta(seconds=1)
    if start is None or end is None:  # unreachable: said above
        raise InvalidRequest("give --from and --to")
    window = Window(start.replace(microsecond=0), end)
    return {"start": text(window.start), "end": text(window.end)}
