"""A terminal of a given width, and what its reader sees of the output."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
_STYLES = re.compile(r"\x1b\[[0-9;]*m")

# Test modules are imported by path (`--import-mode=importlib`), so what they share needs a place to be found.
sys.path.append(str(Path(__file__).parents[1] / "steps"))


@pytest.fixture(autouse=True)
def passed_cases(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the cases that `trailbook test` passed in a file of the test's own, and return it."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "trailbook" / "passed-cases"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[int], Callable[[], str]]:
    """Make standard output a terminal; return what reads it, without its colours and the spaces at line ends."""

    def of(width: int) -> Callable[[], str]:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        return lambda: "".join(f"{line.rstrip()}\n" for line in _STYLES.sub("", capsys.readouterr().out).splitlines())

    return of


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Assert that a text is a golden file's; a missing file fails; TRAILBOOK_REGEN=1 writes it."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("TRAILBOOK_REGEN") == "1":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing: look at the output, then run with TRAILBOOK_REGEN=1"
        assert text == path.read_text(encoding="utf-8"), f"{name} differs: if that is meant, TRAILBOOK_REGEN=1"

    return check
