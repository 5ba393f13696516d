"""Random well-typed queries over a small table: the local engine against a live Trino (TRINO_URL).

    python tests/conformance/fuzz.py [MINUTES] [SEED]

Prints each query whose answers differ; what the local engine refuses by name does not count.
"""

# ruff: noqa: E501  # queries and their choices are read as lines
import os
import random
import sys
import time

from harness import TABLE, Case, difference, local, records
from trino import Server

from trailbook.local.folder import FolderAthena

ROWS = (
    "(VALUES (1, 'a', 10, true, DATE '2026-01-01'), (2, 'b', 20, false, NULL), (3, 'a', NULL, true, DATE '2026-02-28'), "
    "(4, NULL, 40, NULL, DATE '2024-02-29'), (5, 'é', -7, false, DATE '1999-12-31'), (6, '', 0, true, DATE '2026-01-01')) "
    "AS {} (i, s, n, b, d)"
)


class Queries:
    """A source of random queries."""

    def __init__(self, seed: int) -> None:
        """Begin with a seed."""
        self._random = random.Random(seed)  # noqa: S311  # a seeded fuzzer, no secret

    def _pick(self, *options: str) -> str:
        return self._random.choice(options)

    def number(self, deep: int = 2, t: str = "t") -> str:
        """Return an expression of an integer type."""
        if not deep:
            return self._pick(f"{t}.i", f"{t}.n", "1", "0", "-3", "NULL", "7")
        a, b = self.number(deep - 1, t), self.number(deep - 1, t)
        return self._pick(
            *(a, f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"coalesce({a}, {b}, 5)", f"nullif({a}, {b})"),
            *(f"length({self.text(deep - 1, t)})", f"CASE WHEN {self.truth(deep - 1, t)} THEN {a} ELSE {b} END"),
            *(f"abs({a})", f"try({a} / {b})", f"try({a} % {b})", f"year({t}.d)", f"strpos({t}.s, 'a')"),
            f"greatest({a}, {b})",
        )

    def text(self, deep: int = 2, t: str = "t") -> str:
        """Return an expression of type varchar."""
        if not deep:
            return self._pick(f"{t}.s", "'a'", "''", "'xyz'", f"CAST({t}.i AS varchar)", "CAST(NULL AS varchar)")
        a, b = self.text(deep - 1, t), self.text(deep - 1, t)
        return self._pick(
            *(a, f"({a} || {b})", f"upper({a})", f"substr({a}, 1, 2)", f"coalesce({a}, {b})", f"trim({a})"),
            *(f"IF({self.truth(deep - 1, t)}, {a}, {b})", f"CAST({self.number(deep - 1, t)} AS varchar)"),
        )

    def truth(self, deep: int = 2, t: str = "t") -> str:
        """Return an expression of type boolean."""
        if not deep:
            return self._pick(f"{t}.b", "true", "false", f"{t}.n > 5", f"{t}.s = 'a'", f"{t}.d IS NULL")
        a, b = self.truth(deep - 1, t), self.truth(deep - 1, t)
        x, y = self.number(deep - 1, t), self.number(deep - 1, t)
        return self._pick(
            *(
                f"({a} AND {b})",
                f"({a} OR {b})",
                f"(NOT {a})",
                f"({x} < {y})",
                f"({x} = {y})",
                f"({x} IS DISTINCT FROM {y})",
            ),
            *(f"({x} BETWEEN {y} AND 20)", f"({x} IN ({y}, 10, NULL))", f"({self.text(deep - 1, t)} LIKE '%a%')"),
            *(f"({x} NOT IN (SELECT u.n FROM {ROWS.format('u')} WHERE u.n > 5))", f"({t}.s NOT LIKE 'a%')"),
            f"EXISTS (SELECT 1 FROM {ROWS.format('u')} WHERE u.i = {t}.n)",
        )

    def aggregate(self) -> str:
        """Return an aggregate call."""
        x = self.number(1)
        call = self._pick(
            *(f"sum({x})", f"count({x})", "count(*)", f"max({x})", f"min({self.text(1)})", f"count(DISTINCT {x})"),
            *(f"array_agg({x} ORDER BY t.i)", "max_by(t.i, t.n)", f"bool_and({self.truth(1)})", f"avg({x})"),
            *(f"count_if({self.truth(1)})", "listagg(t.s, '|') WITHIN GROUP (ORDER BY t.i)", f"sum(DISTINCT {x})"),
        )
        return call + self._pick("", "", f" FILTER (WHERE {self.truth(1)})")

    def window(self) -> str:
        """Return a window call."""
        call = self._pick("row_number()", "rank()", "dense_rank()", "ntile(2)", "lag(t.n)", "lead(t.s, 2, 'z')", "sum(t.n)",
                          "first_value(t.n) IGNORE NULLS", "last_value(t.s)", "nth_value(t.i, 2)", "count(t.n)", "max(t.s)")  # fmt: skip
        order = self._pick("t.i", "t.i DESC", "t.n, t.i", "t.s DESC NULLS FIRST, t.i")
        frame = self._pick("", "", "ROWS 1 PRECEDING", "ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING", "RANGE CURRENT ROW",
                           "GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW")  # fmt: skip
        frame = "" if call.startswith(("lag", "lead", "row", "rank", "dense", "ntile")) else frame
        return f"{call} OVER ({self._pick('', 'PARTITION BY t.b ')}ORDER BY {order} {frame})"

    def query(self) -> str:
        """Return a whole query."""
        source, kind = ROWS.format("t"), self._random.randrange(7)
        if kind == 0:
            return f"SELECT {self.number()}, {self.text()}, {self.truth()} FROM {source} WHERE {self.truth()}"
        if kind == 1:
            keys = self._pick(
                "t.b", "t.s", "t.b, t.s", "ROLLUP (t.b, t.s)", "CUBE (t.b, t.s)", "GROUPING SETS ((t.s), ())"
            )
            return f"SELECT {self.aggregate()}, {self.aggregate()} FROM {source} GROUP BY {keys} HAVING {self._pick('count(*) > 0', 'sum(t.n) > 5', 'true')}"
        if kind == 2:
            return f"SELECT t.i, {self.window()}, {self.window()} FROM {source}"
        if kind == 3:
            join = self._pick("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")
            return f"SELECT t.i, u.i, u.s FROM {source} {join} {ROWS.format('u')} ON t.i = u.n / 10"
        if kind == 4:
            word = self._pick("UNION", "UNION ALL", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL")
            return f"SELECT {self.number(1)}, {self.text(1)} FROM {source} {word} SELECT {self.number(1)}, {self.text(1)} FROM {source}"
        if kind == 5:
            return f"SELECT DISTINCT {self.text()}, {self.truth(1)} FROM {source}"
        return f"SELECT t.i, (SELECT {self._pick('max', 'min', 'count')}(u.n) FROM {ROWS.format('u')} WHERE u.i < t.i) FROM {source} WHERE {self.truth()}"


def main() -> int:
    """Run for some minutes."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 1
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    server, queries = Server(os.environ.get("TRINO_URL", "http://127.0.0.1:18080").rstrip("/")), Queries(seed)
    until, asked, refused, wrong = time.monotonic() + minutes * 60, 0, 0, 0
    with FolderAthena.from_records(records(), table=TABLE) as athena:
        while time.monotonic() < until:
            case = Case("fuzz", queries.query())
            ours, asked = local(athena, case), asked + 1
            if ours.error == "NOT_SUPPORTED":
                refused += 1
                continue
            told = difference(case, ours, server.ask(case.sql))
            if told:
                wrong += 1
                print(f"{case.sql}\n    {told[:500]}", flush=True)
    print(f"seed {seed}: {asked} queries, {refused} refused, {wrong} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
