"""Log objects of every kind, good and bad: what is read of them, and which error names them."""

# ruff: noqa: E501 - a table of cases reads best unwrapped

import gzip
import json

import pytest

from trailbook.local.engine import reader, splitting
from trailbook.local.engine.errors import SqlError
from trailbook.local.engine.reader import Shape
from trailbook.local.engine.splitting import split

EVENT = {
    "eventVersion": "1.11", "eventID": "1", "eventName": "GetObject", "eventTime": "2026-11-01T00:00:00Z", "eventSource": "s3.amazonaws.com",
    "awsRegion": "us-east-1", "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::1:user/x", "sessionContext": {"attributes": {"mfaAuthenticated": "true"}}},
    "resources": [{"ARN": "arn:aws:s3:::b", "accountId": "1", "type": "AWS::S3::Bucket"}],
    "requestParameters": {"bucketName": "b", "n": 1}, "readOnly": True,
}  # fmt: skip
PICKED = (
    "SELECT eventname, eventid, readonly, useridentity.sessioncontext.attributes.mfaauthenticated, resources[1].arn, "
    "json_extract_scalar(requestparameters, '$.bucketName') FROM t"
)
GOOD = ["GetObject", "1", "true", "true", "arn:aws:s3:::b", "b"]


@pytest.fixture
def trail(lake):
    lake.table("t")
    return lake


def packed(text):
    return gzip.compress(text if isinstance(text, bytes) else text.encode(), mtime=0)


def upper(value):
    if isinstance(value, dict):
        return {k.upper(): upper(v) for k, v in value.items()}
    return [upper(v) for v in value] if isinstance(value, list) else value


BAD = {
    "a truncated object": (packed(json.dumps({"Records": [EVENT] * 50}))[:-9], "HIVE_CURSOR_ERROR: Error reading object {}: Unexpected end"),
    "an object of noise": (b"\x1f\x8b\x08\x00" + b"\x99" * 64, "HIVE_CURSOR_ERROR: Error reading object {}"),
    "an object that is not gzip": (b"hello, this is no gzip", "HIVE_CURSOR_ERROR: Error reading object {}"),
    "a list cut short": (packed('{"Records":[{"eventID":"x"},{"ev'), "HIVE_CURSOR_ERROR: Error reading object {}: it is not valid JSON"),
    "text": (packed("hello"), "HIVE_BAD_DATA: Error reading object {}"),
    "another JSON object": (packed('{"foo": 1}'), "HIVE_BAD_DATA: Error reading object {}: the object is JSON but has no list"),
    "a JSON array": (packed(json.dumps([EVENT])), "HIVE_BAD_DATA: Error reading object {}"),
    "records that are none": (packed('{"Records": {"a": 1}}'), "HIVE_BAD_DATA: Error reading object {}"),
    "records in a string": (packed('{"Records": "many"}'), "HIVE_BAD_DATA: Error reading object {}"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_object_fails_the_query_and_is_named(trail, kind):
    body, expected = BAD[kind]
    trail.put_log("t/good.json.gz", [EVENT])
    trail.put("t/bad.json.gz", body)
    with pytest.raises(SqlError) as failure:
        trail.query("SELECT count(eventid) FROM t")
    assert str(failure.value).startswith(expected.format("s3://logs/t/bad.json.gz"))
    trail.delete("t/bad.json.gz")
    assert trail.rows(PICKED) == [GOOD]


def test_a_bad_object_in_a_partition_that_is_not_read_harms_nothing(lake):
    lake.put_log("t/day=1/x.json.gz", [EVENT])
    lake.put("t/day=2/x.json.gz", b"hello")
    lake.table("t", keys=[("day", "string")])
    for day in ("1", "2"):
        lake.partition("t", [day], f"s3://logs/t/day={day}/")
    assert lake.rows(PICKED + " WHERE day = '1'") == [GOOD]
    with pytest.raises(SqlError, match="HIVE_CURSOR_ERROR"):
        lake.query(PICKED)


def test_empty_objects_hidden_names_and_digests_are_no_logs(trail):
    trail.put("t/empty.json.gz", b"")
    trail.put("t/_SUCCESS", b"x")
    trail.put("t/.hidden.json.gz", b"x")
    trail.put("t/digest.json.gz", packed('{"awsAccountId":"1","digestStartTime":"2026-11-01T00:00:00Z","logFiles":[]}'))
    assert trail.rows("SELECT count(*) FROM t") == [["0"]]
    trail.put_log("t/a.json.gz", [EVENT])
    trail.put_log("t/none.json.gz", [])
    assert trail.rows("SELECT count(*), max(eventname) FROM t") == [["1", "GetObject"]]


SPELLINGS = {
    "lower": {"records": [{k.lower(): v for k, v in EVENT.items()}]},
    "upper, at every depth": {"RECORDS": [{**upper(EVENT), "REQUESTPARAMETERS": EVENT["requestParameters"]}]},
    "Records behind another key": {"other": 1, "Records": [EVENT]},
    "one key of one record among many": {"Records": [{k if k != "eventName" else "EventName": v for k, v in EVENT.items()}]},
    "with a byte order mark": None,
}  # fmt: skip


@pytest.mark.parametrize("kind", SPELLINGS)
def test_keys_are_found_in_any_case(trail, kind):
    body = SPELLINGS[kind]
    trail.put(
        "t/a.json.gz", packed(json.dumps(body) if body else b"\xef\xbb\xbf" + json.dumps({"Records": [EVENT]}).encode())
    )
    trail.put_log("t/b.json.gz", [EVENT])
    assert trail.rows(PICKED) == [GOOD, GOOD]
    assert trail.rows("SELECT * FROM (SELECT eventname, eventid FROM t)") == [GOOD[:2]] * 2


def test_of_equal_keys_one_value_counts_and_never_two_rows(trail):
    trail.put(
        "t/a.json.gz", packed('{"Records":[{"eventID":"1","eventName":"first","eventName":"second","eventTime":"x"}]}')
    )
    assert trail.rows("SELECT count(*) FROM t") == [["1"]]
    assert trail.rows("SELECT eventname FROM t")[0][0] in ("first", "second")


def test_plain_and_gzip_objects_lie_side_by_side(trail):
    trail.put("t/a.json", json.dumps({"Records": [EVENT]}).encode())
    trail.put_log("t/b.json.gz", [EVENT])
    assert trail.rows(PICKED) == [GOOD, GOOD]


def test_a_record_of_a_megabyte_and_an_object_of_many_are_read(trail):
    large = {**EVENT, "requestParameters": {"bucketName": "b", "policy": "ü" * 600_000}}
    trail.put_log("t/a.json.gz", [large, EVENT])
    assert trail.rows("SELECT max(length(requestparameters)) > 600000, count(*) FROM t") == [["true", "2"]]
    trail.put_log("t/b.json.gz", [large] * 20)  # 24 MB: split
    assert trail.rows("SELECT count(*), count(eventid), min(eventname) FROM t") == [["22", "22", "GetObject"]]


def test_gzip_of_several_members_is_read_to_its_end(trail, monkeypatch):
    text = json.dumps({"Records": [{**EVENT, "eventID": str(n)} for n in range(40_000)]}).encode()
    half = len(text) // 2
    trail.put("t/a.json.gz", gzip.compress(text[:half], mtime=0) + gzip.compress(text[half:], mtime=0))
    assert trail.rows("SELECT count(DISTINCT eventid) FROM t") == [["40000"]]


def test_an_object_deleted_after_the_listing_is_read_as_it_was_listed(trail, monkeypatch):
    from trailbook.local import glue_tables

    trail.put_log("t/a.json.gz", [EVENT])
    original = glue_tables.table_objects

    def listed(*args):
        found = original(*args)
        trail.delete("t/a.json.gz")
        return found

    monkeypatch.setattr(glue_tables, "table_objects", listed)
    assert trail.rows(PICKED) == [GOOD]


def test_an_object_whose_bytes_are_gone_is_named(trail):
    trail.put_log("t/a.json.gz", [EVENT])
    for blob in (trail.folder / "objects").glob("*/*.gz"):
        blob.unlink()
    with pytest.raises(SqlError, match=r"HIVE_CANNOT_OPEN_SPLIT: Error opening object s3://logs/t/a.json.gz"):
        trail.query(PICKED)


def test_the_text_of_records_survives_splitting(tmp_path, monkeypatch):
    monkeypatch.setattr(splitting, "_PIECE", 40)
    monkeypatch.setattr(splitting, "_READ", 7)
    records = [{"a": 'x"]},{'}, {"b": [1, {"c": "é😀\\"}]}, {}, {"d": 1e3}]
    for shape, text in (
        (Shape.RECORDS, json.dumps({"Records": records}, indent=1)),
        (Shape.ARRAY, json.dumps(records)),
        (Shape.LINES, "\n".join(map(json.dumps, records))),
    ):
        file = tmp_path / f"{shape}.json"
        file.write_text(text)
        pieces = [p.read_text() for p in split(file, shape, tmp_path)]
        assert len(pieces) > 1
        found = []
        for piece in pieces:
            read = [json.loads(line) for line in piece.splitlines()] if shape is Shape.LINES else json.loads(piece)
            found += read["Records"] if shape is Shape.RECORDS else read
        assert found == records


@pytest.mark.parametrize(
    "text", ['{"Records": [{"a": 1}', '{"Records": [{"a": 1}, 5]}', '{"Records": 1}', '{"Records": [{"a": tru}]}']
)
def test_a_large_object_that_is_no_list_of_records_is_refused(tmp_path, text):
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"\w"):
        split(file, Shape.RECORDS, tmp_path)


def test_the_size_of_a_gzip_file_is_not_believed_where_it_is_large(tmp_path):
    file = tmp_path / "x.json.gz"
    file.write_bytes(packed("{}")[:-4] + b"\xff\xff\xff\xff")
    assert reader.unpacked_size(file) < reader.MOST_AT_ONCE


def test_a_selective_filter_over_many_objects_keeps_memory_bounded(trail):
    """DuckDB alone keeps every parsed document alive behind a selective filter: 100 MB for each here."""
    import psutil

    body = packed(json.dumps({"Records": [EVENT] * 8000}))
    for n in range(30):
        trail.put(f"t/{n}.json.gz", body)
    process = psutil.Process()
    before = process.memory_info().rss
    assert trail.rows("SELECT count(*) FROM t WHERE errorcode IS NOT NULL") == [["0"]]
    assert process.memory_info().rss - before < 700 * 2**20
