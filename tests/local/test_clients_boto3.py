"""Athena's API through boto3: what AWS answers, to what is right and to what is wrong."""

import time

import boto3
import pytest
from botocore.exceptions import ClientError

from trailbook.local.server import serve

ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
PLACE = {"OutputLocation": "s3://results/q"}


def client(url, name, region="us-east-1"):
    return boto3.client(
        name, endpoint_url=url, aws_access_key_id="any", aws_secret_access_key="any", region_name=region
    )


@pytest.fixture(scope="module")
def url():
    with serve(None) as server:
        client(server.endpoint_url, "s3").create_bucket(Bucket="results")
        yield server.endpoint_url


@pytest.fixture
def athena(url):
    return client(url, "athena")


def ended(athena, name):
    for _ in range(1500):
        found = athena.get_query_execution(QueryExecutionId=name)["QueryExecution"]
        if found["Status"]["State"] in ENDED:
            return found
        time.sleep(0.02)
    raise AssertionError(found)


def query(athena, sql, **more):
    asked = {"QueryString": sql, "ResultConfiguration": PLACE} | more
    return ended(athena, athena.start_query_execution(**asked)["QueryExecutionId"])


def refused(call, **arguments):
    """Return code, AthenaErrorCode and message of the refusal of a call."""
    with pytest.raises(ClientError) as refusal:
        call(**arguments)
    answer = refusal.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    return answer["Error"]["Code"], answer.get("AthenaErrorCode", ""), answer["Error"]["Message"]


def test_an_execution_is_described_as_aws_describes_it(athena):
    found = query(
        athena,
        "/* who */ SELECT 1 AS one",
        QueryExecutionContext={"Database": "Some", "Catalog": "AwsDataCatalog"},
        ResultConfiguration=PLACE | {"EncryptionConfiguration": {"EncryptionOption": "SSE_S3"}},
    )
    name = found["QueryExecutionId"]
    assert found["QueryExecutionContext"] == {"Database": "Some", "Catalog": "awsdatacatalog"}
    assert (found["StatementType"], found["SubstatementType"], found["WorkGroup"]) == ("DML", "SELECT", "primary")
    assert found["ResultConfiguration"] == {
        "OutputLocation": f"s3://results/q/{name}.csv",
        "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
    }
    assert found["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3"
    assert set(found["Statistics"]) == {
        "EngineExecutionTimeInMillis", "DataScannedInBytes", "TotalExecutionTimeInMillis", "QueryQueueTimeInMillis",
        "ServicePreProcessingTimeInMillis", "QueryPlanningTimeInMillis", "ServiceProcessingTimeInMillis",
        "ResultReuseInformation",
    }  # fmt: skip
    runtime = athena.get_query_runtime_statistics(QueryExecutionId=name)["QueryRuntimeStatistics"]
    assert (runtime["Rows"]["OutputRows"], runtime["OutputStage"]["State"]) == (1, "FINISHED")


def test_columns_carry_the_precision_scale_and_case_of_their_types(athena):
    columns = {
        "varchar": ("cast('a' AS varchar)", 2147483647, 0, True),
        "tinyint": ("CAST(1 AS tinyint)", 3, 0, False),
        "smallint": ("CAST(1 AS smallint)", 5, 0, False),
        "integer": ("1", 10, 0, False),
        "bigint": ("CAST(1 AS bigint)", 19, 0, False),
        "double": ("1e0", 17, 0, False),
        "float": ("CAST(1 AS real)", 17, 0, False),
        "decimal": ("CAST('1.25' AS decimal(10,2))", 10, 2, False),
        "boolean": ("true", 0, 0, False),
        "date": ("DATE '2026-11-01'", 0, 0, False),
        "timestamp": ("TIMESTAMP '2026-11-01 01:02:03.004'", 3, 0, False),
        "timestamp with time zone": ("TIMESTAMP '2026-11-01 01:02:03.004 UTC'", 3, 0, False),
        "varbinary": ("X'0102'", 1073741824, 0, False),
        "array": ("ARRAY[1]", 0, 0, False),
        "map": ("MAP(ARRAY['k'], ARRAY[1])", 0, 0, False),
        "row": ("CAST(ROW(1) AS ROW(a integer))", 0, 0, False),
    }
    shown = ", ".join(f"{sql} AS c{i}" for i, (sql, *_) in enumerate(columns.values()))
    found = query(athena, f"SELECT {shown}")
    assert found["Status"]["State"] == "SUCCEEDED", found["Status"]
    answer = athena.get_query_results(QueryExecutionId=found["QueryExecutionId"])
    infos = answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    got = {i["Type"]: (i["Precision"], i["Scale"], i["CaseSensitive"]) for i in infos}
    assert got == {kind: tuple(rest) for kind, (_, *rest) in columns.items()}
    assert {(i["CatalogName"], i["SchemaName"], i["TableName"], i["Nullable"]) for i in infos} == {
        ("hive", "", "", "UNKNOWN")
    }
    assert answer["UpdateCount"] == 0


def test_pages_of_results_have_one_header_and_hold_every_row(athena):
    found = query(athena, "SELECT x FROM UNNEST(sequence(1, 1200)) AS t (x) ORDER BY x")
    name = found["QueryExecutionId"]
    whole = athena.get_query_results(QueryExecutionId=name)
    assert len(whole["ResultSet"]["Rows"]) == 1000
    rest = athena.get_query_results(QueryExecutionId=name, NextToken=whole["NextToken"])
    assert len(rest["ResultSet"]["Rows"]) == 201
    assert "NextToken" not in rest
    assert rest["ResultSet"]["Rows"][0]["Data"][0]["VarCharValue"] == "1000"
    pages = athena.get_paginator("get_query_results").paginate(
        QueryExecutionId=name, PaginationConfig={"PageSize": 100}
    )
    texts = [row["Data"][0]["VarCharValue"] for page in pages for row in page["ResultSet"]["Rows"]]
    assert texts == ["x", *map(str, range(1, 1201))]


def test_results_are_refused_in_athenas_order_and_words(athena):
    good, bad = query(athena, "SELECT 1"), query(athena, "SELECT 1/0")
    assert bad["Status"]["AthenaError"]["ErrorType"] == 1001
    get, name = athena.get_query_results, good["QueryExecutionId"]
    assert refused(get, QueryExecutionId="none", MaxResults=1001) == (
        "InvalidRequestException", "QUERY_EXECUTION_NOT_FOUND", "QueryExecution none was not found",
    )  # fmt: skip
    assert refused(get, QueryExecutionId=name, MaxResults=1001, NextToken="x") == (
        "InvalidRequestException", "INVALID_INPUT", "MaxResults is more than maximum allowed length 1000",
    )  # fmt: skip
    assert refused(get, QueryExecutionId=bad["QueryExecutionId"], NextToken="x") == (
        "InvalidRequestException", "INVALID_QUERY_EXECUTION_STATE",
        "Query did not finish successfully. Final query state: FAILED",
    )  # fmt: skip
    other = athena.get_query_results(QueryExecutionId=query(athena, "SELECT 2")["QueryExecutionId"], MaxResults=1)
    for token in ("x", other["NextToken"], "AAAA"):
        assert refused(get, QueryExecutionId=name, NextToken=token) == (
            "InvalidRequestException", "INVALID_INPUT", f"Malformed nextPageToken {token}",
        )  # fmt: skip


def test_a_statement_that_does_not_parse_makes_no_execution_and_spends_no_token(athena):
    token = "s" * 32
    code, detail, message = refused(
        athena.start_query_execution, QueryString="SELEC 1", ResultConfiguration=PLACE, ClientRequestToken=token
    )
    assert (code, detail) == ("InvalidRequestException", "MALFORMED_QUERY")
    assert message.startswith("line 1:")
    assert query(athena, "SELECT 1", ClientRequestToken=token)["Status"]["State"] == "SUCCEEDED"
    for wrong in ("DROP TABL x", "CREATE TABLE t AS SELEC 1", "INSERT INTO t SELECT FROM", "-- only", "SHOW NOTHING"):
        assert refused(athena.start_query_execution, QueryString=wrong, ResultConfiguration=PLACE)[1] == (
            "MALFORMED_QUERY"
        )


def test_parameters_are_bound_and_shown(athena):
    found = query(athena, "SELECT ? AS a, ? AS b", ExecutionParameters=["'it''s'", "42"])
    assert found["ExecutionParameters"] == ["'it''s'", "42"]
    rows = athena.get_query_results(QueryExecutionId=found["QueryExecutionId"])["ResultSet"]["Rows"]
    assert [cell["VarCharValue"] for cell in rows[1]["Data"]] == ["it's", "42"]
    hostile = query(athena, "SELECT ? AS a, ? AS b", ExecutionParameters=["1", "1); DROP TABLE t --"])
    rows = athena.get_query_results(QueryExecutionId=hostile["QueryExecutionId"])["ResultSet"]["Rows"]
    assert rows[1]["Data"][1]["VarCharValue"] == "1); DROP TABLE t --"
    for wrong in (["1"], ["1", "2", "3"], ["1", "(SELECT 1)"]):
        assert query(athena, "SELECT ? AS a, ? AS b", ExecutionParameters=wrong)["Status"]["State"] == "FAILED"


def test_a_catalogue_that_is_not_there_answers_nothing(athena):
    found = query(athena, "SELECT 1", QueryExecutionContext={"Catalog": "other"})
    assert found["Status"]["StateChangeReason"] == "CATALOG_NOT_FOUND: Catalog 'other' not found"
    assert found["Status"]["AthenaError"]["ErrorType"] == 1006


def test_a_failed_ddl_leaves_its_reason_as_its_result(athena, url):
    found = query(athena, "DROP TABLE nothing")
    assert (found["Status"]["State"], found["StatementType"]) == ("FAILED", "DDL")
    key = found["ResultConfiguration"]["OutputLocation"].removeprefix("s3://results/")
    body = client(url, "s3").get_object(Bucket="results", Key=key)["Body"].read().decode()
    assert body == found["Status"]["StateChangeReason"]
    assert athena.get_query_results(QueryExecutionId=found["QueryExecutionId"])["ResultSet"]["Rows"] == []


def test_a_token_names_a_statement_its_context_and_its_place(athena):
    start, token = athena.start_query_execution, "i" * 40
    asked = {"QueryString": "SELECT 1", "ResultConfiguration": PLACE, "ClientRequestToken": token}
    context = {"QueryExecutionContext": {"Database": "default"}}
    first = start(**asked)["QueryExecutionId"]
    assert start(**asked)["QueryExecutionId"] == first
    for other in ({"QueryString": "SELECT 2"}, context, {"ResultConfiguration": {"OutputLocation": "s3://results/o"}}):
        assert refused(start, **(asked | other))[1:] == (
            "IDEMPOTENT_PARAMETER_MISMATCH", "Idempotent parameters do not match",
        )  # fmt: skip
    assert refused(start, **(asked | {"ResultConfiguration": {"OutputLocation": "nowhere"}}))[2] == (
        "outputLocation is not a valid S3 path."
    )
    assert "less than or equal to 128" in refused(start, **(asked | {"ClientRequestToken": "i" * 129}))[2]


def test_executions_are_listed_by_work_group_newest_first_and_in_pages(athena):
    athena.create_work_group(Name="listed", Configuration={"ResultConfiguration": PLACE})
    made = [query(athena, f"SELECT {n}", WorkGroup="listed")["QueryExecutionId"] for n in range(5)]
    found, token = [], {}
    while True:
        page = athena.list_query_executions(WorkGroup="listed", MaxResults=2, **token)
        found += page["QueryExecutionIds"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert found == made[::-1]
    batch = athena.batch_get_query_execution(QueryExecutionIds=[made[0], "none"])
    assert [q["QueryExecutionId"] for q in batch["QueryExecutions"]] == [made[0]]
    assert batch["UnprocessedQueryExecutionIds"][0]["ErrorCode"] == "QUERY_EXECUTION_NOT_FOUND"
    assert refused(athena.list_query_executions, NextToken="x")[2] == "The nextPageToken is malformed: x"


def test_work_groups_are_made_changed_and_removed(athena):
    settings = {"ResultConfiguration": {"OutputLocation": "s3://results/w/"}, "BytesScannedCutoffPerQuery": 10_000_000}
    athena.create_work_group(Name="w1", Configuration=settings, Tags=[{"Key": "team", "Value": "audit"}])
    assert refused(athena.create_work_group, Name="w1")[2] == "WorkGroup is already created"
    found = athena.get_work_group(WorkGroup="w1")["WorkGroup"]
    assert "Description" not in found
    assert found["Configuration"]["EnforceWorkGroupConfiguration"] is True
    updates = {"ResultConfigurationUpdates": {"RemoveOutputLocation": True}, "RemoveBytesScannedCutoffPerQuery": True}
    athena.update_work_group(WorkGroup="w1", Description="d", ConfigurationUpdates=updates)
    changed = athena.get_work_group(WorkGroup="w1")["WorkGroup"]
    assert (changed["Description"], changed["Configuration"]["ResultConfiguration"]) == ("d", {})
    assert "BytesScannedCutoffPerQuery" not in changed["Configuration"]
    arn = "arn:aws:athena:us-east-1:123456789012:workgroup/w1"
    assert athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "audit"}]
    query(athena, "SELECT 1", WorkGroup="w1")
    assert refused(athena.delete_work_group, WorkGroup="w1")[2] == "WorkGroup w1 is not empty"
    athena.delete_work_group(WorkGroup="w1", RecursiveDeleteOption=True)
    assert refused(athena.get_work_group, WorkGroup="w1") == (
        "InvalidRequestException", "INVALID_INPUT", "WorkGroup is not found.",
    )  # fmt: skip
    refused(athena.delete_work_group, WorkGroup="primary")
    for wrong in (
        {"ManagedQueryResultsConfiguration": {"Enabled": True}, "ResultConfiguration": PLACE},
        {"IdentityCenterConfiguration": {"EnableIdentityCenter": True}},
        {"ResultConfiguration": {"OutputLocation": "http://x"}},
        {"EngineVersion": {"SelectedEngineVersion": "Athena engine version 2"}},
    ):
        refused(athena.create_work_group, Name="w2", Configuration=wrong)
    assert "w2" not in [g["Name"] for g in athena.list_work_groups()["WorkGroups"]]


def test_a_work_group_with_managed_results_tells_of_no_place(athena):
    athena.create_work_group(Name="managed", Configuration={"ManagedQueryResultsConfiguration": {"Enabled": True}})
    name = athena.start_query_execution(QueryString="SELECT 1 AS a", WorkGroup="managed")["QueryExecutionId"]
    found = ended(athena, name)
    assert "ResultConfiguration" not in found
    assert found["ManagedQueryResultsConfiguration"] == {"Enabled": True}
    assert len(athena.get_query_results(QueryExecutionId=name)["ResultSet"]["Rows"]) == 2
    refused(athena.start_query_execution, QueryString="SELECT 1", WorkGroup="managed", ResultConfiguration=PLACE)
    off = {"ManagedQueryResultsConfigurationUpdates": {"Enabled": False}, "ResultConfigurationUpdates": PLACE}
    athena.update_work_group(WorkGroup="managed", ConfigurationUpdates=off)
    assert query(athena, "SELECT 1", WorkGroup="managed")["ResultConfiguration"]["OutputLocation"].endswith(".csv")


def test_a_disabled_work_group_runs_nothing(athena):
    athena.create_work_group(Name="off", Configuration={"ResultConfiguration": PLACE})
    athena.update_work_group(WorkGroup="off", State="DISABLED")
    assert "disabled" in refused(athena.start_query_execution, QueryString="SELECT 1", WorkGroup="off")[2]


def test_named_queries_live_their_whole_life(athena):
    asked = {"Name": "n", "Database": "d", "QueryString": "SELECT 1", "ClientRequestToken": "n" * 32}
    made = athena.create_named_query(**asked)["NamedQueryId"]
    assert athena.create_named_query(**asked)["NamedQueryId"] == made
    assert refused(athena.create_named_query, **(asked | {"QueryString": "SELECT 2"}))[1] == (
        "IDEMPOTENT_PARAMETER_MISMATCH"
    )
    athena.update_named_query(NamedQueryId=made, Name="m", QueryString="SELECT 3")
    assert athena.get_named_query(NamedQueryId=made)["NamedQuery"] == {
        "Name": "m", "Database": "d", "QueryString": "SELECT 3", "NamedQueryId": made, "WorkGroup": "primary",
    }  # fmt: skip
    assert made in athena.list_named_queries()["NamedQueryIds"]
    batch = athena.batch_get_named_query(NamedQueryIds=[made, "none"])
    assert [len(batch["NamedQueries"]), len(batch["UnprocessedNamedQueryIds"])] == [1, 1]
    athena.delete_named_query(NamedQueryId=made)
    assert refused(athena.get_named_query, NamedQueryId=made)[0] == "InvalidRequestException"


def test_prepared_statements_live_their_whole_life(athena):
    where = {"StatementName": "find", "WorkGroup": "primary"}
    athena.create_prepared_statement(**where, QueryStatement="SELECT ?", Description="d")
    refused(athena.create_prepared_statement, **where, QueryStatement="SELECT 2")
    athena.update_prepared_statement(**where, QueryStatement="SELECT ? + 1")
    found = athena.get_prepared_statement(**where)["PreparedStatement"]
    assert (found["QueryStatement"], found["Description"]) == ("SELECT ? + 1", "d")
    assert [s["StatementName"] for s in athena.list_prepared_statements(WorkGroup="primary")["PreparedStatements"]] == [
        "find"
    ]
    batch = athena.batch_get_prepared_statement(PreparedStatementNames=["find", "none"], WorkGroup="primary")
    assert batch["UnprocessedPreparedStatementNames"][0]["StatementName"] == "none"
    athena.delete_prepared_statement(**where)
    assert refused(athena.get_prepared_statement, **where)[0] == "ResourceNotFoundException"


def test_the_catalogue_is_glues(athena, url):
    glue = client(url, "glue")
    glue.create_database(DatabaseInput={"Name": "seen", "Description": "d", "Parameters": {"a": "b"}})
    storage = {"Columns": [{"Name": "c", "Type": "string", "Comment": "why"}], "Location": "s3://results/seen/",
               "SerdeInfo": {"SerializationLibrary": "x.Serde", "Parameters": {"p": "1"}}}  # fmt: skip
    for name in ("one", "two"):
        glue.create_table(
            DatabaseName="seen",
            TableInput={"Name": name, "StorageDescriptor": storage, "PartitionKeys": [{"Name": "day", "Type": "date"}]},
        )
    own = {"CatalogName": "AwsDataCatalog"}
    assert athena.get_database(**own, DatabaseName="seen")["Database"] == {
        "Name": "seen", "Description": "d", "Parameters": {"a": "b"},
    }  # fmt: skip
    assert [d["Name"] for d in athena.list_databases(**own)["DatabaseList"]] == ["default", "seen"]
    table = athena.get_table_metadata(**own, DatabaseName="seen", TableName="one")["TableMetadata"]
    assert table["Columns"] == [{"Name": "c", "Type": "string", "Comment": "why"}]
    assert table["PartitionKeys"] == [{"Name": "day", "Type": "date"}]
    assert table["Parameters"]["serde.serialization.lib"] == "x.Serde"
    tables = athena.list_table_metadata(**own, DatabaseName="seen", Expression="t.*")["TableMetadataList"]
    assert [t["Name"] for t in tables] == ["two"]
    first = athena.list_table_metadata(**own, DatabaseName="seen", MaxResults=1)
    second = athena.list_table_metadata(**own, DatabaseName="seen", NextToken=first["NextToken"])
    assert [t["Name"] for page in (first, second) for t in page["TableMetadataList"]] == ["one", "two"]
    for call, arguments in (
        (athena.get_database, {"DatabaseName": "none"}),
        (athena.get_table_metadata, {"DatabaseName": "seen", "TableName": "none"}),
        (athena.list_table_metadata, {"DatabaseName": "none"}),
    ):
        assert refused(call, **own, **arguments)[0] == "MetadataException"
    assert refused(athena.list_databases, CatalogName="none")[1] == "DATACATALOG_NOT_FOUND"
    assert athena.get_data_catalog(Name="AwsDataCatalog")["DataCatalog"]["Type"] == "GLUE"
    assert [c["CatalogName"] for c in athena.list_data_catalogs()["DataCatalogsSummary"]] == ["AwsDataCatalog"]
    engines = [v["SelectedEngineVersion"] for v in athena.list_engine_versions()["EngineVersions"]]
    assert engines == ["AUTO", "Athena engine version 3"]


def test_regions_share_nothing(athena, url):
    other = client(url, "athena", "eu-west-1")
    athena.create_work_group(Name="here")
    assert "here" not in [g["Name"] for g in other.list_work_groups()["WorkGroups"]]
    made = query(athena, "SELECT 1")["QueryExecutionId"]
    assert refused(other.get_query_execution, QueryExecutionId=made)[1] == "QUERY_EXECUTION_NOT_FOUND"


def test_what_is_no_part_of_the_local_athena_is_refused_by_name(athena):
    assert refused(athena.list_notebook_metadata, WorkGroup="primary")[2] == (
        "ListNotebookMetadata is not supported by the local Athena"
    )


def test_heavy_queries_hold_up_no_statement_about_the_catalogue(athena):
    numbers = "UNNEST(sequence(1, 10000)) a (x), UNNEST(sequence(1, 10000)) b (y), UNNEST(sequence(1, 1000)) c (z)"
    heavy = [
        athena.start_query_execution(
            QueryString=f"SELECT count(*) FROM {numbers} WHERE x * y % 7 = {n}",  # noqa: S608  # numbers
            ResultConfiguration=PLACE,
        )["QueryExecutionId"]
        for n in range(5)
    ]
    assert query(athena, "SHOW DATABASES")["Status"]["State"] == "SUCCEEDED"
    states = [athena.get_query_execution(QueryExecutionId=h)["QueryExecution"]["Status"]["State"] for h in heavy]
    assert states == ["RUNNING"] * 4 + ["QUEUED"]
    for name in heavy:
        athena.stop_query_execution(QueryExecutionId=name)
    assert {ended(athena, name)["Status"]["StateChangeReason"] for name in heavy} == {"Query cancelled by user"}
    assert refused(athena.get_query_results, QueryExecutionId=heavy[4])[1:] == (
        "RESULT_NOT_FOUND", "Could not find results",
    )  # fmt: skip


def test_thirty_two_queries_at_once_are_all_right_and_start_in_their_order(athena):
    names = [
        athena.start_query_execution(
            QueryString=f"SELECT sum(x) + {n} AS s FROM UNNEST(sequence(1, 1000)) AS t (x)",  # noqa: S608  # numbers
            ResultConfiguration=PLACE,
        )["QueryExecutionId"]
        for n in range(32)
    ]
    found = [ended(athena, name) for name in names]
    assert {f["Status"]["State"] for f in found} == {"SUCCEEDED"}
    sums = [
        athena.get_query_results(QueryExecutionId=name)["ResultSet"]["Rows"][1]["Data"][0]["VarCharValue"]
        for name in names
    ]
    assert sums == [str(500500 + n) for n in range(32)]
