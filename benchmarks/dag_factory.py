"""Trailbook beside dag-factory: from a folder of YAML files to DAGs that Airflow can store.

Both get the same DAGs: schedule, Params, tags, page, AthenaOperator and seven more tasks. Each measurement is a fresh
process whose imports are not counted; each figure is a median. Run it with `make bench`, or
`python benchmarks/dag_factory.py [--dags N] [--repeat N]`. It fails where a wanted ratio is not reached.
"""

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

WANTED_RATIO = 4.0
WANTED_TASK_SECONDS = 0.3
TASKS = 8
"""Of each DAG: five steps, and three marks of the verdict."""
NAMES = {"trailbook": "Trailbook", "dag-factory": "dag-factory 1.1.0", "dag-factory-own": "… with 5 params, not 12"}
"""The second has the content of the first, and is what the wanted ratio means; the third has less: for scale only."""

THEIR_FILE = """\
# airflow dag
import os
import dagfactory
folder = os.environ["THEIR_YAML"]
dagfactory.load_yaml_dags(globals(), dags_folder=folder, defaults_config_path=folder)
"""

QUERY = "".join(
    [
        "SELECT recipientaccountid AS account_id, useridentity.username AS user_name, sourceipaddress AS source_ip,\n",
        "       count(*) AS failures, slice(array_agg(eventid ORDER BY eventtime, eventid), 1, 25) AS event_ids\n",
        "FROM cloudtrail\nWHERE eventname = 'ConsoleLogin'\n",
        *(f"  AND useridentity.username IN (:{name})\n" for name in ("users", "others")),
        "  AND sourceipaddress = :address\n  AND awsregion = :region\n",
        "GROUP BY 1, 2, 3\nHAVING count(*) >= :threshold\n",
    ]
)


def runbook(number: int) -> dict[str, Any]:
    """Return a runbook of the size that people write, with five params."""
    guide = "".join(f"{step}. Look at {step}, and ask its owner whether it was planned.\n" for step in range(1, 21))
    return {
        "id": f"runbook-{number:04}",
        "title": f"Failed sign-ins, number {number}",
        "description": "Who failed to sign in, from where, how often.",
        "severity": "medium",
        "owner": "security-operations",
        "references": ["https://docs.aws.amazon.com/awscloudtrail/latest/userguide/"],
        "falsepositives": ["A person who forgot a password after a holiday."],
        "attack": {"version": "19.1", "techniques": ["T1110.001", "T1110.003"]},
        "controls": {"cis-aws-foundations@7.0.0": ["5.6"], "nist-800-53@rev5": ["AC-7", "AU-6"]},
        "schedule": {"cron": "0 2 * * *", "window": "1d", "settle": "2h"},
        "params": {
            "threshold": {"type": "integer", "default": 5, "minimum": 1, "title": "Failures before a row counts"},
            "users": {**_texts(), "title": "Only these users"},
            "others": {**_texts(), "title": "And these"},
            "address": {"type": "string", "default": None, "title": "Only this address"},
            "region": {"type": "string", "default": "us-east-1", "enum": ["us-east-1", "eu-west-1"], "title": "Region"},
        },
        "query": QUERY,
        "result": {"kind": "aggregate", "key": ["account_id", "user_name", "source_ip"], "measures": ["failures"]},
        "guide": guide,
        "cases": [{"name": "nothing", "events": [{"eventName": "ConsoleLogin"}], "rows": []}],
    }


def _texts() -> dict[str, Any]:
    """Return the schema of a list of texts, a new one each time: YAML would write a shared one as an anchor."""
    return {"type": "array", "items": {"type": "string"}, "default": []}


def their_dag(spec: dict[str, Any], *, common: bool) -> dict[str, Any]:
    """Return dag-factory's YAML of the same DAG; without `common` it has the runbook's own five params only."""
    from trailbook.airflow.dag_factory import build
    from trailbook.runbook.model import Runbook
    from trailbook.settings import Settings

    dag = build(Runbook.from_spec({key: value for key, value in spec.items() if key != "cases"}), Settings())
    fields = {name: dag.params.get_param(name) for name in dag.params if common or name in spec["params"]}
    after = ["compare", "report", "record"]
    step = {
        "operator": "airflow.providers.standard.operators.python.PythonOperator",
        "python_callable": "platform.node",
    }
    plan = {"task_id": "plan", **step}
    query = {
        "task_id": "query",
        "operator": "airflow.providers.amazon.aws.operators.athena.AthenaOperator",
        "query": spec["query"],
        "database": "trailbook",
        "dependencies": ["plan"],
    }
    chain = [{"task_id": name, **step, "dependencies": [before]} for before, name in pairwise(("query", *after))]
    empty = {"operator": "airflow.providers.standard.operators.empty.EmptyOperator", "dependencies": ["report"]}
    marks = [{"task_id": name, **empty} for name in sorted(dag.task_ids) if name not in ("plan", "query", *after)]
    return {
        spec["id"]: {
            "description": spec["title"],
            "schedule": "0 2 * * *",
            "start_date": "2026-01-01",
            "catchup": False,
            "max_active_runs": 1,
            "default_args": {"owner": spec["owner"], "retries": 3},
            "tags": sorted(dag.tags),
            "doc_md": dag.doc_md,
            "params": {
                name: {
                    "__type__": "airflow.sdk.Param",
                    "default": field.value,
                    "description": field.description,
                    **field.schema,
                }
                for name, field in fields.items()
            },
            "tasks": [plan, query, *chain, *marks],
        }
    }


def write(folder: Path, count: int) -> None:
    """Write the YAML of all sides and the DAG file of each."""
    for name in (*NAMES, "dags"):
        (folder / name).mkdir()
    for number in range(count):
        spec = runbook(number)
        (folder / "trailbook" / f"{spec['id']}.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))
        for name, common in (("dag-factory", True), ("dag-factory-own", False)):
            text = yaml.safe_dump(their_dag(spec, common=common), sort_keys=False)
            (folder / name / f"{spec['id']}.yaml").write_text(text)
    (folder / "dags" / "theirs.py").write_text(THEIR_FILE)


def measure(name: str, folder: Path, task_of: str | None) -> dict[str, float]:
    """Return the seconds of one measurement in a fresh process; `task_of` parses as a task of that DAG would."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "TRAILBOOK"))}
    env |= {
        "AIRFLOW_HOME": str(folder / "home"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "600",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "TRAILBOOK_RUNBOOKS": str(folder / "trailbook"),
        "THEIR_YAML": str(folder / name),
        "DO_NOT_TRACK": "true",
        "SCARF_NO_ANALYTICS": "true",
    }
    if task_of:
        env["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = task_of
    ours = str(Path(__file__).resolve().parent.parent / "dags" / "runbook_dags.py")
    file = ours if name == "trailbook" else str(folder / "dags" / "theirs.py")
    done = subprocess.run(  # noqa: S603 - this file itself, with arguments from this file
        [sys.executable, __file__, "--inside", name, file], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def inside(name: str, file: str) -> None:
    """Import, then parse, then serialise, and print the seconds of the last two: what `measure` runs."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization

    operators = ("airflow.providers.amazon.aws.operators.athena", "airflow.providers.standard.operators.python")
    for module in (*operators, "trailbook.airflow.dag_factory" if name == "trailbook" else "dagfactory"):
        importlib.import_module(module)
    seconds, bag = _timed(lambda: DagBag(file))
    if bag.import_errors:
        raise SystemExit(str(bag.import_errors))
    serialise, _ = _timed(lambda: [DagSerialization.serialize_dag(dag) for dag in bag.dags.values()])
    tasks = {len(dag.tasks) for dag in bag.dags.values()}
    print(json.dumps({"parse": seconds, "serialise": serialise, "dags": len(bag.dags), "tasks": max(tasks)}))


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    value = call()
    return time.perf_counter() - started, value


def main() -> int:
    """Measure, print the table and the ratios; 1 where a wanted one is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--dags", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--inside", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside:
        inside(*args.inside)
        return 0
    with tempfile.TemporaryDirectory(prefix="trailbook-bench-") as name:
        folder = Path(name)
        print(f"… writing {args.dags} runbooks", file=sys.stderr)
        write(folder, args.dags)
        return report({side: _medians(side, folder, args) for side in NAMES}, args.dags)


def _medians(side: str, folder: Path, args: argparse.Namespace) -> dict[str, float]:
    runs = []
    for number in range(args.repeat):
        print(f"… {NAMES[side]}, {number + 1} of {args.repeat}", file=sys.stderr)
        whole = measure(side, folder, None)
        task = measure(side, folder, f"runbook-{args.dags // 2:04}")
        if (whole["dags"], whole["tasks"]) != (args.dags, TASKS):
            raise SystemExit(f"{NAMES[side]}: expected {args.dags} DAGs of {TASKS} tasks, found {whole}")
        runs.append(whole | {"task": task["parse"], "built": task["dags"]})
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def report(found: dict[str, dict[str, float]], count: int) -> int:
    """Print the table of `found` and say whether what is wanted was reached."""
    heads = f"{'parse s':>9}{'serialise s':>13}{'sum s':>8}{'a task parses s':>17}{'DAGs built':>12}"
    print(f"{f'{count} DAGs, medians':24}{heads}")
    sums = {side: row["parse"] + row["serialise"] for side, row in found.items()}
    for side, row in found.items():
        figures = f"{row['parse']:9.2f}{row['serialise']:13.2f}{sums[side]:8.2f}{row['task']:17.3f}{row['built']:12.0f}"
        print(f"{NAMES[side]:24}{figures}")
    ours = found["trailbook"]
    ratios = {side: sums[side] / sums["trailbook"] for side in NAMES if side != "trailbook"}
    for side, ratio in ratios.items():
        print(f"{NAMES[side]}: {ratio:.1f} × our sum, {found[side]['task'] / ours['task']:.0f} × our task's parse")
    reached = ratios["dag-factory"] >= WANTED_RATIO and ours["task"] <= WANTED_TASK_SECONDS
    said = "reached" if reached else "MISSED"
    print(f"wanted: {WANTED_RATIO:g} × in sum, a task's parse within {WANTED_TASK_SECONDS} s: {said}")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
