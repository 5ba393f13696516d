"""What a query compares event names and event sources with: literals, the query's own lists, parameters' values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from trailbook.runbook.params import Param
from trailbook.runbook.source import Loc
from trailbook.sql.lint.event_names.conditions import Sources, as_source, sources_at
from trailbook.sql.lint.event_names.lineage import Lineage, Listed, Meaning, Seen

_COMPARED = (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ, exp.In, exp.Case, exp.Like, exp.Anonymous, exp.Bracket)


@dataclass(frozen=True, slots=True)
class Mention:
    """One text that stands for an event name, an event source or a service, and the sources it is about."""

    meaning: Meaning
    text: str
    sources: Sources
    node: exp.Expr
    """Where it is: the literal, or what it is compared with where a parameter gives it."""
    loc: Loc | None = None
    """The parameter's key that gives it."""
    pattern: bool = False
    escape: str = ""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A value and what it is compared with; `row` are the other values of a row that is compared as one."""

    value: exp.Expr
    other: exp.Expr
    row: tuple[tuple[exp.Expr, exp.Expr], ...] = ()
    pattern: bool = False


def mentions(tree: exp.Query, lineage: Lineage, params: Mapping[str, Param]) -> Iterator[Mention]:
    """Yield every mention of a query."""
    reader = _Reader(lineage, params)
    for node in tree.find_all(*_COMPARED):
        scope = lineage.scope_of(node)
        if scope is not None:
            for pair in _pairs(node):
                seen = lineage.of(pair.value, scope)
                if isinstance(seen, Seen):
                    yield from reader.read(pair, seen)


def _pairs(node: exp.Expr) -> Iterator[_Pair]:
    match node:
        case exp.In():
            yield from _members(node.this, node.expressions)
        case exp.Case() if node.this is not None:
            yield from (_Pair(node.this, branch.this) for branch in node.args["ifs"])
        case exp.Like():
            yield _Pair(node.this, node.expression, pattern=True)
        case exp.Bracket() if node.expressions:
            yield from (_Pair(node.expressions[0], key) for key in _keys(node.this))
        case exp.Anonymous() if len(node.expressions) == 2:
            yield from _arguments(node.name.lower(), *node.expressions)
        case exp.Binary():
            yield _Pair(node.left, node.right)
            yield _Pair(node.right, node.left)


def _members(value: exp.Expr, members: Sequence[exp.Expr]) -> Iterator[_Pair]:
    for member in members:
        if isinstance(value, exp.Tuple) and isinstance(member, exp.Tuple):
            row = tuple(zip(value.expressions, member.expressions, strict=False))
            yield from (_Pair(part, other, row) for part, other in row)
        else:
            yield _Pair(value, member)


def _arguments(function: str, one: exp.Expr, two: exp.Expr) -> Iterator[_Pair]:
    match function:
        case "contains":
            yield from (_Pair(two, member) for member in _elements(one))
        case "element_at":
            yield from (_Pair(two, key) for key in _keys(one))
        case "starts_with" if isinstance(two, exp.Literal) and two.is_string:
            yield _Pair(one, two, pattern=True)


def _elements(array: exp.Expr) -> Sequence[exp.Expr]:
    return array.expressions if isinstance(array, exp.Array) else [array]


def _keys(node: exp.Expr) -> Sequence[exp.Expr]:
    """Return the keys of `MAP(ARRAY[…], ARRAY[…])`."""
    is_map = isinstance(node, exp.Anonymous) and node.name.lower() == "map" and len(node.expressions) == 2
    return _elements(node.expressions[0]) if is_map else ()


class _Reader:
    """Reads what stands on the other side of a comparison."""

    def __init__(self, lineage: Lineage, params: Mapping[str, Param]) -> None:
        self._lineage, self._params = lineage, params

    def read(self, pair: _Pair, seen: Seen) -> Iterator[Mention]:
        """Yield what `pair.other` says."""
        other = pair.other
        if isinstance(other, exp.Literal) and other.is_string:
            yield from self._literal(pair, other, seen)
        elif isinstance(other, exp.Placeholder):
            for loc, text in _values_of(other.name, self._params):
                if text not in seen.besides and not pair.pattern:
                    yield Mention(seen.meaning, text, self._around(pair.value, seen), pair.value, loc)
        elif isinstance(other, exp.Column) and not pair.pattern:
            yield from self._listed(pair, seen)

    def _literal(self, pair: _Pair, literal: exp.Literal, seen: Seen) -> Iterator[Mention]:
        if literal.name in seen.besides:
            return
        sources = self._of_row(pair.row, seen) if pair.row else None
        sources = self._around(literal, seen) if sources is None else sources
        text, escape = literal.name, ""
        if pair.pattern and isinstance(literal.parent, exp.Anonymous):
            text, escape = _escaped(text) + "%", "\\"
        elif pair.pattern and literal.parent is not None and isinstance(escaped := literal.parent.parent, exp.Escape):
            escape = escaped.expression.name
        yield Mention(seen.meaning, text, sources, literal, pattern=pair.pattern, escape=escape)

    def _around(self, node: exp.Expr, seen: Seen) -> Sources:
        return sources_at(node, seen, self._lineage)

    def _of_row(self, row: tuple[tuple[exp.Expr, exp.Expr], ...], seen: Seen) -> Sources:
        """Return the source that stands beside a name in its own row."""
        for value, other in row:
            scope = self._lineage.scope_of(value)
            beside = self._lineage.of(value, scope) if scope is not None else None
            if isinstance(beside, Seen) and beside.meaning is not Meaning.NAME and beside.same_relation(seen):
                is_text = isinstance(other, exp.Literal) and other.is_string
                return frozenset([as_source(other.name, beside.meaning)]) if is_text else None
        return None

    def _listed(self, pair: _Pair, seen: Seen) -> Iterator[Mention]:
        """Yield the texts of a list that the query joins, each with the source in its row."""
        scope = self._lineage.scope_of(pair.other)
        column = self._lineage.of(pair.other, scope) if scope is not None else None
        if not isinstance(column, Listed) or scope is None:
            return
        beside = next(self._beside(pair.value, column, seen), None)
        for index, cell in enumerate(column.texts()):
            if isinstance(cell, exp.Literal) and cell.is_string and cell.name not in seen.besides:
                source = beside[0].texts()[index] if beside is not None else None
                if isinstance(source, exp.Literal) and source.is_string and beside is not None:
                    sources: Sources = frozenset([as_source(source.name, beside[1])])
                else:
                    sources = self._around(pair.value, seen)
                yield Mention(seen.meaning, cell.name, sources, cell)

    def _beside(self, node: exp.Expr, column: Listed, seen: Seen) -> Iterator[tuple[Listed, Meaning]]:
        """Yield the list's columns that the same condition compares with the event source."""
        top = node.parent
        while top is not None and isinstance(top.parent, (exp.And, exp.Paren)):
            top = top.parent
        for equal in top.find_all(exp.EQ) if top is not None else ():
            scope = self._lineage.scope_of(equal)
            sides = [self._lineage.of(side, scope) for side in (equal.left, equal.right)] if scope is not None else []
            for one, two in (sides, sides[::-1]) if sides else ():
                sourced = isinstance(one, Seen) and one.meaning is not Meaning.NAME and one.same_relation(seen)
                if sourced and isinstance(one, Seen) and isinstance(two, Listed) and two.rows is column.rows:
                    yield two, one.meaning


def _values_of(name: str, params: Mapping[str, Param]) -> Iterator[tuple[Loc, str]]:
    """Yield the texts that a parameter has by default or by its choices, each with its key."""
    param = params.get(name)
    if param is None:
        return
    loc: Loc = ("params", name)
    default = param.default if isinstance(param.default, list) else [param.default]
    for index, value in enumerate(default):
        if isinstance(value, str):
            yield ((*loc, "default", index) if isinstance(param.default, list) else (*loc, "default")), value
    for where, choices in ((loc, param.enum), ((*loc, "items"), param.items and param.items.enum)):
        yield from (((*where, "enum", n), value) for n, value in enumerate(choices or ()) if isinstance(value, str))


def _escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\%_" else letter for letter in text)
