"""AthenaError of a failed query: the category and type number that Athena gives to an error name."""

import re
from typing import Any

SYSTEM, USER = 1, 2

_TYPES = {
    "DIVISION_BY_ZERO": 1001,
    "TYPE_MISMATCH": 1002,
    "COLUMN_NOT_FOUND": 1006,
    "CATALOG_NOT_FOUND": 1006,
    "INVALID_CAST_ARGUMENT": 1100,
    "INVALID_FUNCTION_ARGUMENT": 1106,
    "TABLE_ALREADY_EXISTS": 1110,
    "NOT_SUPPORTED": 1200,
    "TABLE_NOT_FOUND": 1301,
    "SCHEMA_NOT_FOUND": 1301,
    "FUNCTION_NOT_FOUND": 1303,
}
"""Those that were seen; another name gets 1000."""

_HIVE = (
    (re.compile(r"FAILED: ParseException"), SYSTEM, 1003),
    (re.compile(r"FAILED: .*AlreadyExistsException", re.DOTALL), USER, 1006),
    (re.compile(r"FAILED: SemanticException"), SYSTEM, 1502),
    (re.compile(r"FAILED: "), USER, 1000),
)


def athena_error(reason: str) -> dict[str, Any]:
    """Return the AthenaError of a StateChangeReason; nothing here is worth trying again."""
    category, number = _classified(reason)
    return {"ErrorCategory": category, "ErrorType": number, "Retryable": False, "ErrorMessage": reason}


def _classified(reason: str) -> tuple[int, int]:
    for pattern, category, number in _HIVE:
        if pattern.match(reason):
            return category, number
    name = reason.partition(":")[0]
    if name in ("GENERIC_INTERNAL_ERROR", "STACK_OVERFLOW"):
        return SYSTEM, 200
    return USER, _TYPES.get(name, 1000)
