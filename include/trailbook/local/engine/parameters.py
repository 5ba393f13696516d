"""Parameters: each `?` of a query becomes the syntax tree of a constant, never text that is read again.

A value is SQL of one constant: `'x'`, `1`, `-1.5`, `true`, `NULL`, `DATE '…'`, `CAST('1' AS bigint)`, arrays of them.
Whatever else could be a constant in Trino (a function of constants) is refused by name. ExecutionParameters that are no
expression or hold a name are strings, as measured on Athena (github.com/aoyagikouhei/athena-local, docs/parameters.md).
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

    As on Athena, parameters of a query without placeholders are of no account. Raises SqlError:
    INVALID_PARAMETER_USAGE for a wrong count, NOT_SUPPORTED.
    """
    marks = sorted(query.find_all(exp.Placeholder), key=lambda mark: int(mark.meta.get("start", 0)))
    if not marks:
        return query
    check_count(len(marks), len(parameters))
    for number, (mark, text) in enumerate(zip(marks, parameters, strict=True), 1):
        value = constant(text, number)
        value.meta.update(mark.meta)
        in_list = isinstance(mark.parent, exp.Ordered | exp.Group)  # there a bare number would be a column's position
        mark.replace(exp.Array(expressions=[value]) if in_list else value)
    return query


def check_count(wanted: int, given: int) -> None:
    """Raise SqlError where there are not as many parameters as placeholders."""
    if wanted != given:
        message = f"Incorrect number of parameters: expected {wanted} but found {given}"
        raise SqlError("INVALID_PARAMETER_USAGE", message, place="line 1:1")


def constant(text: str, number: int) -> exp.Expr:
    """Return what a parameter's text stands for; `number` (from 1) names it in an error.

    As on Athena, a text that is no expression, is more than one, or holds a name is a string. Raises SqlError.
    """
    try:
        found = constants(text, f"parameter {number}")
    except SqlError as error:
        if error.code not in ("SYNTAX_ERROR", "EXPRESSION_NOT_CONSTANT"):
            raise
        found = []
    return found[0] if len(found) == 1 else exp.Literal.string(text)


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
    if item.find(exp.Column, exp.Star) is not None:
        message = f"{what}: Constant expression cannot contain column references: {text[:_MOST_SHOWN]}"
        raise SqlError("EXPRESSION_NOT_CONSTANT", message)
    if not all(isinstance(node, _CONSTANTS) for node in item.walk()):
        message = f"{what}: only a constant is supported by the local Athena here, found {text[:_MOST_SHOWN]!r}"
        raise SqlError("NOT_SUPPORTED", message)
