import pytest

from trailbook.athena.resultset import csv_rows
from trailbook.local.folder import FolderAthena
from trailbook.runbook.fragments import Fragment
from trailbook.runbook.model import Case, Runbook
from trailbook.settings import PhysicalTable
from trailbook.steps.cases import bound_case, run_cases
from trailbook.steps.fragment_cases import run_fragment_cases

TABLE = PhysicalTable()
QUERY = """
SELECT eventname AS event_name, loud(max(w.note)) AS note, count(*) AS events,
       slice(array_agg(eventid ORDER BY eventid), 1, 25) AS event_ids
FROM cloudtrail JOIN watched AS w ON w.name = eventname
WHERE eventsource IN (:sources)
GROUP BY 1 HAVING count(*) >= :least
"""


def runbook(**fields):
    return Runbook.model_validate(
        {
            "id": "calls",
            "title": "Calls",
            "description": "For tests.",
            "severity": "low",
            "owner": "tests",
            "schedule": None,
            "params": {
                "sources": {"type": "array", "items": {"type": "string"}, "default": [], "title": "Services"},
                "least": {"type": "integer", "default": 1, "title": "Least"},
            },
            "lookups": {"watched": {"description": "Calls.", "columns": {"name": "string", "note": "string"}}},
            "fragments": {"loud": {"description": "Loud.", "params": {"text": "string"}, "sql": "concat(text, '!')"}},
            "query": QUERY,
            "result": {"kind": "aggregate", "key": ["event_name"], "measures": ["events"]},
            **fields,
        }
    )


def case(name="one", *, events=({"eventName": "StopLogging"},), rows=(), watched=(("StopLogging", "log"),), **params):
    return Case(
        name=name,
        events=[{"eventSource": "cloudtrail.amazonaws.com", **event} for event in events],
        rows=list(rows),
        params=params,
        lookups={"watched": [dict(zip(("name", "note"), row, strict=True)) for row in watched]},
    )


FOUND = {"event_name": "StopLogging", "note": "log!", "events": 1}


@pytest.fixture
def athena():
    with FolderAthena.from_records([], table=TABLE) as found:
        yield found


def differences(athena, asked, of=None):
    return run_cases(of or runbook(), [asked], athena, TABLE)[0].differences


def test_the_same_sql_over_other_events_gives_their_rows(athena):
    one, two, three = case(rows=[FOUND]), case(events=[{"eventName": "Other"}]), case(rows=[FOUND])

    assert bound_case(runbook(), one, TABLE)[0] == bound_case(runbook(), two, TABLE)[0]
    assert [differences(athena, asked) for asked in (one, two, three)] == [(), (), ()]
    again = case(events=[{"eventName": "StopLogging", "repeat": 3}], rows=[{**FOUND, "events": 3}])
    assert differences(athena, again) == ()


def test_the_events_before_never_narrow_what_is_found_after(athena):
    """A plan that knows the values of the first events could leave out the later ones."""
    for name in ("Aaa", "Zzz", "Mmm", "ÄÄ", ""):
        asked = case(
            events=[{"eventName": name}], rows=[{"event_name": name, "note": f"{name}!"}], watched=[(name, name)]
        )
        assert differences(athena, asked) == ()
    wide = [{"eventName": "StopLogging", "eventTime": f"2026-01-15T{hour:02}:00:00Z"} for hour in range(24)]
    assert differences(athena, case(events=wide, rows=[{**FOUND, "events": 24}])) == ()
    assert differences(athena, case(events=[])) == ()
    assert differences(athena, case(rows=[FOUND])) == ()


def test_other_lookups_under_the_same_names_are_read(athena):
    assert differences(athena, case(rows=[FOUND])) == ()
    assert differences(athena, case(rows=[{**FOUND, "note": "other!"}], watched=[("StopLogging", "other")])) == ()
    assert differences(athena, case(watched=[])) == ()


def test_other_params_are_other_sql(athena):
    assert differences(athena, case(rows=[FOUND])) == ()
    assert differences(athena, case(least=2)) == ()
    assert differences(athena, case(sources=["s3.amazonaws.com"])) == ()
    assert differences(athena, case(sources=["cloudtrail.amazonaws.com"], rows=[FOUND])) == ()


def test_params_that_are_equal_in_python_and_not_in_sql_are_not_taken_for_each_other():
    kinds = {name: {"type": name, "default": None, "title": "One"} for name in ("number", "boolean")}
    query = "SELECT eventname AS event_name, :number AS n, :boolean AS b, eventid AS event_ids FROM cloudtrail"
    of = runbook(params=kinds, lookups={}, fragments={}, query=query)
    texts = [
        bound_case(of, Case(name="one", events=[], rows=[], params=params), TABLE)[0]
        for params in ({"number": 0}, {"number": 0.0}, {"number": -0.0}, {"boolean": False}, {})
    ]

    assert "0.0E0 AS n" in texts[1]
    assert "-0.0E0 AS n" in texts[2]
    assert "FALSE AS b" in texts[3]
    assert len(set(texts)) == 4  # 0 and 0.0 are the same double


def test_a_changed_fragment_changes_the_sql(athena):
    quiet = {"loud": Fragment(description="Not loud.", params={"text": "string"}, sql="concat(text, '?')")}

    assert differences(athena, case(rows=[FOUND])) == ()
    assert differences(athena, case(rows=[{**FOUND, "note": "log?"}]), runbook(fragments=quiet)) == ()
    assert differences(athena, case(rows=[FOUND])) == ()


def test_fragments_whose_params_change_places_are_other_fragments(athena):
    first = Fragment(description="The first.", params={"a": "string", "b": "string"}, sql="a")
    second = Fragment(description="The second.", params={"b": "string", "a": "string"}, sql="a")
    query = QUERY.replace("loud(max(w.note))", "pick(max(w.note), 'fixed')")

    found = {
        name: differences(
            athena, case(rows=[{**FOUND, "note": note}]), runbook(query=query, fragments={"pick": fragment})
        )
        for name, fragment, note in (("first", first, "log"), ("second", second, "fixed"))
    }

    assert found == {"first": (), "second": ()}


def test_the_window_is_that_of_the_events(athena):
    late = case(events=[{"eventName": "StopLogging", "eventTime": "2026-03-01T23:59:59Z"}], rows=[FOUND])

    assert differences(athena, case(rows=[FOUND])) == ()
    assert differences(athena, late) == ()
    assert "2026-03-02T00:00:00" in bound_case(runbook(), late, TABLE)[0]
    outside = case(start="2026-01-01T00:00:00Z", end="2026-01-02T00:00:00Z")
    assert differences(athena, outside) == ()


def test_another_table_is_another_sql():
    other = PhysicalTable(database="audit", name="events")

    assert '"audit"."events"' in bound_case(runbook(), case(), other)[0]
    assert '"audit"."events"' not in bound_case(runbook(), case(), TABLE)[0]


def test_what_differs_is_said_row_by_row(athena):
    told = differences(athena, case(rows=[{"event_name": "DeleteTrail"}]))

    assert told == (
        "expected a row like {'event_name': 'DeleteTrail'}, found none",
        "found a row that was not expected: {'event_name': 'StopLogging', 'note': 'log!', 'events': 1}",
    )
    assert "`leest`" in differences(athena, case(leest=2))[0] or "leest" in differences(athena, case(leest=2))[0]


def test_a_query_that_fails_is_a_difference_each_time_and_spoils_no_other_case(athena):
    broken = runbook(query=QUERY.replace("count(*) AS events", "1 / (count(*) - 1) AS events"))

    for _ in range(3):
        assert differences(athena, case(), broken)[0].startswith("DIVISION_BY_ZERO")
        assert differences(athena, case(rows=[FOUND])) == ()


def test_cases_together_give_what_each_gives_alone(athena):
    asked = [
        case(rows=[FOUND]),
        case("nothing", events=[]),
        case("three", events=[{"eventName": "StopLogging", "repeat": 3}], rows=[{**FOUND, "events": 3}]),
        case("least", least=2),
        case("wrong", rows=[{**FOUND, "events": 2}]),
    ]
    together = run_cases(runbook(), asked, athena, TABLE)

    assert together == [result for one in asked for result in run_cases(runbook(), [one], athena, TABLE)]
    assert [result.passed for result in together] == [True, True, True, True, False]


def test_a_case_that_is_wrong_leaves_the_others(athena):
    lone = case("surrogate", events=[{"eventName": "\ud800"}])
    query = "SELECT eventname AS event_name, 1 / (length(eventname) - 4) AS n, eventid AS event_ids FROM cloudtrail"
    of = runbook(query=query, lookups={}, fragments={}, params={})
    asked = [
        case("zero", events=[{"eventName": "Four"}]),
        case("one", rows=[{"n": 0}], watched=[]),
        lone,
        case("no", kind=1),
    ]

    found = [result.differences for result in run_cases(of, asked, athena, TABLE)]

    assert found[0][0].startswith("DIVISION_BY_ZERO")
    assert found[1] == ()
    assert "surrogate" in found[2][0]
    assert "kind" in found[3][0]


def test_rows_are_those_that_the_result_csv_has(athena, tmp_path):
    sql = (
        "SELECT eventname, CAST(NULL AS varchar) AS nothing, '' AS empty, 1 AS one, 1.5E0 AS half, true AS yes, "
        "DATE '2026-01-02' AS day, TIMESTAMP '2026-01-02 03:04:05' AS moment, ARRAY['a', NULL] AS list, "
        "CAST(12.50 AS decimal(10,2)) AS price, 'quote \" comma , line \n end' AS text FROM trailbook.cloudtrail_logs"
    )
    for name in ("one", "two", "three"):
        athena.replace_records([{"eventName": name}])
        execution = athena.execute(sql, token="t")
        athena.download(execution, tmp_path / "r.csv")
        found = athena.rows(execution)
        assert found[0]["eventname"] == name
        assert repr(found) == repr(csv_rows(tmp_path / "r.csv", execution.columns))


def test_a_fragments_cases_each_have_their_own_values(athena):
    body = {
        "description": "Who.",
        "params": {"who": "useridentity", "other": "string"},
        "sql": "concat(who.arn, other)",
    }
    cases = [
        {"given": {"who": {"arn": arn}, "other": other}, "expect": f"{arn}{other}"}
        for arn, other in (("a", "b"), ("c", "b"), ("c", "d"))
    ]
    cases.append({"given": {"who": {"arn": "x"}, "other": "y"}, "expect": "ab"})
    fragments = {"who": Fragment.model_validate({**body, "cases": cases})}

    for numbers in ((0, 1, 2, 3), (3, 0), (2,)):
        found = run_fragment_cases("who", numbers, fragments, athena, TABLE)
        wrong = ("expected 'ab', found 'xy'",)
        assert [(one.case, one.differences) for one in found] == [
            (f"case {number + 1}", wrong if number == 3 else ()) for number in numbers
        ]


def test_a_fragments_cases_are_of_every_kind_of_value_and_one_that_is_wrong_leaves_the_others(athena):
    kinds = {
        "t": "string", "i": "integer", "n": "number", "b": "boolean", "l": "strings", "j": "json", "r": "resources"
    }  # fmt: skip
    shown = (
        "concat_ws('|', coalesce(t, '-'), CAST(i AS varchar), CAST(b AS varchar), array_join(l, '+'), json_format(j)"
    )
    sql = f"{shown}, r[1].arn, CAST(CAST(sqrt(n) AS integer) / i AS varchar))"
    given = [
        {"t": "it's ?", "i": 1, "n": 4.0, "b": True, "l": ["x", "y"], "j": {"a": [None]}, "r": [{"ARN": "arn"}]},
        {"i": 0, "n": 4.0},
        {"t": "", "i": 1, "n": 1.0, "l": [], "j": None},
        {},
    ]
    expected = ['it\'s ?|1|true|x+y|{"a":[null]}|arn|2', "unreachable", "|1||1", "-|"]
    cases = [{"given": one, "expect": value} for one, value in zip(given, expected, strict=True)]
    body = {"description": "All.", "params": kinds, "sql": sql, "cases": cases}
    fragments = {"all": Fragment.model_validate(body)}

    found = [one.differences for one in run_fragment_cases("all", range(4), fragments, athena, TABLE)]

    assert found[0] == found[2] == found[3] == ()
    assert found[1][0].startswith("DIVISION_BY_ZERO")
    assert run_fragment_cases("all", [0, 2], fragments, athena, TABLE)[1].differences == ()
