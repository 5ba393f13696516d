from datetime import date, timedelta
from typing import Any

from runbook_files import spec
from summaries import NOW

from trailbook.airflow.web.views.catalogue import Known, past
from trailbook.airflow.web.views.history import history
from trailbook.airflow.web.views.runbook import RunbookPage, Sql, runbook_page
from trailbook.runbook.matrix import matrix
from trailbook.runbook.model import Runbook

TODAY = date(2026, 11, 29)
DATES = {"type": "string", "format": "date"}


def page(**changes: Any) -> RunbookPage:
    return runbook_page(
        Runbook.from_spec(spec("a", **changes)),
        past=past("a", Known({}, {}, {}, {}), NOW),
        next_run="",
        sql=Sql("SELECT 1", "a day"),
        history=history("a", "A", ((), None), under_way=(), verdicts=(), total=0, first=True, now=NOW),
        matrix=matrix(),
        known=lambda name: name == "b",
        may_start=True,
        today=TODAY,
    )


def test_a_parameter_says_what_a_value_may_be_and_whether_a_run_must_give_one() -> None:
    params = {
        "count": {"type": "integer", "default": 3, "minimum": 1, "maximum": 9, "title": "Count"},
        "bucket": {"type": "string", "title": "Bucket", "pattern": "^[a-z]+$", "maxLength": 63},
        "level": {"type": "string", "default": None, "title": "Level", "enum": ["low", "high"]},
        "days": {
            "type": "array",
            "items": {"type": "string", "format": "date"},
            "default": [],
            "title": "Days",
            "maxItems": 7,
        },
    }
    found = {field.name: field for field in page(params=params, schedule=None).fields}
    assert (found["count"].default, found["count"].limits) == ("3", ("at least 1", "at most 9"))
    assert (found["bucket"].required, found["bucket"].limits) == (True, ("like ^[a-z]+$", "at most 63 characters"))
    assert (found["level"].default, found["level"].limits) == ("", ("one of low, high",))
    assert (found["days"].kind, found["days"].limits) == ("list of string", ("as date", "at most 7 values"))


def test_an_accepted_finding_says_how_long_it_still_is() -> None:
    def said(days: int) -> tuple[str, str]:
        expires = (TODAY + timedelta(days=days)).isoformat()
        allow = [{"match": {"user_name": "x"}, "reason": "r", "owner": "o", "expires": expires}]
        (found,) = page(allow=allow).accepted
        return found.state, found.left

    assert said(90) == ("in force", "in 90 days")
    assert said(30) == ("expires soon", "in 30 days")
    assert said(0) == ("expired", "today")
    assert said(-1) == ("expired", "1 day ago")


def test_the_guide_is_markdown_whose_markup_is_text() -> None:
    guide = page(guide="**x** <script>alert(1)</script> [a](javascript:alert(1))").guide
    assert "<strong>x</strong>" in guide
    assert "<script" not in guide
    assert "<a" not in guide


def test_a_pivot_is_a_link_only_where_the_reader_may_look_at_that_runbook() -> None:
    pivots = [{"runbook": name, "with": {"x": "{user_name}"}} for name in ("b", "c")]
    assert [known for _, known in page(pivots=pivots).pivots] == [True, False]


def test_the_schedule_is_said_in_words() -> None:
    assert page().schedule == "0 2 * * * (UTC), over a window of 1 day that ends 2 hours before"
    assert page(schedule=None).schedule == "on demand: a person starts each run and gives its window"


def test_a_technique_has_its_name_where_the_matrix_knows_it() -> None:
    attack = {"version": "19.1", "techniques": ["T1110.001", "T9999"]}
    assert [each.name for each in page(attack=attack).techniques] == ["Brute Force: Password Guessing", ""]
