"""Reading DDL: databases, tables, partitions, SHOW and DESCRIBE, with the place of what is wrong."""

from collections.abc import Callable

from trailbook.local.engine.ddl import (
    AddColumns,
    AddPartitions,
    CreateDatabase,
    Describe,
    DropDatabase,
    DropPartitions,
    DropTable,
    DropView,
    RepairTable,
    SetLocation,
    SetProperties,
    Show,
    Spec,
    Statement,
)
from trailbook.local.engine.ddl_tables import create_table, hive_columns
from trailbook.local.engine.tokens import Reader, TableName

_OPERATORS = ("=", "!=", "<>", "<", "<=", ">", ">=")


def parse_ddl(sql: str) -> Statement:
    """Return a DDL statement. Raises SqlError (SYNTAX_ERROR, NOT_SUPPORTED)."""
    reader = Reader(sql, hive=True)
    word = reader.next.value.upper()
    if word not in _FIRST:
        reader.fail(", ".join(f"'{w}'" for w in _FIRST))
    reader.take()
    statement = _FIRST[word](reader)
    reader.end()
    return statement


def _create(reader: Reader) -> Statement:
    if reader.has("DATABASE") or reader.has("SCHEMA"):
        exists_ok = reader.has("IF", "NOT", "EXISTS")
        name = reader.name()
        comment = reader.string() if reader.has("COMMENT") else ""
        location = reader.string() if reader.has("LOCATION") else ""
        properties = reader.properties() if reader.has("WITH", "DBPROPERTIES") else {}
        return CreateDatabase(name, exists_ok, comment, location, properties)
    if reader.has("EXTERNAL"):
        reader.want("TABLE")
        return create_table(reader)
    if reader.next.value.upper() == "TABLE":
        reader.refuse("CREATE TABLE without EXTERNAL and without AS (an Iceberg table)")
    reader.fail("'DATABASE', 'EXTERNAL', 'OR', 'SCHEMA', 'TABLE', 'VIEW'")


def _drop(reader: Reader) -> Statement:
    if reader.has("DATABASE") or reader.has("SCHEMA"):
        missing_ok = reader.has("IF", "EXISTS")
        name = reader.name()
        cascade = reader.has("CASCADE")
        if not cascade:
            reader.has("RESTRICT")
        return DropDatabase(name, missing_ok, cascade)
    if reader.has("TABLE"):
        missing_ok = reader.has("IF", "EXISTS")
        return DropTable(reader.table(), missing_ok)
    if reader.has("VIEW"):
        missing_ok = reader.has("IF", "EXISTS")
        return DropView(reader.table(), missing_ok)
    reader.fail("'DATABASE', 'SCHEMA', 'TABLE', 'VIEW'")


def _alter(reader: Reader) -> Statement:
    if reader.next.value.upper() in ("DATABASE", "SCHEMA", "VIEW"):
        reader.refuse(f"ALTER {reader.next.value.upper()}")
    reader.want("TABLE")
    table = reader.table()
    change = next((c for words, c in _CHANGES if reader.has(*words)), None)
    if change is not None:
        return change(reader, table)
    if reader.next.value.upper() in ("RENAME", "CHANGE"):
        reader.refuse(f"ALTER TABLE … {reader.next.value.upper()}")
    reader.fail("'ADD', 'DROP', 'PARTITION', 'REPLACE', 'SET'")


def _partition_location(reader: Reader, table: TableName) -> SetLocation:
    spec = _spec(reader)
    if reader.next.value.upper() == "RENAME":
        reader.refuse("RENAME PARTITION")
    reader.want("SET", "LOCATION")
    return SetLocation(table, spec, reader.string())


def _add_partitions(reader: Reader, table: TableName) -> AddPartitions:
    exists_ok = reader.has("IF", "NOT", "EXISTS")
    found: list[tuple[Spec, str]] = []
    reader.want("PARTITION")
    while True:
        spec = _spec(reader)
        found.append((spec, reader.string() if reader.has("LOCATION") else ""))
        reader.has(",")
        if not reader.has("PARTITION"):
            return AddPartitions(table, exists_ok, found)


def _drop_partitions(reader: Reader, table: TableName) -> DropPartitions:
    missing_ok = reader.has("IF", "EXISTS")
    found = []
    reader.want("PARTITION")
    while True:
        found.append(_conditions(reader))
        if not reader.has(","):
            reader.has("PURGE")
            return DropPartitions(table, missing_ok, found)
        reader.want("PARTITION")


def _spec(reader: Reader) -> Spec:
    found: dict[str, str] = {}
    for name, operator, value in _conditions(reader):
        if operator != "=" or name in found:
            reader.fail("one '=' for each partition column")
        found[name] = value
    return found


def _conditions(reader: Reader) -> list[tuple[str, str, str]]:
    """Return `(column operator value, …)`; a value is a text or a number."""
    found = []
    reader.want("(")
    while True:
        name = reader.name()
        operator = reader.take().value
        if operator not in _OPERATORS:
            reader.at -= 1
            reader.fail("'='")
        sign = "-" if reader.has("-") else ""
        if reader.next.kind not in ("string", "number"):
            reader.fail("<string>, <number>")
        found.append((name, operator, sign + reader.take().value))
        if not reader.has(","):
            break
    reader.want(")")
    return found


def _msck(reader: Reader) -> Statement:
    reader.want("REPAIR", "TABLE")
    return RepairTable(reader.table())


def _show(reader: Reader) -> Statement:
    show = next((s for words, s in _SHOWS if reader.has(*words)), None)
    if show is not None:
        return show(reader)
    if reader.next.value.upper() in ("FUNCTIONS", "SESSION", "STATS", "CATALOGS"):
        reader.refuse(f"SHOW {reader.next.value.upper()}")
    reader.fail("'COLUMNS', 'CREATE', 'DATABASES', 'PARTITIONS', 'SCHEMAS', 'TABLES', 'TBLPROPERTIES', 'VIEWS'")


def _show_databases(reader: Reader) -> Show:
    return Show("databases", pattern=reader.string() if reader.has("LIKE") else "")


def _show_within(what: str) -> Callable[[Reader], Show]:
    def show(reader: Reader) -> Show:
        database = reader.name() if reader.has("IN") or reader.has("FROM") else ""
        named = reader.has("LIKE") or reader.next.kind == "string"
        return Show(what, TableName(database, ""), reader.string() if named else "")

    return show


def _show_columns(reader: Reader) -> Show:
    if not reader.has("IN"):
        reader.want("FROM")
    table = reader.table()
    if reader.has("IN") or reader.has("FROM"):
        table = TableName(reader.name(), table.name, table.start)
    return Show("columns", table)


def _show_properties(reader: Reader) -> Show:
    table, wanted = reader.table(), ""
    if reader.has("("):
        wanted = reader.string()
        reader.want(")")
    return Show("tblproperties", table, wanted)


def _describe(reader: Reader) -> Statement:
    form = next((f for f in ("EXTENDED", "FORMATTED") if reader.peek().kind != "end" and reader.has(f)), "")
    table = reader.table()
    if reader.next.value.upper() == "PARTITION":
        reader.refuse("DESCRIBE of a partition")
    return Describe(table, form, "" if reader.ended else reader.name())


_CHANGES: tuple[tuple[tuple[str, ...], Callable[[Reader, TableName], Statement]], ...] = (
    (("ADD", "COLUMNS"), lambda reader, table: AddColumns(table, hive_columns(reader))),
    (("REPLACE", "COLUMNS"), lambda reader, table: AddColumns(table, hive_columns(reader), replace=True)),
    (("ADD",), _add_partitions),
    (("DROP",), _drop_partitions),
    (("SET", "TBLPROPERTIES"), lambda reader, table: SetProperties(table, reader.properties())),
    (("SET", "LOCATION"), lambda reader, table: SetLocation(table, {}, reader.string())),
    (("PARTITION",), _partition_location),
)
_SHOWS: tuple[tuple[tuple[str, ...], Callable[[Reader], Show]], ...] = (
    (("CREATE", "VIEW"), lambda reader: Show("create view", reader.table())),
    (("CREATE", "TABLE"), lambda reader: Show("create table", reader.table())),
    (("DATABASES",), _show_databases),
    (("SCHEMAS",), _show_databases),
    (("TABLES",), _show_within("tables")),
    (("VIEWS",), _show_within("views")),
    (("COLUMNS",), _show_columns),
    (("PARTITIONS",), lambda reader: Show("partitions", reader.table())),
    (("TBLPROPERTIES",), _show_properties),
)
_FIRST: dict[str, Callable[[Reader], Statement]] = {
    "ALTER": _alter,
    "CREATE": _create,
    "DESC": _describe,
    "DESCRIBE": _describe,
    "DROP": _drop,
    "MSCK": _msck,
    "SHOW": _show,
}
FIRST_WORDS = frozenset(_FIRST)
