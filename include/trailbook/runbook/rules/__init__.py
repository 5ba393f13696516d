"""The rules beyond the schema. Each is one function whose docstring shows a runbook that passes and one that fails.

A docstring's example is the part of a runbook that matters; a test puts it into a whole one and runs it, so that no
example can be wrong. `FAIL:` is followed by words of the message.
"""

from trailbook.runbook.rules.attack import attack_ids
from trailbook.runbook.rules.cases import case_events, case_inputs, case_names
from trailbook.runbook.rules.flaw import Flaw, Rule
from trailbook.runbook.rules.identity import file_name
from trailbook.runbook.rules.params import (
    common_names,
    defaults_fit,
    keywords_fit,
    one_of_declared,
    replaced_columns,
    required_on_demand,
)
from trailbook.runbook.rules.stable import stable_is_documented

__all__ = ["OWN_RULES", "Flaw", "Rule"]

OWN_RULES: tuple[Rule, ...] = (
    file_name,
    common_names,
    keywords_fit,
    defaults_fit,
    required_on_demand,
    one_of_declared,
    replaced_columns,
    attack_ids,
    case_names,
    case_events,
    case_inputs,
    stable_is_documented,
)
"""Rules about one runbook that need nothing but its file."""
