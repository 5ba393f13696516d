"""A million events in 200 gzip objects, and one question answered without Athena: plain DuckDB, Python, jq."""

import gzip
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from trailbook.sample import background
from trailbook.sample.identities import account_ids, random_of
from trailbook.sample.records import Place

try:
    from orjson import loads as LOADS

    PARSER = "orjson"
except ImportError:
    from json import loads as LOADS  # type: ignore[assignment]  # the same for bytes

    PARSER = "json, for orjson is not installed"

FIRST_DAY = date(2026, 11, 1)
DAYS, REGIONS, ACCOUNTS, OBJECTS_A_DAY, EVENTS_AN_OBJECT = 10, ("us-east-1", "eu-west-1"), 2, 5, 5000
EVENTS = DAYS * len(REGIONS) * ACCOUNTS * OBJECTS_A_DAY * EVENTS_AN_OBJECT

SQL = """SELECT sourceipaddress, count(*) AS n FROM trailbook.cloudtrail_logs WHERE errorcode IS NOT NULL
GROUP BY sourceipaddress ORDER BY n DESC, sourceipaddress LIMIT 5"""


def make_logs(folder: Path) -> Path:
    """Write the events once, 200 objects in CloudTrail's layout, and return their folder."""
    target = folder / f"logs-{EVENTS}"
    if target.exists():
        return target
    print(f"… writing {EVENTS:,} events to {target}", file=sys.stderr)
    new = folder / "logs.new"
    shutil.rmtree(new, ignore_errors=True)
    for place in (Place(a, r) for a in account_ids(ACCOUNTS) for r in REGIONS):
        for number in range(DAYS):
            day = FIRST_DAY + timedelta(days=number)
            rng = random_of("bench", place.account, place.region, str(number))
            texts = [t for _, t in background.events(place, day, OBJECTS_A_DAY * EVENTS_AN_OBJECT, rng)]
            at = new / f"AWSLogs/{place.account}/CloudTrail/{place.region}/{day:%Y/%m/%d}"
            at.mkdir(parents=True)
            for n in range(OBJECTS_A_DAY):
                part = texts[n * EVENTS_AN_OBJECT : (n + 1) * EVENTS_AN_OBJECT]
                name = f"{place.account}_CloudTrail_{place.region}_{day:%Y%m%d}T{n * 4:02d}00Z_bench.json.gz"
                (at / name).write_bytes(gzip.compress(f'{{"Records":[{",".join(part)}]}}'.encode(), 5, mtime=0))
    new.rename(target)
    return target


def plain_statements(files: Sequence[Path]) -> Mapping[str, str]:
    """Return DuckDB statements that a person might write for SQL over the files."""
    listed = ", ".join(f"'{f}'" for f in files)
    keys = '[{"sourceIPAddress":"VARCHAR","errorCode":"VARCHAR"}]'
    tail = "GROUP BY 1 HAVING n > 0 ORDER BY n DESC, 1 LIMIT 5"
    transform = (
        f"SELECT r.sourceIPAddress, count(r.errorCode) AS n FROM (SELECT unnest(json_transform(json, "  # noqa: S608 - paths of ours
        f"'{{\"Records\":{keys}}}').Records) AS r FROM read_json_objects([{listed}], format='unstructured')) {tail}"
    )
    columns = "{'Records': 'STRUCT(sourceIPAddress VARCHAR, errorCode VARCHAR)[]'}"
    listing = (
        "SELECT r.sourceIPAddress, count(r.errorCode) AS n FROM (SELECT unnest(Records) AS r "  # noqa: S608 - paths of ours
        f"FROM read_json([{listed}], columns={columns}, format='unstructured')) {tail}"
    )
    return {
        "read_json_objects + json_transform": transform,
        "read_json with columns": listing,
    }


def run_plain(statement: str) -> list[tuple[Any, ...]]:
    """Run a plain DuckDB statement with DuckDB's own defaults."""
    with duckdb.connect() as connection:
        return connection.execute(statement).fetchall()


def run_python(files: Sequence[Path]) -> list[tuple[str, int]]:
    """Answer SQL with a loop over gzip and orjson (json where orjson is not installed)."""
    found: Counter[str] = Counter()
    for file in files:
        for record in LOADS(gzip.decompress(file.read_bytes()))["Records"]:
            if record.get("errorCode") is not None:
                found[record["sourceIPAddress"]] += 1
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:5]


def run_jq(files: Sequence[Path]) -> None:
    """Do the filter of SQL with zcat and jq, one process of each."""
    names = " ".join(f"'{f}'" for f in files)
    command = f"zcat {names} | jq -r '.Records[] | select(.errorCode != null) | .sourceIPAddress' | sort | uniq -c"
    subprocess.run(["sh", "-c", command], check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607 - a command of ours
