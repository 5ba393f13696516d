"""The engine's `Tables` over moto's Glue and S3: columns, partitions and files."""

from collections.abc import Sequence
from typing import Any

import duckdb
from moto.glue.models import glue_backends
from moto.s3.models import s3_backends

from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.partitions import PartitionedFile, create_scan
from trailbook.local.engine.projection import projection
from trailbook.local.engine.pruning import surviving
from trailbook.local.engine.reader import Shape
from trailbook.local.engine.scope import Scan, TableColumn
from trailbook.local.engine.types import from_hive
from trailbook.local.s3_objects import blob, current

_CLOUDTRAIL_INPUT = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"
_JSON_SERDES = (
    "org.apache.hive.hcatalog.data.JsonSerDe",
    "org.openx.data.jsonserde.JsonSerDe",
    "org.apache.hive.hcatalog.data.JsonSerDe".lower(),
    "com.amazon.emr.hive.serde.CloudTrailSerde",
)


class GlueTables:
    """One query's view of the catalogue; it remembers which file is which object, to name it in an error."""

    def __init__(self, account: str, region: str, cutoff: int = 0) -> None:
        """Read the backends of an account and region; `cutoff` is the most bytes a query may scan (0: any)."""
        self._account = account
        self._region = region
        self._cutoff = cutoff
        self._uris: dict[str, str] = {}
        self.scanned = 0

    @property
    def glue(self) -> Any:
        """Moto's Glue of the account and region."""
        return glue_backends[self._account][self._region]

    @property
    def _s3(self) -> Any:
        return s3_backends[self._account]["aws"]

    def has_database(self, database: str) -> bool:
        """Say whether Glue has the database; `default` is always there."""
        return database in self.glue.databases or database == "default"

    def columns(self, database: str, table: str) -> Sequence[TableColumn] | None:
        """Return a table's columns, its partition columns last, or None."""
        found = self.table(database, table)
        if found is None:
            return None
        try:
            plain = [
                TableColumn(c["Name"].lower(), from_hive(c["Type"])) for c in found["StorageDescriptor"]["Columns"]
            ]
            keys = [
                TableColumn(c["Name"].lower(), from_hive(c["Type"]), True) for c in found.get("PartitionKeys") or []
            ]
        except (KeyError, ValueError) as error:
            raise SqlError("HIVE_INVALID_METADATA", f"table {database}.{table}: {error}") from None
        return [*plain, *keys]

    def table(self, database: str, table: str) -> dict[str, Any] | None:
        """Return Glue's description of a table, or None."""
        held = self.glue.databases.get(database)
        found = held.tables.get(table) if held is not None else None
        return None if found is None else found.as_dict()

    def materialise(self, connection: duckdb.DuckDBPyConnection, scan: Scan, used: frozenset[str]) -> int:
        """Create the scan's view over the objects of the partitions that survive; return their size in bytes."""
        table = self.table(scan.database, scan.table)
        if table is None:
            raise SqlError("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{scan.database}.{scan.table}' does not exist")
        shape = _shape(table)
        files = self.files(table, [c.name for c in scan.columns if c.partition])
        tuples = sorted({f.values for f in files})
        kept = surviving(connection, scan, tuples)
        wanted = {tuples[i] for i in kept}
        files = [f for f in files if f.values in wanted]
        size = sum(f.size for f in files)
        self.scanned += size
        if self._cutoff and self.scanned > self._cutoff:
            raise BytesScannedCutoff
        create_scan(connection, scan, files, shape, used)
        return size

    def explain(self, message: str) -> str | None:
        """Return the sentence for a file that DuckDB could not read, naming its object."""
        for path, uri in self._uris.items():
            if path in message:
                what = (
                    "Unexpected end of input stream"
                    if "GZIP" in message
                    else message.split("\n", 1)[0].replace(path, uri)
                )
                return f"Error reading object {uri}: {what}"
        if "gzip" in message.lower() and self._uris:
            return "Error reading an object: its gzip data is corrupt" + self._suspects()
        return None

    def _suspects(self) -> str:
        """Name the corrupt object where DuckDB does not."""
        import gzip
        import zlib

        for path, uri in self._uris.items():
            if path.endswith(".gz"):
                try:
                    with gzip.open(path) as body:
                        while body.read(1 << 20):
                            pass
                except (OSError, EOFError, zlib.error):
                    return f" ({uri})"
        return ""

    def files(self, table: dict[str, Any], keys: Sequence[str]) -> list[PartitionedFile]:
        """Return the files of a table of Glue's with their partition values, in the order of `keys`."""
        location = table["StorageDescriptor"].get("Location") or ""
        found = projection(table.get("Parameters") or {}, keys, location)
        if found is not None:
            listed = ((o, found.values(u)) for o, u in self._objects(found.prefix))
            return [self._file(o, v) for o, v in listed if v is not None]
        if not keys:
            return [self._file(o, ()) for o, _ in self._objects(_folder(location))]
        files = []
        held = self.glue.databases[table["DatabaseName"]].tables[table["Name"]]
        for partition in held.partitions.values():
            part = partition.as_dict()
            where = (part.get("StorageDescriptor") or {}).get("Location") or location
            files += [self._file(o, tuple(part["Values"])) for o, _ in self._objects(_folder(where))]
        return files

    def _objects(self, uri: str) -> list[tuple[Any, str]]:
        if not uri.startswith("s3://"):
            raise SqlError("HIVE_METASTORE_ERROR", f"Location {uri!r} is not an s3:// URI")
        bucket, _, prefix = uri[5:].partition("/")
        held = self._s3.buckets.get(bucket)
        if held is None:
            raise SqlError("PERMISSION_DENIED", f"The specified bucket does not exist (Bucket: {bucket}, NoSuchBucket)")
        found = []
        for version in current(held, prefix):
            name = version.name.rsplit("/", 1)[-1]
            if version.size and not name.startswith(("_", ".")):
                found.append((version, f"s3://{bucket}/{version.name}"))
                self._uris[str(blob(version))] = f"s3://{bucket}/{version.name}"
        return found

    def _file(self, version: Any, values: tuple[str, ...]) -> PartitionedFile:
        return PartitionedFile(blob(version), version.size, values)


class BytesScannedCutoff(Exception):  # it is a limit that ends a query, named as the work group's setting
    """The work group's BytesScannedCutoffPerQuery is exceeded."""


def _folder(location: str) -> str:
    return location if location.endswith("/") else location + "/"


def _shape(table: dict[str, Any]) -> Shape:
    storage = table["StorageDescriptor"]
    if storage.get("InputFormat") == _CLOUDTRAIL_INPUT:
        return Shape.RECORDS
    serde = (storage.get("SerdeInfo") or {}).get("SerializationLibrary") or ""
    if serde in _JSON_SERDES:
        return Shape.LINES
    raise not_supported(f"a table of SerDe {serde or '(none)'}")
