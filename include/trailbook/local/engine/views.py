"""Views: queries that stand under a name in the catalogue."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """A stored view: its query, the database that its names are in, and its columns with Trino's type names."""

    sql: str
    database: str
    columns: tuple[tuple[str, str], ...]
