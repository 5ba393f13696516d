from collections.abc import Callable
from threading import Event
from time import monotonic

import pytest

from trailbook.airflow.web.freshness import Freshness
from trailbook.errors import ServiceUnavailable


@pytest.fixture
def counted() -> tuple[list[int], Callable[[], tuple[str, ...]]]:
    calls: list[int] = []

    def sync() -> tuple[str, ...]:
        calls.append(1)
        return ("a: entry 3 is not there",)

    return calls, sync


def test_the_first_page_waits_for_the_first_reading_and_later_ones_for_none(
    counted: tuple[list[int], Callable[[], tuple[str, ...]]],
) -> None:
    calls, sync = counted
    fresh = Freshness(sync)
    assert fresh.touch().faults == ("a: entry 3 is not there",)
    for _ in range(5):
        assert fresh.touch().as_of is not None
    assert len(calls) == 1


def test_a_stale_index_answers_at_once_and_is_read_on_behind(
    counted: tuple[list[int], Callable[[], tuple[str, ...]]],
) -> None:
    calls, sync = counted
    fresh = Freshness(sync, seconds=0)
    before = fresh.touch()
    assert fresh.touch(wait=5).as_of != before.as_of
    assert len(calls) == 2


def test_a_slow_ledger_keeps_no_page_waiting_and_is_read_by_one_thread_at_a_time() -> None:
    go, calls = Event(), []

    def sync() -> tuple[str, ...]:
        calls.append(1)
        go.wait(10)
        return ()

    fresh = Freshness(sync, seconds=0)
    began = monotonic()
    for _ in range(5):
        assert fresh.touch(wait=0.05).as_of is None
    assert monotonic() - began < 2
    go.set()
    assert fresh.touch(wait=5).as_of is not None
    assert 1 <= len(calls) <= 2


def test_what_goes_wrong_is_a_sentence_and_what_was_known_stays() -> None:
    answers = iter([(), ServiceUnavailable("S3 does not answer"), RuntimeError("inside")])

    def sync() -> tuple[str, ...]:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    fresh = Freshness(sync, seconds=0)
    known = fresh.touch()
    assert known.problem is None
    assert fresh.touch(wait=5).problem == "S3 does not answer"
    after = fresh.touch(wait=5)
    assert after.problem == "an unexpected RuntimeError: the API server's log has it"
    assert after.as_of == known.as_of
