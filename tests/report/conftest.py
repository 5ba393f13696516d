"""The samples as modules that the tests of this folder import, and golden files."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # samples.py is a script for people too, so it is no package's module

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def golden() -> Callable[[str, bytes], None]:
    """Assert that bytes are a golden file's; a missing file fails; TRAILBOOK_REGEN=1 writes it."""

    def check(name: str, body: bytes) -> None:
        path = GOLDEN / name
        if os.environ.get("TRAILBOOK_REGEN") == "1":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        assert path.exists(), f"{path} is missing: look at the report, then run with TRAILBOOK_REGEN=1"
        assert body.decode() == path.read_bytes().decode(), f"{name} differs: if that is meant, TRAILBOOK_REGEN=1"

    return check
