"""A runbook's SQL as a tree with its fragments in place and no values yet, made once for all its bindings.

Invariant: nobody changes these trees, which all threads share; what is bound is a copy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from sqlglot import exp

from trailbook.runbook.fragments import Fragment
from trailbook.runbook.model import Runbook
from trailbook.sql.dialect import of_kind, read
from trailbook.sql.fragments import expand
from trailbook.sql.pieces import Piece, split


@dataclass(frozen=True, slots=True)
class Template:
    """All that a runbook's tree is made of before it has values; those with the same texts are equal."""

    path: str
    query: str
    bodies: tuple[tuple[str, str, tuple[str, ...]], ...]
    fragments: Mapping[str, Fragment] = field(compare=False)

    @classmethod
    def of(cls, runbook: Runbook) -> "Template":
        """Return a runbook's."""
        bodies = tuple((name, body.sql, tuple(body.params)) for name, body in runbook.fragments.items())
        return cls(runbook.id, runbook.query, bodies, runbook.fragments)


@dataclass(frozen=True, slots=True)
class Expanded:
    """A tree that nobody may change, those of its nodes that give or take a name, and the pieces it is bound in."""

    tree: exp.Query
    names: tuple[exp.Expr, ...]
    pieces: tuple[Piece, ...]


@lru_cache(maxsize=128)  # a run needs it for the text and for the digest; `trailbook test` once for each case
def expanded(template: Template) -> Expanded:
    """Return the query with its fragments. Raises InvalidRunbook."""
    tree = read(template.query, template.path)
    expand(tree, template.fragments, template.path)
    names = tuple(of_kind(tree, exp.With, exp.CTE, exp.Placeholder, exp.Parameter, exp.TableAlias))
    return Expanded(tree, names, split(tree, names))
