"""The Athena database and table of a trail, with partition projection: no crawler, no ALTER TABLE for a new day.

Source: "Create a table for CloudTrail logs in Athena using partition projection" (Amazon Athena user guide). DDL has no
parameters and Hive's quoting differs from SQL's, so everything that goes into it must first match a strict pattern.
"""

import re
from collections.abc import Sequence
from datetime import date

from trailbook.errors import InvalidRequest
from trailbook.runbook.common import ACCOUNT_PATTERN, REGION_PATTERN
from trailbook.settings import PhysicalTable
from trailbook.sql.schema import COLUMNS

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,127}")
_TRAIL = re.compile(
    r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/(?:[A-Za-z0-9!_.*()=+@-]+/)*AWSLogs(?:/o-[a-z0-9]{10,32})?/?", re.ASCII
)


def create_database(table: PhysicalTable) -> str:
    """Return the DDL of the table's database. Raises InvalidRequest for a name that Hive does not take."""
    _refuse(_names(table))
    return f"CREATE DATABASE IF NOT EXISTS `{table.database}`"


def create_table(
    table: PhysicalTable, *, trail: str, accounts: Sequence[str], regions: Sequence[str], first_day: date
) -> str:
    """Return the DDL of the table over a trail's folder, `s3://bucket/prefix/AWSLogs` or, of an organisation, `…/o-id`.

    Raises InvalidRequest with every reason where a name, the trail, an account id or a region is not what it must be.
    """
    trail = trail.rstrip("/")
    _refuse([*_names(table), *_wrong(trail, accounts, regions)])
    account, region, day = table.account_column, table.region_column, table.day_column
    properties = {
        "projection.enabled": "true",
        f"projection.{account}.type": "enum",
        f"projection.{account}.values": ",".join(accounts),
        f"projection.{region}.type": "enum",
        f"projection.{region}.values": ",".join(regions),
        f"projection.{day}.type": "date",
        f"projection.{day}.format": "yyyy/MM/dd",
        f"projection.{day}.range": f"{first_day:%Y/%m/%d},NOW",
        f"projection.{day}.interval": "1",
        f"projection.{day}.interval.unit": "DAYS",
        "storage.location.template": f"{trail}/${{{account}}}/CloudTrail/${{{region}}}/${{{day}}}",
    }
    columns = ",\n".join(f"  `{name}` {kind}" for name, kind in COLUMNS.items())
    written = ",\n".join(f"  '{name}' = '{value}'" for name, value in properties.items())
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS `{table.database}`.`{table.name}` (\n{columns}\n)\n"
        f"COMMENT 'CloudTrail logs, made by trailbook init'\n"
        f"PARTITIONED BY (`{account}` string, `{region}` string, `{day}` string)\n"
        "ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'\n"
        "STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'\n"
        "OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'\n"
        f"LOCATION '{trail}/'\n"
        f"TBLPROPERTIES (\n{written}\n)"
    )


def _names(table: PhysicalTable) -> list[str]:
    columns = [table.account_column, table.region_column, table.day_column]
    wrong = [
        f"expected a Hive name of a-z, 0-9 and _, found {name!r:.80}"
        for name in (table.database, table.name, *columns)
        if not _NAME.fullmatch(name)
    ]
    if len({*columns, *COLUMNS}) != len(columns) + len(COLUMNS):
        wrong.append(f"expected partition columns that differ from each other and the logs' own, found {columns}")
    return wrong


def _wrong(trail: str, accounts: Sequence[str], regions: Sequence[str]) -> list[str]:
    wrong = []
    if not _TRAIL.fullmatch(trail):
        wrong.append(f"trail: expected s3://bucket/prefix/AWSLogs or …/AWSLogs/o-id, found {trail!r:.200}")
    for name, values, pattern in (("accounts", accounts, ACCOUNT_PATTERN), ("regions", regions, REGION_PATTERN)):
        if not values:
            wrong.append(f"{name}: expected at least one, found none: partition projection needs them all")
        wrong += [
            f"{name}: found {value!r:.80}" for value in values if not re.fullmatch(pattern[1:-1], value, re.ASCII)
        ]
    return wrong


def _refuse(reasons: list[str]) -> None:
    if reasons:
        raise InvalidRequest(*reasons)
