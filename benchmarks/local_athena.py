"""The local Athena beside what people have today: a million events in 200 gzip objects, all measured in one run.

The events are the sample's own, varied and the same in every run; they are kept under `.trailbook/bench`. Times of
things that are compared are taken in turn, several times, and the best of each counts, so that a busy machine hits all
alike. Run it with `make bench`, or `python benchmarks/local_athena.py [--repeat N] [--only NAME …]`. It fails where a
goal is missed.
"""

import argparse
import gzip
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
from endpoint import MIB, Client, Peak, endpoint
from trail import (
    ACCOUNTS,
    EVENTS,
    EVENTS_AN_OBJECT,
    FIRST_DAY,
    PARSER,
    REGIONS,
    SQL,
    make_logs,
    plain_statements,
    run_jq,
    run_plain,
    run_python,
)

from trailbook.local.folder import FolderAthena
from trailbook.sample.identities import account_ids
from trailbook.settings import PhysicalTable
from trailbook.sql import ddl

FOLDER = Path(__file__).resolve().parent.parent / ".trailbook" / "bench"
MOST_RSS = 2048
BIG_RAW_MIB = 300


RUNBOOKS = [
    "SELECT eventname, count(*) AS n FROM {t} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10",
    "SELECT useridentity.arn AS a, count(*) AS n FROM {t} WHERE readonly = 'false' "
    "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10",
    "SELECT errorcode, count(DISTINCT sourceipaddress) AS n FROM {t} WHERE errorcode IS NOT NULL GROUP BY 1 ORDER BY 1",
    "SELECT awsregion, min(eventtime) AS f, max(eventtime) AS l FROM {t} GROUP BY 1 ORDER BY 1",
    "SELECT json_extract_scalar(requestparameters, '$.bucketName') AS b, count(*) AS n FROM {t} "
    "WHERE eventsource = 's3.amazonaws.com' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10",
    "SELECT r.arn AS arn, count(*) AS n FROM {t} CROSS JOIN UNNEST(resources) AS r (arn, accountid, type) "
    "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10",
]


@dataclass(slots=True)
class Table:
    """The lines printed at the end."""

    lines: list[str] = field(default_factory=list)
    missed: int = 0

    def line(self, what: str, seconds: float | None = None, note: str = "", reached: bool | None = None) -> None:
        """Add a line; `reached` says whether a goal was, None where there is none."""
        verdict = "" if reached is None else ("reached" if reached else "MISSED")
        shown = "" if seconds is None else f"{seconds:10.3f}"
        self.lines.append(f"{what:58}{shown:>10}  {note:44} {verdict}".rstrip())
        self.missed += reached is False


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return a call's seconds and value."""
    began = time.perf_counter()
    value = call()
    return time.perf_counter() - began, value


class Best:
    """The best time of each thing measured, and one answer that all must give."""

    def __init__(self) -> None:
        """Start with nothing measured."""
        self.seconds: dict[str, float] = {}
        self._expected: Any = None

    def note(self, name: str, seconds: float, rows: Any = None, scale: float = 1.0) -> None:
        """Take a measurement; ends the program where the rows are not those of the others."""
        print(f"… {name}: {seconds:.2f} s", file=sys.stderr)
        self.seconds[name] = min(self.seconds.get(name, 1e9), seconds * scale)
        if rows is not None:
            plain = [(str(a), int(n)) for a, n in rows]
            self._expected = self._expected or plain
            if plain != self._expected:
                raise SystemExit(f"{name}: expected {self._expected}, found {plain}")


def cold_and_warm(logs: Path, repeat: int, table: Table) -> None:
    """Compare a first query with plain DuckDB, Python and jq, and a second one with the first."""
    files = sorted(logs.rglob("*.gz"))
    best = Best()
    for number in range(repeat):
        peak = one_round(logs, best, first=number == 0)
        for name, statement in plain_statements(files).items():
            if number == 0 or name.startswith("read_json_objects"):
                best.note(f"plain DuckDB, {name}", *timed(lambda s=statement: run_plain(s)))
    best.note("python", *timed(lambda: run_python(files)))
    if shutil.which("jq"):
        some = files[:: max(1, len(files) // 20)]
        best.note("jq", timed(lambda: run_jq(some))[0], None, len(files) / len(some))
    size = sum(f.stat().st_size for f in files)
    table.line(f"{EVENTS:,} events, {len(files)} objects, {size / MIB:.0f} MiB gzip; best of {repeat}", None, "seconds")
    tell(best.seconds, peak, table)


def one_round(logs: Path, best: Best, *, first: bool) -> float:
    """Measure a cold and some warm queries in a new endpoint; return its peak memory in MiB while cold."""
    place = "trailbook.cloudtrail_logs"
    other = RUNBOOKS[1].format(t=place)
    with tempfile.TemporaryDirectory(prefix="trailbook-bench-") as state, endpoint(Path(state)) as (url, process, _):
        client = Client(url)
        client.fill(logs)
        make_table(client, account_ids(ACCOUNTS), REGIONS)
        with Peak(process) as peak:
            best.note("cold", *client.query(SQL))
        for _ in range(5):
            best.note("warm", *client.query(SQL))
        if first:
            best.note("another question, first time", client.query(other)[0])
            best.note("another question, second time", client.query(other)[0])
    return peak.mib


def make_table(client: Client, accounts: Sequence[str], regions: Sequence[str], last_day: str = "NOW") -> None:
    """Make the table over the uploaded logs."""
    client.query(ddl.create_database(PhysicalTable()))
    made = ddl.create_table(
        PhysicalTable(), trail="s3://logs/AWSLogs", accounts=accounts, regions=regions, first_day=FIRST_DAY
    )
    client.query(made.replace(",NOW", f",{last_day}"))


def tell(best: dict[str, float], peak: float, table: Table) -> None:
    """Add the lines of the comparison."""
    cold, warm = best["cold"], best["warm"]
    speed = f"{EVENTS / cold / 1000:.0f} k events/s, peak {peak:.0f} MiB"
    table.line("first query (cold), through the endpoint", cold, speed)
    for name, seconds in sorted(best.items()):
        if name.startswith("plain"):
            table.line(name, seconds)
    ratio = min(seconds for name, seconds in best.items() if name.startswith("plain")) / cold
    table.line("  cold beside the best plain statement", None, f"{ratio:.2f} × its events/s; goal 0.8", ratio >= 0.8)
    ratio = best["python"] / cold
    note = f"cold is {ratio:.1f} × as fast; goal 2.5"
    table.line(f"Python loop (gzip + {PARSER})", best["python"], note, ratio >= 2.5)
    if "jq" in best:
        ratio = best["jq"] / cold
        note = f"cold is {ratio:.1f} × as fast; goal 5"
        table.line("zcat | jq (a tenth of the objects, scaled)", best["jq"], note, ratio >= 5)
    else:
        table.line("zcat | jq", None, "skipped: jq is not installed")
    table.line("the same query again (warm)", warm, f"{cold / warm:.0f} × as fast as cold; goal 30", cold / warm >= 30)
    for name in ("another question, first time", "another question, second time"):
        table.line(name, best[name])


def concurrent(logs: Path, table: Table) -> None:
    """Run 32 queries at once through the endpoint, cold; then one over an object of 300 MB."""
    with (
        tempfile.TemporaryDirectory(prefix="trailbook-bench-") as state,
        endpoint(Path(state)) as (url, process, start),
    ):
        table.line("start of the endpoint", start, "goal 3 s", start < 3)
        client = Client(url)
        client.fill(logs)
        make_table(client, account_ids(ACCOUNTS), REGIONS)
        place = "trailbook.cloudtrail_logs"
        questions = [RUNBOOKS[n % len(RUNBOOKS)].format(t=place) for n in range(32)]
        answers: list[tuple[float, list[list[str]]] | None] = [None] * 32

        def ask(number: int) -> None:
            answers[number] = client.query(questions[number])

        with Peak(process) as peak:
            threads = [threading.Thread(target=ask, args=(n,)) for n in range(32)]
            seconds, _ = timed(lambda: [[t.start() for t in threads], [t.join() for t in threads]])
        done = [a for a in answers if a is not None]
        alone = {sql: client.query(sql)[1] for sql in set(questions)}
        right = sum(a is not None and a[1] == alone[q] for a, q in zip(answers, questions, strict=True))
        slowest = max(a[0] for a in done)
        table.line(
            "32 concurrent queries, nothing cached",
            seconds,
            f"{right} of 32 right, slowest {slowest:.1f} s",
            right == 32,
        )
        table.line("  peak memory of the endpoint", None, f"{peak.mib:.0f} MiB; goal {MOST_RSS}", peak.mib < MOST_RSS)
        big_object(logs, client, process, table)


def big_object(logs: Path, client: Client, process: psutil.Process, table: Table) -> None:
    """Put one object of 300 MB, uncompressed, and count it."""
    texts, size = [], 0
    for file in sorted(logs.rglob("*.gz")):
        body = gzip.decompress(file.read_bytes())[len(b'{"Records":[') : -2]
        texts.append(body)
        size += len(body)
        if size >= BIG_RAW_MIB * MIB:
            break
    packed = gzip.compress(b'{"Records":[' + b",".join(texts) + b"]}", 1, mtime=0)
    account = account_ids(ACCOUNTS)[0]
    day = FIRST_DAY + timedelta(days=40)
    client.s3.put_object(
        Bucket="logs", Key=f"AWSLogs/{account}/CloudTrail/us-east-1/{day:%Y/%m/%d}/big.json.gz", Body=packed
    )
    client.query("DROP TABLE trailbook.cloudtrail_logs")
    make_table(client, [account], ["us-east-1"], f"{day:%Y/%m/%d}")
    with Peak(process) as peak:
        seconds, rows = client.query(
            f"SELECT count(*), count(eventid) FROM trailbook.cloudtrail_logs WHERE \"timestamp\" = '{day:%Y/%m/%d}'"  # noqa: S608 - a constant
        )
    expected = len(texts) * EVENTS_AN_OBJECT
    right = rows == [[str(expected), str(expected)]]
    table.line(f"one object of {size / MIB:.0f} MiB (uncompressed)", seconds, f"{rows[0][0]} events", right)
    table.line("  peak memory of the endpoint", None, f"{peak.mib:.0f} MiB; goal {MOST_RSS}", peak.mib < MOST_RSS)


def library(logs: Path, table: Table) -> None:
    """Run a library of questions over a folder: one load, then each question's own time."""
    place = "trailbook.cloudtrail_logs"
    seconds, athena = timed(lambda: FolderAthena.from_folder([logs], table=PhysicalTable()))
    with athena:
        times = [
            timed(lambda s=sql, n=n: athena.execute(s.format(t=place), token=str(n)))[0]
            for n, sql in enumerate(RUNBOOKS)
        ]
    table.line("a library over a folder: the one load", seconds, f"{EVENTS / seconds / 1000:.0f} k events/s")
    mean = sum(times) / len(times)
    table.line(
        "  each further runbook's query (mean)",
        mean,
        f"{seconds / mean:.0f} × shorter than the load",
        mean < seconds / 5,
    )


def main() -> int:
    """Measure, print the table; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument(
        "--only", nargs="*", choices=["cold", "concurrent", "library"], default=["cold", "concurrent", "library"]
    )
    args = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    logs = make_logs(FOLDER)
    table = Table()
    if "cold" in args.only:
        cold_and_warm(logs, args.repeat, table)
    if "concurrent" in args.only:
        concurrent(logs, table)
    if "library" in args.only:
        library(logs, table)
    print("\n".join(table.lines))
    return 1 if table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
