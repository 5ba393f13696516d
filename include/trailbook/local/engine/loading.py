"""Loading log files once, into Parquet: in batches, with a bad file set aside and named."""

import gzip
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from trailbook.local.engine.reader import FILE, MOST_AT_ONCE, Shape, select_records, shape_of, unpacked_size
from trailbook.local.engine.spelling import ALWAYS, respelled
from trailbook.local.engine.splitting import split
from trailbook.local.engine.types import Type, duckdb_type, identifier, text
from trailbook.local.engine.writing import copy

_BATCH_FILES = 256
_BATCH_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded: `source` is a query over all records, `bytes` the compressed size of the files read."""

    source: str
    bytes: int
    problems: tuple[str, ...]


@dataclass(slots=True)
class _State:
    connection: duckdb.DuckDBPyConnection
    columns: Sequence[tuple[str, Type]]
    directory: Path
    parts: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def load(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[Path],
    columns: Sequence[tuple[str, Type]],
    directory: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Loaded:
    """Read the files into Parquet in `directory`; `progress` gets bytes done and in total."""
    state = _State(connection, columns, directory)
    sizes = {f: f.stat().st_size for f in files}
    shapes: dict[Shape, list[Path]] = {}
    done, total = 0, sum(sizes.values())
    for file in files:
        try:
            shape = shape_of(file)
        except (ValueError, OSError, EOFError, zlib.error) as error:
            state.problems.append(f"{file}: {error if isinstance(error, ValueError) else _plain(error)}")
            shape = None
        if shape is not None:
            shapes.setdefault(shape, []).append(file)
    for shape, members in shapes.items():
        for batch in _batches(members, sizes):
            _load_batch(state, batch, shape)
            done += sum(sizes[f] for f in batch)
            if progress:
                progress(done, total)
    if progress:
        progress(total, total)
    return Loaded(_source(state), sum(sizes.values()), tuple(sorted(state.problems)))


def _batches(files: Sequence[Path], sizes: dict[Path, int]) -> Iterator[list[Path]]:
    batch: list[Path] = []
    for file in files:
        if batch and (len(batch) >= _BATCH_FILES or sum(sizes[f] for f in batch) + sizes[file] > _BATCH_BYTES):
            yield batch
            batch = []
        batch.append(file)
    if batch:
        yield batch


def _load_batch(state: _State, batch: Sequence[Path], shape: Shape) -> None:
    """Write a batch as one Parquet file; on failure halve it until the bad file stands alone."""
    part = state.directory / f"part{len(state.parts):06d}.parquet"
    scratch = state.directory / "scratch"
    scratch.mkdir()
    try:
        pieces = _written(state, batch, shape, part, scratch)
        again = _respelled(state, pieces, shape, part, scratch)
        if again is not None:
            pieces = again
            _write(state, pieces, shape, part)
    except duckdb.InterruptException:
        raise
    except (duckdb.Error, ValueError, OSError, EOFError, zlib.error) as error:
        part.unlink(missing_ok=True)
        if len(batch) == 1:
            state.problems.append(f"{batch[0]}: {_plain(error)}")
            return
        shutil.rmtree(scratch)
        middle = len(batch) // 2
        _load_batch(state, batch[:middle], shape)
        _load_batch(state, batch[middle:], shape)
        return
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    state.parts.append(part)
    _name_strangers(state, part, [file for _, file in pieces])


def _written(state: _State, batch: Sequence[Path], shape: Shape, part: Path, scratch: Path) -> list[tuple[Path, Path]]:
    """Write a batch, and return the files that were read, each with the one of the batch that it is a part of."""
    for measured in (False, True):
        pieces = [(p, file) for file in batch for p in _pieces(file, shape, scratch, measured=measured)]
        try:
            _write(state, pieces, shape, part)
            break
        except duckdb.Error as error:
            if measured or "maximum_object_size" not in str(error):
                raise
    return pieces


def _pieces(file: Path, shape: Shape, scratch: Path, *, measured: bool) -> Sequence[Path]:
    """Return the file, or its parts where it is too large to be read at once."""
    return [file] if unpacked_size(file, measured=measured) < MOST_AT_ONCE else split(file, shape, scratch)


def _write(state: _State, pieces: Sequence[tuple[Path, Path]], shape: Shape, part: Path) -> None:
    largest = max(p.stat().st_size for p, _ in pieces) + 1024
    copy(state.connection, select_records(state.columns, [p for p, _ in pieces], shape, largest), part)


def _respelled(
    state: _State, pieces: Sequence[tuple[Path, Path]], shape: Shape, part: Path, scratch: Path
) -> list[tuple[Path, Path]] | None:
    """Return the pieces with those spelled anew whose keys are in another case; None where there are none."""
    if shape is not Shape.RECORDS:
        return None
    lacking = " OR ".join(f"{identifier(n)} IS NULL" for n, _ in state.columns if n in ALWAYS)
    odd = state.connection.execute(
        f"SELECT DISTINCT {FILE} FROM read_parquet({text(str(part))}) WHERE {lacking}"  # noqa: S608  # identifiers and the path are quoted
    ).fetchall()
    found = {n: again for (n,) in odd if (again := respelled(pieces[n][0], state.columns, scratch)) is not None}
    if not found:
        return None
    return [(p, file) for n, (piece, file) in enumerate(pieces) for p in found.get(n, [piece])]


def _name_strangers(state: _State, part: Path, files: Sequence[Path]) -> None:
    """Name the files of which no record, or only some, is a CloudTrail record; `files` by FILE's number."""
    counted = state.connection.execute(
        f"SELECT {FILE}, count(*), count(coalesce(eventid, eventtime, eventname)) "  # noqa: S608  # the path is quoted
        f"FROM read_parquet({text(str(part))}) GROUP BY 1"
    ).fetchall()
    by_file: dict[Path, tuple[int, int]] = {}
    for number, records, known in counted:
        had = by_file.get(files[number], (0, 0))
        by_file[files[number]] = (had[0] + records, had[1] + known)
    for name, (records, known) in by_file.items():
        if known == 0:
            state.problems.append(f"{name}: the file is JSON but holds no CloudTrail records")
        elif known < records:
            state.problems.append(f"{name}: {records - known} of {records} records are not CloudTrail records")


def _source(state: _State) -> str:
    names = ", ".join(identifier(n) for n, _ in state.columns)
    if not state.parts:
        empty = ", ".join(f"CAST(NULL AS {duckdb_type(k)}) AS {identifier(n)}" for n, k in state.columns)
        return f"SELECT {empty} WHERE false"
    files = ", ".join(text(str(p)) for p in state.parts)
    return (
        f"SELECT {names} FROM read_parquet([{files}]) "  # noqa: S608  # names and paths are quoted
        "WHERE eventid IS NOT NULL OR eventtime IS NOT NULL OR eventname IS NOT NULL"
    )


def _plain(error: Exception) -> str:
    message = str(error).split("\n", 1)[0]
    if isinstance(error, EOFError | zlib.error | gzip.BadGzipFile):
        return "the file is not complete gzip data (corrupt or truncated)"
    if isinstance(error, ValueError):
        return f"the file is not valid JSON ({message})"
    lowered = message.lower()
    if "gzip" in lowered:
        return "the file is not complete gzip data (corrupt or truncated)"
    if "malformed json" in lowered:
        where = message.rpartition('", ')[2].rstrip(". ")
        return f"the file is not valid JSON ({where})"
    return f"the file cannot be read: {message}"
