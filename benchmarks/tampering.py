"""Tampering with a ledger at random places, until it has been done a thousand times, and whether `verify` names it.

Run it: `.venv/bin/python benchmarks/tampering.py [--times N] [--entries N]`. The exit code is 1 where a deed was not
named or a clean ledger had a fault.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "ledger"))

from tampering import DEEDS, Evidence, grown, seeded

from trailbook.ledger import verify


def main() -> int:
    """Do the deeds and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--entries", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    random, began = seeded(args.seed), time.monotonic()
    evidence = grown(args.entries, random)
    done: Counter[str] = Counter()
    named: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    for number in range(args.times):
        deed = list(DEEDS)[number % len(DEEDS)]
        made = evidence.copy()
        keys = DEEDS[deed](made, random)
        done[deed] += 1
        named[deed] += bool(keys & _faults(made, second=True))
        alone[deed] += bool(_faults(made, second=False))
    clean = [grown(random.randrange(1, 80), random) for _ in range(50)]
    alarms = sum(bool(_faults(made, second=True)) for made in [evidence, *clean])
    print(f"{'deed':24}{'done':>6}{'named':>7}{'without the second place':>26}")
    for deed in DEEDS:
        print(f"{deed:24}{done[deed]:6}{named[deed]:7}{alone[deed]:26}")
    print(f"{len(clean) + 1} clean ledgers: {alarms} false alarms")
    print(f"{done.total()} deeds on {args.entries} entries, {named.total()} named, {time.monotonic() - began:.0f} s")
    return 0 if named == done and not alarms else 1


def _faults(made: Evidence, *, second: bool) -> set[str]:
    return {fault.key for fault in verify(made.ledger, made.reports, second=made.heads if second else None).faults}


if __name__ == "__main__":
    sys.exit(main())
