"""Tables of JSON lines: each line gives what a Trino 476 gave (tests/data/json_serdes.json), or is refused as there."""

# ruff: noqa: E501 - a table of cases reads best unwrapped

import gzip
import json
from pathlib import Path

import pytest

from trailbook.local.engine.errors import SqlError

RECORDED = json.loads((Path(__file__).parent.parent / "data" / "json_serdes.json").read_text())
SERDES = {"hive": "org.apache.hive.hcatalog.data.JsonSerDe", "openx": "org.openx.data.jsonserde.JsonSerDe"}
TEXT = "org.apache.hadoop.mapred.TextInputFormat"
COLUMNS = {
    "nested": {
        "s": "string", "i": "bigint", "b": "boolean", "d": "double", "st": "struct<x:string,y:int>", "a": "array<int>",
        "m": "map<string,int>", "ts": "timestamp",
    },
    "scalar": {"s": "string", "i": "date", "b": "decimal(10,2)", "d": "float", "st": "smallint", "a": "tinyint"},
}  # fmt: skip
STRICTER = {
    '{"b":[true]}', '{"s":\'single\'}', '{"s":NaN}', '{"st":""}', '{"m":""}', '{"a":""}',
}  # fmt: skip
"""Lines that OpenX reads and we refuse: what they mean there is no promise of anybody's."""


@pytest.fixture(scope="module")
def lake(shared_lake):
    for serde, library in SERDES.items():
        for columns, kinds in COLUMNS.items():
            shared_lake.table(f"{serde}_{columns}", columns=kinds, serde=library, input_format=TEXT)
    return shared_lake


@pytest.mark.parametrize("serde", SERDES)
@pytest.mark.parametrize("columns", COLUMNS)
def test_a_line_gives_what_trino_gives_or_is_refused(lake, serde, columns):
    table = f"{serde}_{columns}"
    sql = RECORDED["select"][columns].removesuffix("t") + table
    cases = [c for c in RECORDED["answers"] if (c["serde"], c["columns"]) == (serde, columns)]
    refused = [c["line"] for c in cases if "error" in c or (serde == "openx" and c["line"] in STRICTER)]
    read = [c for c in cases if c["line"] not in refused]
    for line in refused:
        lake.put(f"{table}/a.json", f"{line}\n".encode())
        with pytest.raises(SqlError, match=r"HIVE_BAD_DATA: .*line 1"):
            lake.query(sql)
    lake.put(f"{table}/a.json", "".join(f"{c['line']}\n" for c in read).encode())
    assert sorted(map(str, lake.rows(sql))) == sorted(str(c["row"]) for c in read)
    assert len(read) > 3
    assert len(refused) > 3 or (serde, columns) == ("openx", "scalar")


def test_lines_are_read_from_gzip_too_and_a_bad_one_is_named(lake):
    lake.put("hive_nested/a.json", gzip.compress(b'{"i":1}\n{"i":2}\n'))
    lake.delete("hive_nested/a.json")
    lake.put("hive_nested/a.json.gz", gzip.compress(b'{"i":1}\n{"i":2}\n'))
    assert lake.rows("SELECT sum(i), count(*) FROM hive_nested") == [["3", "2"]]
    lake.put("hive_nested/a.json.gz", gzip.compress(b'{"i":1}\n{"i":"x"}\n'))
    with pytest.raises(SqlError, match=r"HIVE_BAD_DATA: .*s3://logs/hive_nested/a.json.gz: .*line 2"):
        lake.query("SELECT sum(i) FROM hive_nested")
    assert lake.rows("SELECT count(s), count(*) FROM hive_nested") == [["0", "2"]]


def test_openx_maps_keys_skips_malformed_lines_and_may_mind_the_case(lake):
    lake.table(
        "mapped", columns={"a": "string", "from_": "string", "dotted_key": "string"}, serde=SERDES["openx"], input_format=TEXT,
        serde_properties={"mapping.from_": "From", "ignore.malformed.json": "TRUE", "dots.in.keys": "true"},
    )  # fmt: skip
    lake.put("mapped/a.json", b'{"A":"1","from":"x","dotted.key":"d"}\n{"a":"cut\n{"a":"3"}\n')
    assert lake.rows("SELECT * FROM mapped") == [["1", "x", "d"], [None, None, None], ["3", None, None]]
    lake.table(
        "exact", columns={"a": "string"}, serde=SERDES["openx"], input_format=TEXT, location="s3://logs/mapped/",
        serde_properties={"case.insensitive": "false", "ignore.malformed.json": "true"},
    )  # fmt: skip
    assert lake.rows("SELECT a FROM exact") == [[None], [None], ["3"]]


def test_columns_named_as_cloudtrails_are_read_from_keys_in_any_case(lake):
    lake.table(
        "named", columns={"eventname": "string", "useridentity": "struct<arn:string,username:string>"}, serde=SERDES["hive"],
        input_format=TEXT,
    )  # fmt: skip
    lake.put("named/a.json", b'{"EVENTNAME":"x","userIdentity":{"ARN":"a","UserName":"u"}}\n')
    assert lake.rows("SELECT eventname, useridentity.arn, useridentity.username FROM named") == [["x", "a", "u"]]


def test_a_serde_that_is_not_known_is_refused_by_name(lake):
    lake.table(
        "lazy", columns={"a": "string"}, serde="org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", input_format=TEXT
    )
    with pytest.raises(
        SqlError, match=r"NOT_SUPPORTED: a table of SerDe org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
    ):
        lake.query("SELECT a FROM lazy")
