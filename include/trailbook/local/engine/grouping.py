"""Aggregations: which expressions of a SELECT are keys, which calls are aggregates, and what else is refused.

Trino lets an aggregated query's SELECT, HAVING and ORDER BY read its keys and aggregates only. An expression is a key
when it is written as one, or when it compiles to the same text as one (`c.useridentity.type` is `useridentity.type`).
"""

from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp

from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.scope import Context, Field, OutputScope, QueryScope, Scope, Sql

Run = Callable[[exp.Expr, Context, Scope], Sql]


class Keys:
    """The keys of one aggregation; satisfies `scope.Grouping`."""

    def __init__(self, source: QueryScope, run: Run, *, present: bool = True) -> None:
        """Begin without keys: a global aggregation. `present` tells of a GROUP BY."""
        self.source = source
        self.present = present
        self._run = run
        self._keys: list[tuple[exp.Expr, Sql]] = []
        self._texts: set[str] = set()

    def add(self, node: exp.Expr, value: Sql) -> None:
        """Add a key."""
        self._keys.append((node, value))
        self._texts.add(value.text)

    def holds(self, text: str) -> bool:
        """Say whether a column's DuckDB text is a key."""
        return text in self._texts

    def match(self, node: exp.Expr, context: Context, scope: Scope) -> Sql | None:
        """Return the key that the expression is, or None."""
        alike = [(n, v) for n, v in self._keys if type(n) is type(node) and n.name == node.name]
        if not alike or not isinstance(scope, QueryScope | OutputScope):
            return None
        for key, value in alike:
            if key == node:
                return value
        if node.find(exp.Query, exp.Lambda) is not None or not isinstance(node, exp.Column | exp.Dot | exp.Func):
            return None
        kept, context.uses = context.uses, set()
        try:
            text = self._run(node, context, self.source).text
        except SqlError:
            return None
        finally:
            context.uses = kept
        return next((v for _, v in alike if v.text == text), None)


def aggregated(nodes: Sequence[exp.Expr], names: frozenset[str]) -> bool:
    """Say whether any of a query's expressions calls an aggregate of its own, not of a subquery or a window."""
    return any(True for node in nodes for _ in _calls(node, names))


def _calls(node: exp.Expr, names: frozenset[str]) -> Iterator[exp.Expr]:
    rest = [node]
    while rest:
        found = rest.pop()
        if isinstance(found, exp.Query):
            continue
        if isinstance(found, exp.Window):
            rest += _window_parts(found)
        elif isinstance(found, exp.GroupConcat) or (isinstance(found, exp.Anonymous) and found.name.lower() in names):
            yield found
        else:
            rest += found.iter_expressions()


def _window_parts(node: exp.Window) -> Iterator[exp.Expr]:
    """Yield what stands inside a window call: its arguments and its specification, but not the call itself."""
    call = node.this
    while isinstance(call, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        if isinstance(call, exp.Filter):
            yield call.expression
        call = call.this
    yield from call.iter_expressions()
    yield from (e for e in node.iter_expressions() if e is not node.this)


def arguments_scope(node: exp.Expr, scope: Scope, *, window: bool) -> QueryScope:
    """Return what the arguments of an aggregate or a window call see. Raises SqlError where it may not stand here."""
    found: Scope | None = scope
    while isinstance(found, OutputScope):
        found = found.parent
    if not isinstance(found, QueryScope):
        raise _not_scalar("Lambda expression", node)
    if found.clause:
        raise _not_scalar(f"{found.clause} clause", node)
    if found.within == "aggregation":
        what = "window functions" if window else "aggregations"
        raise SqlError(
            "NESTED_WINDOW" if window else "NESTED_AGGREGATION",
            f"Cannot nest {what} inside an aggregation's arguments",
            _enclosing(node),
        )
    if found.within and window:
        raise SqlError("NESTED_WINDOW", "Cannot nest window functions inside a window function", node)
    if window:
        return found.inside(within="window", grouping=found.grouping)
    source = found.grouping.source if found.grouping is not None else found
    return source.inside(within="aggregation")


def _enclosing(node: exp.Expr) -> exp.Expr:
    parent = node.parent
    while parent is not None and not isinstance(parent, exp.Anonymous | exp.GroupConcat):
        parent = parent.parent
    return parent if parent is not None else node


def _not_scalar(where: str, node: exp.Expr) -> SqlError:
    return SqlError(
        "EXPRESSION_NOT_SCALAR",
        f"{where} cannot contain aggregations, window functions or grouping operations",
        node,
    )


def star_allowed(fields: Sequence[Field], keys: Keys | None, node: exp.Expr) -> None:
    """Refuse `SELECT *` of columns that are not keys. Raises SqlError (EXPRESSION_NOT_AGGREGATE)."""
    for found in fields if keys is not None else ():
        if keys is not None and not keys.holds(found.sql):
            name = f"{found.relation}.{found.name}" if found.relation else found.name
            raise SqlError("EXPRESSION_NOT_AGGREGATE", f"Column '{name}' not in GROUP BY clause", node)
