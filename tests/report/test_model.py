import subprocess
from dataclasses import replace
from decimal import Decimal

import pytest
from samples import CANARY, SPEC, failed_logins, finding, make

from trailbook.diff import Counts, State
from trailbook.errors import EvidenceError
from trailbook.outcome import QueryStatistics
from trailbook.report import build
from trailbook.report.model import cost_usd, next_runbooks


def test_suppressed_findings_are_counted_apart_from_their_states():
    tally = failed_logins().tally
    assert (tally.new, tally.updated, tally.unchanged, tally.absent, tally.suppressed) == (2, 1, 1, 1, 1)
    assert tally.total == failed_logins().total
    assert tally.whole


def test_a_limited_list_still_counts_new_and_absent_right():
    counts = Counts(new=5, updated=0, unchanged=9, absent=3, suppressed=4, open_new=4, open_present=12)
    tally = make([finding(0, State.NEW)], counts=counts).tally
    assert (tally.new, tally.absent, tally.suppressed) == (4, 1, 4)


def test_where_the_list_does_not_tell_updated_from_unchanged_the_tally_says_so():
    counts = Counts(new=0, updated=5, unchanged=9, suppressed=2, open_present=12)
    listed = [finding(0, State.UPDATED), finding(1, State.UPDATED, suppression=CANARY)]
    assert not make(listed, counts=counts).tally.whole
    both = [*listed, finding(2, State.UNCHANGED, suppression=CANARY)]
    tally = make(both, counts=counts).tally
    assert (tally.updated, tally.unchanged, tally.whole) == (4, 8, True)


def test_findings_beyond_the_counts_are_refused():
    report = failed_logins()
    with pytest.raises(EvidenceError, match="expected at most 3 new findings, as counted, found 6"):
        build(report.plan, report.outcome, [finding(i, State.NEW) for i in range(6)], expired_allow=())


def test_an_expired_entry_that_the_runbook_does_not_have_is_refused():
    report = failed_logins()
    with pytest.raises(EvidenceError, match=r"expected one of 2 allow entries, found no\. 2"):
        build(report.plan, report.outcome, report.findings, expired_allow=(2,))


def test_a_plan_whose_runbook_is_none_is_refused_as_evidence():
    report = failed_logins()
    with pytest.raises(EvidenceError, match="expected a runbook in the plan"):
        build(replace(report.plan, spec={"id": 1}), report.outcome, [], expired_allow=())


@pytest.mark.parametrize(
    ("scanned", "usd"),
    [(0, "0.00004768"), (1, "0.00004768"), (10 * 2**20, "0.00004768"), (10 * 2**20 + 1, "0.00005245"), (2**40, "5")],
)
def test_a_query_costs_at_least_10_mb_and_whole_megabytes(scanned, usd):
    query = QueryStatistics("query", "id", scanned, 1, "3")
    assert round(cost_usd(query), 8) == Decimal(usd)
    assert cost_usd(replace(query, reused=True)) == 0


def test_a_pivot_is_a_command_with_the_row_s_values_and_equal_ones_are_one():
    rows = [finding(i, State.NEW, row={"source_ip": "198.51.100.7"}) for i in range(3)]
    (found,) = next_runbooks(make([*rows, finding(4, State.ABSENT), finding(5, State.NEW, suppression=CANARY)]))
    assert [(step.command, step.findings) for step in found.steps] == [
        (
            "trailbook run principal-timeline --logs LOGS --from 2026-11-02T00:00:00Z --to 2026-11-03T00:00:00Z"
            " --param source_ip=198.51.100.7",
            3,
        )
    ]


@pytest.mark.parametrize("value", [None, "a\0b"])
def test_a_pivot_without_a_value_is_no_command(value):
    (found,) = next_runbooks(make([finding(0, State.NEW, row={"source_ip": value})]))
    assert found.steps == ()


HOSTILE_WORDS = ["'; touch /tmp/x; '", "$(id)", "`id`", "a\nb", "\x1b[31m", "x\u202ey", "é'\\\n'", "--help", "a'$'b\t"]


@pytest.mark.parametrize("value", HOSTILE_WORDS)
def test_a_shell_reads_a_pivot_s_value_back_as_it_was_and_runs_nothing(value):
    spec = SPEC | {"pivots": [{"runbook": "next", "with": {"a": "{user_name}"}}]}
    (found,) = next_runbooks(make([finding(0, State.NEW, row={"user_name": value})], spec=spec))
    command = found.steps[0].command
    assert command.isprintable()
    words = subprocess.run(
        ["bash", "-c", command.replace("trailbook", "printf '%s\\0'", 1)], capture_output=True, check=True
    )
    assert words.stdout.decode().split("\0")[-2] == f"a={value}"
