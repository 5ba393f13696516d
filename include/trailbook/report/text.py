"""Hostile text made fit to look at: hidden characters shown, long values clipped, arguments quoted for a shell.

Invariant: what these functions return holds no control character (line breaks where asked), no bidirectional override
and no lone surrogate, so it can neither reorder a page, nor drive a terminal, nor fail to encode.
"""

import re
import shlex

CELL = 400
"""Characters of one value that a page shows; report.json has the whole."""

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e0fff\ud800-\udfff]"
)
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")
_NAMES = {"\0": "NUL", "\a": "BEL", "\t": "TAB", "\n": "LF", "\r": "CR", "\x1b": "ESC", "\x7f": "DEL"}
_SHELL_ESCAPES = {"'": "\\'", "\\": "\\\\"}


def visible(value: str, keep: str = "") -> str:
    """Return a text with each hidden character as a mark: `⟨ESC⟩`, `⟨U+202E⟩` for an override; `keep` stays."""
    return _HIDDEN.sub(lambda found: found[0] if found[0] in keep else _mark(found[0]), value)


def _mark(character: str) -> str:
    return f"⟨{_NAMES.get(character) or f'U+{ord(character):04X}'}⟩"


def clip(value: str, most: int = CELL) -> str:
    """Return a text of at most `most` characters and a remark where more was there."""
    if len(value) <= most:
        return value
    return f"{value[:most]}… [{len(value):,} characters; whole in report.json]"


def shell_quote(value: str) -> str | None:
    """Return one POSIX shell word that is `value`, of printable characters only; None where no argument can hold it.

    A value with hidden characters becomes `$'…'` (bash, zsh, POSIX 2024), so that pasting it cannot drive the terminal.
    """
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        return None
    if not _HIDDEN.search(value):
        return shlex.quote(value)
    return "$'" + "".join(_shell_character(character) for character in value) + "'"


def _shell_character(character: str) -> str:
    if _HIDDEN.match(character):
        return "".join(f"\\{byte:03o}" for byte in character.encode())
    return _SHELL_ESCAPES.get(character, character)


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


def web_address(value: str) -> str | None:
    """Return a text where it is an https address of printable ASCII, else None: nothing else becomes a link."""
    return value if re.fullmatch(r"https://[!-~]+", value) and not re.search(r"[\"'<>\\`]", value) else None


def technique_address(technique: str) -> str | None:
    """Return the page of an ATT&CK technique; None for what is no technique's id."""
    if not _TECHNIQUE.fullmatch(technique):
        return None
    return f"https://attack.mitre.org/techniques/{technique.replace('.', '/')}/"
