"""Preparing a deployment: the Athena database, the table over a trail and the one over the ledger."""

from collections.abc import Sequence
from datetime import date

from trailbook.athena.execution import Athena
from trailbook.canonical import sha256
from trailbook.errors import InvalidRequest
from trailbook.ledger.table import create_ledger_table
from trailbook.settings import Settings
from trailbook.sql.ddl import create_database, create_table


def statements(
    settings: Settings, *, accounts: Sequence[str], regions: Sequence[str], first_day: date
) -> tuple[str, ...]:
    """Return the DDL of the database, the table with partition projection, and the ledger's where that is on S3.

    Raises InvalidRequest for names and locations.
    """
    if not settings.trail:
        raise InvalidRequest("TRAILBOOK_TRAIL is not set: expected the trail's s3://bucket/prefix/AWSLogs (or --trail)")
    table = create_table(settings.table, trail=settings.trail, accounts=accounts, regions=regions, first_day=first_day)
    made = create_database(settings.table), table
    if not settings.ledger.startswith("s3://"):
        return made
    return (*made, create_ledger_table(settings.table.database, settings.ledger))


def init(athena: Athena, ddl: Sequence[str]) -> None:
    """Run the DDL, in order; each statement says IF NOT EXISTS, so running it again changes nothing."""
    for statement in ddl:
        athena.execute(statement, token=sha256(statement.encode()))
