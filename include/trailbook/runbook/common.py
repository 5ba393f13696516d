"""The parameters that every run takes without its runbook naming them, as JSON Schemas for the trigger form."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

DEFAULT_ROW_LIMIT = 10_000
MOST_ROWS = 100_000
LONGEST_TEXT = 10_000
"""Characters in one text value."""

ACCOUNT_PATTERN = "^[0-9]{12}$"
REGION_PATTERN = r"^[a-z]{2}(-[a-z]+)+-[0-9]+$"

COMMON_SCHEMAS: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "start": {
            "title": "Start",
            "description": "First moment of the window, UTC. Empty with an empty end: the last complete window.",
            "type": ["string", "null"],
            "format": "date-time",
            "default": None,
        },
        "end": {
            "title": "End",
            "description": "The moment the window ends; it is not part of it. UTC.",
            "type": ["string", "null"],
            "format": "date-time",
            "default": None,
        },
        "accounts": {
            "title": "Accounts",
            "description": "Only these AWS account ids, one per line. Empty: all.",
            "type": ["array", "null"],
            "items": {"type": "string", "pattern": ACCOUNT_PATTERN},
            "default": [],
        },
        "regions": {
            "title": "Regions",
            "description": "Only these AWS regions, one per line, such as eu-central-1. Empty: all.",
            "type": ["array", "null"],
            "items": {"type": "string", "pattern": REGION_PATTERN},
            "default": [],
        },
        "row_limit": {
            "title": "Row limit",
            "description": "Most rows in the result; a run that reaches it is incomplete and says so.",
            "type": ["integer", "null"],
            "minimum": 1,
            "maximum": MOST_ROWS,
            "default": DEFAULT_ROW_LIMIT,
        },
        "compare_with": {
            "title": "Compare with",
            "description": "Run id of an earlier run of this runbook. Empty: the latest comparable one.",
            "type": ["string", "null"],
            "maxLength": 250,
            "default": None,
        },
        "reason": {
            "title": "Reason",
            "description": "Why you start this run. It goes into the ledger.",
            "type": ["string", "null"],
            "maxLength": LONGEST_TEXT,
            "default": None,
        },
    }
)
"""Name to JSON Schema, each with a `default`. Their names are `model.COMMON_PARAMS`."""
