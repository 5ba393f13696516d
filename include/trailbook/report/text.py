"""Hostile text made fit to look at: hidden characters shown, long values clipped, arguments quoted for a shell.

Invariant: what these functions return holds no control character (line breaks where asked), no bidirectional override
and no lone surrogate, so it can neither reorder a page, nor drive a terminal, nor fail to encode.
"""

import re
import shlex

from trailbook.words import HIDDEN, amount, sentence, size, visible

__all__ = [
    "CELL",
    "amount",
    "clip",
    "sentence",
    "shell_quote",
    "size",
    "technique_address",
    "visible",
    "web_address",
]

CELL = 400
"""Characters of one value that a page shows; report.json has the whole."""

_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")
_SHELL_ESCAPES = {"'": "\\'", "\\": "\\\\"}


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
    if not HIDDEN.search(value):
        return shlex.quote(value)
    return "$'" + "".join(_shell_character(character) for character in value) + "'"


def _shell_character(character: str) -> str:
    if HIDDEN.match(character):
        return "".join(f"\\{byte:03o}" for byte in character.encode())
    return _SHELL_ESCAPES.get(character, character)


def web_address(value: str) -> str | None:
    """Return a text where it is an https address of printable ASCII, else None: nothing else becomes a link."""
    return value if re.fullmatch(r"https://[!-~]+", value) and not re.search(r"[\"'<>\\`]", value) else None


def technique_address(technique: str) -> str | None:
    """Return the page of an ATT&CK technique; None for what is no technique's id."""
    if not _TECHNIQUE.fullmatch(technique):
        return None
    return f"https://attack.mitre.org/techniques/{technique.replace('.', '/')}/"
