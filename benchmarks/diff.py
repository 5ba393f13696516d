"""Trailbook's diff beside datacompy, pandas and a bare DuckDB join: from two Parquet files to what changed.

Every side gets the same two results of N rows, 3 key and 9 other columns, with NULLs, in no order: 1 % are changed,
0.5 % new, 0.5 % absent. Every side hands out the same: the counts, and the changed, new and absent rows with their
values. Each measurement is a fresh process (imports are not counted) and each figure the best of its runs, since a
machine's noise only ever adds; peak memory is that process's. A hundredth of the changes are whole numbers beyond
2**53 that differ by one: who misses them is told. Then Trailbook alone compares ten times as many rows. Run it with
`make bench`, or `python benchmarks/diff.py [--rows N] [--large N] [--repeat N]`. It fails where a wanted ratio is not
reached.
"""

import argparse
import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

KEY = ("account_id", "user_name", "resource")
MEASURES = ("failures", "bytes", "share", "region", "arn", "last_seen", "mfa", "price", "agent")
ALL = (*KEY, *MEASURES)
NAMES = {
    "changes": "Trailbook, what changed",
    "compare": "… and the next run's snapshot written",
    "duckdb": "DuckDB, a bare join",
    "duckdb-all": "… and all its rows written",
    "datacompy-polars": "datacompy on polars",
    "datacompy-pandas": "datacompy on pandas",
    "pandas": "pandas, an outer merge",
}
IMPORTS = {
    **dict.fromkeys(("changes", "compare"), ("trailbook.diff.snapshot", "duckdb")),
    **dict.fromkeys(("duckdb", "duckdb-all"), ("duckdb",)),
    "datacompy-polars": ("datacompy", "polars"),
    "datacompy-pandas": ("datacompy", "pandas", "pyarrow.parquet"),
    "pandas": ("pandas", "pyarrow.parquet"),
}
WANTED = {"datacompy-pandas": 15.0, "datacompy-polars": 2.0}
"""How many times as fast as these `changes` is."""
WANTED_OF_MEMORY = 3.0
WANTED_OF_BARE = 1.5
LARGE_MIB = 4096

Found = dict[str, int]


def rows(low: int, high: int, *, later: bool) -> str:
    """Return the SQL of the rows numbered so, in a scattered order; `later` has the changes."""
    changed, big = ("i % 100 = 7 AND i % 10000 <> 7", "i % 10000 = 7") if later else ("false", "false")
    return f"""
        SELECT printf('%012d', 100000000000 + i % 97) AS account_id, 'user-' || (hash(i) % 1000000) AS user_name,
               i AS resource,
               CASE WHEN i % 10 = 3 THEN NULL ELSE i % 1000 + CASE WHEN {changed} THEN 1 ELSE 0 END END AS failures,
               CASE WHEN i % 11 = 5 AND i % 100 <> 7 THEN NULL
                    ELSE 9007199254740993 + 2 * i + CASE WHEN {big} THEN 1 ELSE 0 END END AS bytes,
               CASE WHEN i % 7 = 0 THEN NULL ELSE i * 0.5::DOUBLE END AS share, 'region-' || (i % 20) AS region,
               CASE WHEN i % 5 = 0 THEN NULL ELSE 'arn:aws:iam::' || (hash(i + 1) % 100000) END AS arn,
               TIMESTAMP '2026-11-01' + INTERVAL (i % 86400) SECOND AS last_seen, i % 2 = 0 AS mfa,
               (i % 1000) / 8 AS price, CASE WHEN i % 3 = 0 THEN NULL ELSE 'agent ' || (i % 5000) END AS agent
        FROM range({low}, {high}) AS numbers(i) ORDER BY hash(i * 31 + {int(later)})"""  # noqa: S608 - our own numbers


def expected(count: int) -> Found:
    """Return the right counts, and how many of the updated differ in a number beyond 2**53 alone."""
    shared = range(count // 200, count)
    updated = sum(1 for _ in shared[(7 - shared.start) % 100 :: 100])
    large = sum(1 for _ in shared[(7 - shared.start) % 10000 :: 10000])
    moved = count // 200
    found = {"new": moved, "updated": updated, "unchanged": count - moved - updated, "absent": moved}
    return found | {"large": large}


def results(_: str, folder: Path) -> Found:
    """Write the two results; a process of its own does it, since a child's peak memory begins at its parent's."""
    import duckdb

    count = int((folder / "rows").read_text())
    with duckdb.connect(config={"threads": "2", "memory_limit": "2GB", "temp_directory": str(folder)}) as duck:
        for name, low, later in (("before", 0, False), ("after", count // 200, True)):
            select = rows(low, low + count, later=later)
            duck.execute(f"COPY ({select}) TO '{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    return {}


def write(folder: Path, count: int) -> None:
    """Write the two results and, from the first, the snapshot that a run before would have left."""
    (folder / "rows").write_text(str(count))
    measure("results", folder)
    measure("first", folder)


def ours(name: str, folder: Path) -> Found:
    """Run Trailbook's diff: `first` makes the baseline, `changes` is the diff, `compare` what a run does with it."""
    from trailbook.diff import DiffSpec, changes, compare
    from trailbook.window import Window

    start = datetime(2026, 11, 1 if name == "first" else 2, tzinfo=UTC)
    window = Window(start, start + timedelta(days=1))
    spec = DiffSpec("bench", "aggregate", KEY, MEASURES, (), name, window)
    snapshot, to = folder / "snapshot.parquet", folder / f"{name}.out"
    if name == "first":
        counts = compare(folder / "before.parquet", None, spec=spec, to=snapshot).counts
    else:
        call = changes if name == "changes" else compare
        counts = call(folder / "after.parquet", snapshot, spec=spec, to=to).counts
        to.unlink()
    return {state: getattr(counts, state) for state in ("new", "updated", "unchanged", "absent")}


def bare(name: str, folder: Path) -> Found:
    """Join the very files that Trailbook gets, keep the changed rows (or all), and count."""
    import duckdb

    before, after, to = (folder / f"{part}.parquet" for part in ("snapshot", "after", "joined"))
    on = " AND ".join(f"c.{column} IS NOT DISTINCT FROM b.{column}" for column in KEY)
    differs = " OR ".join(f"c.{column} IS DISTINCT FROM b.{column}" for column in MEASURES)
    both = ", ".join(f"c.{column}, b.{column} AS old_{column}" for column in ALL)
    one = ", ".join(f"coalesce(c.{column}, b.{column}) AS {column}" for column in ALL)
    state = f"CASE WHEN b.there IS NULL THEN 'new' WHEN c.here IS NULL THEN 'absent' WHEN {differs} THEN 'updated' END"
    missing = f"c.here IS NULL OR b.there IS NULL OR {differs}"
    names = ", ".join(ALL)
    with duckdb.connect(config={"threads": "2", "memory_limit": "2GB", "temp_directory": str(folder)}) as duck:
        select = (
            f"SELECT {both if name == 'duckdb' else one}, {state} AS state "  # noqa: S608 - our own names
            f"FROM (SELECT *, true AS here FROM '{after}') c "
            f"FULL JOIN (SELECT {names}, true AS there FROM '{before}') b ON {on}"
        )
        if name == "duckdb":
            select += f" WHERE {missing}"
        duck.execute(f"COPY ({select}) TO '{to}' (FORMAT parquet, COMPRESSION zstd)")
        counted = duck.execute(f"SELECT state, count(*) FROM '{to}' GROUP BY 1").fetchall()  # noqa: S608
        total = duck.execute("SELECT num_rows FROM parquet_file_metadata(?)", [str(after)]).fetchall()[0][0]
    to.unlink()
    found = {str(label): int(number) for label, number in counted if label}
    return found | {"unchanged": total - found["new"] - found["updated"]}


def with_datacompy(name: str, folder: Path) -> Found:
    """Compare with datacompy, and take its rows that differ as well as its counts."""
    import datacompy

    if name == "datacompy-pandas":
        import pandas

        read, compare = pandas.read_parquet, datacompy.PandasCompare
    else:
        import polars

        read, compare = polars.read_parquet, datacompy.PolarsCompare
    before, after = (read(folder / f"{part}.parquet") for part in ("before", "after"))
    done = compare(before, after, join_columns=list(KEY))
    updated = len(done.all_mismatch())
    return {
        "new": len(done.df2_unq_rows),
        "updated": updated,
        "unchanged": len(done.intersect_rows) - updated,
        "absent": len(done.df1_unq_rows),
    }


def with_pandas(_: str, folder: Path) -> Found:
    """Merge with pandas, NULL equal to NULL."""
    import pandas

    before, after = (pandas.read_parquet(folder / f"{part}.parquet") for part in ("before", "after"))
    merged = before.merge(after, how="outer", on=list(KEY), suffixes=("_old", ""), indicator=True)
    both = merged["_merge"] == "both"
    differs = pandas.Series(False, index=merged.index)
    for column in MEASURES:
        old, new = merged[f"{column}_old"], merged[column]
        differs |= (old != new) & ~(old.isna() & new.isna())
    changed = merged[~both | differs]
    kinds = changed["_merge"].value_counts()
    updated = int(kinds["both"])
    return {
        "new": int(kinds["right_only"]),
        "updated": updated,
        "unchanged": int(both.sum()) - updated,
        "absent": int(kinds["left_only"]),
    }


SIDES: dict[str, Callable[[str, Path], Found]] = {
    **dict.fromkeys(("first", "changes", "compare"), ours),
    **dict.fromkeys(("duckdb", "duckdb-all"), bare),
    **dict.fromkeys(("datacompy-polars", "datacompy-pandas"), with_datacompy),
    "pandas": with_pandas,
    "results": results,
}


def measure(name: str, folder: Path) -> dict[str, Any]:
    """Return seconds, peak MiB and counts of one side in a fresh process."""
    done = subprocess.run(  # noqa: S603 - this file itself, with arguments from this file
        [sys.executable, __file__, "--inside", name, str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def inside(name: str, folder: Path) -> None:
    """Import, then compare, and print what it took: what `measure` runs."""
    for module in IMPORTS.get(name, IMPORTS["changes"]):
        importlib.import_module(module)
    started, worked = time.perf_counter(), time.process_time()
    found = SIDES[name](name, folder)
    seconds, cpu = time.perf_counter() - started, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    print(json.dumps({"seconds": seconds, "cpu": cpu, "mib": peak, "counts": found}))


def measured(folder: Path, count: int, sides: Sequence[str], repeat: int) -> dict[str, dict[str, Any]]:
    """Return each side's best and how many changes it missed; they take turns, so that all meet the same noise."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
    for number in range(repeat):
        for name in sides:
            print(f"… {NAMES[name].strip('… ')}, {number + 1} of {repeat}", file=sys.stderr)
            runs[name].append(measure(name, folder))
    return {
        name: {key: min(run[key] for run in done) for key in ("seconds", "cpu", "mib")}
        | {"missed": missed(name, done[0]["counts"], count)}
        for name, done in runs.items()
    }


def missed(name: str, counts: Found, count: int) -> int:
    """Return how many changes a side did not see, its other counts checked.

    Only what is beyond 2**53 may be missed, and by others only: anything else is another task than ours.
    """
    right = expected(count)
    large = right.pop("large")
    most = large if name.startswith(("datacompy", "pandas")) else 0
    lost = right["updated"] - counts["updated"]
    if not 0 <= lost <= most or counts != right | {
        "updated": right["updated"] - lost,
        "unchanged": right["unchanged"] + lost,
    }:
        raise SystemExit(f"{NAMES[name]}: expected {right}, found {counts}")
    return lost


def report(found: dict[str, dict[str, Any]], count: int) -> bool:
    """Print the table of one size and return whether what is wanted of it was reached."""
    us, bare_ = found["changes"], found["duckdb"]
    heads = f"{'s':>8}{'CPU s':>8}{'peak MiB':>10}{'time':>9}{'memory':>9}  changes missed"
    print(f"\n{f'{count:,} × {count:,} rows':40}{heads}")
    for name, row in found.items():
        ratios = f"{row['seconds'] / us['seconds']:8.1f}×{row['mib'] / us['mib']:8.1f}×"
        print(
            f"{NAMES[name]:40}{row['seconds']:8.2f}{row['cpu']:8.2f}{row['mib']:10.0f}{ratios}  {row['missed'] or '-'}"
        )
    reached = True
    for name, wanted in WANTED.items():
        reached &= say(f"{NAMES[name]}: × our time", found[name]["seconds"] / us["seconds"], at_least=wanted)
    memory = found["datacompy-pandas"]["mib"] / us["mib"]
    reached &= say("datacompy on pandas: × our peak memory", memory, at_least=WANTED_OF_MEMORY)
    reached &= say("ours: × a bare join", us["seconds"] / bare_["seconds"], at_most=WANTED_OF_BARE)
    whole = found["compare"]["seconds"] / found["duckdb-all"]["seconds"]
    print(f"the next run's snapshot, sorted and with each finding's id: {whole:.2f} × a bare join that writes its rows")
    return reached


def say(what: str, ratio: float, *, at_least: float = 0.0, at_most: float = float("inf")) -> bool:
    """Print a ratio beside what is wanted, and return whether that is reached."""
    reached = at_least <= ratio <= at_most
    wanted = f"at least {at_least:g}" if at_least else f"at most {at_most:g}"
    print(f"{what}: {ratio:.2f} (wanted: {wanted}): {'reached' if reached else 'MISSED'}")
    return reached


def large(count: int) -> bool:
    """Compare ten times as many rows, Trailbook alone, and return whether it stays within its memory."""
    reached = True
    with tempfile.TemporaryDirectory(prefix="trailbook-bench-") as name:
        print(f"… writing {count:,} rows, twice", file=sys.stderr)
        write(Path(name), count)
        print(f"\n{count:,} × {count:,} rows")
        for side in ("changes", "compare"):
            found = measured(Path(name), count, [side], 1)[side]
            print(f"{NAMES[side]:40}{found['seconds']:8.2f} s{found['mib']:10.0f} MiB")
            reached &= say("  of 4 GiB", found["mib"] / LARGE_MIB, at_most=1.0)
    return reached


def main() -> int:
    """Measure, print the tables; 1 where something wanted is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--large", type=int, default=10_000_000, help="0: not at all")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--inside", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside:
        inside(args.inside[0], Path(args.inside[1]))
        return 0
    with tempfile.TemporaryDirectory(prefix="trailbook-bench-") as name:
        print(f"… writing {args.rows:,} rows, twice", file=sys.stderr)
        write(Path(name), args.rows)
        found = measured(Path(name), args.rows, list(NAMES), args.repeat)
    reached = report(found, args.rows)
    return 0 if (large(args.large) if args.large else True) and reached else 1


if __name__ == "__main__":
    sys.exit(main())
