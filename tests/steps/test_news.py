"""What a run has to tell, read from a real snapshot and a real ledger."""

from pathlib import Path
from typing import Any

import pytest
from watched_logins import Bench, runbook

from trailbook.notify import Links, News
from trailbook.steps import Failure, news
from trailbook.steps.whole import WholeRun
from trailbook.verdict import Verdict


def told(bench: Bench, done: WholeRun, **changes: Any) -> News:
    whole: dict[str, Any] = {
        "plan": done.plan,
        "outcome": done.outcome,
        "products": done.products,
        "failure": done.failure,
        "ledger": bench.ledger,
        "reports": bench.reports,
        "links": Links(),
    }
    return news("watched-logins", "From the DAG", done.run, **whole | changes)


def test_a_run_tells_its_open_findings_new_ones_first_and_no_suppressed_one(bench: Bench) -> None:
    allow = [{"match": {"user_name": "bob"}, "reason": "r", "owner": "o", "expires": "2099-01-01"}]
    bench.run(1, "one", of=runbook(allow=allow), watched=["alice"])
    found = told(bench, bench.run(2, "two", of=runbook(allow=allow), watched=["alice", "bob", "carol"], threshold=1))
    assert found.title == "Logins of watched users"
    assert [(finding.state.value, finding.row["user_name"]) for finding in found.findings] == [
        ("new", "alice"),
        ("new", "carol"),
    ]
    assert found.events == ("new_findings", "fail")
    assert (found.counts and found.counts.suppressed, found.severity, found.unread) == (1, "low", None)


def test_a_recovery_is_known_from_the_ledger(bench: Bench) -> None:
    bench.run(1, "one")
    again = bench.run(2, "two")
    assert again.outcome is not None
    assert again.outcome.judgement.verdict is Verdict.PASS
    assert told(bench, again).events == ("recovery",)


def test_a_failure_is_told_without_a_result(bench: Bench) -> None:
    done = bench.run(1, "one")
    found = told(bench, done, products=None, failure=Failure("report", "the bucket is gone"))
    assert (found.verdict, found.events, found.counts, found.findings) == (Verdict.ERROR, ("error",), None, ())
    assert found.reasons == ("the task report failed: the bucket is gone",)
    bare = told(bench, done, plan=None, outcome=None, products=None, failure=Failure("plan", "no"), ledger=None)
    assert (bare.title, bare.window, bare.severity) == ("From the DAG", None, None)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"another")], ids=["gone", "changed"])
def test_a_snapshot_that_cannot_be_believed_is_not_told_of_and_stops_nothing(bench: Bench, spoil: Any) -> None:
    done = bench.run(1, "one")
    assert done.outcome is not None
    spoil(bench.root / "out" / "reports" / done.outcome.snapshot.key)
    found = told(bench, done)
    assert (found.findings, found.events) == ((), ("new_findings", "fail"))
    assert done.outcome.snapshot.key in (found.unread or "")


def test_a_ledger_that_cannot_be_believed_makes_no_recovery_and_stops_nothing(bench: Bench) -> None:
    bench.run(1, "one")
    again = bench.run(2, "two")
    for path in (bench.root / "out" / "ledger" / "watched-logins").glob("*.json"):
        path.write_bytes(b"{}")
    assert told(bench, again).events == ()
