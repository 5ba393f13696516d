"""How CloudTrail delivers: gzip files of some minutes of events, a few minutes late, under the day of delivery.

So an event just before midnight is found under the next day's prefix. Invariant: no file is touched twice, and its
bytes are a pure function of its records (gzip without a time of its own).
"""

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from random import Random

from trailbook.sample.records import Place

_PERIODS = (5, 10, 15, 30, 60)
_EVENTS_PER_FILE = 20
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_GZIP_LEVEL = 5


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was written: files, events and compressed bytes, and the first and the last event's time."""

    files: int
    events: int
    bytes: int
    first: datetime | None
    last: datetime | None


def deliver(root: Path, place: Place, records: Iterable[tuple[datetime, str]], count: int, rng: Random) -> Delivered:
    """Write one place's records of one day, which are in the order of time, under `root`. Raises OSError."""
    period = minutes_per_file(count)
    files = events = size = 0
    first = last = None
    for closes, group in groupby(records, key=lambda item: _closes(item[0], period)):
        batch = list(group)
        delivered = closes + timedelta(seconds=rng.randrange(60, 480))
        path = root / key(place, delivered, "".join(rng.choices(_LETTERS, k=16)))
        body = gzip.compress(f'{{"Records":[{",".join(text for _, text in batch)}]}}'.encode(), _GZIP_LEVEL, mtime=0)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        files, events, size = files + 1, events + len(batch), size + len(body)
        first, last = first or batch[0][0], batch[-1][0]
    return Delivered(files, events, size, first, last)


def key(place: Place, delivered: datetime, unique: str) -> str:
    """Return the key of a log file in CloudTrail's own layout."""
    folder = f"AWSLogs/{place.account}/CloudTrail/{place.region}/{delivered:%Y/%m/%d}"
    return f"{folder}/{place.account}_CloudTrail_{place.region}_{delivered:%Y%m%dT%H%MZ}_{unique}.json.gz"


def minutes_per_file(count: int) -> int:
    """Return how many minutes a file holds: five as in AWS, more where a day's `count` events would make tiny files."""
    return next((minutes for minutes in _PERIODS if count * minutes >= 1440 * _EVENTS_PER_FILE), _PERIODS[-1])


def merge(*streams: Iterable[tuple[datetime, str]]) -> Iterator[tuple[datetime, str]]:
    """Return the records of several streams in the order of time; equal times stay in the order of their text."""
    return iter(sorted(item for stream in streams for item in stream))


def _closes(moment: datetime, minutes: int) -> datetime:
    passed = (moment.hour * 60 + moment.minute) // minutes + 1
    return moment.replace(hour=0, minute=0, second=0) + timedelta(minutes=passed * minutes)
