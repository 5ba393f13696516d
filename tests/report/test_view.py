"""Which columns stand in a finding's first line: as many as a page's width holds, the key's before the measures."""

from samples import failed_logins, finding, huge, make
from subject import COLUMNS, SPEC

from trailbook.athena.execution import Column
from trailbook.diff import State
from trailbook.report import html
from trailbook.report.view import groups, head_columns

LONG = "arn:aws:iam::111122223333:policy/a-policy-with-quite-a-long-name"


def wide(key, measures, width):
    names = [*key, *measures]
    spec = SPEC | {"pivots": [], "allow": [], "result": {"kind": "aggregate", "key": key, "measures": measures}}
    row = dict.fromkeys(names, "x" * width)
    columns = tuple(Column(name, "varchar") for name in names)
    return make([finding(0, State.NEW, row=row)], spec=spec, columns=columns)


def test_what_fits_stands_in_the_first_line():
    assert head_columns(failed_logins()) == ("account_id", "user_name", "source_ip", "failures")
    assert head_columns(huge()) == ("account_id", "user_name", "source_ip", "failures")


def test_measures_give_way_to_the_key_and_stand_beneath_with_their_names():
    report = wide(["account_id", "kind", "name", "policy"], ["events", "failed", "document"], 40)
    head = head_columns(report)
    assert head == ("account_id", "kind", "name")
    new = groups(report)[0]
    beneath = [name for name, _ in new.rows[0].rest]
    assert sorted([*head, *beneath]) == sorted(["account_id", "kind", "name", "policy", "events", "failed", "document"])


def test_a_small_column_still_fits_after_a_large_one_did_not():
    report = wide(["a", "b", "c"], ["a_measure_with_a_name_that_is_far_too_long_for_any_first_line_of_a_page", "n"], 12)
    assert head_columns(report) == ("a", "b", "c", "n")


def test_an_event_s_first_line_has_what_happened_and_not_its_id():
    names = ("event_id", "event_time", "account_id", "event_name", "principal_arn", "request")
    spec = SPEC | {"pivots": [], "allow": [], "result": {"kind": "events", "key": ["event_id"]}}
    row = dict(zip(names, ("e" * 36, "2026-11-01T08:00:00Z", "111122223333", "ListUsers", LONG, "x" * 90), strict=True))
    columns = tuple(Column(name, "varchar") for name in names)
    report = make([finding(0, State.NEW, row=row)], spec=spec, columns=columns)
    assert head_columns(report) == ("event_time", "event_name", "account_id", "principal_arn")
    (new, *_) = groups(report)[0].rows
    assert "e" * 36 in new.event_ids


def test_a_changed_measure_that_stands_beneath_shows_its_old_value():
    changes = {"failures": (9, 23)}
    row = {"account_id": "x" * 30, "user_name": LONG, "source_ip": LONG}
    spec = SPEC | {"result": {"kind": "aggregate", "key": [*row, "user_agent", "first_try"], "measures": ["failures"]}}
    report = make([finding(0, State.UPDATED, failures=23, changes=changes, row=row)], spec=spec, columns=COLUMNS)
    assert "failures" not in head_columns(report)
    page = html.render(report).decode()
    assert '<dt>failures</dt> <dd><span class="sr">was </span><del>9</del>' in page


def test_a_narrow_screen_knows_each_value_s_name():
    page = html.render(failed_logins()).decode()
    assert 'data-name="user_name"' in page
    assert 'data-name="first seen"' in page
