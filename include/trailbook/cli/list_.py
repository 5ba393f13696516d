"""`trailbook list`: the catalogue of runbooks."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from trailbook.cli.output import table
from trailbook.runbook.collection import Collection
from trailbook.runbook.load import Loaded
from trailbook.settings import Settings

HELP = "the catalogue of runbooks"

_COLUMNS = ("id", "severity", "status", "schedule", "title")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("--runbooks", type=Path, metavar="DIR", help="where they are (default: TRAILBOOK_RUNBOOKS)")
    parser.add_argument(
        "--format",
        choices=("table", "json", "markdown"),
        default="table",
        help="markdown is the whole catalogue as a page, with links from a folder beside that of the runbooks",
    )


def run(args: argparse.Namespace) -> int:
    """Print the catalogue; 2 where a file could not be read as a runbook, and so is not in it."""
    folder = args.runbooks or Settings.from_env().runbooks
    collection = Collection.load(folder)
    rows = [_row(loaded) for loaded in collection.runbooks.values()]
    if args.format == "json":
        print(json.dumps({"runbooks": rows}, indent=2))
    elif args.format == "markdown":
        print(page(collection, folder), end="")
    else:
        table(_COLUMNS, [[row[column] or "on demand" for column in _COLUMNS] for row in rows])
    if collection.problems:
        broken = len({problem.path for problem in collection.problems})
        print(f"trailbook: {broken} file(s) with problems: run `trailbook check`", file=sys.stderr)
        return 2
    return 0


def page(collection: Collection, folder: Path) -> str:
    """Return the catalogue as Markdown; its links are right in a folder beside `folder`, as docs/ is."""
    from trailbook.report import catalogue, catalogue_page  # here: a table need not wait for what reports need
    from trailbook.runbook.matrix import matrix

    found = catalogue.entries(collection.runbooks.values(), folder)
    return catalogue_page.render(found, matrix(), f"../{quote(folder.resolve().name)}")


def _row(loaded: Loaded) -> dict[str, Any]:
    runbook = loaded.runbook
    return {
        "id": runbook.id,
        "title": runbook.title,
        "description": runbook.description,
        "status": runbook.status,
        "severity": runbook.severity,
        "owner": runbook.owner,
        "schedule": None if runbook.schedule is None else runbook.schedule.cron,
        "params": list(runbook.params),
        "attack": [] if runbook.attack is None else list(runbook.attack.techniques),
        "controls": {name: list(ids) for name, ids in runbook.controls.items()},
        "mappings_reviewed": runbook.mappings_reviewed,
        "path": str(loaded.source.path),
    }
