"""A query read in pieces is the tree that reading the whole gives, its places in the text included."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trailbook.errors import QueryFailed
from trailbook.local.engine.engine import analyse_tree
from trailbook.local.engine.parse import parse_query
from trailbook.local.engine.pieces import Pieces
from trailbook.local.folder import FolderAthena
from trailbook.runbook.collection import Collection
from trailbook.settings import PhysicalTable
from trailbook.steps.cases import bound_case

TABLE = PhysicalTable()
RUNBOOKS = sorted(Collection.load(Path(__file__).parents[2] / "runbooks").runbooks.items())[::15]
TEMPLATE = """WITH a AS (
  SELECT x, '(' AS b, "AS (" FROM t WHERE x IN (
    1, 2
  )
), b(y) AS (
{more}  SELECT 1 AS y
), c AS (SELECT 'on one line' AS z)
SELECT f(a.x), {value} AS v, (
  SELECT max(y) FROM b
) FROM a WHERE EXISTS (SELECT 1 FROM c) ORDER BY 1
"""
TEXTS = [
    TEMPLATE.format(more="", value="1"),
    TEMPLATE.format(more="\n\n", value="1"),
    TEMPLATE.format(more="", value="'other'"),
    TEMPLATE.format(more="  -- ) AS (\n  /* ) */", value="1"),
    "WITH a AS (\n  SELECT 1 AS x\n), b AS (\n  SELECT 1 AS x\n), c AS (\n  SELECT 1 AS x\n) SELECT * FROM a, b, c",
    "\n\nWITH a AS (\n  SELECT 1 AS x\n), b AS (\n  SELECT 1 AS x\n) SELECT * FROM a, b",
    "WITH a AS (\n  WITH b AS (\n  SELECT 1 AS x\n) SELECT x FROM b\n) SELECT * FROM a",
    "WITH a AS (\n  VALUES 1, 2\n) SELECT * FROM a",
    "WITH a AS (\n  (SELECT 1 AS x)\n) SELECT * FROM a",
    "WITH a AS (\n  SELECT 1 AS x UNION SELECT 2\n  ) SELECT * FROM a",
    "WITH a AS (\n  SELECT 1 AS x\n) SELECT sum(x) OVER w FROM a WINDOW w AS (\n  PARTITION BY x\n)",
    "SELECT CAST(1 AS (\nbigint\n))",
    "SELECT 1",
]


def nodes(tree):
    plain = (str, int, bool, type(None))
    return [
        (
            type(n),
            dict(n.meta),
            n.arg_key,
            n.index,
            type(n.parent),
            [v for v in n.args.values() if isinstance(v, plain)],
        )
        for n in tree.walk()
    ]


def masked(text):
    """Return a compiled text without the numbers of its lambdas' variables, which go on from query to query."""
    return re.sub(r"\b([a-z]+)\d+\b", r"\1", text)


def outcome(parse, sql):
    try:
        return nodes(parse(sql))
    except QueryFailed as error:
        return str(error)


def test_each_text_is_read_as_a_whole_whatever_was_read_before():
    pieces = Pieces()
    for _ in range(2):
        for sql in [*TEXTS, *reversed(TEXTS)]:
            assert outcome(pieces.parse, sql) == outcome(parse_query, sql)


@pytest.mark.parametrize("number", range(8))
def test_a_text_that_is_wrong_is_refused_at_its_place(number):
    pieces = Pieces()
    pieces.parse(TEXTS[0])
    words = ("x, ", "1, 2", "SELECT 1 AS y", "(\n  SELECT max", "FROM b", "), c", "WITH a", "'on one line'")
    wrong = TEXTS[0].replace(words[number], words[number][:-1] + ";", 1)

    said = outcome(pieces.parse, wrong)

    assert said.startswith("SYNTAX_ERROR: line ")
    assert said == outcome(parse_query, wrong)


def test_texts_that_are_too_long_are_refused():
    long = TEXTS[0].replace("'on one line'", f"'{'x' * 262_144}'")

    assert outcome(Pieces().parse, long) == outcome(parse_query, long)
    assert "longer than" in outcome(parse_query, long)


@pytest.mark.parametrize("runbook", [loaded.runbook for _, loaded in RUNBOOKS], ids=lambda r: r.id)
def test_the_cases_of_a_runbook_are_read_as_wholes_though_each_was_analysed(runbook):
    pieces = Pieces()
    with FolderAthena.from_records([], table=TABLE) as athena:
        for sql in dict.fromkeys(bound_case(runbook, case, TABLE)[0] for case in runbook.cases):
            tree = pieces.parse(sql)
            assert nodes(tree) == nodes(parse_query(sql))
            found = analyse_tree(tree, athena, TABLE.database, datetime.now(UTC), pruned=False)
            whole = analyse_tree(parse_query(sql), athena, TABLE.database, datetime.now(UTC), pruned=False)
            assert masked(found.relation.text) == masked(whole.relation.text)
            assert found.used == whole.used


def test_more_pieces_than_are_kept_are_read_again():
    pieces = Pieces()
    for turn in range(2):
        for number in range(100):
            sql = TEMPLATE.format(more=f"  SELECT {number} AS y UNION\n", value=str(turn))
            assert outcome(pieces.parse, sql) == outcome(parse_query, sql)
