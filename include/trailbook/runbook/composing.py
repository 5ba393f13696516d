"""A runbook's file as a tree of YAML nodes, or why it is none: bytes, text, syntax.

Invariants: what could make two readers see two things (anchors, aliases, several documents, invisible characters) is
refused at its place; no text, however nested, crashes the process.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from trailbook.errors import InvalidRunbook, Problem

MOST_BYTES = 1_000_000
DEEPEST = 64
PLAIN, QUOTED, SEQUENCE, MAPPING = "plain", "quoted", "sequence", "mapping"
"""The tags of nodes that have no explicit tag in the file."""

_SAFE_DEPTH = 2_000
_ALIASES = ("while scanning an alias", "while scanning an anchor")

# What YAML would read as a line break that no editor counts, what nobody sees, and what reverses the text around it.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_MAYBE_ANCHOR = re.compile(r"""(?:^|[\s\[{,]|["']:)&[\w-]""")


class _Loader(yaml.CSafeLoader):
    """PyYAML's C composer; tags come from the spelling alone, so an explicit tag can be told from an implied one."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        """Return which of the four kinds a node without an explicit tag is."""
        if kind is yaml.ScalarNode:
            return PLAIN if implicit[0] else QUOTED
        return SEQUENCE if kind is yaml.SequenceNode else MAPPING


def body_of(path: Path) -> bytes:
    """Return the file's bytes. Raises InvalidRunbook where it cannot be read or is too long."""
    try:
        with path.open("rb") as file:
            body = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _invalid(path, 1, 1, f"cannot be read: {error.strerror}") from error
    if len(body) > MOST_BYTES:
        raise _invalid(path, 1, 1, f"expected at most {MOST_BYTES:,} bytes, found a longer file")
    return body


def text_of(path: Path, body: bytes) -> str:
    """Return the file's text. Raises InvalidRunbook at what is no UTF-8 and at each invisible character."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = body[: error.start]
        line, column = start.count(b"\n") + 1, len(start.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        found = f"the byte 0x{body[error.start]:02x}"
        raise _invalid(path, line, column, f"expected UTF-8 text, found {found}: save the file as UTF-8") from error
    problems = [
        Problem(
            str(path),
            text.count("\n", 0, bad.start()) + 1,
            bad.start() - text.rfind("\n", 0, bad.start()),
            "runbook",
            f"expected visible text, found the character U+{ord(bad.group()):04X}: remove it"
            " (a double-quoted text may have it as an escape)",
        )
        for bad in _INVISIBLE.finditer(text)
    ]
    if problems:
        raise InvalidRunbook(problems[:20])
    return text


def compose(path: Path, text: str) -> yaml.Node | None:
    """Return the root node, or None where there is nothing. Raises InvalidRunbook where it is not one document."""
    try:
        if _MAYBE_ANCHOR.search(text) or _may_be_deep(text):
            _survey(path, text)
        loader = _Loader(text)
        try:
            node: yaml.Node | None = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.context_mark if error.context in _ALIASES else error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _invalid(path, line, column, _syntax(error, text, line, column)) from error
    except yaml.YAMLError as error:
        raise _invalid(path, 1, 1, f"expected YAML, found something else: {error}") from error
    return node


def _syntax(error: yaml.MarkedYAMLError, text: str, line: int, column: int) -> str:
    lines = text.split("\n")
    at = lines[line - 1] if line <= len(lines) else ""
    if "\t" in at[: column + 1] and not at[: column - 1].strip():
        return "expected spaces, found a tab: indent with spaces"
    if error.problem == "but found another document":
        return "expected one document, found a second one: put each runbook into its own file"
    begun = error.context_mark
    since = f" that begins at line {begun.line + 1}, column {begun.column + 1}" if begun else ""
    if error.problem == "found undefined alias" or error.context in _ALIASES:
        return "expected a plain value, found an alias: quote a text that begins with * or &"
    context = f" ({error.context}{since})" if error.context else ""
    return f"not YAML: {error.problem or error}{context}"


def _may_be_deep(text: str) -> bool:
    """Return whether the text might nest so deeply that PyYAML's composer, which is recursive in C, would crash.

    A flow level takes a bracket; a block level takes a column, or half of one (a list may stand under its key).
    """
    brackets = text.count("[") + text.count("{")
    return brackets + 2 * max(map(len, text.split("\n"))) > _SAFE_DEPTH


def _survey(path: Path, text: str) -> None:
    """Raise at each anchor and alias, and at the first value that is nested too deeply.

    This reads events, where the text may have one: nodes do not tell anchors, and composing is what must not go deep.
    """
    problems, depth = [], 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        mark, name = event.start_mark, getattr(event, "anchor", None)
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if name is not None:
            what = f"the alias *{name}" if isinstance(event, yaml.AliasEvent) else f"the anchor &{name}"
            advice = "write the value out (or quote a text that begins with & or *)"
            problems.append(Problem(str(path), *place, "runbook", f"expected a plain value, found {what}: {advice}"))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise _invalid(path, *place, f"expected at most {DEEPEST} levels of nesting, found more")
    if problems:
        raise InvalidRunbook(problems)


def _invalid(path: Path, line: int, column: int, message: str) -> InvalidRunbook:
    return InvalidRunbook([Problem(str(path), line, column, "runbook", message)])
