"""Loading log files once, into Parquet: in batches, with a bad file set aside and named."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from trailbook.local.engine.reader import Shape, select_records, shape_of
from trailbook.local.engine.types import Type, duckdb_type, identifier, text

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
        except (ValueError, OSError) as error:
            state.problems.append(f"{file}: {error}")
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
    query = select_records(state.columns, batch, shape)
    try:
        state.connection.execute(f"COPY ({query}) TO {text(str(part))} (FORMAT parquet, COMPRESSION zstd)")
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        part.unlink(missing_ok=True)
        if len(batch) == 1:
            state.problems.append(f"{batch[0]}: {_plain(error)}")
            return
        middle = len(batch) // 2
        _load_batch(state, batch[:middle], shape)
        _load_batch(state, batch[middle:], shape)
        return
    state.parts.append(part)
    _name_strangers(state, part, batch)


def _name_strangers(state: _State, part: Path, batch: Sequence[Path]) -> None:
    """Name the files of which no record, or only some, is a CloudTrail record."""
    counted = state.connection.execute(
        "SELECT filename, count(*), count(coalesce(eventid, eventtime, eventname)) "  # noqa: S608  # the path is quoted
        f"FROM read_parquet({text(str(part))}) GROUP BY filename"
    ).fetchall()
    for name, records, known in counted:
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


def _plain(error: duckdb.Error) -> str:
    message = str(error).split("\n", 1)[0]
    lowered = message.lower()
    if "gzip" in lowered:
        return "the file is not complete gzip data (corrupt or truncated)"
    if "malformed json" in lowered:
        where = message.rpartition('", ')[2].rstrip(". ")
        return f"the file is not valid JSON ({where})"
    return f"the file cannot be read: {message}"
