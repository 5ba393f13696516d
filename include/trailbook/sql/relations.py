"""The lookups of a run as relations: common table expressions of typed VALUES, before the runbook's own.

Invariant: a lookup has the declared columns with the declared types, in the declared order, also with no rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from trailbook.errors import InvalidRequest
from trailbook.runbook.params import Lookup
from trailbook.sql.literals import data_type, literal


@dataclass(frozen=True, slots=True)
class LookupRows:
    """A lookup's rows as a run uses them: column name to JSON Schema type, and one tuple of values per row."""

    columns: Mapping[str, str]
    rows: tuple[tuple[Any, ...], ...]


def replaced(columns: Mapping[str, str], column: str, values: Sequence[Any]) -> LookupRows:
    """Return the rows of an operator's list for one column; the others are NULL."""
    return LookupRows(columns, tuple(tuple(value if c == column else None for c in columns) for value in values))


def relation(name: str, lookup: Lookup, given: LookupRows) -> exp.CTE:
    """Return `name` as a CTE with the declared columns; columns that are not declared are left out."""
    places = list(given.columns)
    missing = [column for column in lookup.columns if column not in places]
    if missing:
        raise InvalidRequest(f"lookup {name}: expected the columns {', '.join(lookup.columns)}, without {missing[0]}")
    rows = [[row[places.index(column)] for column in lookup.columns] for row in given.rows]
    values = [_row(name, lookup, row) for row in rows or [[None] * len(lookup.columns)]]
    names = [exp.to_identifier(column, quoted=True) for column in lookup.columns]
    source = exp.Values(
        expressions=values,
        alias=exp.TableAlias(this=exp.to_identifier("t"), columns=[column.copy() for column in names]),
    )
    typed = [
        exp.alias_(exp.Cast(this=exp.Column(this=column.copy()), to=data_type(kind)), column.copy())
        for column, kind in zip(names, lookup.columns.values(), strict=True)
    ]
    query = exp.select(*typed).from_(source)
    if not rows:
        query = query.where(exp.false())
    return exp.CTE(this=query, alias=exp.TableAlias(this=exp.to_identifier(name, quoted=True)))


def _row(name: str, lookup: Lookup, row: list[Any]) -> exp.Tuple:
    try:
        kinds = lookup.columns.values()
        return exp.Tuple(
            expressions=[
                exp.Null() if value is None else literal(value, kind) for value, kind in zip(row, kinds, strict=True)
            ]
        )
    except InvalidRequest as error:
        raise InvalidRequest(f"lookup {name}: {error}") from None
