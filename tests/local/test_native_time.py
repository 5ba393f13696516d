import pytest

from trailbook.local.engine.faults import Failure
from trailbook.local.engine.native_time import FUNCTIONS, duration, human_seconds, iso_timestamp
from trailbook.local.engine.xxhash import xxhash64

PARSE = FUNCTIONS["tb_date_parse"][0]


def test_a_time_is_read_as_joda_reads_it():
    assert PARSE("1970-1-1 0:0:1", "%Y-%m-%d %H:%i:%s") == 1_000_000
    assert PARSE("1/JAN/1970", "%d/%b/%Y") == 0


@pytest.mark.parametrize("value", ["1970-01-01 ", " 1970-01-01", "1970-13-01", "1970-02-30", "x", "19700-01-01"])
def test_a_text_that_does_not_fit_is_an_invalid_argument(value):
    with pytest.raises(Failure, match="INVALID_FUNCTION_ARGUMENT"):
        PARSE(value, "%Y-%m-%d")


def test_an_offset_is_refused_and_never_null():
    assert iso_timestamp("1970-01-01T00:00:00Z") == 0
    assert "NOT_SUPPORTED" in type(iso_timestamp("1970-01-01T00:00:00+02:00")).__name__


def test_durations_are_read_and_seconds_are_told_in_words():
    assert duration("2.5h") == 9_000_000
    assert human_seconds("3762.0") == "1 hour, 2 minutes, 42 seconds"


def test_the_hash_is_that_of_trino():
    assert xxhash64(b"abc") == 0x44BC2CF5AD770999
    assert xxhash64(b"a" * 100) == 0x375041E8B1DECFB3
