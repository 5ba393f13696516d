"""The command line: one module per verb, and the only place that ends the program.

Exit codes: 0 all good; 1 findings, differences or failed cases; 2 someone must mend something; 3 a bug;
130 interrupted.
"""

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from trailbook import __version__
from trailbook.errors import TrailbookError
from trailbook.words import visible

VERBS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "check": ("check", "validate runbooks; every problem with its place"),
        "test": ("test", "run each runbook's own cases on the local engine"),
        "list": ("list_", "the catalogue of runbooks"),
        "sql": ("sql", "print the exact SQL that Athena would get"),
        "run": ("run", "run runbooks on a folder of CloudTrail files, with no AWS"),
        "history": ("history", "the runs of a runbook, as the ledger has them"),
        "verify": ("verify", "verify the ledger's chains and every file they name"),
        "compliance": ("compliance", "the evidence for each framework's controls, and what is missing"),
        "diff": ("diff", "what changed between two runs"),
        "init": ("init", "create the Athena database and table of a trail"),
        "local": ("local", "serve the embedded AWS on loopback"),
        "new": ("new", "a runbook to start from"),
        "sample": ("sample", "write a sample trail with planted incidents"),
        "demo": ("demo", "three days of the sample trail through real Airflow"),
        "up": ("up", "the embedded AWS and Airflow, and they stay"),
    }
)
"""Verb to (module in this package, one line of help)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code. Nothing but a bug leaves a traceback, and that says where to send it."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(given)
    except TrailbookError as error:
        print(printable(f"trailbook: {error}"), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("trailbook: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader (`| head`) has gone; Python would complain again while it flushes on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:
        traceback.print_exc()
        print(f"trailbook {__version__}: this is a bug; please report it with the lines above", file=sys.stderr)
        return 3


def printable(text: str) -> str:
    """Return text without what a terminal would obey: hidden characters but line breaks and tabs are marked."""
    return visible(text, keep="\n\t")


def _run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="trailbook", description="CloudTrail audit runbooks.", epilog=_EXIT_CODES)
    parser.add_argument("--version", action="version", version=f"trailbook {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    for verb, (module, help_line) in VERBS.items():
        subparser = verbs.add_parser(verb, help=help_line, description=help_line)
        if verb == chosen:  # only the verb that runs is imported: `check` must not wait for the local engine
            importlib.import_module(f"trailbook.cli.{module}").configure(subparser)
    namespace = parser.parse_args(arguments)
    result: int = importlib.import_module(f"trailbook.cli.{VERBS[namespace.verb][0]}").run(namespace)
    return result


_EXIT_CODES = "exit codes: 0 all good, 1 findings or differences, 2 something to mend, 3 a bug, 130 interrupted"
