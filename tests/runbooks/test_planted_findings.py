"""The shipped runbooks on the sample: exactly the findings that `tests/data/planted.json` states by hand, day by day.

The states there follow from the measures there; comparing and judging are tested where they live.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trailbook.athena.resultset import read_csv, rows
from trailbook.local.folder import FolderAthena
from trailbook.runbook import lookups as lookup_files
from trailbook.runbook.collection import Collection
from trailbook.runbook.values import resolve
from trailbook.sample import generate, lookups
from trailbook.settings import PhysicalTable
from trailbook.sql.bind import LookupRows, bind
from trailbook.window import Window

TESTS = Path(__file__).parents[1]
PLANTED: dict[str, Any] = json.loads((TESTS / "data" / "planted.json").read_text())
FIRST = datetime.fromisoformat(PLANTED["first_day"]).replace(tzinfo=UTC)
RUNBOOKS = Collection.load(TESTS.parent / "runbooks", lint=False).runbooks
TABLE = PhysicalTable()
TRAILS = [
    pytest.param({"events_per_day": 300, "accounts": 1, "seed": 1, "days": 3}, id="the smallest"),
    pytest.param({"events_per_day": 15_000, "accounts": 4, "seed": 99, "days": 4}, id="a larger one"),
]


@pytest.fixture(scope="module", params=TRAILS)
def trail(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FolderAthena]:
    folder = tmp_path_factory.mktemp("sample")
    generate(folder, first_day=FIRST.date(), **request.param)
    lookups(folder / "lookups")
    return folder, FolderAthena.from_folder([folder / "AWSLogs"], table=TABLE)


def rows_of(name: str, day: int, trail: tuple[Path, FolderAthena], tmp_path: Path) -> list[dict[str, Any]]:
    folder, athena = trail
    runbook = RUNBOOKS[name].runbook
    tables = {n: lookup_files.read(folder / "lookups", n, lookup) for n, lookup in runbook.lookups.items()}
    sql = bind(
        runbook,
        window=Window(FIRST + timedelta(days=day), FIRST + timedelta(days=day + 1)),
        table=TABLE,
        params=resolve(runbook, {}).params,
        lookups={n: LookupRows(dict(runbook.lookups[n].columns), table.rows) for n, table in tables.items()},
    )
    execution = athena.execute(sql, token=f"{name} {day}")
    athena.download(execution, tmp_path / "result.csv")
    return rows(read_csv(tmp_path / "result.csv", execution.columns, tmp_path / "result.parquet").path, None)


@pytest.mark.parametrize("day", [0, 1, 2, 3])
@pytest.mark.parametrize("name", sorted(PLANTED["runbooks"]))
def test_a_day_has_the_planted_findings_and_no_others(
    name: str, day: int, trail: tuple[Path, FolderAthena], tmp_path: Path
) -> None:
    planted = PLANTED["runbooks"][name]
    expected = {}
    for finding in planted["findings"]:
        today = [*finding["days"], None][day]
        if today is not None and today["state"] != "absent":
            expected[tuple(finding["key"])] = today["measures"]
    found = rows_of(name, day, trail, tmp_path)
    measures = RUNBOOKS[name].runbook.result.measures
    assert {tuple(row[k] for k in planted["key"]): {m: row[m] for m in measures} for row in found} == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize("name", sorted(PLANTED["runbooks"]))
def test_the_planted_findings_show_every_state(name: str) -> None:
    planted = PLANTED["runbooks"][name]
    assert planted["key"] == RUNBOOKS[name].runbook.result.key
    assert len(planted["verdicts"]) == 3
    days = [day for finding in planted["findings"] for day in finding["days"] if day]
    assert {day["state"] for day in days} == {"new", "updated", "unchanged", "absent"}
    assert any(day.get("reopened") for day in days)
    assert any(finding.get("suppressed") for finding in planted["findings"])


@pytest.mark.parametrize("name", sorted(PLANTED["runbooks"]))
def test_the_stated_states_follow_from_the_stated_measures(name: str) -> None:
    for finding in PLANTED["runbooks"][name]["findings"]:
        before: dict[str, Any] | None = None
        for number, day in enumerate(finding["days"]):
            now = day.get("measures") if day else None
            if now is None:
                assert (day or {}).get("state") == ("absent" if before is not None else None)
            elif before is None:
                assert day["state"] == "new"
                assert day.get("reopened", False) == any(finding["days"][:number])
            else:
                assert day["state"] == ("unchanged" if now == before else "updated")
            before = now
