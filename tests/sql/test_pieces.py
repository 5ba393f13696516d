"""A query bound in pieces has the text, and the errors, of the query bound as a whole."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trailbook.errors import InvalidRequest, TrailbookError
from trailbook.runbook.collection import files
from trailbook.runbook.load import load
from trailbook.runbook.model import Runbook
from trailbook.runbook.values import resolve
from trailbook.settings import PhysicalTable
from trailbook.sql.bind import LookupRows, bind, bound_in_pieces, bound_whole
from trailbook.sql.dialect import MOST_BYTES, canonical
from trailbook.sql.template import Template, expanded
from trailbook.sql.values import Binding
from trailbook.window import Window

Make = Callable[..., Runbook]

DAY = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
HOUR = Window(DAY.start, DAY.start + timedelta(hours=1))
ROWS = LookupRows({"bucket": "string", "weight": "number", "rank": "integer"}, (("b", 0.5, 1), (None, None, 2)))
SHIPPED = sorted(files(Path(__file__).parents[2] / "runbooks"))[::10]
QUERY = """
    WITH named AS (SELECT account_id, a FROM cloudtrail WHERE b = :name AND c IN (:names) AND d > :window_start),
         counted AS (SELECT account_id, count(*) FILTER (WHERE e > :ratio) AS n FROM named JOIN critical_buckets ON a
                     WHERE f = :flag GROUP BY 1 HAVING count(*) > :count)
    SELECT account_id, n, :count AS least FROM counted
    WHERE NOT n IN (SELECT rank FROM critical_buckets WHERE g = :name)
"""


def asked(runbook: Runbook, **changes: Any) -> Binding:
    params = {name: changes.pop(name) for name in list(changes) if name in runbook.params}
    whole = Binding(runbook, DAY, PhysicalTable(), params, (), (), 10_000, {"critical_buckets": ROWS})
    return replace(whole, **changes)


def quick(one: Binding) -> str:
    """Return what `bind` says, errors as their kind and text."""
    return outcome(
        lambda: bind(
            one.runbook,
            window=one.window,
            table=one.table,
            params=one.params,
            accounts=one.accounts,
            regions=one.regions,
            row_limit=one.row_limit,
            lookups=one.lookups,
        )
    )


def outcome(ask: Callable[[], str | None]) -> str:
    try:
        return str(ask())
    except (TrailbookError, TypeError) as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_bindings_of_the_shipped_runbooks_are_those_of_the_whole(path: Path) -> None:
    runbook = load(path)
    lookups = {
        name: LookupRows(dict(lookup.columns), (tuple(None for _ in lookup.columns),))
        for name, lookup in runbook.lookups.items()
    }
    requests = [resolve(runbook, case.params) for case in runbook.cases]
    params = list({repr(request.params): request.params for request in requests}.values())[:4]
    assert params
    for number, values in enumerate(params):
        accounts = ["111122223333", "444455556666"][:number]
        one = Binding(runbook, (DAY, HOUR)[number % 2], PhysicalTable(), values, accounts, (), 10 + number, lookups)
        assert bound_in_pieces(one) == bound_whole(one)


CHANGES: list[dict[str, Any]] = [
    {"name": "x"},
    {"name": "y"},
    {"name": ""},
    {"name": "it's", "names": ["x", "\0", "--", "/* ; */"]},
    {"names": ["x"]},
    {"names": ["x", "y"]},
    {"names": ("x", "y")},
    {"count": 1},
    {"count": -1},
    {"ratio": 0.0},
    {"ratio": -0.0},
    {"ratio": 1},
    {"flag": True},
    {"flag": False},
    {"window": HOUR},
    {"row_limit": 7},
    {"accounts": ["111122223333"]},
    {"accounts": ["eu-west-1"], "regions": ["111122223333"]},
    {"regions": ["eu-west-1"]},
    {"table": PhysicalTable(name="other")},
    {"lookups": {"critical_buckets": replace(ROWS, rows=())}},
]


def test_every_value_that_changes_the_whole_changes_the_pieces(make: Make) -> None:
    runbook = make(QUERY)
    bindings = [asked(runbook), *(asked(runbook, **changes) for changes in CHANGES)]
    found = [bound_in_pieces(one) for one in bindings]
    assert found == [bound_whole(one) for one in bindings]
    assert len(set(found)) == len(found) - 1  # a list and a tuple of the same texts are the same values


@pytest.mark.parametrize(
    ("name", "first", "then"),
    [
        ("count", 1, True),
        ("count", 1, 1.0),
        ("count", 1, "1"),
        ("ratio", 1.0, True),
        ("flag", True, 1),
        ("name", "1", 1),
        ("names", ["1"], [1]),
        ("names", ["x"], "x"),
        ("names", ["None"], [None]),
    ],
)
def test_an_equal_value_of_another_type_is_another_value(make: Make, name: str, first: Any, then: Any) -> None:
    runbook = make(QUERY)
    before = quick(asked(runbook, **{name: first}))
    after = asked(runbook, **{name: then})
    assert quick(after) == outcome(lambda: bound_whole(after))
    assert (quick(after) == before) == ((name, then) == ("names", "x"))  # a text is the list of its characters


def test_a_value_of_a_class_of_its_own_is_bound_in_the_whole(make: Make) -> None:
    class Text(str):
        __slots__ = ()

    runbook = make(QUERY)
    assert bound_in_pieces(asked(runbook, name="x")) is not None
    assert bound_in_pieces(asked(runbook, name=Text("x"))) is None
    assert bound_in_pieces(asked(runbook, names=[Text("x")])) is None
    assert bound_in_pieces(asked(runbook, accounts=[Text("x")])) is None


def test_a_parameter_declared_otherwise_is_another_value(make: Make) -> None:
    runbook = make(QUERY)
    number = runbook.params["count"].model_copy(update={"type": "number"})
    other = runbook.model_copy(update={"params": {**runbook.params, "count": number}})
    key = runbook.model_copy(update={"result": runbook.result.model_copy(update={"key": ["n"]})})
    texts = [bound_in_pieces(asked(one, count=1)) for one in (runbook, other, key)]
    assert texts == [bound_whole(asked(one, count=1)) for one in (runbook, other, key)]
    assert len(set(texts)) == 3


@pytest.mark.parametrize(
    "query",
    [
        "SELECT account_id FROM cloudtrail WHERE a = :name UNION ALL SELECT b FROM cloudtrail",
        "WITH a AS (SELECT account_id FROM cloudtrail) SELECT account_id FROM a UNION SELECT :name FROM a",
        "((SELECT account_id FROM cloudtrail WHERE a = :name))",
        "(SELECT account_id FROM cloudtrail WHERE a = :name) ORDER BY 1",
        "SELECT account_id FROM cloudtrail CROSS JOIN UNNEST(a) AS (b) WHERE b = :name",
        "WITH a AS (WITH b AS (SELECT account_id FROM cloudtrail) SELECT * FROM b) SELECT account_id FROM a",
        "SELECT account_id FROM (WITH b AS (SELECT account_id FROM cloudtrail) SELECT * FROM b) AS c",
    ],
)
def test_a_query_of_another_shape_is_bound_in_the_whole(make: Make, query: str) -> None:
    one = asked(make(query), name="x")
    assert bound_in_pieces(one) is None
    assert quick(one) == bound_whole(one)


def test_values_that_the_layout_would_break_or_that_are_long_are_bound_in_the_whole(make: Make) -> None:
    runbook = make(QUERY)
    marked, long = asked(runbook, name="__SQLGLOT__LB__"), asked(runbook, name="x" * 100_000)
    much = asked(runbook, lookups={"critical_buckets": replace(ROWS, rows=(("x" * MOST_BYTES, None, None),))})
    for one in (marked, long, much):
        assert bound_in_pieces(one) is None
        assert quick(one) == outcome(lambda one=one: bound_whole(one))
    assert "\n" not in quick(marked)
    assert quick(much).startswith("InvalidRequest: the query would have")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": 1, "count": "x"}, "InvalidRequest: count: "),  # the outer first, though its piece is the last
        ({"name": "\ud800", "count": 1}, "InvalidRequest: name: "),
        ({"count": "x", "window": replace(DAY, end=DAY.end + timedelta(milliseconds=1))}, "InvalidRequest: count: "),
        ({"window": replace(DAY, start=DAY.start + timedelta(milliseconds=1))}, "InvalidRequest: expected a window of"),
        ({"window": replace(DAY, end=DAY.end + timedelta(milliseconds=1))}, "InvalidRequest: expected a window of"),
        ({"accounts": ["\ud800"], "lookups": {}}, "InvalidRequest: expected Unicode text"),
        ({"lookups": {}}, "InvalidRequest: lookup critical_buckets: expected its rows"),
        ({"lookups": {"critical_buckets": LookupRows({"bucket": "string"}, ())}}, "InvalidRequest: lookup critical_"),
        ({"names": 1}, "TypeError: object of type 'int' has no len()"),
    ],
)
def test_what_is_wrong_is_said_as_the_whole_says_it(make: Make, changes: dict[str, Any], said: str) -> None:
    one = asked(make(QUERY), **changes)
    for _ in range(2):
        assert quick(one) == outcome(lambda: bound_whole(one))
        assert quick(one).startswith(said)


@pytest.mark.parametrize(
    "query", [f"{QUERY} LIMIT 5", QUERY.replace("counted", "critical_buckets"), f"{QUERY} AND h = :other"]
)
def test_what_may_not_be_bound_is_refused_with_the_words_of_the_whole(make: Make, query: str) -> None:
    one = asked(make(query))
    assert quick(one) == outcome(lambda: bound_whole(one))
    assert quick(one).startswith("InvalidRunbook")


def test_a_lookup_is_there_only_while_a_condition_that_stands_names_it(make: Make) -> None:
    runbook = make("SELECT account_id FROM cloudtrail WHERE a = :name AND b IN (SELECT bucket FROM critical_buckets)")
    dropped = make("SELECT account_id FROM cloudtrail WHERE a = (SELECT max(:name) FROM critical_buckets)")
    for one, there in ((asked(runbook), True), (asked(dropped), False), (asked(dropped, name="x"), True)):
        text = bound_in_pieces(one)
        assert text == bound_whole(one)
        assert text is not None
        assert ("VALUES" in text) is there
    with pytest.raises(InvalidRequest, match="expected its rows"):
        bind(dropped, window=DAY, table=PhysicalTable(), params={"name": "x"})


def test_threads_share_a_template_that_none_of_them_changes(make: Make) -> None:
    runbook = make(QUERY + " -- of this test alone")
    tree = expanded(Template.of(runbook)).tree
    before = canonical(tree)
    bindings = [asked(runbook, **changes) for changes in CHANGES] * 3
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(quick, bindings))
    assert found == [bound_whole(one) for one in bindings]
    assert expanded(Template.of(runbook)).tree is tree
    assert canonical(tree) == before
