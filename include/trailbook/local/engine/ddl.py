"""DDL statements as values: CREATE and DROP of databases and external tables, SHOW and DESCRIBE."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.types import Type, from_sql

_DDL = re.compile(
    r"\s*(?:/\*.*?\*/\s*|--[^\n]*\n\s*)*(CREATE|DROP|SHOW|DESCRIBE|DESC|ALTER|MSCK)\b", re.IGNORECASE | re.DOTALL
)
_NAME = r"[`\"]?([\w-]+)[`\"]?"
_SHOW = re.compile(
    rf"\s*SHOW\s+(?:(DATABASES|SCHEMAS)|(TABLES)(?:\s+(?:IN|FROM)\s+{_NAME})?(?:\s+'([^']*)')?"
    rf"|(COLUMNS|PARTITIONS)\s+(?:IN|FROM\s+|IN\s+)?\s*(?:{_NAME}\.)?{_NAME})\s*;?\s*",
    re.IGNORECASE,
)
_DESCRIBE = re.compile(rf"\s*DESC(?:RIBE)?\s+(?:{_NAME}\.)?{_NAME}\s*;?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CreateDatabase:
    """CREATE DATABASE."""

    name: str
    exists_ok: bool
    comment: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class DropDatabase:
    """DROP DATABASE."""

    name: str
    missing_ok: bool
    cascade: bool


@dataclass(frozen=True, slots=True)
class CreateTable:
    """CREATE EXTERNAL TABLE; types are Hive's."""

    database: str
    name: str
    exists_ok: bool
    columns: Sequence[tuple[str, str]]
    partitions: Sequence[tuple[str, str]]
    location: str
    serde: str
    input_format: str
    output_format: str
    comment: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    serde_properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DropTable:
    """DROP TABLE."""

    database: str
    name: str
    missing_ok: bool


@dataclass(frozen=True, slots=True)
class Show:
    """SHOW or DESCRIBE of `what`: databases, tables, columns, partitions, or table (DESCRIBE)."""

    what: str
    database: str = ""
    table: str = ""
    pattern: str = ""


Statement = CreateDatabase | DropDatabase | CreateTable | DropTable | Show


def is_ddl(sql: str) -> bool:
    """Say whether a text is DDL by its first word."""
    return _DDL.match(sql) is not None


def parse_ddl(sql: str) -> Statement:
    """Return a DDL statement. Raises SqlError (SYNTAX_ERROR, NOT_SUPPORTED)."""
    shown = _shown(sql)
    if shown is not None:
        return shown
    try:
        parsed = [s for s in sqlglot.parse(sql, dialect="athena") if s is not None]
    except (SqlglotError, ValueError) as error:
        raise SqlError("SYNTAX_ERROR", " ".join(str(error).split())[:300], place="line 1:1") from None
    if len(parsed) != 1:
        raise SqlError("SYNTAX_ERROR", f"expected one statement, found {len(parsed)}", place="line 1:1")
    found = _created(parsed[0]) if isinstance(parsed[0], exp.Create) else _dropped(parsed[0])
    if found is None:
        raise SqlError(
            "NOT_SUPPORTED", f"{sql.split()[0].upper()} of this kind is not supported here", place="line 1:1"
        )
    return found


def _shown(sql: str) -> Show | None:
    if found := _SHOW.fullmatch(sql):
        databases, tables, within, pattern, detail, schema, table = found.groups()
        if databases:
            return Show("databases")
        if tables:
            return Show("tables", (within or "").lower(), "", pattern or "")
        return Show(detail.lower(), (schema or "").lower(), table.lower())
    if found := _DESCRIBE.fullmatch(sql):
        return Show("table", (found[1] or "").lower(), found[2].lower())
    return None


def _created(node: exp.Create) -> Statement | None:
    kind = str(node.args.get("kind") or "").upper()
    if kind in ("DATABASE", "SCHEMA"):
        properties = _properties(node)
        name, comment = _name(node.find(exp.Table)), properties.get("comment", "")
        return CreateDatabase(name, bool(node.args.get("exists")), comment, properties.get("location", ""))
    return _create_table(node) if kind == "TABLE" and node.find(exp.ExternalProperty) else None


def _dropped(node: exp.Expr) -> Statement | None:
    kind, table = str(node.args.get("kind") or "").upper(), node.find(exp.Table)
    if not isinstance(node, exp.Drop) or table is None:
        return None
    missing_ok = bool(node.args.get("exists"))
    if kind in ("DATABASE", "SCHEMA"):
        return DropDatabase(_name(table), missing_ok, bool(node.args.get("cascade")))
    return DropTable(table.db.lower(), table.name.lower(), missing_ok) if kind == "TABLE" else None


def _name(table: exp.Table | None) -> str:
    if table is None:
        raise SqlError("SYNTAX_ERROR", "expected a name", place="line 1:1")
    return (table.name or table.db).lower()


def _create_table(node: exp.Create) -> CreateTable:
    schema, table = node.this, node.this.find(exp.Table)
    if not isinstance(schema, exp.Schema) or table is None:
        raise SqlError("SYNTAX_ERROR", "CREATE EXTERNAL TABLE needs a list of columns", place="line 1:1")
    properties = _properties(node)
    partitioned = node.find(exp.PartitionedByProperty)
    partitions = _columns(partitioned.this.expressions) if partitioned is not None else []
    location = properties.pop("location", "")
    if not location:
        raise SqlError("SYNTAX_ERROR", "CREATE EXTERNAL TABLE needs a LOCATION", place="line 1:1")
    row_format = node.find(exp.RowFormatSerdeProperty)
    formats = node.find(exp.InputOutputFormat)
    comment = properties.pop("comment", "")
    return CreateTable(
        table.db.lower(),
        table.name.lower(),
        bool(node.args.get("exists")),
        _columns(schema.expressions),
        partitions,
        location,
        row_format.this.name if row_format is not None else "",
        formats.args["input_format"].name if formats is not None and formats.args.get("input_format") else "",
        formats.args["output_format"].name if formats is not None and formats.args.get("output_format") else "",
        comment,
        properties,
    )


def _columns(nodes: Sequence[exp.Expr]) -> list[tuple[str, str]]:
    out = []
    for node in nodes:
        if not isinstance(node, exp.ColumnDef) or node.args.get("kind") is None:
            raise SqlError("SYNTAX_ERROR", f"expected a column and its type, found {node.sql()[:80]}", place="line 1:1")
        try:
            out.append((node.name.lower(), to_hive(from_sql(node.args["kind"]))))
        except ValueError as error:
            raise SqlError("NOT_SUPPORTED", f"column {node.name}: {error}", place="line 1:1") from None
    return out


def _properties(node: exp.Expr) -> dict[str, str]:
    out: dict[str, str] = {}
    clause = node.args.get("properties")
    for item in clause.expressions if clause is not None else []:
        if isinstance(item, exp.LocationProperty):
            out["location"] = item.this.name
        elif isinstance(item, exp.SchemaCommentProperty):
            out["comment"] = item.this.name
        elif type(item) is exp.Property:
            out[item.this.name] = item.args["value"].name
    return out


def to_hive(kind: Type) -> str:
    """Return a type as Hive and Glue write it."""
    if kind.base == "array":
        return f"array<{to_hive(kind.args[0])}>"
    if kind.base == "map":
        return f"map<{to_hive(kind.args[0])},{to_hive(kind.args[1])}>"
    if kind.base == "row":
        return "struct<" + ",".join(f"{n}:{to_hive(t)}" for n, t in zip(kind.names, kind.args, strict=True)) + ">"
    if kind.base == "decimal":
        return f"decimal({kind.digits[0]},{kind.digits[1]})"
    return {"varchar": "string", "integer": "int", "real": "float", "varbinary": "binary"}.get(kind.base, kind.base)
