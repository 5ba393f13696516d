"""Reading the queries of one library: their common table expressions are read once each, and kept by their texts.

Most of what two cases of a runbook ask is the same text, and reading it is a good part of what they cost.
Invariant: what is returned is what `parse_query` returns, every place in the text included; a text that it refuses is
refused by it. The tree is lent until the next one is read, for an analysis that leaves it as it is.
"""

import re
from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from sqlglot import exp

from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.parse import MOST_TEXT, parse_query
from trailbook.sql.dialect import nodes

_MOST = 128
"""Expressions that are kept: more than the cases of one runbook have."""

_BEGIN = re.compile(r"\s*WITH\s", re.IGNORECASE)
_AS = re.compile(r"\bAS\s*\Z", re.IGNORECASE)
_NEAR = 16
"""Characters before an expression in which its AS stands; without it there it is no piece."""
_MARK = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|--[^\r\n]*|/\*.*?\*/|[()]""", re.DOTALL)
_OWN_LINES = re.compile(r"\([ ]*\n.*\n[ ]*\)", re.DOTALL)
_INSTEAD = "(SELECT 1\n"


@dataclass(slots=True)
class _Stretch:
    """The places that nodes of one stretch of a text note, with the line and the character at which it begins now."""

    line: int
    start: int
    places: list[dict[str, int]] = field(default_factory=list)

    def move(self, line: int, start: int) -> None:
        """Go there, as if it had been read there."""
        lines, characters = line - self.line, start - self.start
        if lines or characters:
            for place in self.places:
                place["line"] += lines
                place["start"] += characters
                place["end"] += characters
            self.line, self.start = line, start


@dataclass(frozen=True, slots=True)
class _Piece:
    """A tree and its stretches: one, or those between the expressions that stand elsewhere."""

    tree: exp.Query
    stretches: list[_Stretch]

    @classmethod
    def read(cls, stretches: Sequence[str]) -> "_Piece":
        """Read a text. Raises SqlError."""
        text = "".join(stretches)
        begins = list(accumulate(map(len, stretches[:-1]), initial=0))
        found = [_Stretch(text.count("\n", 0, begin) + 1, begin) for begin in begins]
        tree = parse_query(text)
        noted = [node.meta for node in nodes(tree) if node._meta]  # `meta` alone makes one where there is none
        for place in {id(meta): meta for meta in noted}.values():
            found[bisect_right(begins, place["start"]) - 1].places.append(place)
        return cls(tree, found)


class Pieces:
    """Reads queries as `parse_query` does. Use it from one thread at a time."""

    def __init__(self) -> None:
        """Know none yet."""
        self._known: OrderedDict[tuple[tuple[str, ...], int], _Piece] = OrderedDict()

    def parse(self, sql: str) -> exp.Query:
        """Return the one query of a text. Raises SqlError as `parse_query` does."""
        bodies = list(_bodies(sql)) if len(sql) < MOST_TEXT and _BEGIN.match(sql) else []
        if not bodies:
            return parse_query(sql)
        try:
            return self._joined(sql, bodies) or parse_query(sql)
        except SqlError:
            return parse_query(sql)  # which says where

    def _joined(self, sql: str, bodies: list[tuple[int, int]]) -> exp.Query | None:
        """Return the query, its expressions put in their places, or None where it is not known to be the same."""
        ends = [0, *(stop for _, stop in bodies)]
        texts = [sql[start:stop] for start, stop in bodies]
        between = [sql[end:start] for end, (start, _) in zip(ends, bodies, strict=False)]
        outline = [a + _INSTEAD + text.rsplit("\n", 1)[1] for a, text in zip(between, texts, strict=True)]
        whole = self._piece((*outline, sql[ends[-1] :]))
        with_ = whole.tree.args.get("with_")
        if with_ is None or len(with_.expressions) != len(bodies):
            return None
        line, met = 1, Counter[str]()
        for n, (cte, text) in enumerate(zip(with_.expressions, texts, strict=True)):
            whole.stretches[n].move(line, ends[n])
            line += between[n].count("\n")
            body = self._piece((text,), met[text])
            if not isinstance(body.tree, exp.Subquery) or not isinstance(body.tree.this, exp.Select | exp.SetOperation):
                return None
            body.stretches[0].move(line, bodies[n][0])
            cte.set("this", body.tree.this)
            line += text.count("\n")
            met[text] += 1
        whole.stretches[-1].move(line, ends[-1])
        return whole.tree

    def _piece(self, stretches: tuple[str, ...], number: int = 0) -> _Piece:
        """Return the n-th of the pieces with a text: one query may have several, and each is a tree of its own."""
        piece = self._known.pop((stretches, number), None) or _Piece.read(stretches)
        self._known[stretches, number] = piece
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return piece


def _bodies(sql: str) -> Iterator[tuple[int, int]]:
    """Yield where expressions begin and end, each in its parentheses, which stand on lines of their own."""
    depth, start = 0, 0
    for mark in _MARK.finditer(sql):
        if mark[0] == "(":
            if depth == 0:
                start = mark.start()
            depth += 1
        elif mark[0] == ")":
            depth -= 1
            if depth == 0 and _OWN_LINES.fullmatch(sql, start, mark.end()) and _AS.search(sql, start - _NEAR, start):
                yield start, mark.end()
