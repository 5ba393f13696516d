"""Names: what a query's relations offer, how a dotted name is found among them, and which table columns are read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlglot import exp

from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.types import Type, field_name, text

Use = tuple[str, str]
"""A physical scan's name and one of its columns."""


@dataclass(frozen=True, slots=True)
class Sql:
    """A compiled expression: DuckDB text (safe to embed anywhere) and its Trino type."""

    text: str
    type: Type


@dataclass(frozen=True, slots=True)
class Field:
    """A visible column: its name and relation in lower case ('' where there is none), its type and its DuckDB text.

    `label` is the name as it was written, which a result shows.
    """

    name: str
    type: Type
    sql: str
    relation: str = ""
    uses: frozenset[Use] = frozenset()
    label: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """A compiled query: its text yields columns c0, c1, …, named and typed by `fields`; `always` is read regardless."""

    text: str
    fields: tuple[Field, ...]
    always: frozenset[Use] = frozenset()


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a physical table."""

    name: str
    type: Type
    partition: bool = False


@dataclass(frozen=True, slots=True)
class ScanReading:
    """What one reading of a table lets through: DuckDB texts over its partition columns, all to hold.

    `guarded` ones hold only where they are not true of NULLs; `fixed` are the columns that equal constants.
    """

    conditions: tuple[str, ...]
    guarded: tuple[str, ...]
    fixed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scan:
    """A physical table in the text; `readings` are those that Trino would make of it, none where they are not known."""

    name: str
    database: str
    table: str
    columns: tuple[TableColumn, ...]
    node: exp.Table
    readings: list[ScanReading] = field(default_factory=list)


class Catalog(Protocol):
    """What the analysis asks about tables."""

    def columns(self, database: str, table: str) -> Sequence[TableColumn] | None:
        """Return a table's columns in order, or None where there is no such table."""
        ...

    def has_database(self, database: str) -> bool:
        """Say whether there is such a database."""
        ...


@dataclass(slots=True)
class Context:
    """The state of one analysis; `timed` says whether the text holds its moment.

    Scans are named `scan_prefix` and a number.
    """

    catalog: Catalog
    database: str
    now: datetime
    scans: list[Scan] = field(default_factory=list)
    ctes: dict[str, tuple[str, Relation]] = field(default_factory=dict)
    uses: set[Use] = field(default_factory=set)
    names: int = 0
    timed: bool = False
    scan_prefix: str = "scan"

    def moment(self) -> datetime:
        """Return the time of the query: what was compiled with it is good for this once only."""
        self.timed = True
        return self.now

    def fresh(self, prefix: str) -> str:
        """Return a name that no other part of the statement has."""
        self.names += 1
        return f"{prefix}{self.names}"


class Grouping(Protocol):
    """What an aggregation leaves to see: its keys, and the scope that the arguments of aggregates see."""

    source: "QueryScope"
    present: bool

    def holds(self, text: str) -> bool:
        """Say whether a column's DuckDB text is a key."""
        ...

    def match(self, node: exp.Expr, context: Context, scope: "Scope") -> Sql | None:
        """Return the key that the expression is, or None."""
        ...


class Scope:
    """The fields that an expression sees; `parent` is what it sees besides. A plain one is a lambda's."""

    def __init__(self, fields: Iterable[Field] = (), parent: "Scope | None" = None) -> None:
        """Hold the fields in order."""
        self.fields = tuple(fields)
        self.parent = parent
        self.grouping: Grouping | None = parent.grouping if parent is not None else None

    def resolve(self, parts: Sequence[str], node: exp.Expr, context: Context) -> Sql:
        """Return the value of a dotted name. Raises SqlError (COLUMN_NOT_FOUND, AMBIGUOUS_NAME, …)."""
        lowered = [p.lower() for p in parts]
        scope: Scope | None = self
        crossed: list[QueryScope] = []
        while scope is not None:
            for found, rest in _matches(scope.fields, lowered):
                if len(found) > 1:
                    raise SqlError("AMBIGUOUS_NAME", f"Column '{'.'.join(parts)}' is ambiguous", node)
                scope.check(found[0], parts, node)
                value = _part(Sql(found[0].sql, found[0].type), rest, parts, node)
                context.uses |= found[0].uses
                for inner in crossed:
                    inner.correlated.append(node)
                    inner.nested += [node] if rest else []
                return value
            if isinstance(scope, QueryScope):
                crossed.append(scope)
            scope = scope.parent
        raise SqlError("COLUMN_NOT_FOUND", f"Column '{'.'.join(lowered)}' cannot be resolved", node)

    def check(self, found: Field, parts: Sequence[str], node: exp.Expr) -> None:
        """Refuse a field that may not be read here. Raises SqlError (EXPRESSION_NOT_AGGREGATE)."""


class OutputScope(Scope):
    """What ORDER BY sees before the relation's own columns: the names of the SELECT list."""


class QueryScope(Scope):
    """What an expression of a SELECT sees: its relations, and the enclosing query's.

    `clause` is the clause that may not hold aggregates, windows or grouping operations; `within` is 'aggregation' or
    'window' in the arguments of such a call. `correlated` collects the names that were found in an enclosing query;
    `nested` those of them that are a field of a row.
    """

    def __init__(
        self,
        fields: Iterable[Field] = (),
        parent: Scope | None = None,
        *,
        clause: str = "",
        within: str = "",
        grouping: Grouping | None = None,
        correlated: list[exp.Expr] | None = None,
        nested: list[exp.Expr] | None = None,
    ) -> None:
        """Hold the fields in order."""
        super().__init__(fields, parent)
        self.clause, self.within, self.grouping = clause, within, grouping
        self.correlated: list[exp.Expr] = correlated if correlated is not None else []
        self.nested: list[exp.Expr] = nested if nested is not None else []

    def inside(self, *, clause: str = "", within: str = "", grouping: Grouping | None = None) -> "QueryScope":
        """Return the same fields as another part of the query sees them."""
        return QueryScope(
            self.fields,
            self.parent,
            clause=clause,
            within=within,
            grouping=grouping,
            correlated=self.correlated,
            nested=self.nested,
        )

    def check(self, found: Field, parts: Sequence[str], node: exp.Expr) -> None:
        """Refuse a column that is not a key of the aggregation. Raises SqlError (EXPRESSION_NOT_AGGREGATE)."""
        if self.grouping is not None and not self.grouping.holds(found.sql):
            raise SqlError(
                "EXPRESSION_NOT_AGGREGATE",
                f"'{'.'.join(parts)}' must be an aggregate expression or appear in GROUP BY clause",
                node,
            )


def _matches(fields: Sequence[Field], parts: Sequence[str]) -> Iterable[tuple[list[Field], Sequence[str]]]:
    if len(parts) > 1 and (found := [f for f in fields if f.relation == parts[0] and f.name == parts[1]]):
        yield found, parts[2:]
    if found := [f for f in fields if f.name == parts[0]]:
        yield found, parts[1:]
    if len(parts) > 2 and (found := [f for f in fields if f.relation == parts[1] and f.name == parts[2]]):
        yield found, parts[3:]


def _part(value: Sql, names: Sequence[str], parts: Sequence[str], node: exp.Expr) -> Sql:
    for i, name in enumerate(names):
        if value.type.base != "row":
            known = ".".join(parts[: len(parts) - len(names) + i])
            raise SqlError("TYPE_MISMATCH", f"Expression {known} is not of type ROW", node)
        found = dereference(value, [name])
        if found is None:
            known = ".".join(parts[: len(parts) - len(names) + i + 1])
            raise SqlError("INVALID_COLUMN_REFERENCE", f"Column reference '{known}' is invalid", node)
        value = found
    return value


def dereference(value: Sql, names: Sequence[str]) -> Sql | None:
    """Return a row's field, a field's field and so on; None where there is none of that name."""
    for name in names:
        if value.type.base != "row" or name not in value.type.names:
            return None
        index = value.type.names.index(name)
        inner = field_name(value.type, index)
        value = Sql(f"struct_extract({value.text}, {text(inner)})", value.type.args[index])
    return value


def renamed(fields: Sequence[Field], names: Sequence[str], node: exp.Expr) -> tuple[Field, ...]:
    """Return fields under the names of a column list. Raises SqlError (MISMATCHED_COLUMN_ALIASES)."""
    if len(names) != len(fields):
        raise SqlError(
            "MISMATCHED_COLUMN_ALIASES", f"Column alias list has {len(names)} entries but {len(fields)} columns", node
        )
    return tuple(Field(n.lower(), f.type, f.sql, f.relation, f.uses, n) for n, f in zip(names, fields, strict=True))
