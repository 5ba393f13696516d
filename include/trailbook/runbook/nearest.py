"""The nearest known name to a misspelt one, so that an error can say what was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache


@lru_cache(maxsize=1024)  # a thousand runbooks may all misspell the same pivot
def nearest(name: str, known: tuple[str, ...]) -> str | None:
    """Return the known name that is closest to `name`, or None where none is close."""
    by_lower = {k.lower(): k for k in known}
    found = get_close_matches(name[:100].lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean `x`?", or the known names where none is close and they are few, or nothing."""
    names = tuple(dict.fromkeys(known))
    close = nearest(name, names)
    if close is not None:
        return f"; did you mean `{close}`?"
    return f"; known: {', '.join(names)}" if 0 < len(names) <= 12 else ""
