"""Statements that carry a query, and those about prepared ones, as values; everything else is DDL or a bare query.

A query inside a statement is kept with all that stands before it made blank, so that its places are the statement's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from trailbook.local.engine import ddl, ddl_parser
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.tokens import Reader, TableName, blanked, closing, scan

Value = str | int | bool | tuple[str, ...]
"""What a table property may be."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query, or a text that its parser refuses."""

    sql: str


@dataclass(frozen=True, slots=True)
class CreateTableAs:
    """CREATE TABLE … AS; the names of `columns` are given in place of the query's where there are any."""

    table: TableName
    exists_ok: bool
    columns: tuple[str, ...]
    properties: Mapping[str, Value]
    query: str
    with_data: bool


@dataclass(frozen=True, slots=True)
class InsertInto:
    """INSERT INTO; without `columns` the query gives all of the table's."""

    table: TableName
    columns: tuple[str, ...]
    query: str


@dataclass(frozen=True, slots=True)
class Unload:
    """UNLOAD of a query to a folder."""

    query: str
    to: str
    properties: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class CreateView:
    """CREATE VIEW; `text` is the query as written, `query` the same at its place."""

    view: TableName
    replace: bool
    columns: tuple[str, ...]
    text: str
    query: str


@dataclass(frozen=True, slots=True)
class Prepare:
    """PREPARE of a statement under a name."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class Execute:
    """EXECUTE of a prepared statement; `using` is the text of its list of values."""

    name: str
    using: str


@dataclass(frozen=True, slots=True)
class Deallocate:
    """DEALLOCATE PREPARE."""

    name: str


@dataclass(frozen=True, slots=True)
class Explain:
    """EXPLAIN of a statement; `options` are those in brackets, in capitals, `analyze` runs it."""

    sql: str
    analyze: bool
    options: Mapping[str, str]


Statement = Query | CreateTableAs | InsertInto | Unload | CreateView | Prepare | Execute | Deallocate | Explain
_QUERY = ("SELECT", "WITH", "VALUES", "TABLE", "(")
_REFUSED = ("USE", "SET", "RESET", "GRANT", "REVOKE", "COMMIT", "ROLLBACK", "START", "CALL", "ANALYZE", "TRUNCATE")
_CHANGES = ("UPDATE", "DELETE", "MERGE", "VACUUM", "OPTIMIZE")


def parse_statement(sql: str) -> Statement | ddl.Statement:
    """Return a statement as a value. Raises SqlError (SYNTAX_ERROR, NOT_SUPPORTED, STACK_OVERFLOW)."""
    try:
        return _parsed(Reader(sql))
    except RecursionError:
        raise SqlError("STACK_OVERFLOW", "the statement is nested too deeply") from None


def _parsed(reader: Reader) -> Statement | ddl.Statement:
    sql = reader.sql
    first = reader.next.value.upper() if reader.next.kind in ("word", "sign") else ""
    if first in _WITH_QUERY:
        return _WITH_QUERY[first](reader)
    if first == "CREATE":
        return _create(reader)
    if first in ddl_parser.FIRST_WORDS:
        return ddl_parser.parse_ddl(sql)
    if first in _REFUSED:
        raise SqlError("NOT_SUPPORTED", f"Queries of this type are not supported: {first}", place=reader.here())
    if first in _CHANGES:
        reader.refuse(f"{first} (of Iceberg tables)")
    if first not in _QUERY:
        _no_statement(reader)
    return Query(sql)


def _no_statement(reader: Reader) -> NoReturn:
    known = ("ALTER", "CREATE", "DEALLOCATE", "DESC", "DESCRIBE", "DROP", "EXECUTE", "EXPLAIN", "INSERT", "MSCK")
    reader.fail(", ".join(f"'{word}'" for word in (*known, "PREPARE", "SHOW", "UNLOAD")) + ", <query>")


def _create(reader: Reader) -> Statement | ddl.Statement:
    start = reader.at
    reader.want("CREATE")
    replace = reader.has("OR", "REPLACE")
    if reader.has("VIEW"):
        return _view(reader, replace)
    if replace or not reader.has("TABLE"):
        reader.at = start
        return ddl_parser.parse_ddl(reader.sql)
    exists_ok = reader.has("IF", "NOT", "EXISTS")
    named = reader.at
    if not reader.comes("AS"):
        return ddl_parser.parse_ddl(reader.sql)
    reader.at = named
    table = reader.table()
    columns = reader.names()
    if reader.has("COMMENT"):
        reader.string()
    properties = _properties(reader) if reader.has("WITH") else {}
    reader.want("AS")
    begins, ends, with_data = reader.next.start, reader.until_end(), True
    words = [t for t in scan(reader.sql[:ends]) if t.kind != "end"][-3:]
    tail = [t.value.upper() for t in words]
    if tail[-2:] == ["WITH", "DATA"]:
        ends = words[-2].start
    elif tail == ["WITH", "NO", "DATA"]:
        ends, with_data = words[0].start, False
    return CreateTableAs(table, exists_ok, columns, properties, reader.inner(begins, ends), with_data)


def _properties(reader: Reader) -> dict[str, Value]:
    found: dict[str, Value] = {}
    reader.want("(")
    while True:
        key = reader.name()
        if key in found:
            raise SqlError("DUPLICATE_PROPERTY", f"Duplicate property: {key}", place=reader.here())
        reader.want("=")
        found[key] = _value(reader)
        if not reader.has(","):
            break
    reader.want(")")
    return found


def _value(reader: Reader) -> Value:
    if reader.next.kind == "number" and reader.next.value.isdigit():
        return int(reader.take().value)
    if reader.has("TRUE"):
        return True
    if reader.has("FALSE"):
        return False
    if not reader.has("ARRAY"):
        return reader.string()
    reader.want("[")
    items: list[str] = []
    while not reader.has("]"):
        items.append(reader.string())
        if not reader.has(","):
            reader.want("]")
            break
    return tuple(items)


def _view(reader: Reader, replace: bool) -> CreateView:
    view = reader.table()
    columns = reader.names()
    if reader.has("COMMENT"):
        reader.string()
    if reader.has("SECURITY"):
        reader.refuse("SECURITY of a view")
    reader.want("AS")
    begins, ends = reader.next.start, reader.until_end()
    return CreateView(view, replace, columns, reader.sql[begins:ends], reader.inner(begins, ends))


def _insert(reader: Reader) -> InsertInto:
    reader.want("INSERT", "INTO")
    table = reader.table()
    columns: tuple[str, ...] = ()
    if reader.next.value == "(" and reader.peek().value.upper() not in ("SELECT", "WITH", "VALUES", "TABLE", "("):
        columns = reader.names()
    return InsertInto(table, columns, reader.inner(reader.next.start, reader.until_end()))


def _unload(reader: Reader) -> Unload:
    reader.want("UNLOAD")
    if reader.next.value != "(":
        reader.fail("'('")
    tokens = scan(reader.sql)
    closed = closing(tokens, reader.at)
    if closed < 0:
        raise SqlError("SYNTAX_ERROR", "mismatched input '<EOF>'. Expecting: ')'", place=reader.here())
    query = reader.inner(tokens[reader.at].end, tokens[closed].start)
    reader.at = closed + 1
    reader.want("TO")
    to = reader.string()
    properties = _properties(reader) if reader.has("WITH") else {}
    reader.end()
    return Unload(query, to, properties)


def _prepare(reader: Reader) -> Prepare:
    reader.want("PREPARE")
    name = reader.name()
    reader.want("FROM")
    return Prepare(name, reader.sql[reader.next.start : reader.until_end()])


def _execute(reader: Reader) -> Execute:
    reader.want("EXECUTE")
    name = reader.name()
    if reader.ended:
        return Execute(name, "")
    reader.want("USING")
    if reader.ended:
        reader.fail("<expression>")
    return Execute(name, reader.sql[reader.next.start : reader.until_end()])


def _deallocate(reader: Reader) -> Deallocate:
    reader.want("DEALLOCATE", "PREPARE")
    name = reader.name()
    reader.end()
    return Deallocate(name)


def _explain(reader: Reader) -> Explain:
    reader.want("EXPLAIN")
    analyze = reader.has("ANALYZE")
    options: dict[str, str] = {}
    if reader.next.value == "(" and reader.peek().value.upper() in ("TYPE", "FORMAT"):
        reader.want("(")
        while True:
            key = reader.name()
            options[key.upper()] = reader.name().upper()
            if not reader.has(","):
                break
        reader.want(")")
    return Explain(blanked(reader.sql, reader.next.start, reader.until_end()), analyze, options)


_WITH_QUERY: Mapping[str, Callable[[Reader], Statement]] = {
    "INSERT": _insert,
    "UNLOAD": _unload,
    "PREPARE": _prepare,
    "EXECUTE": _execute,
    "DEALLOCATE": _deallocate,
    "EXPLAIN": _explain,
}
