"""The objects that an execution leaves at its output location: the result and its `.metadata`."""

from typing import Any

from moto.s3.models import s3_backends

from trailbook.local.engine.errors import SqlError
from trailbook.local.query_run import QueryRun
from trailbook.local.result_metadata import engine_id, message
from trailbook.local.s3_objects import DISK

_UPDATES = {"CREATE_TABLE_AS_SELECT": "CREATE TABLE"}
_OWN_ID = ("DESCRIBE_TABLE", "SHOW_CREATE_TABLE", "MSCK_REPAIR", "ALTER_TABLE_ADD_COLUMN", "ALTER_TABLE_REPLACE_COLUMN")
"""Statements whose `.metadata` begins with the QueryExecutionId; the others' begins with the engine's id."""
_BARE = ("MSCK_REPAIR", "ALTER_TABLE_ADD_COLUMN", "ALTER_TABLE_REPLACE_COLUMN")
"""Statements without columns that have a `.metadata` all the same."""
_ENCRYPTION = {"SSE_S3": "AES256", "SSE_KMS": "aws:kms"}


def put_result(found: QueryRun, body: bytes) -> None:
    """Put an execution's result, and its `.metadata` where its kind has one.

    Raises SqlError where the output bucket is gone.
    """
    put(found, found.output, body)
    if found.columns or found.substatement in _BARE:
        put_metadata(found)


def put_metadata(found: QueryRun) -> None:
    """Put an execution's `.metadata` alone. Raises SqlError where the output bucket is gone."""
    own = found.substatement in _OWN_ID
    identifier = found.id if own else engine_id(found.id, found.submitted)
    update = "" if found.update_count is None else _UPDATES.get(found.substatement, found.substatement)
    put(found, f"{found.output}.metadata", message(identifier, found.columns, update, found.update_count))


def put(found: QueryRun, uri: str, body: bytes) -> None:
    """Put an object of an execution's at an `s3://` URI. Raises SqlError where the bucket is gone."""
    bucket, _, key = uri[5:].partition("/")
    encryption: dict[str, Any] = found.settings.get("EncryptionConfiguration") or {}
    with DISK.lock:
        backend = s3_backends[found.account]["aws"]
        if bucket not in backend.buckets:
            raise SqlError("PERMISSION_DENIED", f"The output bucket {bucket} does not exist")
        made = backend.put_object(
            bucket,
            key,
            body,
            encryption=_ENCRYPTION.get(encryption.get("EncryptionOption", "")),
            kms_key_id=encryption.get("KmsKey"),
        )
        made.set_metadata({"Content-Type": _content_type(found, body)})


def _content_type(found: QueryRun, body: bytes) -> str:
    """Return `binary/octet-stream` for SHOW and for DDL that prints nothing, as Athena does; else `application/…`."""
    shows = found.statement == "UTILITY" and found.substatement not in _OWN_ID
    return "binary/octet-stream" if shows or not body else "application/octet-stream"
