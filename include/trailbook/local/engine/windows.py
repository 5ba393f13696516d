"""Window calls: named windows, frames, and what Trino asks of each."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from trailbook.local.engine.aggregates import WINDOW_ONLY, order_text
from trailbook.local.engine.errors import SqlError, not_supported
from trailbook.local.engine.intervals import duckdb_interval
from trailbook.local.engine.scope import Context, Scope, Sql
from trailbook.local.engine.types import INTEGERS, numeric

if TYPE_CHECKING:
    from trailbook.local.engine.expressions import Compile

_NEEDS_ORDER = frozenset(("lag", "lead"))
_NO_FRAME = WINDOW_ONLY - {"first_value", "last_value", "nth_value"}
IGNORING = frozenset(("lag", "lead", "first_value", "last_value", "nth_value"))
"""The functions that IGNORE NULLS may follow."""


def inline_windows(node: exp.Select) -> None:
    """Write the definitions of `WINDOW w AS (…)` into the calls that name them. Raises SqlError."""
    known: dict[str, exp.Window] = {}
    for definition in node.args.get("windows") or []:
        _merge(definition, known)
        name = definition.this.name.lower()
        if name in known:
            raise SqlError("INVALID_WINDOW_REFERENCE", f"WINDOW name {name} is specified twice", definition.this)
        known[name] = definition
    order = node.args.get("order")
    rest = [*node.expressions, *(order.expressions if order else ())]
    while rest:
        found = rest.pop()
        if isinstance(found, exp.Query):
            continue
        if isinstance(found, exp.Window):
            _merge(found, known)
        rest += found.iter_expressions()


def _merge(call: exp.Window, known: Mapping[str, exp.Window]) -> None:
    name = call.args.get("alias")
    if name is None:
        return
    base = known.get(name.name.lower())
    if base is None:
        raise SqlError("INVALID_WINDOW_REFERENCE", f"Cannot resolve WINDOW name {name.name}", name)
    if call.args.get("partition_by"):
        raise SqlError("INVALID_PARTITION_BY", "WINDOW specification with a name has a PARTITION BY", call)
    bare = not (call.args.get("order") or call.args.get("spec"))
    if base.args.get("spec") and not bare:
        raise SqlError("INVALID_WINDOW_REFERENCE", "Cannot reference a WINDOW that contains a frame", name)
    if base.args.get("order") and call.args.get("order"):
        raise SqlError("INVALID_ORDER_BY", "The WINDOW referred to has an ORDER BY", call)
    call.set("partition_by", [p.copy() for p in base.args.get("partition_by") or []])
    if base.args.get("order"):
        call.set("order", base.args["order"].copy())
    if base.args.get("spec") and bare:
        call.set("spec", base.args["spec"].copy())
    call.set("alias", None)


def specification(node: exp.Window, name: str, context: Context, scope: Scope, run: "Compile") -> str:
    """Return what stands in OVER's parentheses. Raises SqlError."""
    order, spec = node.args.get("order"), node.args.get("spec")
    if name in _NEEDS_ORDER and not order:
        raise SqlError("MISSING_ORDER_BY", f"{name} function requires an ORDER BY window clause", node)
    if name in _NO_FRAME and spec:
        raise SqlError("INVALID_WINDOW_FRAME", f"Cannot specify window frame for {name} function", spec)
    pieces = []
    if partition := node.args.get("partition_by"):
        values = [run(p, context, scope) for p in partition]
        if any(v.type.base == "json" for v in values):
            raise not_supported("PARTITION BY of JSON values", node)
        pieces.append("PARTITION BY " + ", ".join(v.text for v in values))
    if order:
        pieces.append("ORDER BY " + order_text(order.expressions, context, scope, run))
    if spec:
        pieces.append(_frame(spec, order, context, scope, run))
    return " ".join(pieces)


_RANK = {"UNBOUNDED PRECEDING": 0, "PRECEDING": 1, "CURRENT ROW": 2, "FOLLOWING": 3, "UNBOUNDED FOLLOWING": 4}


def _frame(spec: exp.Expr, order: exp.Expr | None, context: Context, scope: Scope, run: "Compile") -> str:
    kind = spec.args["kind"]
    if spec.args.get("exclude") or kind not in ("ROWS", "RANGE", "GROUPS"):
        raise not_supported("this window frame", spec)
    start = _bound(spec, "start", order, context, scope, run)
    end = _bound(spec, "end", order, context, scope, run) if spec.args.get("end") is not None else ("CURRENT ROW", 2)
    if start[1] == 4 or end[1] == 0 or start[1] > end[1]:
        raise SqlError("INVALID_WINDOW_FRAME", f"Window frame cannot be from {start[0]} to {end[0]}", spec)
    return f"{kind} BETWEEN {start[0]} AND {end[0]}"


def _bound(
    spec: exp.Expr, which: str, order: exp.Expr | None, context: Context, scope: Scope, run: "Compile"
) -> tuple[str, int]:
    value: Any = spec.args[which]
    side = str(spec.args.get(f"{which}_side") or "")
    if isinstance(value, str):
        words = f"{value} {side}".strip()
        return words, _RANK[words]
    kind = spec.args["kind"]
    if kind != "ROWS" and order is None:
        raise SqlError("MISSING_ORDER_BY", f"Window frame of type {kind} {side} requires ORDER BY", spec)
    amount: Sql = run(value, context, scope)
    if kind == "RANGE" and order is not None:
        _range(order, amount, value, context, scope, run)
    elif amount.type.base not in INTEGERS:
        raise SqlError("TYPE_MISMATCH", f"Window frame {kind} {which} value type must be an integer", value)
    if not isinstance(value, exp.Literal | exp.Interval):
        raise not_supported("a window frame whose bound is not a literal", value)
    text = duckdb_interval(amount) if amount.type.base.startswith("interval") else amount.text
    return f"{text} {side}", _RANK[side]


def _range(order: exp.Expr, amount: Sql, value: exp.Expr, context: Context, scope: Scope, run: "Compile") -> None:
    if len(order.expressions) != 1:
        raise SqlError("INVALID_ORDER_BY", "Window frame of type RANGE requires one ORDER BY", order.expressions[1])
    item = order.expressions[0]
    kind = run(item.this if isinstance(item, exp.Ordered) else item, context, scope).type
    moment = kind.base in ("date", "timestamp", "timestamptz")
    if not numeric(kind) and not moment:
        raise SqlError("TYPE_MISMATCH", "Window frame of type RANGE needs a numeric or time ORDER BY", item)
    if moment != amount.type.base.startswith("interval") or not (moment or numeric(amount.type)):
        raise SqlError("TYPE_MISMATCH", f"Window frame value type {amount.type} not compatible with {kind}", value)
