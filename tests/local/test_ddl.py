"""DDL against a running endpoint: what is kept in Glue, and the lines that are printed, byte for byte."""

import json

import pytest

CLOUDTRAIL = """
CREATE EXTERNAL TABLE IF NOT EXISTS `d`.`trail` ( -- the trail
    eventversion STRING, /* of the record */
    `useridentity` STRUCT<type: STRING, principalid: STRING, sessioncontext:
        STRUCT<attributes: STRUCT<creationdate: STRING>>>,
    resources ARRAY<STRUCT<arn: STRING, accountid: STRING>> COMMENT 'it\\'s',
    amount DECIMAL(10, 2), tags map<string,array<int>>
)
COMMENT "all events"
PARTITIONED BY (region string, `day` string COMMENT 'UTC')
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true', 'paths'='a,b')
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://data/trail/'
TBLPROPERTIES ('classification' = 'cloudtrail', 'a\\'b' = 'x;y');
"""
PAD = " "


def stored(endpoint, name):
    return endpoint.glue.get_table(DatabaseName="d", Name=name)["Table"]


def test_all_that_a_table_is_made_with_is_kept_in_glue(endpoint):
    found = endpoint.run(CLOUDTRAIL)
    assert (found["StatementType"], found["SubstatementType"]) == ("DDL", "CREATE_TABLE")
    table = stored(endpoint, "trail")
    storage = table["StorageDescriptor"]
    assert {c["Name"]: c["Type"] for c in storage["Columns"]} == {
        "eventversion": "string",
        "useridentity": "struct<type:string,principalid:string,"
        "sessioncontext:struct<attributes:struct<creationdate:string>>>",
        "resources": "array<struct<arn:string,accountid:string>>",
        "amount": "decimal(10,2)",
        "tags": "map<string,array<int>>",
    }
    assert storage["Columns"][2]["Comment"] == "it's"
    assert table["PartitionKeys"] == [
        {"Name": "region", "Type": "string"}, {"Name": "day", "Type": "string", "Comment": "UTC"}
    ]  # fmt: skip
    assert storage["SerdeInfo"]["Parameters"] == {
        "serialization.format": "1", "ignore.malformed.json": "true", "paths": "a,b"
    }  # fmt: skip
    assert (table["Parameters"]["EXTERNAL"], table["Parameters"]["a'b"], table["Description"]) == (
        "TRUE", "x;y", "all events"
    )  # fmt: skip
    endpoint.run(CLOUDTRAIL)


@pytest.mark.parametrize(
    ("clauses", "serde"),
    [
        ("STORED AS PARQUET", "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"),
        ("ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'", "org.openx.data.jsonserde.JsonSerDe"),
        ("ROW FORMAT SERDE 'com.amazon.emr.hive.serde.CloudTrailSerde'", "com.amazon.emr.hive.serde.CloudTrailSerde"),
        ("ROW FORMAT DELIMITED FIELDS TERMINATED BY ','", "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
        ("", "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
    ],
)
def test_every_form_of_serde_is_taken(endpoint, clauses, serde):
    endpoint.run("DROP TABLE IF EXISTS d.formed")
    endpoint.run(f"CREATE EXTERNAL TABLE formed (a string) {clauses} LOCATION 's3://data/formed/'")
    assert stored(endpoint, "formed")["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"] == serde


def test_describe_pads_to_twenty_columns(endpoint):
    endpoint.run("DROP TABLE IF EXISTS described")
    endpoint.run(
        "CREATE EXTERNAL TABLE described (n int COMMENT 'abc', a_name_of_21_letters_ struct<aa:int,bb:int>) "
        "PARTITIONED BY (p string) STORED AS PARQUET LOCATION 's3://data/described/'"
    )
    partition = f"p{PAD * 19}\tstring{PAD * 14}\t{PAD * 20}"
    expected = [
        f"n{PAD * 19}\tint{PAD * 17}\tabc{PAD * 17}",
        f"a_name_of_21_letters_\tstruct<aa:int,bb:int>\t{PAD * 20}",
        partition,
        "\t \t ",
        "# Partition Information\t \t ",
        f"# col_name{PAD * 12}\tdata_type{PAD * 11}\tcomment{PAD * 13}",
        "\t \t ",
        partition,
    ]
    found = endpoint.run("DESCRIBE described")
    assert (found["StatementType"], found["SubstatementType"]) == ("UTILITY", "DESCRIBE_TABLE")
    assert endpoint.body(found["ResultConfiguration"]["OutputLocation"]).decode() == "\n".join(expected)
    assert endpoint.lines("DESC `d`.`described`;") == expected
    assert endpoint.lines("SHOW COLUMNS IN described") == [
        f"n{PAD * 19}", "a_name_of_21_letters_", f"p{PAD * 19}"
    ]  # fmt: skip
    assert endpoint.lines("SHOW COLUMNS FROM described FROM d") == endpoint.lines("SHOW COLUMNS IN d.described")
    answered = endpoint.athena.get_query_results(QueryExecutionId=found["QueryExecutionId"])
    names = [c["Name"] for c in answered["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
    assert names == ["col_name", "data_type", "comment"]


def test_show_create_table_makes_the_same_table_again(endpoint):
    endpoint.run(CLOUDTRAIL)
    before = stored(endpoint, "trail")
    lines = endpoint.lines("SHOW CREATE TABLE trail")
    assert lines[:3] == [
        "CREATE EXTERNAL TABLE `trail`(",
        "  `eventversion` string COMMENT 'from deserializer', ",
        "  `useridentity` struct<type:string,principalid:string,sessioncontext:struct<attributes:struct<"
        "creationdate:string>>> COMMENT 'from deserializer', ",
    ]
    endpoint.run("DROP TABLE trail")
    endpoint.run("\n".join(lines))
    after = stored(endpoint, "trail")
    for part in ("PartitionKeys", "Description"):
        assert after[part] == before[part]
    for part in ("Location", "InputFormat", "OutputFormat", "SerdeInfo"):
        assert after["StorageDescriptor"][part] == before["StorageDescriptor"][part]
    kept = [{k: v for k, v in t["Parameters"].items() if k != "transient_lastDdlTime"} for t in (before, after)]
    assert kept[0] == kept[1]


def test_show_lists_what_glue_and_sql_made(endpoint):
    endpoint.glue.create_database(DatabaseInput={"Name": "made_by_glue"})
    endpoint.run(
        "CREATE SCHEMA IF NOT EXISTS made_by_sql COMMENT 'x' LOCATION 's3://data/s/' WITH DBPROPERTIES ('a'='b')"
    )
    assert {"d", "default", "made_by_glue", "made_by_sql"} <= set(endpoint.lines("SHOW DATABASES"))
    assert endpoint.lines("SHOW SCHEMAS LIKE 'made_by.*'") == ["made_by_glue", "made_by_sql"]
    assert endpoint.lines("SHOW DATABASES LIKE 'made*'") == []
    kept = endpoint.glue.get_database(Name="made_by_sql")["Database"]
    assert (kept["Description"], kept["LocationUri"], kept["Parameters"]) == ("x", "s3://data/s/", {"a": "b"})
    storage = {"Columns": [{"Name": "v", "Type": "string"}], "Location": "s3://data/g/", "SerdeInfo": {}}
    for name in ("logs_a", "logs_b", "other"):
        endpoint.glue.create_table(
            DatabaseName="made_by_glue",
            TableInput={"Name": name, "StorageDescriptor": storage, "Parameters": {"k": "v"}},
        )
    assert endpoint.lines("SHOW TABLES IN made_by_glue 'logs*|oth*'") == ["logs_a", "logs_b", "other"]
    assert endpoint.lines("SHOW TABLES FROM made_by_glue LIKE 'LOGS_A'") == ["logs_a"]
    assert endpoint.lines("SHOW TBLPROPERTIES made_by_glue.other") == ["k\tv"]
    assert endpoint.lines("SHOW TBLPROPERTIES made_by_glue.other('k')") == ["k\tv"]


def test_partitions_are_added_shown_and_dropped(endpoint):
    endpoint.run(
        "CREATE EXTERNAL TABLE parted (v string) PARTITIONED BY (day string, n int) "
        "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://data/parted'"
    )
    endpoint.s3.put_object(Bucket="data", Key="elsewhere/a.json", Body=json.dumps({"v": "one"}).encode())
    endpoint.run(
        "ALTER TABLE parted ADD PARTITION (day = '2026/11/01', n = 1) LOCATION 's3://data/elsewhere/' "
        "PARTITION (n = 2, day = '2026/11/02')"
    )
    endpoint.run("ALTER TABLE parted ADD IF NOT EXISTS PARTITION (day = '2026/11/01', n = 1)")
    again = endpoint.fails("ALTER TABLE parted ADD PARTITION (day = '2026/11/01', n = 1)")
    assert "AlreadyExistsException(message:Partition already exists.)" in again
    assert endpoint.lines("SHOW PARTITIONS parted") == ["day=2026%2F11%2F01/n=1", "day=2026%2F11%2F02/n=2"]
    assert endpoint.rows("SELECT day, n, v FROM parted") == [["2026/11/01", "1", "one"]]
    endpoint.run("ALTER TABLE parted PARTITION (day = '2026/11/02', n = 2) SET LOCATION 's3://data/elsewhere/'")
    assert endpoint.rows("SELECT count(*) FROM parted") == [["2"]]
    endpoint.run("ALTER TABLE parted DROP PARTITION (day > '2026/11/01'), PARTITION (n = 1)")
    assert endpoint.lines("SHOW PARTITIONS parted") == []
    assert "Partition not found" in endpoint.fails("ALTER TABLE parted DROP PARTITION (n = 1)")
    endpoint.run("ALTER TABLE parted DROP IF EXISTS PARTITION (n = 1)")
    assert "[Error 10098]" in endpoint.fails("ALTER TABLE parted ADD PARTITION (day = 'x')")


def test_partitions_that_glue_makes_are_seen_by_sql(endpoint):
    endpoint.run(
        "CREATE EXTERNAL TABLE shared (v string) PARTITIONED BY (p string) "
        "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://data/shared/'"
    )
    endpoint.s3.put_object(Bucket="data", Key="shared/x/a.json", Body=b'{"v": "1"}')
    storage = {**stored(endpoint, "shared")["StorageDescriptor"], "Location": "s3://data/shared/x/"}
    endpoint.glue.batch_create_partition(
        DatabaseName="d", TableName="shared", PartitionInputList=[{"Values": ["q"], "StorageDescriptor": storage}]
    )
    assert endpoint.rows("SELECT p, v FROM shared") == [["q", "1"]]
    endpoint.glue.delete_partition(DatabaseName="d", TableName="shared", PartitionValues=["q"])
    assert endpoint.rows("SELECT p, v FROM shared") == []


def test_msck_repair_adds_the_folders_that_hold_objects(endpoint):
    endpoint.run(
        "CREATE EXTERNAL TABLE mended (v string) PARTITIONED BY (day string, n int) "
        "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://data/mended/'"
    )
    assert endpoint.lines("MSCK REPAIR TABLE mended") == ["Tables missing on filesystem:\tmended"]
    for key in ("day=1%2F2/n=1/a.json", "DAY=2/N=3/a.json", "day=3/a.json", "stray.json", "day=4/x=1/a.json"):
        endpoint.s3.put_object(Bucket="data", Key=f"mended/{key}", Body=b'{"v": "1"}')
    assert endpoint.lines("MSCK REPAIR TABLE mended") == [
        "Partitions not in metastore:\tmended:day=1%2F2/n=1\tmended:day=2/n=3",
        "Repair: Added partition to metastore mended:day=1%2F2/n=1",
        "Repair: Added partition to metastore mended:day=2/n=3",
    ]
    assert endpoint.lines("MSCK REPAIR TABLE mended") == []
    assert endpoint.rows("SELECT day, n FROM mended ORDER BY 1") == [["1/2", "1"], ["2", "3"]]
    endpoint.s3.delete_object(Bucket="data", Key="mended/DAY=2/N=3/a.json")
    assert endpoint.lines("MSCK REPAIR TABLE mended") == ["Partitions missing from filesystem:\tmended:day=2/n=3"]


def test_columns_and_properties_are_changed(endpoint):
    endpoint.run("CREATE EXTERNAL TABLE changed (a string) STORED AS PARQUET LOCATION 's3://data/changed/'")
    endpoint.run("INSERT INTO changed VALUES 'x'")
    endpoint.run("ALTER TABLE changed ADD COLUMNS (b int COMMENT 'new', c array<string>)")
    assert endpoint.rows("SELECT a, b, c FROM changed") == [["x", None, None]]
    assert "Duplicate column name: b" in endpoint.fails("ALTER TABLE changed ADD COLUMNS (b string)")
    endpoint.run("ALTER TABLE changed SET TBLPROPERTIES ('k' = 'v', 'projection.enabled' = 'false')")
    assert stored(endpoint, "changed")["Parameters"]["k"] == "v"
    endpoint.run("ALTER TABLE changed REPLACE COLUMNS (a string)")
    assert [c["Name"] for c in stored(endpoint, "changed")["StorageDescriptor"]["Columns"]] == ["a"]
    endpoint.run("ALTER TABLE changed SET LOCATION 's3://data/nothing-there/'")
    assert endpoint.rows("SELECT count(*) FROM changed") == [["0"]]


def test_databases_and_tables_go_and_come(endpoint):
    endpoint.run("CREATE DATABASE passing")
    assert endpoint.fails("CREATE DATABASE passing").endswith("Database passing already exists")
    endpoint.run("CREATE EXTERNAL TABLE passing.t (a string) LOCATION 's3://data/p/'")
    assert "already exists" in endpoint.fails("CREATE EXTERNAL TABLE passing.t (a string) LOCATION 's3://data/p/'")
    assert "is not empty" in endpoint.fails("DROP DATABASE passing")
    endpoint.run("DROP TABLE passing.t")
    assert endpoint.fails("DROP TABLE passing.t") == "FAILED: SemanticException [Error 10001]: Table not found t"
    endpoint.run("DROP TABLE IF EXISTS passing.t")
    endpoint.run("DROP DATABASE passing RESTRICT")
    assert endpoint.fails("DROP DATABASE passing").endswith("Database does not exist: passing")
    endpoint.run("DROP SCHEMA IF EXISTS passing CASCADE")


def test_the_request_may_quote_the_database(endpoint):
    endpoint.run("CREATE EXTERNAL TABLE quoted (a string) LOCATION 's3://data/quoted/'")
    context = {"Database": "`d`"}
    assert endpoint.lines("SHOW COLUMNS IN quoted", QueryExecutionContext=context) == [f"a{PAD * 19}"]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("CREATE TABEL x", "SYNTAX_ERROR: line 1:8: mismatched input 'TABEL'. Expecting: 'DATABASE', 'EXTERNAL'"),
        ("CREATE EXTERNAL TABLE t (a string)\nLOCATIO 's3://x/'", "SYNTAX_ERROR: line 2:1: mismatched input 'LOCATIO'"),
        ("CREATE EXTERNAL TABLE t (a strin) LOCATION 's3://data/'", "SYNTAX_ERROR: line 1:28: expected a type"),
        ("CREATE EXTERNAL TABLE t (a varchar) LOCATION 's3://data/'", "SYNTAX_ERROR: line 1:28"),
        ("CREATE EXTERNAL TABLE t (a struct<b:integer>) LOCATION 's3://data/'", "SYNTAX_ERROR: line 1:28"),
        ("CREATE EXTERNAL TABLE t (a string)", "SYNTAX_ERROR: line 1:35: CREATE EXTERNAL TABLE needs a LOCATION"),
        ("CREATE EXTERNAL TABLE t (a string, A int) LOCATION 's3://data/'", "FAILED: SemanticException [Error 10036]"),
        ("CREATE EXTERNAL TABLE nope.t (a string) LOCATION 's3://data/'", "FAILED: SemanticException [Error 10072]"),
        ("CREATE TABLE t (a string) TBLPROPERTIES ('table_type'='ICEBERG')", "NOT_SUPPORTED: line 1:8"),
        ("DROP", "SYNTAX_ERROR: line 1:5: mismatched input '<EOF>'"),
        ("DROP TABLE a b", "SYNTAX_ERROR: line 1:14: mismatched input 'b'. Expecting: <EOF>"),
        ("DROP TABLE other.d.a", "CATALOG_NOT_FOUND: line 1:12: Catalog 'other' not found"),
        ("ALTER TABLE described RENAME TO x", "NOT_SUPPORTED: line 1:23"),
        ("ALTER TABLE nowhere SET TBLPROPERTIES ('a'='b')", "FAILED: SemanticException [Error 10001]: Table not found"),
        ("DESCRIBE nowhere", "FAILED: SemanticException [Error 10001]: Table not found nowhere"),
        ("DESCRIBE FORMATTED described", "NOT_SUPPORTED: DESCRIBE FORMATTED"),
        ("SHOW PARTITIONS quoted", "FAILED: Execution Error, return code 1"),
        ("SHOW TABLES IN nowhere", "FAILED: SemanticException [Error 10072]: Database does not exist: nowhere"),
        ("SHOW FUNCTIONS", "NOT_SUPPORTED: line 1:6: SHOW FUNCTIONS"),
        ("SHOW TABLES '(a+)+$'", "NOT_SUPPORTED"),
        ("USE d", "NOT_SUPPORTED: line 1:1: Queries of this type are not supported: USE"),
        ("DELETE FROM t", "NOT_SUPPORTED: line 1:1: DELETE"),
        ("GRANT SELECT ON t TO x", "NOT_SUPPORTED: line 1:1"),
        ("HELLO", "SYNTAX_ERROR: line 1:1: mismatched input 'HELLO'. Expecting: 'ALTER', 'CREATE'"),
        ("-- nothing\n  ", "SYNTAX_ERROR: line 2:3: mismatched input '<EOF>'"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(endpoint, sql, reason):
    for made in ("described", "quoted"):
        endpoint.run(f"CREATE EXTERNAL TABLE IF NOT EXISTS {made} (a string) LOCATION 's3://data/{made}/'")
    try:
        said = endpoint.fails(sql)
    except endpoint.athena.exceptions.InvalidRequestException as refusal:
        said = refusal.response["Error"]["Message"]
        reason = reason.removeprefix("SYNTAX_ERROR: ")
    assert said.startswith(reason)
