"""The object store on S3: conditional writes (`If-None-Match: *`) and a SHA-256 that S3 checks on arrival."""

import base64
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trailbook.aws_errors import code, speaking, status
from trailbook.canonical import sha256_file
from trailbook.errors import DeploymentError, ObjectExists, ObjectMissing, ServiceUnavailable
from trailbook.objects import CHUNK, FolderStore, ObjectStore, ObjectVersion
from trailbook.objects_lock import Retention, put_arguments
from trailbook.settings import Locks

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TRIES = 5
_FIRST_PAUSE = 0.1  # seconds; doubles


def utc_now() -> datetime:
    """Return the time at which an object is written, from which its retention counts."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class S3Store:
    """`trailbook.objects.ObjectStore` under `s3://bucket/prefix`, through a boto3-shaped client that is handed in.

    Beside the port's own errors it raises ServiceUnavailable and DeploymentError, each naming the object.
    """

    client: "S3Client"
    bucket: str
    prefix: str = ""
    retention: Retention | None = None
    clock: Callable[[], datetime] = utc_now

    def get(self, key: str) -> bytes:
        """See ObjectStore.get."""
        return b"".join(self.chunks(key))

    def chunks(self, key: str) -> Iterator[bytes]:
        """See ObjectStore.chunks."""
        with speaking(f"reading {self.uri(key)}"):
            try:
                body = self.client.get_object(Bucket=self.bucket, Key=self._full(key))["Body"]
            except ClientError as error:
                if code(error) in ("NoSuchKey", "404"):
                    raise ObjectMissing(f"{self.uri(key)}: expected an object, found none") from None
                raise
            yield from body.iter_chunks(CHUNK)

    def exists(self, key: str) -> bool:
        """See ObjectStore.exists."""
        with speaking(f"asking for {self.uri(key)}"):
            try:
                self.client.head_object(Bucket=self.bucket, Key=self._full(key))
            except ClientError as error:
                if status(error) == 404:
                    return False
                raise
        return True

    def put_new(self, key: str, body: bytes | Path, content_type: str) -> None:
        """See ObjectStore.put_new; a file is streamed. At most 5 GB, which is S3's limit for one request."""
        digest = bytes.fromhex(sha256_file(body)) if isinstance(body, Path) else hashlib.sha256(body).digest()
        doing = f"writing {self.uri(key)}"
        for attempt in range(1, _TRIES + 1):
            try:
                lock = put_arguments(self.client, self.bucket, self.retention, self.clock())
                with speaking(doing):
                    self._put(key, body, content_type, base64.b64encode(digest).decode(), lock)
                return
            except ServiceUnavailable as error:
                # 409: another write to this key was under way. Which of the two won is known only by trying again.
                conflict = isinstance(error.__cause__, ClientError) and status(error.__cause__) == 409
                if not conflict or attempt == _TRIES:
                    raise
            time.sleep(_FIRST_PAUSE * 2 ** (attempt - 1))

    def _put(self, key: str, body: bytes | Path, content_type: str, checksum: str, lock: Mapping[str, Any]) -> None:
        try:
            with body.open("rb") if isinstance(body, Path) else nullcontext(body) as content:
                self.client.put_object(
                    Bucket=self.bucket,
                    Key=self._full(key),
                    Body=content,
                    ContentType=content_type,
                    ChecksumAlgorithm="SHA256",  # S3 asks for the header where the object will be locked
                    ChecksumSHA256=checksum,
                    IfNoneMatch="*",
                    **lock,
                )
        except ClientError as error:
            if code(error) in ("PreconditionFailed", "412"):
                raise ObjectExists(f"{self.uri(key)}: exists already and is never overwritten") from None
            raise

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """See ObjectStore.keys; S3 itself lists in the order of the UTF-8 bytes."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self._full(prefix), StartAfter=self._full(after) if after else ""
        )
        with speaking(f"listing {self.uri(prefix)}"):
            for page in pages:
                yield from (self._relative(item["Key"]) for item in page.get("Contents", ()))

    def folders(self) -> Iterator[str]:
        """See ObjectStore.folders."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self._full(""), Delimiter="/"
        )
        with speaking(f"listing {self.uri('')}"):
            for page in pages:
                yield from (self._relative(item["Prefix"]).rstrip("/") for item in page.get("CommonPrefixes", ()))

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """See ObjectStore.versions."""
        pages = self.client.get_paginator("list_object_versions").paginate(
            Bucket=self.bucket, Prefix=self._full(prefix)
        )
        with speaking(f"listing the versions of {self.uri(prefix)}"):
            for page in pages:
                for item in page.get("Versions", ()):
                    yield ObjectVersion(self._relative(item["Key"]), item["VersionId"], item["IsLatest"], False)
                for marker in page.get("DeleteMarkers", ()):
                    yield ObjectVersion(self._relative(marker["Key"]), marker["VersionId"], marker["IsLatest"], True)

    def uri(self, key: str) -> str:
        """See ObjectStore.uri."""
        return f"s3://{self.bucket}/{self._full(key)}"

    def _full(self, key: str) -> str:
        return f"{prefix}/{key}" if (prefix := self.prefix.strip("/")) else key

    def _relative(self, full: str) -> str:
        prefix = self.prefix.strip("/")
        return full[len(prefix) + 1 :] if prefix else full


def open_store(location: str, setting: str, s3: "Callable[[], S3Client]", locks: Locks | None = None) -> ObjectStore:
    """Return the store at `s3://bucket/prefix` or in a folder; `s3` makes the client only where one is needed.

    What it writes is locked for the days that `locks` has for the setting.

    Raises DeploymentError naming the unset `setting`.
    """
    if not location:
        raise DeploymentError(f"{setting} is not set: expected s3://bucket/prefix or a folder that all workers share")
    if location.startswith("s3://"):
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        days = dict(locks.days if locks else ()).get(setting.removeprefix("TRAILBOOK_").lower(), 0)
        return S3Store(s3(), bucket, prefix, Retention(locks.mode, days) if locks and days else None)
    return FolderStore(Path(location))
