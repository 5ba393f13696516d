"""What a query's fragments compare event names and sources with, where the query gives them to a fragment.

Invariant: what a fragment says depends on which of its parameters are an event name or an event source and on nothing
else of the query, so it is read once for all runbooks that call it in the same way.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from sqlglot import exp

from trailbook.runbook.fragments import Fragment, called
from trailbook.sql.fragments import expression
from trailbook.sql.lint.event_names.lineage import Lineage, Meaning, Seen
from trailbook.sql.lint.event_names.mentions import Mention, mentions

_GIVEN = "given"
"""The relation that a fragment's parameters are the columns of, here only."""


@dataclass(frozen=True, slots=True)
class _Call:
    """A fragment with the meanings of what it is given; `texts` are all that its expression is made of."""

    name: str
    meanings: tuple[tuple[str, Meaning | None], ...]
    texts: tuple[tuple[str, str], ...]
    fragments: Mapping[str, Fragment] = field(compare=False, repr=False)


def said_by_fragments(
    tree: exp.Query, lineage: Lineage, fragments: Mapping[str, Fragment]
) -> Iterator[tuple[Mention, ...]]:
    """Yield what each fragment says that is given an event name or source. Raises InvalidRunbook for a wrong one."""
    if not fragments:
        return
    calls = dict.fromkeys(call for node in tree.find_all(exp.Anonymous) if (call := _call(node, lineage, fragments)))
    for call in calls:
        yield _said(call)


def _call(node: exp.Anonymous, lineage: Lineage, fragments: Mapping[str, Fragment]) -> _Call | None:
    name = node.name.lower()
    scope = lineage.scope_of(node) if name in fragments else None
    if scope is None:
        return None
    seen = [lineage.of(argument, scope) for argument in node.expressions]
    meanings = [what.meaning if isinstance(what, Seen) else None for what in seen]
    if not any(meanings):
        return None
    texts = tuple((used, fragments[used].sql) for used in sorted(_closure(name, fragments)))
    return _Call(name, tuple(zip(fragments[name].params, meanings, strict=False)), texts, fragments)


def _closure(name: str, fragments: Mapping[str, Fragment]) -> set[str]:
    found, wanted = set[str](), [name]
    while wanted:
        one = wanted.pop()
        if one not in found:
            found.add(one)
            wanted += called(fragments[one].sql) & fragments.keys()
    return found


@lru_cache(maxsize=512)  # a library calls the same few fragments in every runbook
def _said(call: _Call) -> tuple[Mention, ...]:
    whole = expression(call.name, call.fragments[call.name], call.fragments, call.name)
    tree = exp.select(whole).from_(exp.to_table(_GIVEN), copy=False)
    given = dict(call.meanings)
    columns = {param: given.get(param) for param in call.fragments[call.name].params}
    return tuple(mentions(tree, Lineage(tree, {_GIVEN: columns}), {}))
