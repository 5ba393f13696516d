"""`generate`: the sample trail, written whole or not at all, in as many processes as help.

Work is cut into units of one account, region and day. Each has its own random numbers, so the files are the same bytes
whatever the number of processes and the order in which they end.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from trailbook.errors import DeploymentError, InvalidRequest
from trailbook.sample import background, sign_ins
from trailbook.sample.delivery import Delivered, deliver, merge
from trailbook.sample.identities import Json, account_ids, random_of
from trailbook.sample.incidents import planted
from trailbook.sample.records import Place

Progress = Callable[[int, int], None]

REGIONS = ("us-east-1", "eu-west-1", "eu-central-1")
_REGION_SHARES = (50, 35, 15)
_WORTH_A_POOL = 40_000


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What was written. `bytes` are compressed; the times are those of the first and the last event, in UTC."""

    files: int
    events: int
    bytes: int
    first_event: datetime
    last_event: datetime
    accounts: tuple[str, ...]
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    root: Path
    place: Place
    first_day: date
    number: int
    count: int
    seed: int


def generate(
    directory: Path,
    *,
    first_day: date,
    days: int,
    events_per_day: int,
    accounts: int,
    seed: int,
    progress: Progress | None = None,
    processes: int | None = None,
) -> SampleSummary:
    """Write `days` days of logs to `directory/AWSLogs`; the planted incidents and logins count among the events.

    A day has a little more than `events_per_day` where that is less than what is planted. `progress` is told how many
    events of how many are written. Raises InvalidRequest for numbers out of range or a folder that already has logs,
    DeploymentError where it cannot be written.
    """
    _check(directory, days=days, events_per_day=events_per_day, accounts=accounts)
    places = [Place(account, region) for account in account_ids(accounts) for region in REGIONS]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        root = Path(tempfile.mkdtemp(prefix=".sample-", dir=directory))
        try:
            units = _units(root, places, first_day, days, events_per_day, seed)
            written = _write(units, processes, progress)
            os.replace(root / "AWSLogs", directory / "AWSLogs")
        finally:
            shutil.rmtree(root, ignore_errors=True)
    except OSError as error:
        raise DeploymentError(
            f"{error.filename or directory}: the sample cannot be written: {error.strerror or error}; "
            "free some space or choose another folder"
        ) from error
    return _summary(written, account_ids(accounts))


def _check(directory: Path, *, days: int, events_per_day: int, accounts: int) -> None:
    limits = {"days": (days, 366), "events_per_day": (events_per_day, 50_000_000), "accounts": (accounts, 1000)}
    reasons = [
        f"{name}: expected a number from 1 to {most}, found {value}"
        for name, (value, most) in limits.items()
        if not 1 <= value <= most
    ]
    if (directory / "AWSLogs").exists():
        reasons.append(f"{directory / 'AWSLogs'} exists: remove it or choose another folder, or two trails would mix")
    if reasons:
        raise InvalidRequest(*reasons)


def _units(
    root: Path, places: Sequence[Place], first_day: date, days: int, events_per_day: int, seed: int
) -> Sequence[_Unit]:
    shares = [share for _ in range(len(places) // len(REGIONS)) for share in _REGION_SHARES]
    limits = [events_per_day * sum(shares[:n]) // sum(shares) for n in range(len(shares) + 1)]
    return [
        _Unit(root, place, first_day, day, limits[n + 1] - limits[n], seed)
        for day in range(days)
        for n, place in enumerate(places)
    ]


def _write(units: Sequence[_Unit], processes: int | None, progress: Progress | None) -> Sequence[Delivered]:
    total = sum(unit.count for unit in units)
    workers = processes or (os.cpu_count() or 1 if total >= _WORTH_A_POOL else 1)
    written: list[Delivered] = []
    for done in _results(units, min(workers, len(units))):
        written.append(done)
        if progress is not None:
            progress(sum(unit.count for unit in units[: len(written)]), total)
    return written


def _results(units: Sequence[_Unit], workers: int) -> Iterator[Delivered]:
    if workers == 1:
        yield from map(_write_unit, units)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_write_unit, units)


def _write_unit(unit: _Unit) -> Delivered:
    day = unit.first_day + timedelta(days=unit.number)
    rng = random_of(str(unit.seed), unit.place.account, unit.place.region, day.isoformat())
    special = [*planted(unit.place, unit.first_day, unit.number), *sign_ins.ordinary_logins(unit.place, day, rng)]
    ordinary = background.events(unit.place, day, max(0, unit.count - len(special)), rng)
    records = merge(ordinary, ((moment, _dumps(shown)) for moment, shown in special))
    return deliver(unit.root, unit.place, records, unit.count, rng)


def _dumps(shown: Json) -> str:
    return json.dumps(shown, separators=(",", ":"))


def _summary(written: Sequence[Delivered], accounts: tuple[str, ...]) -> SampleSummary:
    return SampleSummary(
        files=sum(done.files for done in written),
        events=sum(done.events for done in written),
        bytes=sum(done.bytes for done in written),
        first_event=min(done.first for done in written if done.first).replace(tzinfo=UTC),
        last_event=max(done.last for done in written if done.last).replace(tzinfo=UTC),
        accounts=accounts,
        regions=REGIONS,
    )
