"""What the pages wait for: the index of a long ledger, read anew, read on, and asked.

Run it: `.venv/bin/python benchmarks/web.py [--entries N]`. The ledger lies on the embedded AWS, as for the demo; one
chain is as long as all of the others together.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "ledger"))

import boto3
from botocore.config import Config
from chain_records import record
from endpoint import CREDENTIALS, endpoint

from trailbook.ledger import Entry, Ledger
from trailbook.ledger.entry import FIRST
from trailbook.ledger.index import LedgerIndex
from trailbook.objects import ObjectStore
from trailbook.objects_s3 import S3Store
from trailbook.verdict import Verdict

LONG = "auth-failed-logins"
_CHAINS = 80
_TIMES = 20


def main() -> int:
    """Grow a ledger, index it and ask the index; print what each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000)
    args = parser.parse_args()
    with aws() as store, tempfile.TemporaryDirectory(prefix="trailbook-web-") as folder:
        grow(store, args.entries)
        index(Ledger(store), Path(folder) / "cache" / "index.sqlite", args.entries)
    return 0


def index(ledger: Ledger, place: Path, entries: int) -> None:
    """Print what the index takes: to be made, to be brought up to date, and for each question of a page."""
    with LedgerIndex.open(place) as found:
        began = time.perf_counter()
        faults = found.sync(ledger)
        spent = time.perf_counter() - began
        total = sum(found.count(name) for name in found.chains())
        each = f"{spent / total * 1e3:.2f} ms an entry"
        print(f"index made of {total:,} entries in {_CHAINS} chains: {spent:.1f} s, {each}, {len(faults)} faults")
        print(f"its file: {place.stat().st_size / 1e6:.1f} MB")
        everything = found.chains()
        newest = found.latest([LONG])[LONG]
        window = newest.window
        assert window is not None  # noqa: S101 - the benchmark's own ledger
        asked: dict[str, Callable[[], object]] = {
            "sync of all chains, nothing new": lambda: found.sync(ledger),
            "sync of one chain, nothing new": lambda: found.sync(ledger, [LONG]),
            "newest of each": lambda: found.latest(everything),
            "newest good of each": lambda: found.latest_good(everything),
            "trends of each": lambda: found.trends(everything),
            "first page": lambda: found.page(LONG),
            "last page": lambda: found.page(LONG, before=51),
            "page of failures": lambda: found.page(LONG, before=entries // 4, verdicts=[Verdict.FAIL]),
            "one run": lambda: found.find(LONG, newest.run_id),
            "runs of 31 windows": lambda: list(
                found.between(window.end - 31 * window.duration, window.end, everything)
            ),
        }
        for name, ask in asked.items():
            print(f"{name}: {median_of(ask) * 1e3:.1f} ms", flush=True)


def median_of(ask: Callable[[], object]) -> float:
    """Return the median of the seconds that a question takes."""
    taken = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - began)
    return median(taken)


def grow(store: ObjectStore, entries: int) -> None:
    """Write the chains as appends would; half of all entries are in one."""
    _chain(store, LONG, entries // 2)
    for number in range(1, _CHAINS):
        _chain(store, f"runbook-{number:02d}", entries // 2 // (_CHAINS - 1))


def _chain(store: ObjectStore, runbook: str, entries: int) -> None:
    before, latest = FIRST, None
    verdicts = (Verdict.PASS, Verdict.PASS, Verdict.FAIL, Verdict.INCOMPLETE)
    for number in range(entries):
        made = record(f"run-{number}", day=number, runbook=runbook, verdict=verdicts[number % 4])
        entry = Entry.after(replace(made, snapshot=None), number, before, latest)
        store.put_new(entry.key, entry.to_bytes(), "application/json")
        before, latest = entry.fingerprint, entry.latest_window_end


@contextmanager
def aws() -> Iterator[ObjectStore]:
    """Serve the embedded AWS and yield the store of an empty ledger on it.

    It is a process of its own, as for every Airflow: in this one it would take the interpreter from the pages.
    """
    with endpoint() as (url, _, _):
        client = boto3.client("s3", endpoint_url=url, config=Config(max_pool_connections=16), **CREDENTIALS)
        client.create_bucket(Bucket="ledger")
        yield S3Store(client, "ledger")


if __name__ == "__main__":
    sys.exit(main())
