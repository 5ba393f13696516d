"""Queries that were prepared together give what each gives alone; what they share is planned once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from trailbook.errors import QueryFailed
from trailbook.local.engine.parts import Parts, joined
from trailbook.local.engine.pieces import Pieces
from trailbook.local.engine.types import duckdb_type
from trailbook.local.folder import FolderAthena
from trailbook.runbook.collection import Collection
from trailbook.settings import PhysicalTable
from trailbook.steps.cases import bound_case

TABLE = PhysicalTable()
RUNBOOKS = sorted(Collection.load(Path(__file__).parents[2] / "runbooks").runbooks.items())[7::15]

LONG = " || ".join(f"CASE eventname WHEN 'Never{n}' THEN 'x' ELSE '' END" for n in range(60))
QUERY = """WITH seen AS (
  SELECT eventid, {shared} AS name FROM trailbook.cloudtrail_logs
), named(label, n) AS (
  SELECT name, count(*) FROM seen GROUP BY 1
)
SELECT s.eventid, n.label, n.n FROM seen AS s JOIN named AS n ON n.label = s.name WHERE {condition} ORDER BY 1, 2
"""
SHARED = f"eventname || {LONG}"


def query(condition="true", shared=SHARED):
    return QUERY.format(shared=shared, condition=condition)


def records(*names):
    return [
        {"eventID": f"id-{number}", "eventTime": f"2026-11-0{number + 1}T10:00:00Z", "eventName": name}
        for number, name in enumerate(names)
    ]


@pytest.fixture
def athena():
    with FolderAthena.from_records([], table=TABLE, keep_plans=True) as found:
        yield found


def rows(athena, sql):
    return [tuple(row.values()) for row in athena.rows(athena.execute(sql, token="t"))]


def stored(athena):
    return [name for (name,) in athena._connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
            if name.startswith("part")]  # fmt: skip


def prepared(athena):
    found = athena._connection.execute("SELECT statement FROM duckdb_prepared_statements()").fetchall()
    return [text for (text,) in found]


def test_what_queries_share_is_planned_once_and_read_anew_for_each_set_of_records(athena):
    conditions = ["true", "s.eventid <> 'id-0'", "n.n > 1"]
    texts = [query(condition) for condition in conditions]
    athena.prepare(texts)

    assert len(stored(athena)) == 1
    assert sum("Never7" in text for text in prepared(athena)) == 1
    for names in (["A", "A", "B"], [], ["C"], ["A", "B", "B"]):
        athena.replace_records(records(*names))
        counts = [(f"id-{n}", name, names.count(name)) for n, name in enumerate(names)]
        expected = [counts, [row for row in counts if row[0] != "id-0"], [row for row in counts if row[2] > 1]]
        for _ in range(2):
            assert [rows(athena, text) for text in texts] == expected


def test_a_name_that_stands_for_something_else_is_no_shared_part(athena):
    other = SHARED.replace("eventname ||", "lower(eventname) ||", 1)
    texts = [query(), query("s.eventid = 'id-0'"), query(shared=other), query("s.eventid = 'id-0'", shared=other)]
    athena.prepare(texts)
    athena.replace_records(records("Get", "Put"))

    assert len(stored(athena)) == 2
    assert [len(rows(athena, text)) for text in texts] == [2, 1, 2, 1]
    assert [rows(athena, text)[0][1] for text in texts] == ["Get", "Get", "get", "get"]


def test_an_inner_name_does_not_take_the_place_of_a_shared_part(athena):
    def text(number):
        inner = "(SELECT max(x) FROM (WITH part0 AS (SELECT 'inner' AS x) SELECT x FROM part0))"
        return (
            f"WITH seen AS (\n  SELECT eventid, {SHARED} AS name FROM trailbook.cloudtrail_logs\n)\n"  # noqa: S608  # constants
            f"SELECT eventid, {inner} AS x, {number} AS n FROM seen"
        )

    athena.prepare([text(1), text(2)])
    athena.replace_records(records("A"))
    assert [rows(athena, text(n)) for n in (1, 2)] == [[("id-0", "inner", 1)], [("id-0", "inner", 2)]]


def test_what_is_prepared_next_takes_the_place_of_what_was(athena):
    athena.replace_records(records("A", "B"))
    for turn in range(30):
        texts = [query(f"s.eventid = 'id-{n}' AND {turn} = {turn}") for n in range(2)]
        athena.prepare(texts)
        assert [rows(athena, text) for text in texts] == [[("id-0", "A", 1)], [("id-1", "B", 1)]]
    assert len(stored(athena)) == 1
    assert len(prepared(athena)) < 6
    athena.prepare([])
    assert stored(athena) == []
    assert rows(athena, query()) == [("id-0", "A", 1), ("id-1", "B", 1)]


def test_a_query_that_is_refused_or_fails_says_so_and_leaves_the_others(athena):
    refused, fails = query("s.nothing = 1"), query("1 / length(n.label) > 0")
    twice = query().replace("named(label, n)", "seen")
    fine = query("n.n = 1")
    athena.prepare([fine, refused, fails, twice, "SELECT (", fine])
    athena.replace_records(records("A"))

    for _ in range(2):
        with pytest.raises(QueryFailed, match=r"COLUMN_NOT_FOUND: line 6:\d+: Column 's.nothing' cannot be resolved"):
            rows(athena, refused)
        with pytest.raises(QueryFailed, match="DUPLICATE_NAMED_QUERY"):
            rows(athena, twice)
        with pytest.raises(QueryFailed, match="SYNTAX_ERROR"):
            rows(athena, "SELECT (")
        assert rows(athena, fine) == [("id-0", "A", 1)]
        assert rows(athena, fails) == [("id-0", "A", 1)]
        athena.replace_records(records(""))
        with pytest.raises(QueryFailed, match="DIVISION_BY_ZERO"):
            rows(athena, fails)
        athena.replace_records(records("A"))


def test_a_shared_part_that_fails_fails_each_run_of_its_own(athena):
    shared = f"CAST(1 / length(eventname) AS varchar) || {LONG}"
    texts = [query(shared=shared), query("s.eventid = 'id-0'", shared=shared)]
    athena.prepare(texts)
    for names, fails in ((["A"], False), (["A", ""], True), (["B"], False)):
        athena.replace_records(records(*names))
        for text in texts:
            if fails:
                with pytest.raises(QueryFailed, match="DIVISION_BY_ZERO"):
                    rows(athena, text)
            else:
                assert rows(athena, text) == [("id-0", "1", 1)]


def test_a_query_that_asks_for_the_time_is_not_prepared(athena):
    texts = [query(f"now() > timestamp '2020-01-01' AND s.eventid = 'id-{n}'") for n in range(2)]
    athena.prepare(texts)
    athena.replace_records(records("A", "B"))
    assert [rows(athena, text) for text in texts] == [[("id-0", "A", 1)], [("id-1", "B", 1)]]
    assert all(athena.analysed(text).timed for text in texts)


def test_the_analysis_names_what_is_read_of_the_table(athena):
    texts = [query(), query("s.eventid = 'id-0'")]
    alone = {column for _, column in athena.analysed(texts[0]).used}
    athena.prepare(texts)
    assert {column for _, column in athena.analysed(texts[0]).used} == alone == {"eventid", "eventname"}
    athena.replace_records(records("A"))
    assert athena.execute(texts[0], token="t").data_scanned_in_bytes > 0


@pytest.mark.parametrize(("name", "loaded"), RUNBOOKS, ids=[name for name, _ in RUNBOOKS])
def test_the_tables_of_shared_parts_have_the_columns_that_duckdb_gives(name, loaded, athena):
    """Else writing into one would turn values into other ones."""
    sql, _ = bound_case(loaded.runbook, loaded.runbook.cases[0], TABLE)
    parts = Parts(athena, TABLE.database, datetime.now(UTC)).query(Pieces().parse(sql))
    assert parts is not None
    for part in parts:
        for scan in part.scans:
            athena._plans.show(scan.name)
        found = athena._connection.execute(f"DESCRIBE {joined(part)}").fetchall()
        declared = [duckdb_type(field.type) for field in part.relation.fields]
        assert [column[1].replace('"', "") for column in found] == [kind.replace('"', "") for kind in declared]
