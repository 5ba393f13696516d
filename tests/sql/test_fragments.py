import re

import pytest
from sqlglot import exp

from trailbook.errors import InvalidRunbook
from trailbook.local.folder import FolderAthena
from trailbook.runbook.fragments import Fragment
from trailbook.settings import PhysicalTable
from trailbook.sql.dialect import canonical, read
from trailbook.sql.fragments import expand, expression


def fragment(sql, **params):
    return Fragment(description="One.", params=params, sql=sql)


FRAGMENTS = {
    "shout": fragment("upper(concat(word, '!'))", word="string"),
    "has": fragment("any_match(list, x -> x = wanted)", list="strings", wanted="string"),
    "has_loud": fragment("has(transform(list, x -> shout(x)), shout(wanted))", list="strings", wanted="string"),
    "user": fragment("coalesce(who.username, who.sessioncontext.sessionissuer.username, '?')", who="useridentity"),
    "minus": fragment("a - b", a="integer", b="integer"),
}


def expanded(sql, fragments=FRAGMENTS):
    tree = read(sql, "x.yaml")
    expand(tree, fragments, "x.yaml")
    return tree


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT shout('a')", "SELECT (UPPER(CONCAT('a', '!')))"),
        ("SELECT SHOUT(c.name) FROM t AS c", "SELECT (UPPER(CONCAT(c.name, '!'))) FROM t AS c"),
        ("SELECT minus(1 - 2, 3) * 2", "SELECT ((1 - 2) - 3) * 2"),
        ("SELECT user(useridentity)", "SELECT (COALESCE(useridentity.username, "
         "useridentity.sessioncontext.sessionissuer.username, '?'))"),
        ("SELECT user(c.useridentity)", "SELECT (COALESCE(c.useridentity.username, "
         "c.useridentity.sessioncontext.sessionissuer.username, '?'))"),
        ("SELECT other(1)", "SELECT OTHER(1)"),
    ],
)  # fmt: skip
def test_a_call_becomes_the_expression_with_its_values_in_place(sql, expected):
    written = canonical(expanded(sql))

    assert re.sub(r"\s+", " ", written).casefold() == expected.casefold()


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        ("SELECT has(ARRAY['a', 'b'], 'b')", True),
        # The runbook's own lambda has a variable of the fragment's name: it is not captured.
        ("SELECT filter(ARRAY['a', 'z'], x -> has(ARRAY['a', 'b'], x))[1]", "a"),
        ("SELECT has_loud(ARRAY['a', 'b'], 'B')", True),
        ("SELECT has_loud(ARRAY['a'], shout('a'))", False),
        ("SELECT minus(10, minus(5, 2))", 7),
    ],
)
def test_an_expanded_query_gives_what_its_parts_say(sql, answer, tmp_path):
    with FolderAthena.from_records([], table=PhysicalTable()) as athena:
        found = athena.execute(canonical(expanded(sql)), token="t")
        athena.download(found, tmp_path / "r.csv")

    text = (tmp_path / "r.csv").read_text().splitlines()[1].strip('"')
    assert text == (str(answer).lower() if isinstance(answer, bool) else str(answer))


@pytest.mark.parametrize(
    ("sql", "fragments", "words"),
    [
        ("SELECT shout()", FRAGMENTS, r"shout takes 1 values \(word\), found 0"),
        ("SELECT shout('a', 'b')", FRAGMENTS, "found 2"),
        ("SELECT a(1)", {"a": fragment("b(n)", n="integer"), "b": fragment("a(n)", n="integer")}, "a calls itself"),
        ("SELECT a(1)", {"a": fragment("n FROM t", n="integer")}, "the fragment a: expected one expression"),
        ("SELECT a(1)", {"a": fragment("n, n", n="integer")}, "expected one expression, found more"),
        ("SELECT a(1)", {"a": fragment("(SELECT max(x) FROM t)", n="integer")}, "no subquery"),
        ("SELECT a(1)", {"a": fragment("n + m", n="integer")}, "`m` is none of its parameters"),
        ("SELECT a(1)", {"a": fragment("n + :m", n="integer")}, "no subquery, window"),
        ("SELECT a(1)", {"a": fragment("any_match(ARRAY[1], n -> n = 1)", n="integer")}, "named as a parameter"),
        ("SELECT a(1)", {"a": fragment("n +", n="integer")}, "the fragment a"),
    ],
)
def test_what_cannot_be_expanded_is_said_by_name(sql, fragments, words):
    with pytest.raises(InvalidRunbook, match=words):
        expanded(sql, fragments)


def test_a_fragments_own_expression_has_its_parameters_as_columns():
    found = expression("has_loud", FRAGMENTS["has_loud"], FRAGMENTS, "x.yaml")

    assert {c.name for c in found.find_all(exp.Column)} >= {"list", "wanted"}


def test_a_fragment_of_the_same_name_with_another_text_below_it_is_another():
    other = {**FRAGMENTS, "shout": fragment("lower(word)", word="string")}
    sql = "SELECT has_loud(a, b)"
    first = canonical(expanded(sql))

    assert "LOWER" in canonical(expanded(sql, other))
    assert canonical(expanded(sql)) == first
    assert "LOWER" not in first


def test_fragments_that_call_each_other_are_named_also_below_one_that_does_not():
    ring = {
        "top": fragment("a(n)", n="integer"),
        "a": fragment("b(n)", n="integer"),
        "b": fragment("a(n)", n="integer"),
    }

    with pytest.raises(InvalidRunbook, match=r"the fragment a calls itself \(top → a → b → a\)"):
        expanded("SELECT top(1)", ring)
