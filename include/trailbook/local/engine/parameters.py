"""Parameters: each `?` of a query becomes the syntax tree of a constant, never text that is read again.

A value is SQL of one constant: `'x'`, `1`, `-1.5`, `true`, `NULL`, `DATE '…'`, `CAST('1' AS bigint)`, arrays of them.
Whatever else could be a constant in Trino (a function of constants) is refused by name.
"""

from collections.abc import Sequence

from sqlglot import exp

from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.parse import parse_query

_TYPES = (exp.DataType, exp.DataTypeParam, exp.ColumnDef, exp.Identifier)
_CONSTANTS = (
    exp.Literal,
    exp.Neg,
    exp.Paren,
    exp.Boolean,
    exp.Null,
    exp.Cast,
    exp.TryCast,
    exp.Array,
    exp.HexString,
    exp.Interval,
    exp.Var,
    *_TYPES,
)
_MOST_SHOWN = 80


def bind(query: exp.Query, parameters: Sequence[str]) -> exp.Query:
    """Return the query with its placeholders replaced, in the order of the text, by the parameters' constants.

    Raises SqlError: INVALID_PARAMETER_USAGE for a wrong count, EXPRESSION_NOT_CONSTANT, NOT_SUPPORTED, SYNTAX_ERROR.
    """
    marks = sorted(query.find_all(exp.Placeholder), key=lambda mark: int(mark.meta.get("start", 0)))
    if len(marks) != len(parameters):
        raise SqlError(
            "INVALID_PARAMETER_USAGE",
            f"Incorrect number of parameters: expected {len(marks)} but found {len(parameters)}",
            place="line 1:1",
        )
    for number, (mark, text) in enumerate(zip(marks, parameters, strict=True), 1):
        value = constant(text, number)
        value.meta.update(mark.meta)
        in_list = isinstance(mark.parent, exp.Ordered | exp.Group)  # there a bare number would be a column's position
        mark.replace(exp.Array(expressions=[value]) if in_list else value)
    return query


def constant(text: str, number: int) -> exp.Expr:
    """Return the one constant that a parameter's text is; `number` (from 1) names it in an error. Raises SqlError."""
    found = constants(text, f"parameter {number}")
    if len(found) != 1:
        raise SqlError(
            "INVALID_PARAMETER_USAGE", f"parameter {number}: expected one value, found {text[:_MOST_SHOWN]!r}"
        )
    return found[0]


def constants(text: str, what: str = "USING") -> list[exp.Expr]:
    """Return the constants of a list such as `1, 'x'`. Raises SqlError."""
    try:
        query = parse_query(f"SELECT {text}\n")
    except SqlError as error:
        raise SqlError(error.code, f"{what}: expected a constant, found {text[:_MOST_SHOWN]!r}") from None
    if not isinstance(query, exp.Select) or any(v for k, v in query.args.items() if k != "expressions"):
        raise SqlError("SYNTAX_ERROR", f"{what}: expected a constant, found {text[:_MOST_SHOWN]!r}")
    for item in query.expressions:
        _refuse_inconstant(item, what, text)
    return [item.copy() for item in query.expressions]


def _refuse_inconstant(item: exp.Expr, what: str, text: str) -> None:
    for node in item.walk():
        if isinstance(node, exp.Column | exp.Star):
            raise SqlError(
                "EXPRESSION_NOT_CONSTANT",
                f"{what}: Constant expression cannot contain column references: {text[:_MOST_SHOWN]}",
            )
        if not isinstance(node, _CONSTANTS):
            raise SqlError(
                "NOT_SUPPORTED",
                f"{what}: only a constant is supported by the local Athena here, found {text[:_MOST_SHOWN]!r}",
            )
