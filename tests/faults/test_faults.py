"""A worker that dies, or is refused, at any call of a run: a sample of the points that `benchmarks/faults.py` tries."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Test modules are imported by path (`--import-mode=importlib`), so what they share needs a place to be found.
sys.path.append(str(Path(__file__).parent))

from calls import Blow
from points import faults, ledger_of, points, struck
from rig import RUNBOOK, Rig, running

pytestmark = pytest.mark.airflow

SAMPLE = [
    ("query", "athena StartQueryExecution", Blow.KILL_AFTER),
    ("report", "report.json", Blow.KILL_BEFORE),
    ("report", "manifest.json", Blow.LOST),
    ("record", "PUT ledger", Blow.KILL_AFTER),
    ("record", "PUT heads", Blow.THROTTLED),
    ("compare", "result.parquet", Blow.DENIED),
]
"""One point of each kind that costs something: a query paid twice, a report half written, an entry or head repeated."""


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("faults")
    os.environ.setdefault("AIRFLOW_HOME", str(folder / "airflow"))
    with running(folder) as served:
        assert set(served.run("clean").values()) == {"success"}
        yield served


def test_a_run_calls_aws_at_many_points_and_each_kind_of_point_is_in_the_sample(rig: Rig) -> None:
    found = points(rig, "clean")
    assert len(found) > 150
    for task, call, blow in SAMPLE:
        assert [p for p, name in found if p.task == task and call in name and p.blow is blow], (task, call)


def test_a_struck_run_leaves_one_entry_per_attempt_and_the_right_result(rig: Rig) -> None:
    found = points(rig, "clean")
    chosen = [next(p for p in found if p[0].task == t and c in p[1] and p[0].blow is b) for t, c, b in SAMPLE]
    clean = next(ledger_of(rig).backwards(RUNBOOK))
    outcomes = list(struck(rig, chosen, clean))
    assert [(str(outcome.strike), outcome.problems) for outcome in outcomes if outcome.problems] == []
    assert [outcome.passes for outcome in outcomes] == [1, 1, 1, 1, 1, 2]
    assert faults(rig) == []
