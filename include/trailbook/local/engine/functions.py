"""The allow-list of scalar functions on numbers, text, JSON, URLs, hashes and conditions.

Each entry is a function whose answers were compared with Trino's documented ones; whatever is absent is refused.
"""

from collections.abc import Mapping, Sequence

from trailbook.local.engine import (
    functions_array,
    functions_binary,
    functions_json,
    functions_map,
    functions_number,
    functions_regexp,
    functions_text,
    functions_time,
    functions_url,
)
from trailbook.local.engine.signatures import Signature

FUNCTIONS: Mapping[str, Sequence[Signature]] = {
    **functions_json.FUNCTIONS,
    **functions_number.FUNCTIONS,
    **functions_binary.FUNCTIONS,
    **functions_map.FUNCTIONS,
    **functions_text.FUNCTIONS,
    **functions_regexp.FUNCTIONS,
    **functions_url.FUNCTIONS,
    **functions_array.FUNCTIONS,
    **functions_time.FUNCTIONS,
}
"""Function name (lower case) to its overloads; an empty sequence is a function that is known and refused."""
