"""Many processes on one chain, in a folder and on S3: nothing lost, nothing forked, one entry per attempt."""

import multiprocessing
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from chain_records import record

from trailbook.ledger import Ledger, verify
from trailbook.objects import FolderStore
from trailbook.objects_s3 import S3Store

NAME = "auth-failed-logins"
WRITERS = 32
FORK = multiprocessing.get_context("fork")


def write_at_once(make_ledger: Callable[[], Ledger], run_ids: list[str]) -> None:
    """Append one record in each of as many processes as there are run ids, all at the same moment."""
    barrier = FORK.Barrier(len(run_ids))

    def write(run_id: str) -> None:
        ledger = make_ledger()
        barrier.wait(60)
        ledger.append(record(run_id))

    writers = [FORK.Process(target=write, args=(run_id,)) for run_id in run_ids]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0] * len(writers)


def check(ledger: Ledger, runs: set[str]) -> None:
    entries = list(ledger.entries(NAME))
    assert [entry.sequence for entry in entries] == list(range(1, len(runs) + 1))
    assert {entry.record.run.run_id for entry in entries} == runs
    found = verify(ledger.store, None, second=ledger.heads)
    assert (found.faults, found.compared) == ([], len(runs))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    command = [sys.executable, "-m", "trailbook", "local", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.terminate()


def on_s3(endpoint: str, bucket: str) -> Ledger:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"mode": "standard", "max_attempts": 5}),
    )
    return Ledger(S3Store(client, bucket, "ledger"), S3Store(client, bucket, "heads"))


def bucket_of(endpoint: str, name: str) -> str:
    client = on_s3(endpoint, name).store.client  # type: ignore[attr-defined]  # an S3Store
    client.create_bucket(Bucket=name)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def in_folder(root: Path) -> Ledger:
    return Ledger(FolderStore(root / "ledger"), FolderStore(root / "heads"))


def test_many_writers_in_a_folder(tmp_path: Path) -> None:
    runs = [f"run-{number}" for number in range(WRITERS)]
    write_at_once(lambda: in_folder(tmp_path), runs)
    check(in_folder(tmp_path), set(runs))


def test_many_writers_on_s3(endpoint: str) -> None:
    bucket = bucket_of(endpoint, "many-writers")
    runs = [f"run-{number}" for number in range(WRITERS)]
    write_at_once(lambda: on_s3(endpoint, bucket), runs)
    check(on_s3(endpoint, bucket), set(runs))


def test_one_attempt_recorded_by_several_processes_is_one_entry(tmp_path: Path, endpoint: str) -> None:
    twice = ["a", "a", "b", "b", "a"]
    write_at_once(lambda: in_folder(tmp_path), twice)
    check(in_folder(tmp_path), {"a", "b"})
    bucket = bucket_of(endpoint, "one-attempt")
    write_at_once(lambda: on_s3(endpoint, bucket), twice)
    check(on_s3(endpoint, bucket), {"a", "b"})
