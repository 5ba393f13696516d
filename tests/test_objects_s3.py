"""The S3 store against moto's own server: conditional writes, order of keys, versions, and errors in our words."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from moto.server import ThreadedMotoServer

from trailbook.errors import DeploymentError, ObjectExists, ObjectMissing, ServiceUnavailable
from trailbook.objects import ObjectStore, ObjectVersion
from trailbook.objects_s3 import S3Store

BUCKET = "evidence"


def client_at(endpoint: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, connect_timeout=2),
    )


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def client(endpoint: str) -> Iterator[Any]:
    client = client_at(endpoint)
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    yield client
    left = [{"Key": item.key, "VersionId": item.version_id} for item in S3Store(client, BUCKET).versions("")]
    for first in range(0, len(left), 1000):
        client.delete_objects(Bucket=BUCKET, Delete={"Objects": left[first : first + 1000]})
    client.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def store(client: Any) -> ObjectStore:
    return S3Store(client, BUCKET, "some/prefix/")


@pytest.mark.parametrize("body", [b"", b"bytes \0\xff", b"x" * 300_000])
def test_what_is_put_is_got(store: ObjectStore, body: bytes) -> None:
    store.put_new("a/b c+é'&.json", body, "application/json")
    assert store.get("a/b c+é'&.json") == body


def test_a_file_is_put_as_it_is_with_its_type(store: ObjectStore, client: Any, tmp_path: Path) -> None:
    file = tmp_path / "big"
    file.write_bytes(bytes(range(256)) * 4096)
    store.put_new("big", file, "application/vnd.apache.parquet")
    head = client.head_object(Bucket=BUCKET, Key="some/prefix/big")
    assert head["ContentType"] == "application/vnd.apache.parquet"
    assert store.get("big") == file.read_bytes()


def test_a_write_is_conditional_and_has_the_checksum_that_s3_checks() -> None:
    client = client_at("http://127.0.0.1:9")
    expected = {
        "Bucket": BUCKET,
        "Key": "key",
        "Body": b"x",
        "ContentType": "text/plain",
        "ChecksumAlgorithm": "SHA256",
        "ChecksumSHA256": base64.b64encode(hashlib.sha256(b"x").digest()).decode(),
        "IfNoneMatch": "*",
    }
    with Stubber(client) as stubber:
        stubber.add_response("put_object", {}, expected)
        S3Store(client, BUCKET).put_new("key", b"x", "text/plain")
        stubber.assert_no_pending_responses()


def test_an_object_is_never_overwritten(store: ObjectStore, client: Any) -> None:
    store.put_new("key", b"first", "text/plain")
    with pytest.raises(ObjectExists, match="s3://evidence/some/prefix/key: exists already"):
        store.put_new("key", b"second", "text/plain")
    assert store.get("key") == b"first"
    assert len(list(store.versions(""))) == 1


def test_of_many_writers_one_wins(store: ObjectStore) -> None:
    won, lost = [], []

    def write(number: int) -> None:
        try:
            store.put_new("race", str(number).encode(), "text/plain")
            won.append(number)
        except ObjectExists:
            lost.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won + lost) == [0, 1, 2, 3]
    assert won
    assert store.get("race").decode() in map(str, won)


def test_a_missing_object_is_named(store: ObjectStore) -> None:
    with pytest.raises(ObjectMissing, match="s3://evidence/some/prefix/nothing"):
        store.get("nothing")


def pages_of_three(params: dict[str, Any], **_: Any) -> dict[str, Any]:
    return params | {"MaxKeys": 3}


def test_keys_are_relative_and_in_the_order_of_their_bytes_over_pages(store: ObjectStore, client: Any) -> None:
    client.meta.events.register("provide-client-params.s3.ListObjectsV2", pages_of_three)
    client.put_object(Bucket=BUCKET, Key="some/prefix-not-ours/x", Body=b"")
    names = [*(f"r/{number:02}" for number in range(12)), "R/1", "é", "q", "\U0001f600", "\uffee"]
    for name in names:
        client.put_object(Bucket=BUCKET, Key=f"some/prefix/{name}", Body=b"")
    assert list(store.keys("")) == sorted(names, key=str.encode)
    assert list(store.keys("r/0")) == [f"r/{number:02}" for number in range(10)]
    assert list(store.keys("nothing")) == []


def test_versions_and_delete_markers_are_told(store: ObjectStore, client: Any) -> None:
    store.put_new("key", b"first", "text/plain")
    client.put_object(Bucket=BUCKET, Key="some/prefix/key", Body=b"second")
    client.delete_object(Bucket=BUCKET, Key="some/prefix/key")
    found = list(store.versions("k"))
    assert [(item.key, item.is_latest, item.delete_marker) for item in found] == [
        ("key", False, False),
        ("key", False, False),
        ("key", True, True),
    ]
    assert all(isinstance(item, ObjectVersion) and item.version_id for item in found)


def test_a_store_at_the_bucket_s_root_has_no_leading_slash(client: Any) -> None:
    store = S3Store(client, BUCKET)
    store.put_new("top", b"x", "text/plain")
    assert list(store.keys("")) == ["top"]
    assert store.uri("top") == "s3://evidence/top"


@pytest.mark.parametrize("verb", ["get", "put_new", "keys", "versions"])
def test_a_missing_bucket_is_the_platform_s_to_mend(endpoint: str, verb: str) -> None:
    store = S3Store(client_at(endpoint), "no-such-bucket")
    calls: dict[str, Any] = {
        "get": lambda: store.get("key"),
        "put_new": lambda: store.put_new("key", b"", "text/plain"),
        "keys": lambda: list(store.keys("")),
        "versions": lambda: list(store.versions("")),
    }
    with pytest.raises(DeploymentError, match=r"s3://no-such-bucket.*NoSuchBucket"):
        calls[verb]()


def test_a_server_that_is_not_there_can_be_tried_again() -> None:
    with pytest.raises(ServiceUnavailable, match="reading s3://evidence/key: AWS cannot be reached"):
        S3Store(client_at("http://127.0.0.1:9"), BUCKET).get("key")


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("SlowDown", 503, ServiceUnavailable),
        ("InternalError", 500, ServiceUnavailable),
        ("RequestTimeout", 400, ServiceUnavailable),
        ("AccessDenied", 403, DeploymentError),
        ("ExpiredToken", 400, DeploymentError),
        ("InvalidObjectState", 403, DeploymentError),
    ],
)
def test_an_error_answer_says_who_must_act(code: str, status: int, error: type[Exception]) -> None:
    client = client_at("http://127.0.0.1:9")
    with Stubber(client) as stubber:
        stubber.add_client_error("get_object", code, "in AWS's words", status)
        with pytest.raises(error, match=f"reading s3://evidence/key: {code}: in AWS's words"):
            S3Store(client, BUCKET).get("key")


def test_a_write_that_met_another_is_tried_again() -> None:
    client = client_at("http://127.0.0.1:9")
    with Stubber(client) as stubber:
        stubber.add_client_error("put_object", "ConditionalRequestConflict", "", 409)
        stubber.add_client_error("put_object", "PreconditionFailed", "", 412)
        with pytest.raises(ObjectExists):
            S3Store(client, BUCKET).put_new("key", b"x", "text/plain")
        stubber.assert_no_pending_responses()


def test_a_write_that_keeps_meeting_others_can_be_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailbook.objects_s3._FIRST_PAUSE", 0.0)
    client = client_at("http://127.0.0.1:9")
    with Stubber(client) as stubber:
        for _ in range(5):
            stubber.add_client_error("put_object", "ConditionalRequestConflict", "", 409)
        with pytest.raises(ServiceUnavailable, match="ConditionalRequestConflict"):
            S3Store(client, BUCKET).put_new("key", b"x", "text/plain")


def test_keys_behind_a_key_folders_pieces_and_existence(store: ObjectStore) -> None:
    for name in ("b/1", "b/2", "b-c/1", "top"):
        store.put_new(name, name.encode(), "text/plain")
    assert list(store.keys("b", after="b-c/1")) == ["b/1", "b/2"]
    assert list(store.keys("b/", after="b/2")) == []
    assert sorted(store.folders()) == ["b", "b-c"]
    assert b"".join(store.chunks("b/1")) == b"b/1"
    assert [store.exists(key) for key in ("b/1", "b", "b/3")] == [True, False, False]
    with pytest.raises(ObjectMissing):
        next(iter(store.chunks("b/3")))
