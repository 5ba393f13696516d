"""Cutting a large log file into small ones of the same shape, in bounded memory.

DuckDB holds a whole JSON value and its parsed tree at once, about twenty times its size; a `Records` object of 300 MB
would need gigabytes. So what is larger than DuckDB's own limit on a value is read record by record and written again as
files of a few megabytes, each record's text as it was.
"""

import codecs
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from trailbook.local.engine.reader import Shape

_PIECE = 8 * 1024 * 1024
_READ = 4 * 1024 * 1024
_BETWEEN = " \t\r\n,"
_DECODE = json.JSONDecoder().raw_decode


def split(file: Path, shape: Shape, directory: Path) -> list[Path]:
    """Write a file's records as small files in `directory` and return them; `shape` is theirs too.

    Raises ValueError where the file is not JSON of its shape, OSError, EOFError and zlib.error where it cannot be read.
    """
    made: list[Path] = []
    held: list[str] = []
    size = 0
    with gzip.open(file) if file.name.endswith(".gz") else file.open("rb") as body:
        for record in _records(cast("BinaryIO", body), shape):
            held.append(record)
            size += len(record)
            if size >= _PIECE:
                made.append(_write(held, shape, directory, f"{file.name}-{len(made):05d}"))
                held, size = [], 0
    if held:
        made.append(_write(held, shape, directory, f"{file.name}-{len(made):05d}"))
    return made


def _write(records: list[str], shape: Shape, directory: Path, name: str) -> Path:
    before, between, after = {
        Shape.RECORDS: ('{"Records":[', ",", "]}"),
        Shape.ARRAY: ("[", ",", "]"),
        Shape.LINES: ("", "\n", "\n"),
    }[shape]
    piece = directory / f"{name}.json"
    piece.write_text(before + between.join(records) + after, encoding="utf-8")
    return piece


def _records(body: BinaryIO, shape: Shape) -> Iterator[str]:
    """Yield the text of each record, keeping one window of the file in memory."""
    window = _Window(body)
    if shape is not Shape.LINES:
        window.skip_to("[")
    while (start := window.next_value()) is not None:
        if shape is not Shape.LINES and start == "]":
            return
        yield window.value()
    if shape is not Shape.LINES:
        raise ValueError("the list of records has no end")


class _Window:
    """A part of a file's text, and a position in it."""

    def __init__(self, body: BinaryIO) -> None:
        self._body = body
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._ended = False

    def _more(self, amount: int = _READ) -> bool:
        if self._ended:
            return False
        read = self._body.read(amount)
        self._ended = not read
        self._text = self._text[self._at :] + self._decoder.decode(read, self._ended)
        self._at = 0
        return not self._ended

    def skip_to(self, mark: str) -> None:
        """Move behind the first `mark`."""
        while (found := self._text.find(mark, self._at)) < 0:
            if not self._more():
                raise ValueError(f"expected {mark!r}, found none")
        self._at = found + 1

    def next_value(self) -> str | None:
        """Move to the next character that is neither white space nor a comma, and return it; None at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _BETWEEN:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return None

    def value(self) -> str:
        """Return the text of the JSON object or list that begins here and move behind it."""
        if self._text[self._at] not in "{[":
            raise ValueError(f"expected a record, found {self._text[self._at : self._at + 20]!r}")
        amount = _READ
        while True:
            try:
                _, end = _DECODE(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._more(amount):
                    raise ValueError(str(error)) from None
                amount *= 2
                continue
            text = self._text[self._at : end]
            self._at = end
            return text
