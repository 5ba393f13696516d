"""The guides' pictures and links are there, and the runbook that the first of them has people write is right."""

import re
import shutil
from pathlib import Path

import pytest

from trailbook.cli import main

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "docs" / f"{name}.md" for name in ("first-runbook", "incident", "auditor", "deploy")]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_what_a_guide_shows_and_links_to_is_there(guide: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", guide.read_text(encoding="utf-8"))
    assert targets
    assert [target for target in targets if not (guide.parent / target).exists()] == []


def test_each_picture_is_small_and_shown_in_a_guide() -> None:
    shown = "".join(guide.read_text(encoding="utf-8") for guide in GUIDES)
    pictures = sorted((ROOT / "docs" / "images").iterdir())
    assert pictures
    assert [path.name for path in pictures if f"images/{path.name}" not in shown] == []
    assert [path.name for path in pictures if path.stat().st_size > 150_000] == []


def test_the_first_runbook_passes_check_and_its_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", GUIDES[0].read_text(encoding="utf-8"), re.DOTALL)
    folder = tmp_path / "runbooks"
    shutil.copytree(ROOT / "runbooks", folder)
    (folder / "denied-iam-changes.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("TRAILBOOK_RUNBOOKS", str(folder))
    assert main(["check", "--strict"]) == 0
    assert main(["test", "denied-iam-changes"]) == 0
