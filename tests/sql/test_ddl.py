"""The DDL of `trailbook init`: what it says, and what never gets into it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from trailbook.errors import InvalidRequest
from trailbook.settings import PhysicalTable
from trailbook.sql.ddl import create_database, create_table
from trailbook.sql.schema import COLUMNS

TABLE = PhysicalTable()
GOOD: Mapping[str, Any] = {
    "trail": "s3://logs-bucket/some/prefix/AWSLogs",
    "accounts": ["111122223333", "444455556666"],
    "regions": ["eu-central-1", "us-east-1"],
    "first_day": date(2026, 1, 2),
}


def test_the_database_is_made_where_there_is_none() -> None:
    assert create_database(TABLE) == "CREATE DATABASE IF NOT EXISTS `trailbook`"


def test_the_table_has_the_logical_columns_and_projects_its_partitions() -> None:
    sql = create_table(TABLE, **GOOD)
    columns = ",\n".join(f"  `{name}` {kind}" for name, kind in COLUMNS.items())
    assert sql.startswith(f"CREATE EXTERNAL TABLE IF NOT EXISTS `trailbook`.`cloudtrail_logs` (\n{columns}\n)\n")
    for line in (
        "PARTITIONED BY (`account` string, `region` string, `timestamp` string)",
        "ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'",
        "STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'",
        "LOCATION 's3://logs-bucket/some/prefix/AWSLogs/'",
        "  'projection.account.type' = 'enum',",
        "  'projection.account.values' = '111122223333,444455556666',",
        "  'projection.region.values' = 'eu-central-1,us-east-1',",
        "  'projection.timestamp.type' = 'date',",
        "  'projection.timestamp.format' = 'yyyy/MM/dd',",
        "  'projection.timestamp.range' = '2026/01/02,NOW',",
        "  'projection.timestamp.interval.unit' = 'DAYS',",
        "  'storage.location.template' = "
        "'s3://logs-bucket/some/prefix/AWSLogs/${account}/CloudTrail/${region}/${timestamp}'",
    ):
        assert line in sql.splitlines()


@pytest.mark.parametrize("trail", ["s3://abc/AWSLogs", "s3://abc/AWSLogs/", "s3://a.b-c/p/AWSLogs/o-abcdefghij/"])
def test_a_trail_s_folder_may_be_of_one_account_or_an_organisation(trail: str) -> None:
    assert f"'{trail.rstrip('/')}/${{account}}/CloudTrail/${{region}}/${{timestamp}}'" in create_table(
        TABLE, **(GOOD | {"trail": trail})
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"trail": "s3://b'ucket/AWSLogs"},
        {"trail": "s3://bucket/pre'fix/AWSLogs"},
        {"trail": "s3://bucket/${x}/AWSLogs"},
        {"trail": "s3://bucket/AWSLogs\n"},
        {"trail": "s3://bucket/AWSLogs/123456789012"},
        {"trail": "https://bucket/AWSLogs"},
        {"trail": "s3://bucket"},
        {"trail": ""},
        {"accounts": []},
        {"accounts": ["1' , 'x"]},
        {"accounts": ["١٢٣٤٥٦٧٨٩٠١٢"]},
        {"accounts": ["111122223333\n"]},
        {"regions": []},
        {"regions": ["eu-central-1'"]},
    ],
)
def test_what_could_be_more_than_a_value_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        create_table(TABLE, **(GOOD | wrong))
    assert len(caught.value.reasons) == 1
    assert caught.value.reasons[0].startswith(f"{next(iter(wrong))}: ")


@pytest.mark.parametrize(
    "wrong",
    [
        {"database": "a`b"},
        {"database": ""},
        {"name": "a-b"},
        {"name": "A"},
        {"account_column": "x y"},
        {"region_column": "account"},
        {"day_column": "eventtime"},
    ],
)
def test_a_name_that_hive_does_not_take_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest, match="expected"):
        create_table(replace(TABLE, **wrong), **GOOD)


def test_all_reasons_are_said_at_once() -> None:
    with pytest.raises(InvalidRequest) as caught:
        create_table(
            replace(TABLE, name="-"), trail="x", accounts=["1"], regions=["2", "3"], first_day=date(2026, 1, 1)
        )
    assert len(caught.value.reasons) == 5
