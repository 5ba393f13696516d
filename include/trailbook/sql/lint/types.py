"""What relations and columns a place in a query can see, and the types of `cloudtrail`'s nested columns.

Invariant: what is not known for sure is unknown, and an unknown relation or type is never a reason to complain.
"""

from collections.abc import Mapping
from functools import cache
from typing import TypeAlias

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from trailbook.runbook.model import Runbook
from trailbook.sql.schema import COLUMNS, LOGICAL_TABLE

Type: TypeAlias = exp.DataType | None
"""None is a type that is not known."""

Relation: TypeAlias = Mapping[str, Type] | None
"""Column name to type; None is a relation whose columns are not known."""


@cache
def log_columns() -> Mapping[str, Type]:
    """Return the columns of `cloudtrail` with their types."""
    return {name: exp.DataType.build(kind, dialect="hive") for name, kind in COLUMNS.items()}


def fields(kind: Type) -> Mapping[str, Type] | None:
    """Return the fields of a ROW, or None where it is none (or not known)."""
    if kind is None or not kind.is_type(exp.DType.STRUCT):
        return None
    return {field.name: field.args.get("kind") for field in kind.expressions}


def element(kind: Type) -> Type:
    """Return the type of an array's elements or a map's values."""
    if kind is not None and kind.is_type(exp.DType.ARRAY, exp.DType.MAP):
        last = kind.expressions[-1]
        return last if isinstance(last, exp.DataType) else None
    return None


def relations(scope: Scope, runbook: Runbook) -> Mapping[str, Relation]:
    """Return the relations that a SELECT reads, by the name it has for each. Raises sqlglot's OptimizeError."""
    found: dict[str, Relation] = {}
    for name, node in scope.references:
        source = scope.sources.get(name)
        relation = _of_table(source, runbook) if isinstance(source, exp.Table) else _of_scope(source, runbook)
        found[name] = _renamed(relation, node.alias_column_names) if not isinstance(node, exp.UDTF) else relation
    return found


def _of_table(table: exp.Table, runbook: Runbook) -> Relation:
    if table.name == LOGICAL_TABLE:
        return log_columns()
    if table.name in runbook.lookups:
        return dict.fromkeys(runbook.lookups[table.name].columns)
    return None


def _of_scope(scope: Scope | None, runbook: Runbook) -> Relation:
    if scope is None:
        return None
    expression = scope.expression
    if isinstance(expression, exp.UDTF):
        ordinality = expression.args.get("offset")
        numbered = [ordinality.name] if isinstance(ordinality, exp.Identifier) else []
        return dict.fromkeys([*expression.alias_column_names, *numbered]) or None
    inner: exp.Expr = expression
    while not isinstance(inner, exp.Select):
        if not isinstance(inner, (exp.SetOperation, exp.Subquery)):
            return None
        inner = inner.this
    if any(isinstance(output, exp.Star) or output.output_name == "*" for output in inner.expressions):
        return None
    own = relations(scope, runbook) if inner is expression else {}
    relation = {output.output_name: _passed_on(output, own) for output in inner.expressions}
    return _renamed(relation, scope.outer_columns)


def _passed_on(output: exp.Expr, own: Mapping[str, Relation]) -> Type:
    """Return the type of an output that is a plain column of `cloudtrail`, or of a relation that passes it on."""
    column = output.unalias()
    if not isinstance(column, exp.Column) or column.args.get("db"):
        return None
    if column.table:
        relation = own.get(column.table)
        return relation.get(column.name) if relation else None
    owners = [relation for relation in own.values() if relation is None or column.name in relation]
    return owners[0].get(column.name) if len(owners) == 1 and owners[0] is not None else None


def _renamed(relation: Relation, names: list[str]) -> Relation:
    if not names or relation is None:
        return relation if not names else dict.fromkeys(names)
    return dict(zip(names, relation.values(), strict=False))
