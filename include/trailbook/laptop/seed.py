"""Filling the embedded AWS: buckets, the trail's log files, the Athena database and table."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from trailbook.athena.execution import Athena
from trailbook.laptop.place import LEDGER, REPORTS, RESULTS, TRAIL
from trailbook.settings import Settings
from trailbook.steps.init import init, statements

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def buckets(s3: "S3Client") -> None:
    """Create the four buckets where they are missing; reports and ledger keep versions, so that tampering shows."""
    there = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    for name in (TRAIL, REPORTS, LEDGER, RESULTS):
        if name not in there:
            s3.create_bucket(Bucket=name)
    for name in (REPORTS, LEDGER):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def upload(s3: "S3Client", folder: Path, progress: Callable[[int, int], None]) -> int:
    """Put the trail's files that are not there yet and return how many files the trail has."""
    files = sorted(path for path in folder.rglob("*.json.gz"))
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=TRAIL)
    there = {item["Key"] for page in pages for item in page.get("Contents", [])}
    missing = [path for path in files if path.relative_to(folder).as_posix() not in there]

    def put(path: Path) -> None:
        s3.put_object(Bucket=TRAIL, Key=path.relative_to(folder).as_posix(), Body=path.read_bytes())

    with ThreadPoolExecutor(4) as pool:
        for done, _ in enumerate(pool.map(put, missing), start=1):
            progress(done, len(missing))
    return len(files)


def table(athena: Athena, settings: Settings, folder: Path, first_day: date) -> None:
    """Create the database and the table for the accounts and regions that the folder's layout shows."""
    roots = sorted((folder / "AWSLogs").glob("*/CloudTrail/*/"))
    accounts = sorted({path.parent.parent.name for path in roots})
    regions = sorted({path.name for path in roots})
    init(athena, statements(settings, accounts=accounts, regions=regions, first_day=first_day))
