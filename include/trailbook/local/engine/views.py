"""Views: a query that stands under a name in the catalogue is put in place of the name before the analysis.

Its own unqualified names are given the database that it was made in, so that nothing around it, a CTE of the same name
say, can change what it reads. What fails inside is told as a failure of the view, by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError

from trailbook.local.engine.casts import coerce
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.parse import parse_query
from trailbook.local.engine.scope import Catalog, Field, Relation, Sql
from trailbook.local.engine.types import Type, coerces, from_sql

_MARK = "view"
_CATALOG = "awsdatacatalog"
_MOST_VIEWS = 500


@dataclass(frozen=True, slots=True)
class View:
    """A stored view: its query, the database that its names are in, and its columns with Trino's type names."""

    sql: str
    database: str
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a view stands in a statement: its full name, and what is stored of it."""

    name: str
    view: View


def expand(tree: exp.Query, catalog: Catalog, database: str, making: str = "") -> exp.Query:
    """Return the tree with its views' queries in their places; `making` is the view being made, `database.name`.

    Raises SqlError: INVALID_VIEW, VIEW_IS_RECURSIVE. A catalogue without a door `view` has no views.
    """
    door = getattr(catalog, "view", None)
    if door is None:
        return tree
    expansion = _Expansion(catalog)
    for table in list(tree.find_all(exp.Table)):
        expansion.expand(table, database, (making,) if making else ())
    return tree


class _Expansion:
    """Views put in place in one statement: at most so many, for views of views of views may double each time."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._left = _MOST_VIEWS

    def expand(self, table: exp.Table, database: str, within: tuple[str, ...]) -> None:
        """Put a view in the place of its name, where it is one's; `within` are the views around it."""
        if not isinstance(table.this, exp.Identifier) or table.parent is None or (not table.db and _is_cte(table)):
            return
        schema = (table.db or database).lower()
        name = f"{schema}.{table.name.lower()}"
        if name in within:
            raise SqlError("VIEW_IS_RECURSIVE", "Statement would create a recursive view", table)
        if table.catalog and table.catalog.lower() != _CATALOG:
            return
        view: View | None = self._catalog.view(schema, table.name.lower())  # type: ignore[attr-defined]  # see `expand`
        if view is None:
            return
        self._left -= 1
        if self._left < 0:
            raise SqlError("NOT_SUPPORTED", f"more than {_MOST_VIEWS} uses of views in a statement", table)
        place = _Place(f"{_CATALOG}.{name}", view)
        try:
            inner = self._own_query(view, (*within, name))
        except SqlError as error:
            if error.code == "VIEW_IS_RECURSIVE":
                raise SqlError("VIEW_IS_RECURSIVE", "Statement would create a recursive view", table) from None
            raise _failed(place, error, table) from None
        _put_in_place(table, inner, place)

    def _own_query(self, view: View, within: tuple[str, ...]) -> exp.Query:
        """Return a view's query, the views in it put in place and its names given their database."""
        inner = parse_query(view.sql)
        for below in list(inner.find_all(exp.Table)):
            self.expand(below, view.database, within)
        for below in list(inner.find_all(exp.Table)):
            if not below.db and isinstance(below.this, exp.Identifier) and not _is_cte(below):
                below.set("db", exp.to_identifier(view.database))
        return inner


def _put_in_place(table: exp.Table, inner: exp.Query, place: _Place) -> None:
    alias = table.args.get("alias")
    if alias is None:
        alias = exp.TableAlias(this=table.this.copy())
    held = exp.Subquery(this=inner, alias=alias)
    held.meta.update(table.this.meta)
    held.meta[_MARK] = place
    for key in ("joins", "laterals", "pivots", "sample"):
        if table.args.get(key):
            held.set(key, table.args[key])
    table.replace(held)


def _is_cte(table: exp.Table) -> bool:
    """Say whether an unqualified name is that of a CTE that is visible where it stands."""
    name, below, node = table.name.lower(), table, table.parent
    inside: exp.Expr = below
    while node is not None:
        clause = node.args.get("with_")
        if clause is not None:
            visible = clause.expressions
            if inside is clause:
                position = next((i for i, cte in enumerate(visible) if _holds(cte, table)), 0)
                visible = visible[: position + (1 if clause.args.get("recursive") else 0)]
            if any(cte.alias.lower() == name for cte in visible):
                return True
        inside, node = node, node.parent
    return False


def _holds(node: exp.Expr, table: exp.Expr) -> bool:
    found: exp.Expr | None = table
    while found is not None:
        if found is node:
            return True
        found = found.parent
    return False


def stored_relation(node: exp.Expr, compiled: Relation | SqlError) -> Relation | None:
    """Return a view's compiled query under the names and types that are stored of it; None where it is no view's.

    Raises SqlError: INVALID_VIEW for what failed inside, VIEW_IS_STALE where the query has other columns by now.
    """
    place: _Place | None = node.meta.get(_MARK)
    if place is None:
        return None
    if isinstance(compiled, SqlError):
        raise _failed(place, compiled, node)
    columns = place.view.columns
    if len(columns) != len(compiled.fields):
        message = (
            f"stored view column count ({len(columns)}) does not match column count derived from the view's query "
            f"analysis ({len(compiled.fields)})"
        )
        raise _stale(place, message, node)
    wanted = [_stored_type(text, f.type) for (_, text), f in zip(columns, compiled.fields, strict=True)]
    for number, ((name, text), kind, field) in enumerate(zip(columns, wanted, compiled.fields, strict=True)):
        if kind is None:
            message = (
                f"column [{field.name}] of type {field.type} projected from query view at position {number} cannot "
                f"be coerced to column [{name}] of type {text} stored in view definition"
            )
            raise _stale(place, message, node)
    return _as_stored(compiled, [n for n, _ in columns], [k for k in wanted if k is not None])


def _as_stored(compiled: Relation, names: Sequence[str], kinds: Sequence[Type]) -> Relation:
    text = compiled.text
    if any(f.type != k for f, k in zip(compiled.fields, kinds, strict=True)):
        values = ", ".join(
            f"{coerce(Sql(f's.c{i}', f.type), k).text} AS c{i}"
            for i, (f, k) in enumerate(zip(compiled.fields, kinds, strict=True))
        )
        text = f"SELECT {values} FROM ({text}) AS s"  # noqa: S608  # compiled text only
    fields = tuple(
        Field(n, k, f.sql, f.relation, f.uses, n) for n, k, f in zip(names, kinds, compiled.fields, strict=True)
    )
    return Relation(text, fields, compiled.always)


def _stored_type(text: str, derived: Type) -> Type | None:
    """Return the type that a view's column has, or None where the query's type does not become the stored one."""
    try:
        stored = from_sql(exp.DataType.build(text, dialect="trino"))
    except (SqlglotError, ValueError):
        return derived
    if stored.base == derived.base and not stored.args and stored.digits == derived.digits:
        return derived
    return stored if coerces(derived, stored) else None


def _failed(place: _Place, error: SqlError, node: exp.Expr) -> SqlError:
    inner = str(error).partition(": ")[2]
    return SqlError("INVALID_VIEW", f"Failed analyzing stored view '{place.name}': {inner}", node)


def _stale(place: _Place, message: str, node: exp.Expr) -> SqlError:
    return SqlError("VIEW_IS_STALE", f"View '{place.name}' is stale or in invalid state: {message}", node)
