"""Sets of CloudTrail records in a connection's memory, read as those of a log file are; one set at a time is shown."""

from collections.abc import Mapping, Sequence

import duckdb

from trailbook.errors import InvalidRequest
from trailbook.local.engine.reader import Shape, unnested, values
from trailbook.local.engine.types import Type, duckdb_type, from_hive, identifier
from trailbook.sql.schema import COLUMNS

KINDS: Mapping[str, Type] = {name: from_hive(hive) for name, hive in COLUMNS.items()}
"""The columns of CloudTrail's table."""

_NAMES = ", ".join(identifier(name) for name in KINDS)

SHOWN = f"SELECT {_NAMES} FROM records WHERE tb_set = (SELECT tb_set FROM shown)"  # noqa: S608  # constants
"""What selects the records of the set that is shown."""


def _taken() -> str:
    columns = list(KINDS.items())
    listed = unnested(columns, Shape.ARRAY, "CAST(given.document AS JSON)")
    each = f"SELECT tb_set, unnest({listed}) AS r FROM given"  # noqa: S608  # compiled text only
    return f"INSERT INTO records SELECT tb_set, {values(columns)} FROM ({each})"  # noqa: S608  # compiled text only


class Records:
    """The relation `records` of a connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Hold none. The records come in through a table, since a statement with parameters is planned at each run."""
        fields = ", ".join(f"{identifier(n)} {duckdb_type(k)}" for n, k in KINDS.items())
        connection.execute(f"CREATE TABLE records (tb_set INTEGER, {fields})")
        connection.execute("CREATE TABLE given (tb_set INTEGER, document VARCHAR)")
        connection.execute("CREATE TABLE shown AS SELECT 0 AS tb_set")
        connection.execute(f"PREPARE take AS {_taken()}")
        self._connection = connection

    def hold(self, sets: Sequence[Sequence[str]]) -> None:
        """Hold these sets of records, each a JSON object, instead, and show the first.

        Reading in is planned for all of them at once, which takes longer than reading. Raises InvalidRequest for
        records that no table holds, and holds none then.
        """
        given = [value for n, texts in enumerate(sets) if texts for value in (n, f"[{','.join(texts)}]")]
        self._connection.execute("DELETE FROM records")
        self._connection.execute("DELETE FROM given")
        self.show(0)
        try:
            if given:
                self._connection.execute(f"INSERT INTO given VALUES {', '.join(['(?, ?)'] * (len(given) // 2))}", given)  # noqa: S608  # constants
                self._connection.execute("EXECUTE take")
        except (duckdb.Error, UnicodeError) as error:
            raise InvalidRequest(f"the records cannot be read in: {str(error).partition(chr(10))[0]}") from error

    def show(self, number: int) -> None:
        """Show the set of this number."""
        self._connection.execute(f"UPDATE shown SET tb_set = {int(number)}")  # noqa: S608  # a number
