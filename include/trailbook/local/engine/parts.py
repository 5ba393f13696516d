"""Analysing queries that have common table expressions in common: each of these is analysed once, and named once.

A part is one common table expression over the parts that it reads, or the query that stands after them. It is known by
its tree and those parts, so whatever else differs between two queries, the text of what they share is the same.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from trailbook.local.engine.queries import common_table, compile_query
from trailbook.local.engine.scope import Catalog, Context, Relation, Scan
from trailbook.sql.dialect import plain_tables

_Key = tuple[int, tuple[str, ...], tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A compiled query under a name of its own; `reads` are the parts that its text names."""

    name: str
    relation: Relation
    reads: tuple["Part", ...]
    scans: tuple[Scan, ...]


class Parts:
    """The parts of queries over one catalogue. Their trees may not change while this is in use."""

    def __init__(self, catalog: Catalog, database: str, now: datetime) -> None:
        """Know none yet. A query that asks for the time gets `now`."""
        self._catalog, self._database, self._now = catalog, database.lower(), now
        self._known: dict[_Key, tuple[exp.Expr, Part | None]] = {}
        self._mentioned: dict[int, tuple[exp.Expr, frozenset[str]]] = {}

    def query(self, tree: exp.Query) -> tuple[Part, ...] | None:
        """Return a query's parts in the order of its text, or None for one that has to be analysed as a whole.

        Such are one without common table expressions, and one that asks for the time. Raises SqlError.
        """
        clause = tree.args.get("with_")
        names = [cte.alias.lower() for cte in clause.expressions] if clause is not None else []
        if clause is None or clause.args.get("recursive") or len(set(names)) < len(names):
            return None
        visible: dict[str, Part] = {}
        found: list[Part] = []
        del tree.args["with_"]  # it is compiled here, each expression by itself
        try:
            for name, node in zip([*names, ""], [*clause.expressions, tree], strict=True):
                part = self._part(node, visible)
                if part is None:
                    return None
                visible[name] = part
                found.append(part)
        finally:
            tree.args["with_"] = clause
        return tuple(found)

    def _part(self, node: exp.Expr, visible: dict[str, Part]) -> Part | None:
        query = node.this if isinstance(node, exp.CTE) else node
        alias = tuple(column.name for column in node.args["alias"].columns) if isinstance(node, exp.CTE) else ()
        if query.args.get("with_") is not None:
            return None
        reads = {name: part for name, part in visible.items() if name in self._names(query)}
        key = id(query), alias, tuple((name, part.name) for name, part in reads.items())
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = query, self._compiled(node, reads)
        return known[1]

    def _compiled(self, node: exp.Expr, reads: dict[str, Part]) -> Part | None:
        name = f"part{len(self._known)}"
        context = Context(self._catalog, self._database, self._now, scan_prefix=f"{name}_scan")
        context.ctes = {alias: (part.name, part.relation) for alias, part in reads.items()}
        relation = common_table(node, context, None) if isinstance(node, exp.CTE) else compile_query(node, context)
        return None if context.timed else Part(name, relation, tuple(reads.values()), tuple(context.scans))

    def _names(self, query: exp.Expr) -> frozenset[str]:
        """Return the names that may be those of other parts."""
        known = self._mentioned.get(id(query))
        if known is None:
            known = self._mentioned[id(query)] = query, plain_tables(query)
        return known[1]


def joined(part: Part, elsewhere: Container[str] = ()) -> str:
    """Return the text of a part with all that it reads, but for the parts of these names."""
    below = read_by(part, elsewhere)
    if not below:
        return part.relation.text
    return f"WITH {', '.join(f'{p.name} AS ({p.relation.text})' for p in below)} {part.relation.text}"


def read_by(part: Part, elsewhere: Container[str] = ()) -> Sequence[Part]:
    """Return the parts that a part reads, directly or not, each after those that it reads itself.

    Those of the names `elsewhere`, and what only they read, are left out.
    """
    found: dict[str, Part] = {}

    def add(parts: Iterable[Part]) -> None:
        for one in parts:
            if one.name not in elsewhere and one.name not in found:
                add(one.reads)
                found[one.name] = one

    add(part.reads)
    return list(found.values())
