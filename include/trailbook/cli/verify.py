"""`trailbook verify [ID…]`: verify the ledger's chains, their object versions, and every file that they name."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from trailbook.cli import printable
from trailbook.cli.connections import Clients
from trailbook.errors import InvalidRequest
from trailbook.ledger import Head, Verification, verify
from trailbook.settings import Settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("ids", metavar="ID", nargs="*", help="runbooks (default: all, and whatever lies beside them)")
    parser.add_argument("--ledger", metavar="WHERE", help="s3://bucket/prefix or a folder (default: TRAILBOOK_LEDGER)")
    parser.add_argument("--reports", metavar="WHERE", help="the same for the reports (default: TRAILBOOK_REPORTS)")
    parser.add_argument(
        "--heads",
        metavar="WHERE",
        help="the second place, or a file that an earlier --format json printed (default: TRAILBOOK_HEADS)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(args: argparse.Namespace) -> int:
    """Print every fault, a line each, and return 1 where there is one."""
    settings = Settings.from_env()
    clients = Clients(region=settings.region)
    # The settings' second place is that of the settings' ledger, not of another that is named here.
    where = args.heads or ("" if args.ledger else settings.heads)
    is_file = bool(where) and Path(where).is_file()
    if args.heads and not is_file and not where.startswith("s3://") and not Path(where).is_dir():
        raise InvalidRequest(f"--heads {where}: expected a file, a folder or s3://bucket/prefix, found nothing there")
    found = verify(
        clients.store(args.ledger or settings.ledger, "TRAILBOOK_LEDGER"),
        clients.store(args.reports or settings.reports, "TRAILBOOK_REPORTS"),
        runbooks=args.ids or None,
        heads=_heads(Path(where)) if is_file else None,
        second=clients.store(where, "TRAILBOOK_HEADS") if where and not is_file else None,
    )
    if args.format == "json":
        print(json.dumps({**asdict(found), "ok": not found.faults}, default=str))
    else:
        show(found)
    return 1 if found.faults else 0


def _heads(path: Path) -> dict[str, Head]:
    """Return the heads of an earlier verification's JSON. Raises InvalidRequest where the file is none."""
    try:
        return {runbook: Head(**head) for runbook, head in json.loads(path.read_bytes())["heads"].items()}
    except OSError as error:
        raise InvalidRequest(f"--heads {path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidRequest(f"--heads {path}: expected what `verify --format json` printed, found: {error}") from error


def show(found: Verification) -> None:
    """Print the faults on standard output, and the sum on it as well."""
    for fault in found.faults:
        print(printable(str(fault)))
    sums = f"{len(found.heads)} chains, {found.entries} entries, {found.files} report files"
    if found.compared:
        sums += f", {found.compared} heads kept elsewhere"
    if found.unrecorded:
        print(f"{found.unrecorded} whole reports that no entry names: runs under way, or entries that were removed")
    if found.faults:
        print(f"NOT as recorded: {len(found.faults)} faults in {sums}")
    else:
        print(f"verified: {sums}, all as recorded")
    for runbook, head in sorted(found.heads.items()):
        print(printable(f"  head of {runbook}: {head.sequence} {head.fingerprint}"))
    sys.stdout.flush()
