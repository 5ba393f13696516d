"""Every deed on a long ledger is named, and a clean ledger has no fault, whatever happened in it.

`benchmarks/tampering.py` does the same 1,000 times on 500 entries.
"""

import pytest
from tampering import DEEDS, Evidence, grown, seeded

from trailbook.ledger import Verification, verify


def verified(made: Evidence, *, second: bool = True) -> Verification:
    return verify(made.ledger, made.reports, second=made.heads if second else None)


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return grown(120, seeded(20261122))


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("seed", range(4))
def test_a_deed_is_named_at_its_place(evidence: Evidence, deed: str, seed: int) -> None:
    made = evidence.copy()
    keys = DEEDS[deed](made, seeded(f"{deed} {seed}"))
    assert keys & {fault.key for fault in verified(made).faults}


@pytest.mark.parametrize("deed", ["cut the tail", "rewrite a suffix"])
def test_what_only_the_second_place_shows(evidence: Evidence, deed: str) -> None:
    made = evidence.copy()
    DEEDS[deed](made, seeded(1))
    assert verified(made).faults
    assert verified(made, second=False).faults == []


@pytest.mark.parametrize("seed", range(5))
def test_a_clean_ledger_has_no_fault(seed: int) -> None:
    made = grown(40, seeded(seed))
    found = verified(made)
    assert (found.entries, found.compared, found.faults) == (40, 40, [])
