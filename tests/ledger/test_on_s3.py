"""The ledger on S3 (moto): what a versioned bucket lets happen, and what verification says of it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config
from chain_records import BUCKET

from trailbook.ledger import Ledger, verify
from trailbook.local.server import serve
from trailbook.objects_s3 import S3Store

NAME = "auth-failed-logins"


def faults(ledger: Ledger, **options: Any) -> list[tuple[str, str]]:
    return [(fault.key, fault.kind.value) for fault in verify(ledger.store, None, **options).faults]


def test_a_chain_is_kept_under_its_prefix_and_is_clean(on_s3: Ledger, s3: Any, make: Any) -> None:
    entries = [on_s3.append(make(f"run-{n}", day=n)) for n in range(3)]
    assert list(on_s3.entries(NAME)) == entries
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert listed == [f"ledger/{NAME}/{n:012d}.json" for n in (1, 2, 3)]
    assert faults(on_s3) == []


def test_a_tail_deleted_and_written_anew_is_named(on_s3: Ledger, s3: Any, make: Any) -> None:
    for n in range(3):
        head = on_s3.append(make(f"run-{n}", day=n)).head
    s3.delete_object(Bucket=BUCKET, Key=f"ledger/{NAME}/000000000003.json")
    assert faults(on_s3) == [(f"{NAME}/000000000003.json", "deleted")]
    assert on_s3.append(make("forged", day=2)).sequence == 3  # the delete marker lets it
    found = faults(on_s3, heads={NAME: head})
    assert (f"{NAME}/000000000003.json", "deleted") in found
    assert (f"{NAME}/000000000003.json", "second version") in found
    assert (f"{NAME}/000000000003.json", "rewritten") in found


def test_an_entry_put_again_is_named_even_with_the_same_bytes(on_s3: Ledger, s3: Any, make: Any) -> None:
    entry = on_s3.append(make("run-0"))
    s3.put_object(Bucket=BUCKET, Key=f"ledger/{entry.key}", Body=entry.to_bytes())
    assert faults(on_s3) == [(entry.key, "second version")]


def test_writers_on_one_chain_lose_nothing_and_fork_nothing(make: Any) -> None:
    writers = 16
    with serve(None) as aws:  # moto alone checks and writes in two steps; the embedded AWS makes them one
        client = boto3.client(
            "s3",
            region_name="us-east-1",
            endpoint_url=aws.endpoint_url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(max_pool_connections=writers),
        )
        client.create_bucket(Bucket=BUCKET)
        ledger = Ledger(S3Store(client, BUCKET, "ledger"))
        with ThreadPoolExecutor(writers) as pool:
            list(pool.map(lambda n: ledger.append(make(f"run-{n}", day=n)), range(writers)))
        entries = list(ledger.entries(NAME))
        assert [entry.sequence for entry in entries] == list(range(1, writers + 1))
        assert {entry.record.run.run_id for entry in entries} == {f"run-{n}" for n in range(writers)}
        assert faults(ledger) == []
