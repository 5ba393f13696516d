"""The engine's `Tables` over moto's Glue and S3: columns, partitions, files, and DDL on the same catalogue."""

import fnmatch
from collections.abc import Sequence
from typing import Any

import duckdb
from moto.glue.models import glue_backends
from moto.s3.models import s3_backends

from trailbook.local.engine.ddl import CreateDatabase, CreateTable, DropDatabase, DropTable, Show, Statement
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.partitions import PartitionedFile, create_scan
from trailbook.local.engine.projection import projection
from trailbook.local.engine.pruning import surviving
from trailbook.local.engine.reader import Shape
from trailbook.local.engine.results import Row
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
    def _glue(self) -> Any:
        return glue_backends[self._account][self._region]

    @property
    def _s3(self) -> Any:
        return s3_backends[self._account]["aws"]

    def has_database(self, database: str) -> bool:
        """Say whether Glue has the database; `default` is always there."""
        return database in self._glue.databases or database == "default"

    def columns(self, database: str, table: str) -> Sequence[TableColumn] | None:
        """Return a table's columns, its partition columns last, or None."""
        found = self._table(database, table)
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

    def _table(self, database: str, table: str) -> dict[str, Any] | None:
        held = self._glue.databases.get(database)
        found = held.tables.get(table) if held is not None else None
        return None if found is None else found.as_dict()

    def materialise(self, connection: duckdb.DuckDBPyConnection, scan: Scan, used: frozenset[str]) -> int:
        """Create the scan's view over the objects of the partitions that survive; return their size in bytes."""
        table = self._table(scan.database, scan.table)
        if table is None:
            raise SqlError("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{scan.database}.{scan.table}' does not exist")
        shape = _shape(table)
        files = self._files(table, [c.name for c in scan.columns if c.partition])
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

    def _files(self, table: dict[str, Any], keys: Sequence[str]) -> list[PartitionedFile]:
        location = table["StorageDescriptor"].get("Location") or ""
        found = projection(table.get("Parameters") or {}, keys, location)
        if found is not None:
            listed = ((o, found.values(u)) for o, u in self._objects(found.prefix))
            return [self._file(o, v) for o, v in listed if v is not None]
        if not keys:
            return [self._file(o, ()) for o, _ in self._objects(_folder(location))]
        files = []
        held = self._glue.databases[table["DatabaseName"]].tables[table["Name"]]
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

    def apply(self, statement: Statement, database: str) -> list[Row]:
        """Carry a DDL statement out; return the rows that it prints. Raises SqlError."""
        if isinstance(statement, CreateDatabase):
            return self._create_database(statement)
        if isinstance(statement, DropDatabase):
            return self._drop_database(statement)
        if isinstance(statement, CreateTable):
            return self._create_table(statement, statement.database or database)
        if isinstance(statement, DropTable):
            held = self._database(statement.database or database)
            if statement.name in held.tables:
                del held.tables[statement.name]
            elif not statement.missing_ok:
                raise SqlError("FAILED", f"SemanticException [Error 10001]: Table not found {statement.name}")
            return []
        return self._show(statement, statement.database or database)

    def _database(self, name: str) -> Any:
        held = self._glue.databases.get(name)
        if held is None:
            raise SqlError("FAILED", f"SemanticException [Error 10072]: Database does not exist: {name}")
        return held

    def _create_database(self, statement: CreateDatabase) -> list[Row]:
        if statement.name in self._glue.databases:
            if statement.exists_ok:
                return []
            raise SqlError("FAILED", f"Execution Error: Database {statement.name} already exists")
        described = {"Name": statement.name, "Description": statement.comment, "LocationUri": statement.location}
        self._glue.create_database(statement.name, {k: v for k, v in described.items() if v})
        return []

    def _drop_database(self, statement: DropDatabase) -> list[Row]:
        held = self._glue.databases.get(statement.name)
        if held is None and statement.missing_ok:
            return []
        held = self._database(statement.name)
        if held.tables and not statement.cascade:
            raise SqlError("FAILED", f"InvalidOperationException: Database {statement.name} is not empty")
        self._glue.delete_database(statement.name)
        return []

    def _create_table(self, statement: CreateTable, database: str) -> list[Row]:
        held = self._database(database)
        if statement.name in held.tables:
            if statement.exists_ok:
                return []
            raise SqlError("FAILED", f"AlreadyExistsException: Table {statement.name} already exists")
        location = statement.location
        described = {
            "Name": statement.name,
            "Description": statement.comment,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", **statement.properties},
            "PartitionKeys": [{"Name": n, "Type": t} for n, t in statement.partitions],
            "StorageDescriptor": {
                "Columns": [{"Name": n, "Type": t} for n, t in statement.columns],
                "Location": location,
                "InputFormat": statement.input_format or "org.apache.hadoop.mapred.TextInputFormat",
                "OutputFormat": statement.output_format or "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                "SerdeInfo": {"SerializationLibrary": statement.serde, "Parameters": {"serialization.format": "1"}},
            },
        }
        projection(statement.properties, [n for n, _ in statement.partitions], location)
        self._glue.create_table(database, statement.name, described)
        return []

    def _show(self, statement: Show, database: str) -> list[Row]:
        if statement.what == "databases":
            return [[name] for name in sorted({*self._glue.databases, "default"})]
        if statement.what == "tables":
            if database == "default" and not self._glue.databases.get(database):
                return []
            pattern = statement.pattern or "*"
            return [[name] for name in sorted(self._database(database).tables) if fnmatch.fnmatchcase(name, pattern)]
        table = self._table(database, statement.table)
        if table is None:
            raise SqlError("FAILED", f"SemanticException [Error 10001]: Table not found {database}.{statement.table}")
        columns = table["StorageDescriptor"]["Columns"]
        keys = table.get("PartitionKeys") or []
        if statement.what == "columns":
            return [[c["Name"]] for c in (*columns, *keys)]
        if statement.what == "partitions":
            names = [c["Name"] for c in keys]
            tuples = sorted({f.values for f in self._files(table, names)})
            return [["/".join(f"{n}={v}" for n, v in zip(names, t, strict=True))] for t in tuples]
        lines: list[Row] = [[f"{c['Name']}\t{c['Type']}\t"] for c in (*columns, *keys)]
        if keys:
            lines += [[""], ["# Partition Information"], ["# col_name\tdata_type\tcomment"], [""]]
            lines += [[f"{c['Name']}\t{c['Type']}\t"] for c in keys]
        return lines


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
