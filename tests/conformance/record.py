"""`make conformance`: ask a real Trino every case, compare with what is recorded and with the local engine.

    python tests/conformance/record.py [--missing] [--no-local] [FAMILY …]

TRINO_URL names a running server (default http://127.0.0.1:18080); `start_trino.py` starts one. `--missing` asks only
the cases that have no answer yet. Ends with 1 where the local engine differs.
"""

import argparse
import os
import sys

import library
from harness import TABLE, answers, cases, difference, families, keep, local, records, same_answer, table_statements
from trino import Answer, Server, Unreachable

from trailbook.local.folder import FolderAthena


def main() -> int:
    """Record, compare, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("families", nargs="*")
    parser.add_argument("--missing", action="store_true", help="ask only what has no recorded answer")
    parser.add_argument("--no-local", action="store_true", help="do not compare with the local engine")
    given = parser.parse_args()
    server = Server(os.environ.get("TRINO_URL", "http://127.0.0.1:18080").rstrip("/"))
    try:
        version = server.version()
    except Unreachable as error:
        print(f"{error}\nstart one: python tests/conformance/start_trino.py, or set TRINO_URL", file=sys.stderr)
        return 2
    for statement in table_statements(TABLE, records()):
        made = server.ask(statement)
        if made.error:
            print(f"{made.error}: {made.message}\n{statement[:400]}", file=sys.stderr)
            return 2
    failed = 0
    with FolderAthena.from_records(records(), table=TABLE) as athena:
        for family in [f for f in given.families or families() if f not in library.FAMILIES]:
            failed += _family(server, version, family, None if given.no_local else athena, missing=given.missing)
    for family in [f for f in given.families or library.FAMILIES if f in library.FAMILIES]:
        failed += library.record_library(server, version, family, missing=given.missing)
    return 1 if failed else 0


def _family(server: Server, version: str, family: str, athena: FolderAthena | None, *, missing: bool) -> int:
    recorded = answers(family)
    found: dict[str, Answer] = {}
    changed = differs = refused = 0
    for case in cases(family):
        known = recorded.get(case.sql)
        answer = known if known is not None and missing else server.ask(case.sql)
        if known is not None and same_answer(case, known, answer):
            answer = known  # where the order of rows is not defined, another order is no change
        elif known is not None:
            changed += 1
            print(f"— {case}\n  Trino said otherwise before: {known.document()}\n  now: {answer.document()}")
        found[case.sql] = answer
        if athena is None:
            continue
        refused += bool(case.refused)
        told = difference(case, local(athena, case), answer)
        if told and not case.differs:
            differs += 1
            print(f"✗ {case}\n  {case.sql}\n  " + told.replace("\n", "\n  "))
    keep(family, version, found)
    print(
        f"{family}: {len(found)} cases on Trino {version}, {changed} changed since they were recorded; "
        f"local: {len(found) - differs - refused} equal, {refused} refused, {differs} differ"
    )
    return differs


if __name__ == "__main__":
    sys.exit(main())
