"""A runbook's file as data, with the line and column of every key and value.

Invariants: only the YAML 1.2 core schema is read (`yes`, `on`, dates, `0123` and `1:30` stay text); what could make two
readers see two things (duplicate keys, anchors, aliases, tags, several documents, invisible characters) is refused at
its place; the environment is never looked at. A file that is YAML at all yields all of its problems, not the first.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from trailbook.canonical import sha256
from trailbook.errors import InvalidRunbook, Problem
from trailbook.runbook.scalars import BadScalar, core_value

Loc: TypeAlias = tuple[str | int, ...]
"""A path of keys and list indexes from the top of the file, as pydantic writes it."""

MOST_BYTES = 1_000_000
_DEEPEST = 64
_SAFE_DEPTH = 2_000
_PLAIN, _QUOTED, _SEQUENCE, _MAPPING = "plain", "quoted", "sequence", "mapping"

# What YAML would read as a line break that no editor counts, what nobody sees, and what reverses the text around it.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_MAYBE_ANCHOR = re.compile(r"(?:^|[\s\[\]{},:?\-\"'])[&*]\S")


class _Loader(yaml.CSafeLoader):
    """PyYAML's C composer; tags come from the spelling alone, so an explicit tag can be told from an implied one."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        """Return which of the four kinds a node without an explicit tag is."""
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else _QUOTED
        return _SEQUENCE if kind is yaml.SequenceNode else _MAPPING


@dataclass(frozen=True, slots=True)
class Source:
    """One file as read. `data` is JSON values; `problems` is what is wrong with the file as YAML (data omits it)."""

    path: Path
    sha256: str
    data: Any
    values: Mapping[Loc, tuple[int, int]] = field(repr=False, compare=False)
    keys: Mapping[Loc, tuple[int, int]] = field(repr=False, compare=False)
    texts: Mapping[Loc, tuple[int, int]] = field(repr=False, compare=False)
    """Where a text whose lines are the file's (`key: |`) begins: its first line, and how far it is indented."""
    problems: tuple[Problem, ...] = ()

    def place(self, loc: Loc, *, of_key: bool = False) -> tuple[int, int]:
        """Return line and column of a value (or its key), or of its nearest parent that the file has."""
        for end in range(len(loc), 0, -1):
            found = (self.keys if of_key else self.values).get(loc[:end]) or self.values.get(loc[:end])
            if found is not None:
                return found
        return self.values.get((), (1, 1))

    def known(self, loc: Loc) -> Loc:
        """Return the longest start of `loc` that the file has."""
        return next((loc[:end] for end in range(len(loc), 0, -1) if loc[:end] in self.values), ())

    def text_place(self, loc: Loc, line: int, column: int) -> tuple[int, int]:
        """Return where line and column (from 1) of a text are in the file; its start where it is quoted or folded."""
        if loc not in self.texts:
            return self.place(loc)
        first, indent = self.texts[loc]
        return first + line - 1, indent + column

    def problem(self, loc: Loc, message: str, *, of_key: bool = False) -> Problem:
        """Return a problem at the place of `loc`."""
        return Problem(str(self.path), *self.place(loc, of_key=of_key), key_path(loc), message)


def key_path(loc: Loc) -> str:
    """Return `params.threshold.minimum` or `cases[0].events[2]`; the file as a whole is `runbook`."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "runbook"


def read(path: Path) -> Source:
    """Return the file as data with places. Raises InvalidRunbook where it cannot be read or is no YAML."""
    body = _bytes(path)
    text = _text(path, body)
    node = _compose(path, text)
    built = _Built(str(path), text)
    data = built.value(node, ()) if node is not None else None
    if node is None:
        built.refuse((), 1, 1, "expected a runbook, found an empty file")
    elif not isinstance(data, dict):
        built.refuse((), *_at(node), f"expected a mapping of keys such as `id: {path.stem}`, found something else")
        data = None
    return Source(path, sha256(body), data, built.values, built.keys, built.texts, tuple(built.problems))


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            body = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _invalid(path, 1, 1, f"cannot be read: {error.strerror}") from error
    if len(body) > MOST_BYTES:
        raise _invalid(path, 1, 1, f"expected at most {MOST_BYTES:,} bytes, found a longer file")
    return body


def _text(path: Path, body: bytes) -> str:
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


def _compose(path: Path, text: str) -> yaml.Node | None:
    try:
        if _MAYBE_ANCHOR.search(text) or _may_be_deep(text):
            _survey(path, text)
        loader = _Loader(text)
        try:
            node: yaml.Node | None = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
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
        if depth > _DEEPEST:
            raise _invalid(path, *place, f"expected at most {_DEEPEST} levels of nesting, found more")
    if problems:
        raise InvalidRunbook(problems)


def _invalid(path: Path, line: int, column: int, message: str) -> InvalidRunbook:
    return InvalidRunbook([Problem(str(path), line, column, "runbook", message)])


def _at(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


class _Built:
    """The values, places and problems of one file, while they are being gathered from its nodes."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text
        self.values: dict[Loc, tuple[int, int]] = {}
        self.keys: dict[Loc, tuple[int, int]] = {}
        self.texts: dict[Loc, tuple[int, int]] = {}
        self.problems: list[Problem] = []

    def refuse(self, loc: Loc, line: int, column: int, message: str) -> None:
        self.problems.append(Problem(self.path, line, column, key_path(loc), message))

    def value(self, node: yaml.Node, loc: Loc) -> Any:
        mark = node.start_mark
        self.values[loc] = (mark.line + 1, mark.column + 1)
        if node.tag == _PLAIN:
            if len(loc) == 1 and node.end_mark.line == mark.line:
                self.texts[loc] = (mark.line + 1, mark.column)
            try:
                return core_value(node.value)
            except BadScalar as error:
                self.refuse(loc, *_at(node), str(error))
                return None
        style = getattr(node, "style", None)
        if node.tag == _QUOTED and style:
            if style == "|":
                self.texts[loc] = (mark.line + 2, self._indent(mark.index))
            return node.value
        if len(loc) >= _DEEPEST:
            self.refuse(loc, *_at(node), f"expected at most {_DEEPEST} levels of nesting, found more")
            return None
        if node.tag == _MAPPING:
            return self._mapping(node, loc)
        if node.tag == _SEQUENCE:
            return [self.value(item, (*loc, index)) for index, item in enumerate(node.value)]
        tag = "!" if node.tag == _QUOTED else node.tag.replace("tag:yaml.org,2002:", "!!")
        self.refuse(loc, *_at(node), f"expected a plain value, found the tag {tag}: remove it")
        return None

    def _mapping(self, node: yaml.Node, loc: Loc) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, loc)
            if key is None:
                continue
            here = (*loc, key)
            if key in found:
                first, second = self.keys[here], _at(key_node)
                for here_place, other in ((first, second), (second, first)):
                    where = f"line {other[0]}, column {other[1]}"
                    self.refuse(here, *here_place, f"expected each key once, found it at {where} too: remove one")
                continue
            self.keys[here] = _at(key_node)
            found[key] = self.value(value_node, here)
        return found

    def _key(self, node: yaml.Node, loc: Loc) -> str | None:
        """Return a key, which must be text: a number or `true` in YAML is no text, unless it is in quotes."""
        if node.tag == _PLAIN and node.value == "<<":
            self.refuse(loc, *_at(node), "expected a plain key, found the merge key <<: write the values out")
        elif node.tag == _PLAIN:
            try:
                key = core_value(node.value)
            except BadScalar:
                key = None
            if isinstance(key, str):
                return key
            self.refuse(
                loc, *_at(node), f"expected a key that is text, found {node.value or 'nothing'}: put it in quotes"
            )
        elif node.tag == _QUOTED and getattr(node, "style", None):
            return str(node.value)
        else:
            self.refuse(loc, *_at(node), "expected a key that is text, found something else")
        return None

    def _indent(self, index: int) -> int:
        """Return how far the text is indented whose `|` is at `index`."""
        header_end = self.text.find("\n", index)
        explicit = next((c for c in self.text[index + 1 : index + 3] if c in "123456789"), None)
        for line in self.text[header_end + 1 :].split("\n") if header_end >= 0 and explicit is None else ():
            if line.strip():
                return len(line) - len(line.lstrip(" "))
        return int(explicit or 0)
