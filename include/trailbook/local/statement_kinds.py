"""Which kind of statement a text is, by its first words, and where Athena puts the result of that kind.

Comments count as blanks, also between keywords; the text itself is judged later, by the parser. `StatementType`,
`SubstatementType` and the place are Athena's own for every kind named here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import islice

_TOKEN = re.compile(
    r"(?P<blank>\s+|--[^\n]*|/\*.*?\*/)|(?P<word>[A-Za-z_][\w$]*)|(?P<other>'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|.)",
    re.DOTALL,
)
_QUERY = ("SELECT", "WITH", "VALUES", "TABLE")
_MOST_WORDS = 12


class Place(Enum):
    """Where a kind's result goes, below the output location; `{id}` is the query execution's."""

    CSV = "{id}.csv"
    TXT = "{id}.txt"
    BARE = "{id}"
    TABLES = "tables/{id}"


@dataclass(frozen=True, slots=True)
class StatementKind:
    """A statement's StatementType, SubstatementType and the place of its result."""

    statement: str
    substatement: str
    place: Place

    def output(self, location: str, identifier: str) -> str:
        """Return the OutputLocation of an execution below `location`, which ends in `/`."""
        return location + self.place.value.format(id=identifier)


_SIMPLE = {
    "EXPLAIN": StatementKind("DML", "EXPLAIN", Place.TXT),
    "INSERT": StatementKind("DML", "INSERT", Place.BARE),
    "UNLOAD": StatementKind("DML", "UNLOAD", Place.BARE),
    "UPDATE": StatementKind("DML", "UPDATE", Place.CSV),
    "DELETE": StatementKind("DML", "DELETE", Place.CSV),
    "MERGE": StatementKind("DML", "MERGE", Place.CSV),
    "EXECUTE": StatementKind("DML", "EXECUTE", Place.CSV),
    "PREPARE": StatementKind("UTILITY", "PREPARE", Place.TXT),
    "DEALLOCATE": StatementKind("UTILITY", "DEALLOCATE", Place.TXT),
    "DESCRIBE": StatementKind("UTILITY", "DESCRIBE_TABLE", Place.TXT),
    "DESC": StatementKind("UTILITY", "DESCRIBE_TABLE", Place.TXT),
    "MSCK": StatementKind("DDL", "MSCK_REPAIR", Place.TXT),
}
_SHOW = {
    "TABLES": "SHOW_TABLES",
    "DATABASES": "SHOW_DATABASES",
    "SCHEMAS": "SHOW_DATABASES",
    "COLUMNS": "SHOW_COLUMNS",
    "PARTITIONS": "SHOW_PARTITIONS",
    "TBLPROPERTIES": "SHOW_TABLE_PROPERTIES",
    "VIEWS": "SHOW_VIEWS",
    "FUNCTIONS": "SHOW_FUNCTIONS",
}
_ALTER = (
    (("ADD", "COLUMNS"), "ALTER_TABLE_ADD_COLUMN"),
    (("REPLACE", "COLUMNS"), "ALTER_TABLE_REPLACE_COLUMN"),
    (("ADD", "PARTITION"), "ALTER_TABLE_ADD_PARTITION"),
    (("DROP", "PARTITION"), "ALTER_TABLE_DROP_PARTITION"),
    (("DROP", "COLUMN"), "ALTER_TABLE_DROP_COLUMN"),
    (("RENAME", "TO"), "ALTER_TABLE_RENAME"),
    (("SET", "LOCATION"), "ALTER_TABLE_SET_LOCATION"),
    (("SET", "TBLPROPERTIES"), "ALTER_TABLE_PROPERTIES"),
)


def kind_of(sql: str) -> StatementKind:
    """Return the kind of a statement; a text that begins with no known word counts as a query."""
    words = list(islice(_words(sql), _MOST_WORDS))
    first, second = (*words, "", "")[:2]
    if first in _SIMPLE:
        return _SIMPLE[first]
    if first == "SHOW":
        return _show(words)
    if first == "CREATE":
        return _create(sql, words)
    if first == "DROP":
        what = {"SCHEMA": "DATABASE"}.get(second, second)
        return StatementKind("DDL", f"DROP_{what}", Place.TXT)
    if first == "ALTER":
        known = (name for pair, name in _ALTER if all(word in words[2:] for word in pair))
        return StatementKind("DDL", next(known, "ALTER_TABLE"), Place.TXT)
    return StatementKind("DML", "SELECT", Place.CSV)


def _show(words: list[str]) -> StatementKind:
    what = words[1] if len(words) > 1 else ""
    name = f"SHOW_CREATE_{words[2]}" if what == "CREATE" and len(words) > 2 else _SHOW.get(what, f"SHOW_{what}")
    return StatementKind("UTILITY", name, Place.CSV if what == "FUNCTIONS" else Place.TXT)


def _create(sql: str, words: list[str]) -> StatementKind:
    what = next((w for w in words[1:4] if w in ("DATABASE", "SCHEMA", "VIEW", "TABLE")), "TABLE")
    if what == "TABLE" and "EXTERNAL" not in words[1:3] and _has_query(sql):
        return StatementKind("DDL", "CREATE_TABLE_AS_SELECT", Place.TABLES)
    return StatementKind("DDL", f"CREATE_{'DATABASE' if what == 'SCHEMA' else what}", Place.TXT)


def _has_query(sql: str) -> bool:
    """Say whether an AS outside every bracket is followed by a query."""
    depth, after = 0, False
    for token in _tokens(sql):
        if after and token.upper() in (*_QUERY, "("):
            return True
        depth += {"(": 1, ")": -1}.get(token, 0)
        after = depth == 0 and token.upper() == "AS"
    return False


def _words(sql: str) -> Iterator[str]:
    """Return the bare words in capitals, brackets and quoted things left out."""
    return (token.upper() for token in _tokens(sql) if token[0].isalpha() or token[0] == "_")


def _tokens(sql: str) -> Iterator[str]:
    return (found[0] for found in _TOKEN.finditer(sql) if found.lastgroup != "blank")
