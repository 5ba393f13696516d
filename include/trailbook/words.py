"""Words for people, in reports and terminals alike: numbers as they say them, hostile text made fit to look at.

Invariant: what `visible` returns holds no control character (but those asked for), no bidirectional override and no
lone surrogate, so it can neither reorder a page, nor drive a terminal, nor fail to encode.
"""

import re

HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e0fff\ud800-\udfff]"
)
_NAMES = {"\0": "NUL", "\a": "BEL", "\t": "TAB", "\n": "LF", "\r": "CR", "\x1b": "ESC", "\x7f": "DEL"}


def visible(value: str, keep: str = "") -> str:
    """Return a text with each hidden character as a mark: `⟨ESC⟩`, `⟨U+202E⟩` for an override; `keep` stays."""
    return HIDDEN.sub(lambda found: found[0] if found[0] in keep else _mark(found[0]), value)


def _mark(character: str) -> str:
    return f"⟨{_NAMES.get(character) or f'U+{ord(character):04X}'}⟩"


def sentence(value: str) -> str:
    """Return a clause as a sentence: a capital at its start, a full stop at its end."""
    text = value[:1].upper() + value[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def amount(number: int, noun: str, plural: str | None = None) -> str:
    """Return `1 event`, `12,345 events`; `plural` where an s is not enough."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def size(count: int) -> str:
    """Return bytes as people say them: `512 bytes`, `4.2 MB` (powers of 1,000)."""
    if count < 1000:
        return amount(count, "byte")
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:,.1f} PB"
