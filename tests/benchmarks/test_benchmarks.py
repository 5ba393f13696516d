"""`make bench` and `make prove` take too long for a test; that each of their scripts still begins does not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
SCRIPTS = sorted(set(re.findall(r"benchmarks/\w+\.py", (REPO / "Makefile").read_text())))


TASKS = """
import dag_factory
from trailbook.airflow.dag_factory import build
from trailbook.runbook.model import Runbook
from trailbook.settings import Settings

spec = dag_factory.runbook(1)
theirs = dag_factory.their_dag(spec, common=True)[spec["id"]]["tasks"]
ours = build(Runbook.from_spec({key: value for key, value in spec.items() if key != "cases"}), Settings()).tasks
print(len(theirs), len(ours), dag_factory.TASKS)
"""


def run(folder, *command):
    env = {**os.environ, "AIRFLOW_HOME": str(folder)}
    return subprocess.run([sys.executable, *command], cwd=REPO, env=env, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_benchmark_begins(script, tmp_path):
    asked = run(tmp_path, script, "--help")

    assert (asked.returncode, asked.stdout.startswith("usage: ")) == (0, True), asked.stderr


def test_dag_factory_is_given_the_tasks_that_our_dags_have(tmp_path):
    made = run(tmp_path, "-c", f"import sys; sys.path.insert(0, 'benchmarks')\n{TASKS}")

    theirs, ours, wanted = map(int, made.stdout.split()[-3:])
    assert theirs == ours == wanted
