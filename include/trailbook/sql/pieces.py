"""A query in pieces: its common table expressions, and the rest. Most bindings of a runbook share most of their text.

Invariant: the texts of the pieces, put together, are the text of the whole as `sql.dialect.written` gives it. Where
that is not certain there are no pieces, or a piece has no text, and the query is bound as a whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from trailbook.settings import PhysicalTable
from trailbook.sql.dialect import MOST_BYTES, laid_out, plain_tables
from trailbook.sql.scope import scope
from trailbook.window import Window


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A common table expression of a template or, as its outermost SELECT, the rest; equal to itself only."""

    tree: exp.Expr
    params: tuple[str, ...]
    """The names of the values that stand in it."""

    @property
    def is_rest(self) -> bool:
        """Whether it is the query without its common table expressions."""
        return not isinstance(self.tree, exp.CTE)

    def copy(self) -> exp.Expr:
        """Return a tree that may be changed."""
        if not self.is_rest:
            return self.tree.copy()
        return exp.Select(**{key: _copied(value) for key, value in self.tree.args.items() if key != "with_"})


@dataclass(frozen=True, slots=True)
class Part:
    """A bound piece: its place in the query's text, and the names without a schema that it reads from."""

    text: str
    tables: frozenset[str]


def split(tree: exp.Query, names: Sequence[exp.Expr]) -> tuple[Piece, ...]:
    """Return a template's pieces in the order of its text, or none; `names` has its nodes of the kinds below."""
    own = tree.args.get("with_")
    for node in names:
        # A WITH further in is moved by some dialects; a relation without a name is numbered through the whole query.
        if (isinstance(node, exp.With) and node is not own) or (isinstance(node, exp.TableAlias) and not node.this):
            return ()
    if type(tree) is not exp.Select or (own and any(value for key, value in own.args.items() if key != "expressions")):
        return ()
    params: dict[int, dict[str, None]] = {}
    for node in names:
        if isinstance(node, exp.Placeholder):
            place: exp.Expr = node
            while place.parent is not None and place.parent is not own:
                place = place.parent
            params.setdefault(id(place), {})[node.name] = None
    return tuple(Piece(place, tuple(params.get(id(place), ()))) for place in (*(own.expressions if own else ()), tree))


def part(tree: exp.Expr) -> Part | None:
    """Return a bound piece, which is used up, as text; None where it is not the same alone as in the whole."""
    if isinstance(tree, exp.CTE):
        exp.Select(with_=exp.With(expressions=[tree]))  # some nodes are written by what they stand in
    tables = plain_tables(tree)
    text = laid_out(tree)
    return None if text is None else Part(text, tables)


@lru_cache(maxsize=64)
def scope_part(
    window: Window, table: PhysicalTable, accounts: tuple[str, ...], regions: tuple[str, ...]
) -> Part | None:
    """Return the scope as text. Raises InvalidRequest as `sql.scope` does."""
    return part(scope(window, table, accounts, regions))


def joined(parts: Sequence[Part | None]) -> str | None:
    """Return the query of these common table expressions and, last, the rest; None where the whole has to say it."""
    texts = [found.text for found in parts if found]
    if len(texts) < len(parts):
        return None
    text = f"WITH {', '.join(texts[:-1])}\n{texts[-1]}"
    return text if len(text.encode()) <= MOST_BYTES else None


def _copied(value: object) -> object:
    if isinstance(value, exp.Expr):
        return value.copy()
    return [_copied(item) for item in value] if type(value) is list else value
