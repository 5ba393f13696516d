"""A backfill on a real Airflow: 60 daily windows, newest first and in parallel, then ten of them again.

`python benchmarks/backfill.py` takes some minutes on two cores. It starts the embedded AWS and Airflow (LocalExecutor
on SQLite), runs `airflow backfill create` twice, and then holds every ledger entry against what it should have been
compared with. It prints its figures, and ends with 1 where an entry compares with another window or the chain does
not verify. On SQLite a backfill that is created while Airflow's scheduler writes may break off in its middle, so
Airflow runs only while a backfill is awaited.
"""

import argparse
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from trailbook.cli.connections import Clients
from trailbook.laptop import seed, stack
from trailbook.laptop.children import Children, end_on_signals, environment
from trailbook.laptop.place import Place, sample_folder
from trailbook.ledger import Entry, verify
from trailbook.sample import generate, lookups
from trailbook.settings import Settings
from trailbook.window import parse_time

RUNBOOK = "auth-failed-logins"
FIRST_DAY = date(2026, 9, 1)
EVENTS_PER_DAY, ACCOUNTS, SEED = 120, 2, 7
_FINAL = {"success", "failed"}


def main() -> int:
    """Run both backfills and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--again", type=int, default=10, help="windows that are reprocessed")
    parser.add_argument("--parallel", type=int, default=3, help="active runs")
    parser.add_argument("--root", type=Path, default=Path(".trailbook"))
    args = parser.parse_args()
    end_on_signals()
    repo = Path(__file__).resolve().parents[1]
    place = Place((args.root / "backfill").resolve(), repo)
    place.clear()
    with Children(place.logs) as children:
        env, clients = _start(children, place, args.days)
        seconds = _backfills(children, place, env, args)
        settings = Settings.from_env(env)
        entries = list(clients.ledger(settings).entries(RUNBOOK))
        found = verify(clients.ledger(settings).store, clients.store(settings.reports, "TRAILBOOK_REPORTS"))
    faults = [*map(str, found.faults), *faults_of(entries, days=args.days, again=args.again)]
    _print(entries, seconds, faults, found.files)
    return 1 if faults else 0


def _start(children: Children, place: Place, days: int) -> tuple[dict[str, str], Clients]:
    """Fill the embedded AWS with the trail and make Airflow's database."""
    shape = {"first_day": FIRST_DAY, "days": days, "events": EVENTS_PER_DAY, "accounts": ACCOUNTS, "seed": SEED}
    folder = sample_folder(place.root.parent / "cache", shape)
    if not (folder / "AWSLogs").exists():
        generate(
            folder,
            first_day=FIRST_DAY,
            days=days,
            events_per_day=EVENTS_PER_DAY,
            accounts=ACCOUNTS,
            seed=SEED,
            progress=lambda *_: None,
        )
    lookups(place.lookups)
    aws = stack.start_aws(children, place)
    own = {"AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False"}
    env = environment(place.airflow(scheduled=False).environment(aws) | place.settings_environment() | own)
    clients = Clients(aws)
    seed.buckets(clients.s3)
    seed.upload(clients.s3, folder, lambda *_: None)
    seed.table(clients.athena(Settings.from_env(env)), Settings.from_env(env), folder, FIRST_DAY)
    children.run("airflow-db", (sys.executable, "-m", "airflow", "db", "migrate"), env)
    return env, clients


def _backfills(children: Children, place: Place, env: Mapping[str, str], args: argparse.Namespace) -> list[float]:
    """Create and await both backfills; return how long each took."""
    last = FIRST_DAY + timedelta(days=args.days - 1)
    middle = FIRST_DAY + timedelta(days=args.days // 2)
    children.run("reserialize", (sys.executable, "-m", "airflow", "dags", "reserialize"), env)
    _create(env, FIRST_DAY, last, args.parallel, "none")
    first = _await(place, env, args.days)
    _create(env, middle, middle + timedelta(days=args.again - 1), args.parallel, "completed")
    return [first, _await(place, env, args.days)]


def _create(env: Mapping[str, str], first: date, last: date, parallel: int, reprocess: str) -> None:
    """Run `airflow backfill create`, newest first, while no scheduler runs."""
    command = [sys.executable, "-m", "airflow", "backfill", "create", "--dag-id", RUNBOOK, "--run-backwards"]
    command += ["--from-date", f"{first}T00:00:00", "--to-date", f"{last}T23:59:59"]
    command += ["--max-active-runs", str(parallel), "--reprocess-behavior", reprocess]
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False)  # noqa: S603 - own
    if done.returncode != 0:
        raise SystemExit(f"airflow backfill create failed:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")


def _await(place: Place, env: Mapping[str, str], runs: int) -> float:
    """Run Airflow until that many runs, and all there are, have ended; return the seconds that the runs took.

    It goes on until the scheduler has noticed that its backfill is over, some minutes later: before that, the same DAG
    may have no other.
    """
    home = place.airflow(scheduled=False)
    with Children(place.logs) as children:
        rest = stack.start_airflow(children, home, env, triggerer=False)
        begun = time.monotonic()
        while True:
            children.check()
            states = Counter(run.state for run in rest.runs())
            print(f"\r{time.monotonic() - begun:6.0f} s  {dict(states)}", end="", file=sys.stderr, flush=True)
            if states.total() >= runs and not set(states) - _FINAL:
                break
            time.sleep(3)
        seconds = time.monotonic() - begun
        print(file=sys.stderr)
        children.wait_for(lambda: not _open_backfills(home.folder), "the backfill's end", 900)
    return seconds


def _open_backfills(folder: Path) -> int:
    with closing(sqlite3.connect(f"file:{folder / 'airflow.db'}?mode=ro", uri=True, timeout=30)) as database:
        (count,) = database.execute("SELECT count(*) FROM backfill WHERE completed_at IS NULL").fetchone()
    return int(count)


def faults_of(entries: list[Entry], *, days: int, again: int) -> list[str]:
    """Return what is wrong with the entries of both backfills, a sentence each.

    The right baseline is the entry with the latest window before the run's own among those that the ledger had when
    the run was planned. One recorded in the very second of the plan may or may not have been seen.
    """
    faults = []
    if len(entries) != days + again:
        faults.append(f"expected {days + again} entries, found {len(entries)}")
    for entry in entries:
        record, window = entry.record, entry.record.window
        if record.error or window is None:
            faults.append(f"{entry.key}: {record.error}")
            continue
        began = parse_time(record.started, "started")
        before = [e for e in entries if e.record.window is not None and e.record.window.end <= window.start]
        sure = [_end(e) for e in before if parse_time(e.record.finished, "finished") < began]
        maybe = [_end(e) for e in before if parse_time(e.record.finished, "finished") <= began + timedelta(seconds=5)]
        baseline = record.materials.baseline
        found = None if baseline is None else baseline.window
        least, most = max(sure, default=None), max(maybe, default=None)
        if (found is None and least) or (found and not (least or found.end) <= found.end <= (most or found.start)):
            faults.append(f"{entry.key}: compared with {found}, expected the window that ends at {least}")
        if entry.sequence > days and (found is None or found.end != window.start or record.run.attempt < 2):
            faults.append(f"{entry.key}: attempt {record.run.attempt} of {window} compares with {found}")
    return faults


def _end(entry: Entry) -> datetime:
    if entry.record.window is None:
        raise ValueError(f"{entry.key} has no window")
    return entry.record.window.end


def _print(entries: list[Entry], seconds: list[float], faults: list[str], files: int) -> None:
    ends = [_end(entry) for entry in entries if entry.record.window is not None]
    late = sum(after < before for before, after in pairwise(ends))
    absences = Counter(e.record.materials.baseline and e.record.materials.baseline.absence for e in entries)
    print(f"entries            {len(entries)}, {files} report files, chain and files verified: {not faults}")
    print(f"recorded           {late} of {len(entries) - 1} after one with a later window")
    print(f"compared           {absences[None]} with a prior window, {absences['first_run']} first runs")
    print(f"verdicts           {dict(Counter(entry.record.verdict.value for entry in entries))}")
    print(f"triggers           {dict(Counter(entry.record.run.trigger.value for entry in entries))}")
    print(f"seconds            {seconds[0]:.0f} for the first backfill, {seconds[1]:.0f} for the second")
    for fault in faults:
        print(f"FAULT              {fault}")


if __name__ == "__main__":
    sys.exit(main())
