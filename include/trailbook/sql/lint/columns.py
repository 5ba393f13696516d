"""The rule that columns exist, down to the fields of nested ones."""

from collections.abc import Iterator, Mapping

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from trailbook.runbook.model import Runbook
from trailbook.runbook.nearest import did_you_mean
from trailbook.sql.lint.problem import SqlProblem, Statement, at_offset
from trailbook.sql.lint.result import outputs
from trailbook.sql.lint.types import Relation, Type, element, fields, relations

_OVER_ELEMENTS = frozenset({"any_match", "all_match", "none_match", "filter", "transform", "find_first"})


def known_columns(runbook: Runbook, statement: Statement) -> Iterator[SqlProblem]:
    """A column is one of `cloudtrail`, of a lookup or of the query's own relations; so is a field of a nested one.

    PASS:
        query: |
          SELECT c.eventid AS event_id, c.useridentity.sessioncontext.sessionissuer.arn AS event_name
          FROM cloudtrail AS c CROSS JOIN UNNEST(c.resources) AS r (arn, accountid, type)
          WHERE r.arn LIKE 'arn:aws:s3:::%' AND any_match(resources, x -> x.accountid <> recipientaccountid)
    FAIL: unknown column `eventnam`; did you mean `eventname`?
        query: SELECT eventid AS event_id, eventnam AS event_name FROM cloudtrail
    FAIL: `useridentity` has no field `usrename`; did you mean `username`?
        query: SELECT eventid AS event_id, useridentity.usrename AS event_name FROM cloudtrail
    FAIL: `useridentity.sessioncontext.sessionissuer` has no field `anr`; did you mean `arn`?
        query: SELECT eventid AS event_id, useridentity.sessioncontext.sessionissuer.anr AS event_name FROM cloudtrail
    FAIL: an output's name cannot be used here
        query: SELECT eventid AS event_id, lower(eventname) AS event_name FROM cloudtrail WHERE event_name = 'getobject'
    """
    try:
        scopes = traverse_scope(statement.tree)
        for scope in scopes:
            # A row pattern has names of its own, which are not looked up here.
            if not isinstance(scope.expression, exp.UDTF) and scope.find(exp.MatchRecognize) is None:
                yield from _Columns(runbook, statement, scope).problems()
    except SqlglotError as error:
        yield at_offset(statement.sql, 0, f"expected each relation to have a name of its own: {error}")


class _Columns:
    """The columns of one SELECT, looked up in what it reads and then in what is around it."""

    def __init__(self, runbook: Runbook, statement: Statement, scope: Scope) -> None:
        self.statement, self.scope = statement, scope
        self.own = relations(scope, runbook)
        self.around: list[Mapping[str, Relation]] = []
        outer: Scope | None = scope
        while outer is not None and (outer.is_subquery or outer.is_set_operation or _is_lateral(outer)):
            outer = outer.parent
            if outer is not None:
                self.around.append(relations(outer, runbook))
        self.found: list[SqlProblem] = []
        self.types: dict[int, Type] = {}

    def problems(self) -> list[SqlProblem]:
        for node in self.scope.find_all(exp.Column, exp.Dot):
            self.type_of(node)
        return self.found

    def type_of(self, node: exp.Expr) -> Type:
        """Return the type of an expression where it is known; what is wrong on the way there is noted, once."""
        if id(node) not in self.types:
            self.types[id(node)] = self._type_of(node)
        return self.types[id(node)]

    def _type_of(self, node: exp.Expr) -> Type:
        match node:
            case exp.Column():
                return self._column(node)
            case exp.Dot():
                inner = self.type_of(node.this)
                return self._field(inner, node.expression, _written(node.this))
            case exp.Bracket() | exp.Paren():
                inner = self.type_of(node.this)
                return inner if isinstance(node, exp.Paren) else element(inner)
            case exp.Anonymous() if node.name.lower() == "element_at" and node.expressions:
                return element(self.type_of(node.expressions[0]))
            case exp.Identifier():
                return self._lambda_argument(node)
        return None

    def _lambda_argument(self, name: exp.Identifier) -> Type:
        around = name.find_ancestor(exp.Lambda)
        while isinstance(around, exp.Lambda):
            call = around.parent
            if any(argument.name == name.name for argument in around.expressions):
                known = isinstance(call, exp.Anonymous) and call.name.lower() in _OVER_ELEMENTS and around.expressions
                return element(self.type_of(call.expressions[0])) if known and call is not None else None
            around = around.find_ancestor(exp.Lambda)
        return None

    def _column(self, column: exp.Column) -> Type:
        parts = [part for part in column.parts if isinstance(part, exp.Identifier)]
        if len(parts) != len(column.parts) or isinstance(column.this, exp.Star):
            return None
        first = parts[0].name
        for level in (self.own, *self.around):
            if first in level and len(parts) > 1:
                relation = level[first]
                if relation is None:
                    return None
                if parts[1].name not in relation:
                    hint = did_you_mean(parts[1].name, relation)
                    return self._wrong(parts[1], f"`{first}` has no column `{parts[1].name}`{hint}")
                return self._fields(relation[parts[1].name], parts[2:], f"{first}.{parts[1].name}")
            owners = [relation for relation in level.values() if relation is None or first in relation]
            if owners:
                return self._owned(owners, parts)
        return self._unknown(column, parts[0])

    def _owned(self, owners: list[Relation], parts: list[exp.Identifier]) -> Type:
        """Return the type of a column that these relations have (or may have, where one's columns are not known)."""
        first = parts[0].name
        if len(owners) > 1 and None not in owners and not self._joined_using(first):
            return self._wrong(parts[0], f"`{first}` could be of more than one relation: write relation.{first}")
        known = owners[0]
        return self._fields(known[first], parts[1:], first) if len(owners) == 1 and known is not None else None

    def _joined_using(self, name: str) -> bool:
        joins = self.scope.expression.args.get("joins") or []
        return any(name in {using.name for using in join.args.get("using") or []} for join in joins)

    def _fields(self, kind: Type, parts: list[exp.Identifier], written: str) -> Type:
        for part in parts:
            kind = self._field(kind, part, written)
            written = f"{written}.{part.name}"
        return kind

    def _field(self, kind: Type, part: exp.Expr, written: str) -> Type:
        if kind is None or not isinstance(part, exp.Identifier):
            return None
        known = fields(kind)
        if known is None:
            what = "an array: write [1], or UNNEST it" if kind.is_type(exp.DType.ARRAY) else "not a row"
            return self._wrong(part, f"`{written}` has no field `{part.name}`: it is {what}{_json_advice(kind)}")
        if part.name not in known:
            return self._wrong(part, f"`{written}` has no field `{part.name}`{did_you_mean(part.name, known)}")
        return known[part.name]

    def _unknown(self, column: exp.Column, first: exp.Identifier) -> Type:
        if any(
            isinstance(output, exp.Alias) and output.alias == first.name for output in outputs(self.scope.expression)
        ):
            ordering = column.find_ancestor(exp.Order, exp.Select)
            if isinstance(ordering, exp.Order):
                return None
            where = "repeat its expression (in GROUP BY, its position does)"
            return self._wrong(first, f"`{first.name}`: an output's name cannot be used here: {where}")
        names = [name for level in (self.own, *self.around) for name, r in level.items() for name in (name, *(r or ()))]
        if isinstance(self.scope.expression, exp.SetOperation):
            names = [output.output_name for output in outputs(self.scope.expression)]
        return self._wrong(first, f"unknown column `{first.name}`{did_you_mean(first.name, names)}")

    def _wrong(self, node: exp.Expr, message: str) -> Type:
        self.found.append(self.statement.at(node, message))
        return None


def _is_lateral(scope: Scope) -> bool:
    parent = scope.expression.parent
    return scope.is_udtf or isinstance(parent, (exp.Lateral, exp.Unnest))


def _written(node: exp.Expr) -> str:
    return node.sql(dialect="athena", comments=False)[:80]


def _json_advice(kind: exp.DataType) -> str:
    if not kind.is_type(*exp.DataType.TEXT_TYPES):
        return ""
    return " but text; if it is JSON, write json_extract_scalar(…, '$.…')"
