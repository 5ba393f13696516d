"""A ledger of many entries on a versioned bucket in memory, and every way to tamper with it.

The bucket keeps versions and delete markers as S3 does, so that what verification reads is what S3 would answer; a
tamperer here has every right on the ledger and the reports, and none on the second place.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from chain_records import record

from trailbook.canonical import dumps, loads, sha256
from trailbook.errors import ObjectExists, ObjectMissing
from trailbook.ledger import Entry, Ledger, Record, Written
from trailbook.ledger.entry import FIRST, fingerprint
from trailbook.objects import ObjectVersion
from trailbook.outcome import Product
from trailbook.verdict import Verdict

NAME = "auth-failed-logins"


@dataclass
class Bucket:
    """A versioned bucket: per key its versions, None for a delete marker, the newest last."""

    held: dict[str, list[bytes | None]] = field(default_factory=dict)

    def get(self, key: str) -> bytes:
        found = self.held.get(key, [None])[-1]
        if found is None:
            raise ObjectMissing(f"{key}: expected an object, found none")
        return found

    def chunks(self, key: str) -> Iterator[bytes]:
        yield self.get(key)

    def exists(self, key: str) -> bool:
        return self.held.get(key, [None])[-1] is not None

    def put_new(self, key: str, body: bytes | Path, content_type: str) -> None:
        if self.exists(key):
            raise ObjectExists(key)
        self.put(key, body.read_bytes() if isinstance(body, Path) else body)

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        yield from sorted(key for key in self.held if key.startswith(prefix) and key > after and self.exists(key))

    def folders(self) -> Iterator[str]:
        yield from sorted({key.partition("/")[0] for key in self.keys("") if "/" in key})

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        for key in sorted(key for key in self.held if key.startswith(prefix)):
            for number, body in reversed(list(enumerate(self.held[key], start=1))):
                yield ObjectVersion(key, str(number), number == len(self.held[key]), body is None)

    def uri(self, key: str) -> str:
        return f"s3://bucket/{key}"

    # What a tamperer can do.

    def put(self, key: str, body: bytes) -> None:
        """Put as anyone with the right may: a further version where the key is taken."""
        self.held.setdefault(key, []).append(body)

    def overwrite(self, key: str, body: bytes) -> None:
        """Replace the bytes and leave no trace, as whoever owns the storage could."""
        self.held[key] = [body]

    def remove(self, key: str) -> None:
        """Remove a key with all its versions, as `s3:DeleteObjectVersion` can."""
        del self.held[key]

    def delete(self, key: str) -> None:
        """Delete as S3 does: a marker."""
        self.held[key].append(None)


@dataclass
class Evidence:
    """A ledger, its reports and the second place."""

    ledger: Bucket = field(default_factory=Bucket)
    reports: Bucket = field(default_factory=Bucket)
    heads: Bucket = field(default_factory=Bucket)

    def copy(self) -> "Evidence":
        """Return evidence of its own, with the same bytes."""
        return Evidence(
            *(Bucket({k: list(v) for k, v in b.held.items()}) for b in (self.ledger, self.reports, self.heads))
        )

    def keys(self) -> list[str]:
        """Return the entries' keys in order."""
        return list(self.ledger.keys(f"{NAME}/"))


def seeded(seed: int | str) -> Random:
    """Return a source of places and deeds that is the same each time."""
    return Random(seed)  # noqa: S311 - places, not secrets


def grown(entries: int, random: Random) -> Evidence:
    """Return clean evidence: runs that passed and failed, re-runs, second attempts, reports of 2 files each."""
    made = Evidence()
    ledger = Ledger(made.ledger, made.heads)
    last: Record | None = None
    while len(made.ledger.held) < entries:
        kind = random.random()
        number = len(made.ledger.held)
        if kind < 0.1 and last is not None:  # a cleared run: another attempt
            last = replace(last, run=replace(last.run, attempt=last.run.attempt + 1), products=None, snapshot=None)
        elif kind < 0.2:
            last = record(f"run-{number}", day=number % 300, verdict=Verdict.ERROR, snapshot=None, error="it broke")
        elif kind < 0.3 and last is not None:  # recorded again: no new entry
            ledger.append(last)
            continue
        else:
            last = _with_report(made.reports, f"run-{number}", number % 300)
        ledger.append(last)
    return made


def _with_report(reports: Bucket, run_id: str, day: int) -> Record:
    folder = f"{NAME}/{run_id}"
    bodies = {name: f"{name} of {run_id}".encode() for name in ("report.html", "result.parquet")}
    files = [{"name": n, "sha256": sha256(b), "size": len(b), "media_type": "x"} for n, b in sorted(bodies.items())]
    bodies["manifest.json"] = dumps({"format": "trailbook.manifest/1", "files": files})  # type: ignore[dict-item]
    products = {}
    for name, body in bodies.items():
        reports.put_new(f"{folder}/{name}", body, "x")
        products[name] = Product(f"{folder}/{name}", sha256(body), len(body))
    written = Written(products["manifest.json"], "s3://m", "s3://r")
    return record(run_id, day=day, products=written, snapshot=products["result.parquet"])


Deed = Callable[[Evidence, Random], set[str]]
"""Tampers, and returns the keys one of which verification must name at least."""


def flip_a_byte(made: Evidence, random: Random) -> set[str]:
    key = random.choice(made.keys())
    body = bytearray(made.ledger.get(key))
    body[random.randrange(len(body))] ^= 1 << random.randrange(8)
    made.ledger.overwrite(key, bytes(body))
    return {key}


def drop(made: Evidence, random: Random) -> set[str]:
    key = random.choice(made.keys())
    made.ledger.remove(key)
    return {key}


def swap(made: Evidence, random: Random) -> set[str]:
    one, other = random.sample(made.keys(), 2)
    first, second = made.ledger.get(one), made.ledger.get(other)
    made.ledger.overwrite(one, second)
    made.ledger.overwrite(other, first)
    return {one}


def insert(made: Evidence, random: Random) -> set[str]:
    """Put a well-made entry into the chain: what follows moves up by one, or, at the end, nothing follows."""
    keys = made.keys()
    place = random.choice([random.randrange(len(keys)), len(keys)])
    entries = [Entry.from_bytes(made.ledger.get(key), key) for key in keys]
    before = entries[place - 1].fingerprint if place else FIRST
    forged = Entry.after(record("forged", snapshot=None), place, before, None)
    bodies = [entry.to_bytes() for entry in entries]
    made.ledger.overwrite(forged.key, forged.to_bytes())
    for number, body in enumerate(bodies[place:], start=place + 2):
        made.ledger.overwrite(f"{NAME}/{number:012d}.json", body)
    following = f"{NAME}/{place + 2:012d}.json"
    return {following} if place < len(keys) else {forged.key}


def cut_the_tail(made: Evidence, random: Random) -> set[str]:
    keys = made.keys()
    gone = keys[random.randrange(len(keys)) :]
    for key in gone:
        made.ledger.remove(key)
    return {gone[0]}


def rewrite_a_suffix(made: Evidence, random: Random) -> set[str]:
    """Change one entry and give it and all after it consistent digests."""
    keys = made.keys()
    place = random.randrange(len(keys))
    before: str | None = None
    for key in keys[place:]:
        value = loads(made.ledger.get(key))
        assert isinstance(value, dict)
        if before is None:
            value["reasons"] = ["all is well"]
        else:
            value["prev_event"] = before
        value["fingerprint"] = before = fingerprint(value)
        made.ledger.overwrite(key, dumps(value))
    return {keys[place]}


def replace_a_report(made: Evidence, random: Random) -> set[str]:
    key = random.choice([key for key in made.reports.held if not key.endswith(".parquet")])
    made.reports.overwrite(key, b"<p>No findings.</p>")
    return {key}


def replace_a_snapshot(made: Evidence, random: Random) -> set[str]:
    key = random.choice([key for key in made.reports.held if key.endswith(".parquet")])
    made.reports.overwrite(key, made.reports.get(key)[:-1])
    return {key}


def delete_and_put_again(made: Evidence, random: Random) -> set[str]:
    """The delete marker lets a conditional write succeed: here with the very same bytes."""
    store, key = random.choice([(made.ledger, random.choice(made.keys())), _of(made.reports, random)])
    body = store.get(key)
    store.delete(key)
    store.put_new(key, body, "x")
    return {key}


def add_a_second_version(made: Evidence, random: Random) -> set[str]:
    store, key = random.choice([(made.ledger, random.choice(made.keys())), _of(made.reports, random)])
    store.put(key, store.get(key))
    return {key}


def _of(reports: Bucket, random: Random) -> tuple[Bucket, str]:
    return reports, random.choice(sorted(reports.held))


DEEDS: dict[str, Deed] = {
    deed.__name__.replace("_", " "): deed
    for deed in (
        flip_a_byte,
        drop,
        swap,
        insert,
        cut_the_tail,
        rewrite_a_suffix,
        replace_a_report,
        replace_a_snapshot,
        delete_and_put_again,
        add_a_second_version,
    )
}
