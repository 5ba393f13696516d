"""A table's partitions in Glue: added, dropped, and found again from `key=value` folders in S3."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from trailbook.local.engine.ddl import AddPartitions, DropPartitions, SetLocation, Spec
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.results import Row
from trailbook.local.glue_tables import GlueTables

_ESCAPED = re.compile("[\x00-\x1f\"#%'*/:=?\\\\\x7f{\\[\\]^]")
DEFAULT_PARTITION = "__HIVE_DEFAULT_PARTITION__"
_TASK = "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def folder_name(names: Sequence[str], values: Sequence[str]) -> str:
    """Return a partition as Hive names its folder, `k=v/k=v`."""
    return "/".join(f"{_escape(n)}={_escape(v)}" for n, v in zip(names, values, strict=True))


def _escape(text: str) -> str:
    return _ESCAPED.sub(lambda m: f"%{ord(m[0]):02X}", text)


class GluePartitions:
    """The partitions of one table."""

    def __init__(self, tables: GlueTables, table: Any) -> None:
        """Work on moto's table. Raises SqlError where it is a view."""
        self._tables = tables
        self._table = table
        self._described = table.as_dict()
        if self._described.get("TableType") == "VIRTUAL_VIEW":
            raise SqlError("FAILED", f"{_TASK} {table.name} is a view, it has no partitions")
        self._keys = [c["Name"].lower() for c in self._described.get("PartitionKeys") or []]
        self._types = [c["Type"].lower() for c in self._described.get("PartitionKeys") or []]

    @property
    def _location(self) -> str:
        location = str(self._described["StorageDescriptor"].get("Location") or "")
        return location if location.endswith("/") else location + "/"

    def add(self, statement: AddPartitions) -> list[Row]:
        """ALTER TABLE ADD PARTITION: all or none. Raises SqlError."""
        wanted = [(self._values(spec), location) for spec, location in statement.partitions]
        for values, _ in wanted:
            if str(values) in self._table.partitions and not statement.exists_ok:
                raise SqlError("FAILED", f"{_TASK} AlreadyExistsException(message:Partition already exists.)")
        for values, location in wanted:
            if str(values) not in self._table.partitions:
                self.create(values, location or f"{self._location}{folder_name(self._keys, values)}")
        return []

    def create(self, values: Sequence[str], location: str) -> None:
        """Put one partition into Glue."""
        storage = {k: v for k, v in self._described["StorageDescriptor"].items() if k != "Location"}
        self._table.create_partition({"Values": list(values), "StorageDescriptor": {**storage, "Location": location}})

    def drop(self, statement: DropPartitions) -> list[Row]:
        """ALTER TABLE DROP PARTITION: every one that meets the conditions. Raises SqlError where none does."""
        doomed: list[str] = []
        for conditions in statement.partitions:
            found = [key for key, p in self._table.partitions.items() if self._meets(p.values, conditions)]
            if not found and not statement.missing_ok:
                shown = ", ".join(f"{n} {o} '{v}'" for n, o, v in conditions)
                raise SqlError("FAILED", f"SemanticException [Error 10006]: Partition not found ({shown})")
            doomed += found
        for key in dict.fromkeys(doomed):
            del self._table.partitions[key]
        return []

    def relocate(self, statement: SetLocation) -> list[Row]:
        """ALTER TABLE PARTITION SET LOCATION. Raises SqlError."""
        found = self._table.partitions.get(str(self._values(statement.partition)))
        if found is None:
            raise SqlError(
                "FAILED", f"SemanticException [Error 10006]: Partition not found {dict(statement.partition)}"
            )
        storage = dict(found.partition_input.get("StorageDescriptor") or self._described["StorageDescriptor"])
        found.partition_input["StorageDescriptor"] = {**storage, "Location": statement.location}
        return []

    def repair(self) -> list[Row]:
        """MSCK REPAIR TABLE: add the partitions whose folders hold an object; say what was added and what is gone."""
        there = self._folders()
        known = {tuple(p.values) for p in self._table.partitions.values()}
        new = sorted(set(there) - known)
        gone = sorted(v for v in known - set(there) if self._under(v))
        name = self._table.name
        lines = []
        for title, found in (("Partitions not in metastore:", new), ("Partitions missing from filesystem:", gone)):
            if found:
                lines.append("\t".join([title, *(f"{name}:{folder_name(self._keys, v)}" for v in found)]))
        for values in new:
            self.create(values, there[values])
            lines.append(f"Repair: Added partition to metastore {name}:{folder_name(self._keys, values)}")
        if not there and not known and not self._tables.objects(self._location):
            lines.append(f"Tables missing on filesystem:\t{name}")
        return [[line] for line in lines]

    def _under(self, values: tuple[str, ...]) -> bool:
        held = self._table.partitions[str(list(values))]
        where = str((held.as_dict().get("StorageDescriptor") or {}).get("Location") or "")
        return where.startswith(self._location)

    def _folders(self) -> dict[tuple[str, ...], str]:
        """Return the partitions that S3 holds below the table's location, with their folders."""
        found: dict[tuple[str, ...], str] = {}
        if not self._keys:
            return found
        for uri in self._tables.objects(self._location):
            parts = uri[len(self._location) :].split("/")[:-1]
            pairs = [part.partition("=") for part in parts[: len(self._keys)]]
            if [k.lower() for k, _, _ in pairs] == self._keys and all(mark for _, mark, _ in pairs):
                folder = self._location + "/".join(parts[: len(self._keys)]) + "/"
                found.setdefault(tuple(unquote(v) for _, _, v in pairs), folder)
        return found

    def _values(self, spec: Spec) -> list[str]:
        if set(spec) != set(self._keys) or not self._keys:
            expected = ", ".join(self._keys) or "none: the table is not partitioned"
            message = f"partition columns expected: {expected}; found: {', '.join(spec)}"
            raise SqlError("FAILED", f"SemanticException [Error 10098]: {message}")
        return [spec[k] for k in self._keys]

    def _meets(self, values: Sequence[str], conditions: Sequence[tuple[str, str, str]]) -> bool:
        for name, operator, wanted in conditions:
            if name not in self._keys:
                raise SqlError("FAILED", f"SemanticException [Error 10096]: {name} is not a partition column")
            index = self._keys.index(name)
            if not _COMPARE[operator](*self._comparable(values[index], wanted, self._types[index])):
                return False
        return True

    def _comparable(self, held: str, wanted: str, kind: str) -> tuple[Any, Any]:
        if kind in ("tinyint", "smallint", "int", "bigint"):
            try:
                return int(held), int(wanted)
            except ValueError:
                return held, wanted
        return held, wanted
