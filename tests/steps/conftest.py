"""Logs of two days to run on."""

import sys
from pathlib import Path

import pytest

# Test modules are imported by path (`--import-mode=importlib`), so what they share needs a place to be found.
sys.path.append(str(Path(__file__).parent))

from watched_logins import Bench, logins


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Two days of logs: alice twice and then three times, bob on the first day only."""
    made = Bench(tmp_path)
    made.log("one", logins(1, alice=2, bob=2, carol=9))
    made.log("two", logins(2, alice=3, bob=1, carol=9))
    return made
