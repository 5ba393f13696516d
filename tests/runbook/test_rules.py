"""Every rule's docstring shows a runbook that passes and one that fails, and both do."""

import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from trailbook.runbook.collection import Collection, files
from trailbook.runbook.rules import OWN_RULES
from trailbook.runbook.rules.references import pivots_lead_somewhere
from trailbook.sql.lint import RULES
from trailbook.sql.lint.event_names import event_names

WHOLE = """
id: probe
title: A probe
description: What was called.
severity: low
owner: security-operations
schedule: {cron: "0 2 * * *"}
query: SELECT eventid AS event_id, eventname AS event_name FROM cloudtrail
result: {kind: events, key: [event_id]}
"""


@dataclass(frozen=True)
class Example:
    rule: str
    words: str | None
    """Words of the message that is expected; None where the runbook must pass."""
    body: str

    def write(self, folder: Path) -> None:
        """Write the example's files: `--- name.yaml` begins another one."""
        name, lines = "probe.yaml", list[str]()
        for line in [*self.body.splitlines(), "--- "]:
            if line.startswith("--- "):
                spec: dict[str, Any] = yaml.safe_load(WHOLE) | (yaml.safe_load("\n".join(lines)) or {})
                (folder / name).write_text(yaml.safe_dump(_as_text(spec), sort_keys=False))
                name, lines = line.removeprefix("--- "), []
            else:
                lines.append(line)


def _as_text(value: Any) -> Any:
    """PyYAML's own reader makes dates; a runbook's has none."""
    if isinstance(value, dict):
        return {key: _as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def examples_of(rule: Callable[..., Any]) -> Iterator[Example]:
    """Yield the PASS and FAIL examples of a rule's docstring."""
    words: str | None = None
    lines: list[str] | None = None
    for line in [*inspect.cleandoc(rule.__doc__ or "").splitlines(), "END"]:
        if line and not line.startswith(" ") and lines is not None:
            yield Example(rule.__name__, words, textwrap.dedent("\n".join(lines)))
            lines = None
        if line == "PASS:" or line.startswith("FAIL: "):
            words, lines = (None if line == "PASS:" else line.removeprefix("FAIL: ")), []
        elif lines is not None:
            lines.append(line)


ALL_RULES = (*OWN_RULES, pivots_lead_somewhere, *RULES, event_names)
EXAMPLES = [example for rule in ALL_RULES for example in examples_of(rule)]


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.__name__)
def test_a_rule_shows_one_runbook_that_passes_and_one_that_fails(rule):
    found = [example.words is None for example in examples_of(rule)]

    assert True in found
    assert False in found


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: f"{e.rule}: {e.words or 'passes'}")
def test_the_example_does_what_its_docstring_says(example, tmp_path):
    example.write(tmp_path)

    judged = Collection.of(files(tmp_path), lint=True, doubt=example.rule == event_names.__name__)
    said = [p.message for p in (*judged.problems, *judged.doubts) if Path(p.path).stem == "probe"]

    if example.words is None:
        assert said == []
    else:
        assert any(example.words in message for message in said), said
