"""Any value as canonical JSON can hold it: a run must be recorded whatever an operator or a service said.

Invariant: `storable(storable(x)) == storable(x)`, and what canonical JSON holds already stays as it is.
"""

import math
from collections.abc import Mapping
from typing import Any

_MOST = 2**53 - 1


def storable(value: Any) -> Any:
    """Return JSON values of a value: integers over 2**53 and NaN become texts, lone surrogates their escapes."""
    if isinstance(value, str):
        return str(value).encode("utf-8", "backslashreplace").decode()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if -_MOST <= value <= _MOST else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) and (abs(value) <= _MOST or not value.is_integer()) else repr(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [storable(item) for item in (sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value)]
    return storable(str(value))
