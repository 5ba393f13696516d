"""What people look at: findings and frames of a snapshot."""

from typing import Any

from trailbook.diff import State, findings, frame


def test_findings_are_limited_and_chosen_by_state(bench: Any) -> None:
    _, second = bench.days([("a", 1, "x"), ("b", 1, "x")], [("b", 1, "x"), ("c", 1, "x"), ("d", 1, "x")])
    assert [found.row["k"] for found in findings(second.snapshot, (), limit=3)] == ["c", "d", "b"]
    chosen = findings(second.snapshot, (), limit=None, states=[State.ABSENT, State.UNCHANGED])
    assert [found.row["k"] for found in chosen] == ["b", "a"]
    assert findings(second.snapshot, (), limit=None, states=[]) == []


def test_a_frame_keeps_integers_and_nulls_as_they_are(bench: Any) -> None:
    diff = bench.diff([("a", 2**53 + 1, "x"), ("b", None, None)])
    table = frame(diff.snapshot)
    assert table["n"].dtype == "Int64"
    assert int(table["n"][0]) == 2**53 + 1
    assert table["n"].isna().tolist() == [False, True]
    assert table["note"].tolist() == ["x", None]
    assert table["tb_reopened"].tolist() == [False, False]
    assert len(frame(diff.snapshot, limit=1)) == 1
    assert len(frame(diff.snapshot, states=[State.ABSENT])) == 0
