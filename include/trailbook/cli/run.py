"""`trailbook run ID… | --all --logs DIR`: run runbooks on a folder of CloudTrail files, with no AWS and no Airflow."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trailbook.cli import printable, run_output, triage, triage_output, triage_params
from trailbook.cli.runs import Bench, run_each
from trailbook.errors import InvalidRequest, InvalidRunbook
from trailbook.laptop.progress import Steps
from trailbook.local.folder import FolderAthena
from trailbook.report.index import LeftOut, Skipped
from trailbook.report.index_files import write
from trailbook.runbook.collection import Collection
from trailbook.runbook.load import Loaded
from trailbook.settings import Settings
from trailbook.steps.whole import WholeRun
from trailbook.window import Window, parse_time


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("ids", metavar="ID", nargs="*", help="runbooks to run")
    parser.add_argument("--all", action="store_true", help="every runbook on one load of the logs, as a triage")
    parser.add_argument("-v", "--verbose", action="store_true", help="with --all: list what found nothing, too")
    parser.add_argument("--logs", metavar="DIR", type=Path, required=True, action="append", help="files or folders")
    parser.add_argument("--from", dest="start", metavar="T", help="start of the window (default: the first event)")
    parser.add_argument("--to", dest="end", metavar="T", help="end of the window, not in it (default: the last event)")
    parser.add_argument("--param", metavar="k=v", action="append", default=[], help="a parameter; may be repeated")
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="keep reports and ledger here, and an index.html: the next run compares"
    )
    parser.add_argument("--runbooks", type=Path, metavar="DIR", help="default: TRAILBOOK_RUNBOOKS")
    parser.add_argument("--lookups", type=Path, metavar="DIR", help="default: TRAILBOOK_LOOKUPS")


def run(args: argparse.Namespace) -> int:
    """Run the chosen; 1 where one found something or could not look at all of the window, 2 where one is broken."""
    settings = Settings.from_env()
    chosen, left_out = _chosen(args, args.runbooks or settings.runbooks)
    triage_params.refuse(args.param, [item.runbook for item in chosen], every=args.all)
    athena = _load(args.logs, settings)
    window = _window(args, athena)
    with tempfile.TemporaryDirectory(prefix="trailbook-run-") as scratch:
        out = args.out or Path(scratch)
        bench = Bench(settings, args.lookups or settings.lookups, athena, window, out, datetime.now(UTC))
        skipped = _skipped(chosen, args.param, bench) if args.all else []
        waiting = {item.runbook.id for item in chosen} - {skip.runbook for skip in skipped}
        runs = run_each([item for item in chosen if item.runbook.id in waiting], args.param, bench, every=args.all)
        _show(runs, skipped, left_out, args, bench)
    return 2 if left_out else run_output.exit_code(runs)


def _chosen(args: argparse.Namespace, folder: Path) -> tuple[list[Loaded], list[LeftOut]]:
    if bool(args.ids) == args.all:
        raise InvalidRequest("say which runbooks to run: their ids, or --all")
    if args.format == "csv" and (args.all or len(args.ids) != 1):
        raise InvalidRequest("--format csv prints one table: name one runbook")
    collection = Collection.load(folder, lint=True)
    if not args.all:
        problems = [problem for problem in collection.problems if Path(problem.path).stem in args.ids]
        if problems:
            raise InvalidRunbook(problems)
        return collection.named(args.ids), []
    left_out = triage.left_out(folder, collection)
    if not (collection.runbooks or left_out):
        raise InvalidRequest(f"expected runbooks in {folder}, found none")
    gone = {problem for broken in left_out for problem in broken.problems}
    for problem in map(str, collection.problems):
        print(printable(f"{'left out' if problem in gone else 'problem'}: {problem}"), file=sys.stderr)
    return list(collection.runbooks.values()), left_out


def _load(logs: list[Path], settings: Settings) -> FolderAthena:
    missing = [str(path) for path in logs if not path.exists()]
    if missing:
        raise InvalidRequest(f"--logs: no such file or folder: {', '.join(missing)}")
    with Steps().step(f"Reading {', '.join(map(str, logs))}") as bar:
        return FolderAthena.from_folder(
            logs, table=settings.table, progress=lambda done, total: bar.at(done, total=total)
        )


def _skipped(chosen: Sequence[Loaded], params: Sequence[str], bench: Bench) -> list[Skipped]:
    reasons = {item.runbook.id: triage_params.lacking(item.runbook, params, bench.bounds) for item in chosen}
    return [Skipped(name, reason) for name, reason in reasons.items() if reason is not None]


def _show(
    runs: Sequence[WholeRun],
    skipped: Sequence[Skipped],
    left_out: Sequence[LeftOut],
    args: argparse.Namespace,
    bench: Bench,
) -> None:
    for problem in bench.athena.problems:
        print(printable(f"logs: {problem}"), file=sys.stderr)
    as_triage = args.all and args.format == "table"
    if as_triage or args.out is not None:
        index = triage.index(
            runs,
            window=bench.window,
            made=bench.begun,
            logs=triage.logs(args.logs, bench.athena),
            reports=bench.reports,
            kept=args.out is not None,
            skipped=skipped,
            left_out=left_out,
            params=args.param,
        )
        if args.out is not None:
            write(args.out, index)
        if as_triage:
            triage_output.show(index, args)
            return
    unstarted = triage.unstarted(skipped, left_out)
    run_output.show(runs, bench.athena, args.format, bench.reports, kept=args.out, skipped=unstarted)


def _window(args: argparse.Namespace, athena: FolderAthena) -> Window:
    """Return the window: as given, the rest from what the logs hold, in whole seconds."""
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
    return Window(start.replace(microsecond=0), end)
