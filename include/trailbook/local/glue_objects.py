"""Which objects a table of Glue's has: those below its location, its partitions', or its projected partitions'."""

from collections.abc import Iterator, Sequence
from typing import Any

from moto.s3.models import s3_backends

from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.projection import projection
from trailbook.local.engine.writing import StoredObject
from trailbook.local.s3_objects import blob, current


def table_objects(account: str, held: Any, keys: Sequence[str]) -> list[StoredObject]:
    """Return the objects of moto's table with their partition values, in the order of `keys`.

    Empty objects and those whose name starts with `_` or `.` are none of a table's. Raises SqlError.
    """
    table = held.as_dict()
    location = table["StorageDescriptor"].get("Location") or ""
    found = projection(table.get("Parameters") or {}, keys, location)
    if found is not None:
        listed = ((v, u, found.values(u)) for v, u in _listed(account, found.prefix))
        return [_stored(v, u, values) for v, u, values in listed if values is not None]
    if not keys:
        return [_stored(v, u, ()) for v, u in _listed(account, _folder(location))]
    return [
        _stored(v, u, values)
        for values, where in partitions(held)
        for v, u in _listed(account, _folder(where or location))
    ]


def partitions(held: Any) -> list[tuple[tuple[str, ...], str]]:
    """Return the values and the location ('' where it has none) of each partition that Glue holds of moto's table."""
    described = [p.as_dict() for p in list(held.partitions.values())]
    return [(tuple(p["Values"]), (p.get("StorageDescriptor") or {}).get("Location") or "") for p in described]


def object_uris(account: str, location: str) -> list[str]:
    """Return the URIs of the objects of data below a location, in order. Raises SqlError."""
    return [uri for _, uri in _listed(account, _folder(location))]


def _listed(account: str, uri: str) -> Iterator[tuple[Any, str]]:
    if not uri.startswith("s3://"):
        raise SqlError("HIVE_METASTORE_ERROR", f"Location {uri!r} is not an s3:// URI")
    bucket, _, prefix = uri[5:].partition("/")
    held = s3_backends[account]["aws"].buckets.get(bucket)
    if held is None:
        raise SqlError("PERMISSION_DENIED", f"The specified bucket does not exist (Bucket: {bucket}, NoSuchBucket)")
    for version in current(held, prefix):
        name = version.name.rsplit("/", 1)[-1]
        if version.size and not name.startswith(("_", ".")):
            yield version, f"s3://{bucket}/{version.name}"


def _stored(version: Any, uri: str, values: tuple[str, ...]) -> StoredObject:
    path = blob(version)
    return StoredObject(path, version.size, values, uri, f"{path.name}:{version.etag}")


def _folder(location: str) -> str:
    return location if location.endswith("/") else location + "/"
