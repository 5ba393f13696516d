"""The runbooks' and the fragments' own cases as conformance cases: the SQL that Athena would get, over the events."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import Case, answers, difference, keep, local, table_statements
from trino import SCHEMA, Answer, Server

from trailbook.canonical import digest
from trailbook.local.folder import FolderAthena
from trailbook.runbook.collection import Collection
from trailbook.runbook.fragments import in_folder
from trailbook.settings import PhysicalTable
from trailbook.steps.cases import bound_case
from trailbook.steps.fragment_cases import bound_fragment_case

TABLE = PhysicalTable(database=SCHEMA, name="case_events")
RUNBOOKS = Path(__file__).parents[2] / "runbooks"


@dataclass(frozen=True)
class LibraryCase:
    """One case of a runbook or a fragment. `key` changes with its SQL and its events."""

    family: str
    name: str
    sql: str
    events: Sequence[Mapping[str, Any]]

    @property
    def key(self) -> str:
        """Return what the recorded answer is kept under."""
        return f"{self.name} [{digest([self.sql, list(self.events)])[:12]}]"

    def __str__(self) -> str:
        """Return a short name for a test's report."""
        return self.name

    def as_case(self) -> Case:
        """Return it as a case of the harness; a bound query has a total order."""
        return Case(self.family, self.sql, self.name, ordered=True, repeated=True)


def of_runbooks() -> Iterator[LibraryCase]:
    """Yield every case of every runbook of the repository."""
    for loaded in Collection.load(RUNBOOKS).runbooks.values():
        for case in loaded.runbook.cases:
            sql, events = bound_case(loaded.runbook, case, TABLE)
            yield LibraryCase("runbooks", f"{loaded.runbook.id}: {case.name}", sql, events)


def of_fragments() -> Iterator[LibraryCase]:
    """Yield every case of every shared fragment of the repository."""
    fragments = in_folder(RUNBOOKS)
    for name, fragment in fragments.items():
        for number, case in enumerate(fragment.cases):
            sql, events = bound_fragment_case(name, case, fragments, TABLE)
            yield LibraryCase("fragments", f"{name}: case {number + 1}", sql, events)


FAMILIES: Mapping[str, Callable[[], Iterator[LibraryCase]]] = {"runbooks": of_runbooks, "fragments": of_fragments}
"""The families of cases that are not in `cases/` but in the library itself."""


def record_library(server: Server, version: str, family: str, *, missing: bool) -> int:
    """Ask the server every case of a family, keep the answers, compare the local engine; return how many differ."""
    recorded = answers(family)
    found: dict[str, Answer] = {}
    differs = 0
    with FolderAthena.from_records([], table=TABLE) as athena:  # with DuckDB's optimizer, as in every run but a case's
        for case in FAMILIES[family]():
            known = recorded.get(case.key)
            found[case.key] = answer = known if known is not None and missing else _asked(server, case)
            athena.replace_records(case.events)
            told = difference(case.as_case(), local(athena, case.as_case()), answer)
            if told:
                differs += 1
                print(f"✗ {case}\n  " + told.replace("\n", "\n  "))
    keep(family, version, found)
    print(f"{family}: {len(found)} cases of the library on Trino {version}; local: {len(found) - differs} equal")
    return differs


def _asked(server: Server, case: LibraryCase) -> Answer:
    for statement in table_statements(TABLE, case.events):
        made = server.ask(statement)
        if made.error:
            return made
    return server.ask(case.sql)
