"""CloudTrail records in a connection's memory, read as those of a log file are."""

from collections.abc import Mapping

import duckdb

from trailbook.local.engine.reader import Shape, unnested, values
from trailbook.local.engine.types import Type, duckdb_type, from_hive, identifier
from trailbook.sql.schema import COLUMNS

KINDS: Mapping[str, Type] = {name: from_hive(hive) for name, hive in COLUMNS.items()}
"""The columns of CloudTrail's table."""

_SMALL = 100_000
"""Characters of records that are told from others without reading them in again."""


def _taken() -> str:
    columns = list(KINDS.items())
    listed = unnested(columns, Shape.ARRAY, "CAST(given.document AS JSON)")
    return f"INSERT INTO records SELECT {values(columns)} FROM (SELECT unnest({listed}) AS r FROM given)"  # noqa: S608  # compiled text only


class Records:
    """The relation `records` of a connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Hold none. The records come in through a table, since a statement with parameters is planned at each run."""
        fields = ", ".join(f"{identifier(n)} {duckdb_type(k)}" for n, k in KINDS.items())
        connection.execute(f"CREATE TABLE records ({fields})")
        connection.execute("CREATE TABLE given (document VARCHAR)")
        connection.execute(f"PREPARE take AS {_taken()}")
        self._connection = connection
        self._held: str | None = None

    def replace(self, texts: list[str]) -> None:
        """Hold these records, each a JSON object, instead. Raises duckdb.Error."""
        whole = f"[{','.join(texts)}]"
        if whole == self._held:
            return
        self._held = None
        self._connection.execute("BEGIN")
        try:
            self._connection.execute("DELETE FROM records")
            self._connection.execute("DELETE FROM given")
            if texts:
                self._connection.execute("INSERT INTO given VALUES (?)", [whole])
                self._connection.execute("EXECUTE take")
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        if len(whole) <= _SMALL:
            self._held = whole
