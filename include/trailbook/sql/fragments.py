"""Calls of named fragments replaced by their expressions, on the syntax tree.

Invariants: a fragment is one scalar expression over its parameters, so a call means the same wherever it stands; a
lambda's variables inside it get names that no other fragment or runbook has; no fragment calls itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from sqlglot import exp

from trailbook.errors import InvalidRunbook, Problem
from trailbook.runbook.fragments import Fragment
from trailbook.sql.dialect import nodes, of_kind, read

Parse = Callable[[str], exp.Query]
"""Reads `SELECT expression` as a tree of the caller's dialect."""


def expand(tree: exp.Expr, fragments: Mapping[str, Fragment], path: str, parse: Parse | None = None) -> None:
    """Replace, in place, every call of a fragment. Raises InvalidRunbook naming `path` for a call that is wrong."""
    if not fragments:
        return
    bodies = _Bodies(fragments, path, parse)
    bodies.expand_in(tree, ())
    if bodies.wrong:
        raise InvalidRunbook([Problem(path, 1, 1, "query", message) for message in dict.fromkeys(bodies.wrong)])


def expression(name: str, fragment: Fragment, fragments: Mapping[str, Fragment], path: str) -> exp.Expr:
    """Return a fragment's whole expression, its parameters as bare columns. Raises InvalidRunbook."""
    call = exp.Anonymous(this=name, expressions=[exp.column(param) for param in fragment.params])
    holder = exp.select(call)
    expand(holder, {**fragments, name: fragment}, path)
    found: exp.Expr = holder.expressions[0]
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """A fragment with those that its expression calls, at any depth; those with the same texts are equal."""

    name: str
    texts: frozenset[tuple[str, str, tuple[str, ...]]]
    fragments: Mapping[str, Fragment] = field(compare=False)

    @classmethod
    def of(cls, name: str, fragments: Mapping[str, Fragment]) -> "_Asked | None":
        """Return None for a fragment that calls itself: it has no expression."""
        wanted, found = [name], {}
        for one in wanted:
            if one in fragments and one not in found:
                found[one] = fragments[one]
                wanted += _calls(fragments[one].sql)
        if name in wanted[1:]:
            return None
        return cls(name, frozenset((one, body.sql, tuple(body.params)) for one, body in found.items()), found)


@lru_cache(maxsize=256)
def _calls(sql: str) -> tuple[str, ...]:
    """Return the names that a fragment's expression calls; none where it cannot be read."""
    try:
        tree = _parsed(f"SELECT {sql}")
    except InvalidRunbook:
        return ()
    return tuple(call.name.lower() for call in of_kind(tree, exp.Anonymous))


@lru_cache(maxsize=256)  # the runbooks of a collection share most of their fragments
def _shared(asked: _Asked) -> exp.Expr | None:
    """Return a fragment's expression, which nobody may change; None where something is wrong with it."""
    bodies = _Bodies(asked.fragments, "", None)
    body = bodies.made(asked.name, (asked.name,))
    return None if bodies.wrong else body


@lru_cache(maxsize=128)
def _parsed(sql: str) -> exp.Query:
    """Return the tree of a fragment, which nobody may change. Raises InvalidRunbook."""
    return read(sql, "fragment")


def _copied(sql: str) -> exp.Query:
    return _parsed(sql).copy()


class _Bodies:
    """The fragments' expressions, each parsed once and with its own calls replaced."""

    def __init__(self, fragments: Mapping[str, Fragment], path: str, parse: Parse | None) -> None:
        self._fragments, self._path, self._parse = fragments, path, parse
        self._ready: dict[str, exp.Expr] = {}
        self.wrong: list[str] = []

    def expand_in(self, tree: exp.Expr, inside: tuple[str, ...]) -> None:
        # Inner calls first: an argument may hold a call of the same fragment.
        for call in reversed(of_kind(tree, exp.Anonymous)):
            name = call.name.lower()
            if name in self._fragments:
                call.replace(self._called(name, call, inside))

    def _called(self, name: str, call: exp.Anonymous, inside: tuple[str, ...]) -> exp.Expr:
        params = list(self._fragments[name].params)
        if len(call.expressions) != len(params):
            self.wrong.append(f"{name} takes {len(params)} values ({', '.join(params)}), found {len(call.expressions)}")
            return exp.Null()
        if name in inside:
            self.wrong.append(f"the fragment {name} calls itself ({' → '.join((*inside, name))})")
            return exp.Null()
        body = self._body(name, (*inside, name)).copy()
        given = dict(zip(params, call.expressions, strict=True))
        holder = exp.Paren(this=body)
        for column in of_kind(holder, exp.Column):
            value = given.get(column.parts[0].name.lower())
            if value is not None:
                column.replace(_field(value.copy(), column))
        return holder

    def _body(self, name: str, inside: tuple[str, ...]) -> exp.Expr:
        if name not in self._ready:
            # A tree of a caller's own dialect is not shared; what is wrong is said anew, in the order it is met.
            asked = None if self._parse else _Asked.of(name, self._fragments)
            self._ready[name] = (_shared(asked) if asked else None) or self.made(name, inside)
        return self._ready[name]

    def made(self, name: str, inside: tuple[str, ...]) -> exp.Expr:
        """Return a fragment's expression, made anew."""
        body = self._read(name)
        _rename_variables(body, name)
        self.expand_in(body, inside)
        made: exp.Expr = body.expressions[0].unalias()
        return made

    def _read(self, name: str) -> exp.Query:
        fragment = self._fragments[name]
        try:
            tree = (self._parse or _copied)(f"SELECT {fragment.sql}")
        except InvalidRunbook as error:
            self.wrong.append(f"the fragment {name}: {error.problems[0].message}")
            return exp.select(exp.Null())
        if self._parse:
            for node in nodes(tree):
                node._meta = None  # its places are not the runbook's; `read` keeps none
        flaw = _flaw(tree, fragment)
        if flaw:
            self.wrong.append(f"the fragment {name}: {flaw}")
            return exp.select(exp.Null())
        return tree


def _flaw(tree: exp.Query, fragment: Fragment) -> str:
    """Say why a tree is not one scalar expression over the fragment's parameters, or return ''."""
    plain = isinstance(tree, exp.Select) and len(tree.expressions) == 1
    if not plain or any(value for key, value in tree.args.items() if key != "expressions"):
        return "expected one expression, found more"
    if isinstance(tree.expressions[0], exp.Alias):
        return "expected an expression without a name"
    if any(node is not tree for node in tree.find_all(exp.Query, exp.Window, exp.Star, exp.Placeholder)):
        return "expected an expression over its parameters only: no subquery, window, * or :name"
    variables = {p.name.lower() for node in tree.find_all(exp.Lambda) for p in node.expressions}
    for column in tree.find_all(exp.Column):
        name = column.parts[0].name.lower()
        if name not in fragment.params and name not in variables:
            return f"`{name}` is none of its parameters ({', '.join(fragment.params)})"
    if taken := sorted(variables & fragment.params.keys()):
        return f"a lambda's variable is named as a parameter: {taken[0]}"
    return ""


def _rename_variables(tree: exp.Expr, fragment: str) -> None:
    """Give each lambda's variables names of the fragment's own, so that an argument's names are never captured."""
    for node in tree.find_all(exp.Lambda):
        own = {p.name: f"{fragment}_{p.name}".lower() for p in node.expressions}
        for name in node.find_all(exp.Identifier):
            parent = name.parent
            begins = not isinstance(parent, exp.Column | exp.Dot) or name is _first(parent)
            if name.name in own and begins:
                name.set("this", own[name.name])


def _first(node: exp.Expr) -> exp.Expr:
    """Return the identifier that a dotted name begins with."""
    while isinstance(node, exp.Dot):
        node = node.this
    return node.parts[0] if isinstance(node, exp.Column) else node


def _field(value: exp.Expr, column: exp.Column) -> exp.Expr:
    """Return a parameter's value, or the field of it that a dotted column names."""
    whole: exp.Expr = value if isinstance(value, exp.Column | exp.Literal | exp.Paren) else exp.Paren(this=value)
    parts = [part.copy() for part in column.parts[1:]]
    for part in parts:
        whole = exp.Dot(this=whole, expression=part)
    return whole
