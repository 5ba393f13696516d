"""A long chain: the time of an append and of verifying an entry, and the memory that verification needs.

Run it: `.venv/bin/python benchmarks/ledger.py [--entries N]`. Entries and heads are files. Verification runs
in a process of its own, whose peak memory is printed, beside that of a chain of 100 entries.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "ledger"))

from chain_records import record

from trailbook.canonical import sha256_file
from trailbook.ledger import Entry, Ledger, verify
from trailbook.ledger.entry import FIRST
from trailbook.ledger.heads import to_bytes
from trailbook.objects import FolderStore
from trailbook.outcome import Product

NAME = "auth-failed-logins"
_SHORT, _APPENDS, _BIG = 100, 20, 256 << 20


def main() -> int:
    """Grow a chain, append to it, verify it, and print what each took; 1 where it was not verified clean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--verify", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.verify:
        return _verify(args.verify)
    with tempfile.TemporaryDirectory(prefix="trailbook-ledger-") as name:
        for entries in (_SHORT, args.entries):
            folder = Path(name) / str(entries)
            _grow(folder, entries)
            _append(folder, entries)
            subprocess.run([sys.executable, __file__, "--verify", folder], check=True)  # noqa: S603 - this very file
        _big_product(Path(name) / str(_SHORT))
    return 0


def _grow(folder: Path, entries: int) -> None:
    """Write a chain and its heads as appends would, without their fsync."""
    made = record("run", snapshot=None)
    before, latest = FIRST, None
    for place in ("ledger", "heads"):
        (folder / place / NAME).mkdir(parents=True)
    for number in range(entries):
        entry = Entry.after(replace(made, run=replace(made.run, run_id=f"run-{number}")), number, before, latest)
        (folder / "ledger" / entry.key).write_bytes(entry.to_bytes())
        (folder / "heads" / entry.key).write_bytes(to_bytes(NAME, entry.head))
        before, latest = entry.fingerprint, entry.latest_window_end


@dataclass(frozen=True)
class Counted(FolderStore):
    """A folder that counts the requests that S3 would get: a list is one for each 1,000 keys that are read of it."""

    asked: dict[str, int] = field(default_factory=dict)

    def _count(self, verb: str) -> None:
        self.asked[verb] = self.asked.get(verb, 0) + 1

    def chunks(self, key: str) -> Iterator[bytes]:
        """See ObjectStore.chunks."""
        self._count("get")
        return super().chunks(key)

    def get(self, key: str) -> bytes:
        """See ObjectStore.get."""
        self._count("get")
        return super().get(key)

    def exists(self, key: str) -> bool:
        """See ObjectStore.exists."""
        self._count("head")
        return super().exists(key)

    def put_new(self, key: str, body: bytes | Path, content_type: str) -> None:
        """See ObjectStore.put_new."""
        self._count("put")
        super().put_new(key, body, content_type)

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """See ObjectStore.keys."""
        self._count("list")
        for number, key in enumerate(super().keys(prefix, after), start=1):
            if number % 1000 == 0:
                self._count("list")
            yield key


def _append(folder: Path, entries: int) -> None:
    store = Counted(folder / "ledger")
    ledger = Ledger(store, FolderStore(folder / "heads"))
    began = time.perf_counter()
    for number in range(_APPENDS):
        made = record(f"more-{number}", started="2027-01-01T00:00:00Z", finished="2027-01-01T00:01:00Z", snapshot=None)
        ledger.append(made, begun="2027-01-01T00:00:00Z")
    spent = (time.perf_counter() - began) / _APPENDS
    asked = ", ".join(f"{count / _APPENDS:.1f} {verb}" for verb, count in sorted(store.asked.items()))
    print(f"append to {entries:,} entries: {spent * 1e3:.1f} ms; on S3 it would ask for {asked}", flush=True)


def _verify(folder: Path) -> int:
    began, used = time.perf_counter(), time.process_time()
    reports = FolderStore(folder / "reports")
    found = verify(FolderStore(folder / "ledger"), reports, second=FolderStore(folder / "heads"))
    faults = found.faults
    spent, used = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    each = f"{spent / found.entries * 1e3:.2f} ms ({used / found.entries * 1e3:.2f} ms of processor) an entry"
    print(f"verify {found.entries:,} entries and {found.compared:,} heads: {spent:.1f} s, {each}, peak {peak:.0f} MiB")
    print(*faults[:5], sep="\n", end="")
    return 1 if faults or found.compared != found.entries else 0


def _big_product(folder: Path) -> None:
    path = folder / "reports" / "big.parquet"
    path.parent.mkdir()
    with path.open("wb") as file:
        for _ in range(_BIG >> 20):
            file.write(bytes(1 << 20))
    product = Product("big.parquet", sha256_file(path), _BIG)
    Ledger(FolderStore(folder / "ledger"), FolderStore(folder / "heads")).append(record("big", snapshot=product))
    print(f"with one product of {_BIG >> 20} MiB: ", end="", flush=True)
    subprocess.run([sys.executable, __file__, "--verify", folder], check=True)  # noqa: S603 - this very file


if __name__ == "__main__":
    sys.exit(main())
