"""Which conditions stand over each reading of a table, wherever in the query they were written.

As Trino, a common table expression is read anew for each reference, and a condition over a query's output holds for
the rows below it, unless a LIMIT, a window, an aggregation or an outer join stands between. Works on the syntax tree
alone, before anything runs. Invariant: conditions only ever leave out rows that the query would drop; whatever is not
understood counts as no condition, and where a table was not found by this walk, nothing is pruned at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from trailbook.local.engine.conditions import (
    FOREIGN,
    Condition,
    allowed,
    by_position,
    conjuncts,
    equality,
    moved,
    opaque,
    with_outputs,
)
from trailbook.local.engine.scope import Catalog

_MOST_READINGS = 500


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a table (a node of the tree) and the conditions over its columns, which stand without relation."""

    table: exp.Table
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class _Cte:
    query: exp.Expr
    names: tuple[str, ...]
    env: Mapping[str, "_Cte"]


@dataclass(slots=True)
class _Item:
    """One item of a FROM clause: its name, its columns' names (None: not known), and what it is."""

    alias: str
    names: tuple[str, ...] | None
    node: exp.Expr
    cte: _Cte | None = None
    conditions: list[Condition] = field(default_factory=list)


class _Lost(Exception):  # it ends the walk, and with it the pruning
    """The walk does not understand the query."""


def readings(tree: exp.Expr, catalog: Catalog, database: str) -> list[Reading] | None:
    """Return the readings of a query's tables; None where the walk did not find its way."""
    walk = _Walk(catalog, database)
    try:
        walk.query(tree, [], {})
    except (_Lost, RecursionError):
        return None
    unread = [t for t in tree.find_all(exp.Table) if id(t) not in walk.seen]
    dead = {id(c) for c in tree.find_all(exp.CTE) if id(c) not in walk.referred}
    if any(not any(id(p) in dead for p in _above(t)) for t in unread):
        return None
    return walk.found


def _above(node: exp.Expr) -> list[exp.Expr]:
    above = []
    while (parent := node.parent) is not None:
        above.append(parent)
        node = parent
    return above


class _Walk:
    def __init__(self, catalog: Catalog, database: str) -> None:
        self._catalog = catalog
        self._database = database
        self.found: list[Reading] = []
        self.seen: set[int] = set()
        self.referred: set[int] = set()

    def query(self, node: exp.Expr, conditions: Sequence[Condition], env: Mapping[str, _Cte]) -> None:
        """Walk a query; `conditions` stand over its output, whose columns they name by position."""
        env = self._with(node, env)
        if node.args.get("limit") or node.args.get("offset"):
            conditions = []
        if isinstance(node, exp.Subquery):
            self.query(node.this, conditions, env)
        elif isinstance(node, exp.SetOperation):
            self.query(node.this, conditions, env)
            self.query(node.expression, conditions, env)
        elif isinstance(node, exp.Select):
            self._select(node, conditions, env)
        elif not isinstance(node, exp.Values):
            raise _Lost
        plain = isinstance(node, exp.Select | exp.Values)
        self._nested(node, env, {"from_", "joins", "with_"} if plain else {"with_", "this", "expression"})

    def _with(self, node: exp.Expr, env: Mapping[str, _Cte]) -> Mapping[str, _Cte]:
        clause = node.args.get("with_")
        if clause is None:
            return env
        if clause.args.get("recursive"):
            raise _Lost
        for cte in clause.expressions:
            names = tuple(c.name.lower() for c in cte.args["alias"].columns)
            env = {**env, cte.alias.lower(): _Cte(cte, names, env)}
        return env

    def _nested(self, node: exp.Expr, env: Mapping[str, _Cte], without: set[str]) -> None:
        """Walk the queries that stand in a node's expressions."""
        for key, value in node.args.items():
            if key in without:
                continue
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, exp.Query):
                    self.query(part, [], env)
                elif isinstance(part, exp.Expr):
                    self._nested(part, env, set())

    def _select(self, node: exp.Select, conditions: Sequence[Condition], env: Mapping[str, _Cte]) -> None:
        items: list[_Item] = []
        reached: list[_Item] = []
        padded: list[_Item] = []
        using: dict[str, list[_Item]] = {}
        equal: list[tuple[exp.Expr, exp.Expr]] = []
        matched: list[tuple[tuple[exp.Expr, exp.Expr], _Item]] = []
        clause = node.args.get("from_")
        if clause is not None:
            items = [self._item(clause.this, env)]
            reached = list(items)
        for join in node.args.get("joins") or []:
            self._join(join, items, reached, padded, using, equal, matched, env)
            self._nested(join, env, {"this"})
        held = [Condition(node.args["where"].this)] if node.args.get("where") else []
        outputs = _outputs(node, items)
        open_ = allowed(node, outputs)
        held += [Condition(with_outputs(c, outputs, open_), c.guarded) for c in conditions]
        held = [Condition(part, c.guarded) for c in held for part in conjuncts(c.node)]
        for condition in held:
            equal += equality(condition.node)
        held += [Condition(m, c.guarded) for c in held for m in moved(c.node, equal)]
        for item in reached:
            item.conditions += [Condition(_of(c.node, item, items, using), c.guarded) for c in held]
        for item in padded:
            item.conditions += [Condition(_of(c.node, item, items, using), True) for c in held]
        for pair, item in matched:
            over = [m for c in held if not c.guarded for m in moved(c.node, [pair])]
            item.conditions += [Condition(_of(m, item, items, using)) for m in over]
        for item in items:
            self._read(item, env)

    def _join(
        self,
        join: exp.Join,
        items: list[_Item],
        reached: list[_Item],
        padded: list[_Item],
        using: dict[str, list[_Item]],
        equal: list[tuple[exp.Expr, exp.Expr]],
        matched: list[tuple[tuple[exp.Expr, exp.Expr], _Item]],
        env: Mapping[str, _Cte],
    ) -> None:
        """Add a join's item; `reached` are those that a condition above filters, `padded` those that may be NULL.

        `equal` are columns that equal each other, `matched` those of an outer join's side that decide on a match.
        """
        side = str(join.args.get("side") or "").upper()
        right = self._item(join.this, env)
        on = join.args.get("on")
        before = list(reached)
        items.append(right)
        for name in join.args.get("using") or []:
            kept = {"": [*before, right], "LEFT": before, "RIGHT": [right]}.get(side, [])
            using[name.name.lower()] = kept
        parts = conjuncts(on) if on is not None else []
        filtered = {"": [*before, right], "LEFT": [right], "RIGHT": before}.get(side, [])
        for item in filtered:
            item.conditions += [Condition(_of(p, item, items, using)) for p in parts]
        if side == "":
            reached.append(right)
            for part in parts:
                equal += equality(part)
        elif side == "LEFT":
            padded.append(right)
            matched += [(pair, right) for part in parts for pair in equality(part)]
        elif side == "RIGHT":
            padded += reached
            reached[:] = [right]
        else:
            padded.clear()
            reached.clear()

    def _item(self, node: exp.Expr, env: Mapping[str, _Cte]) -> _Item:
        alias = node.args.get("alias")
        name = alias.name.lower() if alias is not None else ""
        columns = tuple(c.name.lower() for c in alias.args.get("columns") or []) if alias is not None else ()
        if isinstance(node, exp.Table):
            if not node.db and node.name.lower() in env:
                cte = env[node.name.lower()]
                names = columns or cte.names or _names(self, cte.query.this, cte.env)
                return _Item(name or node.name.lower(), names, node, cte)
            found = self._catalog.columns(node.db.lower() or self._database, node.name.lower())
            plain = tuple(c.name for c in found) if found is not None and not columns else None
            return _Item(name or node.name.lower(), plain, node)
        if isinstance(node, exp.Subquery | exp.Values):
            return _Item(name, columns or _names(self, node, env), node)
        return _Item(name, None if isinstance(node, exp.Lateral) else columns or None, node)

    def _read(self, item: _Item, env: Mapping[str, _Cte]) -> None:
        node, names = item.node, item.names or ()
        if isinstance(node, exp.Table):
            self.seen.add(id(node))
        if item.cte is not None:
            self.referred.add(id(item.cte.query))
            self.query(item.cte.query.this, by_position(item.conditions, names), item.cte.env)
        elif isinstance(node, exp.Table):
            self.found.append(Reading(node, tuple(item.conditions)))
            if len(self.found) > _MOST_READINGS:
                raise _Lost
        elif isinstance(node, exp.Subquery):
            self.query(node, by_position(item.conditions, names), env)
        else:
            self._nested(node, env, set())


def _names(walk: _Walk, node: exp.Expr, env: Mapping[str, _Cte]) -> tuple[str, ...] | None:
    """Return a query's output names; None where they are not known."""
    env = walk._with(node, env)
    if isinstance(node, exp.Subquery | exp.SetOperation):
        return _names(walk, node.this, env)
    if not isinstance(node, exp.Select):
        return None
    items = [walk._item(node.args["from_"].this, env)] if node.args.get("from_") else []
    items += [walk._item(j.this, env) for j in node.args.get("joins") or []]
    outputs = _outputs(node, items)
    return None if outputs is None else tuple(name for name, _ in outputs)


def _outputs(node: exp.Select, items: Sequence[_Item]) -> list[tuple[str, exp.Expr]] | None:
    """Return a SELECT list's names and expressions, its stars written out; None where that cannot be."""
    out: list[tuple[str, exp.Expr]] = []
    merged = any(j.args.get("using") for j in node.args.get("joins") or [])
    for item in node.expressions:
        if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
            table = item.args["table"].name.lower() if item.args.get("table") else ""
            picked = [i for i in items if not table or i.alias == table]
            if merged or any(i.names is None for i in picked) or isinstance(item, exp.Dot):
                return None
            out += [(n, exp.column(n, table=i.alias, quoted=True)) for i in picked for n in i.names or ()]
        elif isinstance(item, exp.Alias):
            out.append((item.alias.lower(), item.this))
        else:
            out.append((item.name.lower() if isinstance(item, exp.Column | exp.Dot) else "", item))
    return out


def _of(node: exp.Expr, item: _Item, items: Sequence[_Item], using: Mapping[str, list[_Item]]) -> exp.Expr:
    """Return a condition with one item's columns by their bare names, and everything else as foreign."""
    if opaque(node):
        return exp.column(FOREIGN)

    def bare(part: exp.Expr) -> exp.Expr:
        if not isinstance(part, exp.Column):
            return part
        name, table = part.name.lower(), part.table.lower()
        if item.names is None or part.args.get("db") or name not in item.names:
            return exp.column(FOREIGN)
        if table:
            mine = table == item.alias and sum(i.alias == table for i in items) == 1
        elif name in using:
            mine = any(item is i for i in using[name])
        else:
            mine = all(i is item or (i.names is not None and name not in i.names) for i in items)
        return exp.column(name, quoted=True) if mine and item.names.count(name) == 1 else exp.column(FOREIGN)

    return node.copy().transform(bare)
