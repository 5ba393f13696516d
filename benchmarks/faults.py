"""Every call that a run makes to S3, Athena and the ledger: killed before and after it, and failed in five ways.

Run it: `.venv/bin/python benchmarks/faults.py [--every N] [--skip N]`. It prints a table of the points tried and
survived, by call and blow, and each point that was not survived; the exit code is 1 where there is one.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "faults"))


def main() -> int:
    """Try the points and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try each N-th point only")
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="leave out the first N points")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trailbook-faults-") as name:
        folder = Path(name)
        os.environ |= {
            "AIRFLOW_HOME": str(folder / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        }
        from calls import Blow  # Airflow reads its environment when it is imported
        from points import faults, ledger_of, points, struck
        from rig import RUNBOOK, running

        began = time.monotonic()
        tried: Counter[tuple[str, str, str]] = Counter()
        survived: Counter[tuple[str, str, str]] = Counter()
        wrong = []
        with running(folder) as rig:
            states = rig.run("clean-0") | rig.run("clean-1")  # the second finds a chain, as all that follow
            if set(states.values()) != {"success"}:
                sys.exit(f"a run that nothing was done to ended {states}: {rig.errors()}")
            clean = next(ledger_of(rig).backwards(RUNBOOK))
            chosen = points(rig, "clean-1")[args.skip :: args.every]
            for outcome in struck(rig, chosen, clean):
                call = " ".join(outcome.call.split("/")[0].split()[:3])
                point = (outcome.strike.task, call, outcome.strike.blow.value)
                tried[point] += 1
                survived[point] += not outcome.problems
                if outcome.problems:
                    wrong.append(f"{outcome.strike} ({outcome.call}): {'; '.join(outcome.problems)}")
                    print(wrong[-1], file=sys.stderr, flush=True)
            wrong += faults(rig)
    show(tried, survived, [blow.value for blow in Blow])
    print(f"\npoints tried {tried.total()}, survived {survived.total()}, in {time.monotonic() - began:.0f} s")
    print("\n".join(wrong) if wrong else "trailbook verify: no fault, every entry has its head")
    return 1 if wrong else 0


def show(tried: "Counter[tuple[str, str, str]]", survived: "Counter[tuple[str, str, str]]", blows: list[str]) -> None:
    """Print survived/tried by task and call (rows) and blow (columns)."""
    rows = list(dict.fromkeys((task, call) for task, call, _ in tried))
    print(f"{'task':8} {'call':28} " + " ".join(f"{blow:>14}" for blow in blows))
    for task, call in rows:
        cells = [f"{survived[task, call, blow]}/{tried[task, call, blow]}" for blow in blows]
        print(f"{task:8} {call:28} " + " ".join(f"{cell:>14}" for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
