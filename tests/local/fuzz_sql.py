"""Any text into the SQL front end and the engine: an answer, or an SqlError of a known name; nothing else, no hang.

    .venv/bin/python tests/local/fuzz_sql.py [MINUTES] [SEED]

Three kinds of text: pieces of SQL in any order, whole queries with a part cut, doubled or exchanged, and deep nesting.
"""

import json
import random
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from trailbook.errors import QueryFailed
from trailbook.local.engine.engine import run
from trailbook.local.folder import FolderAthena
from trailbook.settings import PhysicalTable

HERE = Path(__file__).parent.parent / "conformance"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
TABLE = PhysicalTable(database="trailbook")
_PIECES = """SELECT FROM WHERE GROUP BY HAVING ORDER LIMIT OFFSET FETCH FIRST ROWS ONLY WITH TIES UNION ALL INTERSECT
EXCEPT VALUES UNNEST CROSS JOIN LEFT RIGHT FULL ON USING LATERAL AS DISTINCT CASE WHEN THEN ELSE END CAST TRY_CAST AND
OR NOT IN LIKE ESCAPE BETWEEN IS NULL EXISTS ANY OVER PARTITION ROWS RANGE GROUPS PRECEDING FOLLOWING CURRENT ROW
UNBOUNDED FILTER ROLLUP CUBE GROUPING SETS INTERVAL DATE TIMESTAMP DAY MONTH AT TIME ZONE ARRAY MAP ROW integer varchar
bigint json count sum max array_agg listagg lag row_number upper substr json_extract_scalar transform element_at
from_iso8601_timestamp cloudtrail_logs eventname useridentity useridentity.arn resources t x y r "Q" "" 'a' '' '%' 1 0
-1 1.5 1e3 99999999999 x.y read_text read_csv glob getenv pragma_version duckdb_settings information_schema.tables
'file.csv' ( ) ( ) , , . * + - / % || = <> < -> [ ] ; ? : $ @ # ` \\ -- /* */ U&'\\00e9' X'00' 😀 é \x01"""
PIECES = [*_PIECES.split(), "\t", "\n"]
NESTS = (
    *(("(", ")"), ("SELECT (", ")"), ("SELECT * FROM (", ")"), ("ARRAY[", "]"), ("-", ""), ("NOT ", "")),
    *(("CASE WHEN true THEN ", " END"), ("coalesce(1, ", ")"), ("1 + ", ""), ("'a' || ", ""), ("x AND ", "")),
    *(("CAST(", " AS integer)"), ("SELECT 1 UNION ", ""), ("transform(ARRAY[1], x -> ", ")"), ("ROW(", ")")),
)
INTERNAL = re.compile(r"INTERNAL|Internal Error|Python exception|Traceback", re.IGNORECASE)


def seeds() -> list[str]:
    """Return the recorded queries, to start from."""
    found = []
    for name in ("queries", "aggregates", "errors"):
        for case in json.loads((HERE / "cases" / f"{name}.json").read_text()):
            found.append(case if isinstance(case, str) else case["sql"])
    return found


def texts(random_: random.Random, known: list[str]):
    """Yield texts for ever."""
    while True:
        kind = random_.random()
        if kind < 0.35:
            yield " ".join(random_.choices(PIECES, k=random_.randint(1, 25)))
        elif kind < 0.97:
            words = re.split(r"(\W)", random_.choice(known))
            for _ in range(random_.randint(1, 4)):
                at = random_.randrange(len(words))
                other = re.split(r"(\W)", random_.choice(known))
                change = random_.randrange(4)
                if change == 0:
                    del words[at]
                elif change == 1:
                    words.insert(at, random_.choice(PIECES))
                elif change == 2:
                    words[at] = random_.choice(other)
                else:
                    cut = random_.randrange(len(other))
                    words[at:at] = other[cut : cut + random_.randint(1, 6)]
                words = words or ["SELECT"]
            yield "".join(words)
        else:
            depth = random_.choice((20, 60, 200, 1000, 5000))
            opened, closed = random_.choice(NESTS)
            yield (
                "SELECT " * (not opened.startswith("SELECT"))
                + opened * depth
                + "SELECT 1" * ("SELECT" in opened)
                + "1" * ("SELECT" not in opened)
                + closed * depth
            )


def problem(athena: FolderAthena, sql: str) -> str:
    """Say what is wrong with the engine's answer to a text, or return ''."""
    started = time.monotonic()
    try:
        run(athena._connection, athena, sql, "trailbook", NOW)
    except QueryFailed as error:
        said = str(error)
        if not re.match(r"[A-Z][A-Z_]+: ", said):
            return f"an error without a name: {said}"
        if INTERNAL.search(said) and "For input string" not in said:  # Trino says so itself
            return f"an internal error: {said}"
    except Exception as error:  # this is what is looked for
        return f"{type(error).__name__}: {error}"
    took = time.monotonic() - started
    return f"took {took:.1f} s" if took > 5 else ""


def main() -> int:
    """Run for some minutes; print and count what went wrong."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 1
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    until, tried, wrong = time.monotonic() + minutes * 60, 0, 0
    records = json.loads((HERE / "records.json").read_text())
    with FolderAthena.from_records(records, table=TABLE) as athena:
        for sql in texts(random.Random(seed), seeds()):  # noqa: S311  # a seeded fuzzer, no secret
            if time.monotonic() > until:
                break
            tried += 1
            found = problem(athena, sql)
            if found:
                wrong += 1
                print(f"{found[:300]}\n    {sql[:600]!r}")
    print(f"{tried} texts, seed {seed}: {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
