"""What stands beneath a field: what the runbook's author says of it, and what a value may be, in sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

from trailbook.report.values import shown
from trailbook.runbook.model import Runbook
from trailbook.words import HIDDEN, amount, sentence, visible


def about(
    name: str, schema: Mapping[str, Any], default: Sequence[str], runbook: Runbook, *, may_be_empty: bool
) -> tuple[str, ...]:
    """Return the help of a field, a sentence each. `default` is what an empty field means."""
    own = name in runbook.params
    says = [schema["description"]] if schema.get("description") else []
    if name == "start" and runbook.schedule is None:
        says = [
            "First moment of the window."
        ]  # the common help tells what an empty one means, and here it must be given
    items, said = schema.get("items", {}), bool(says or schema.get("examples"))
    if own and items and "enum" not in items:
        says.append("One value a line.")
    limits = (*_limits(schema, said=said), *_limits(items, said=said), *_sizes(schema))
    says += [sentence(limit) for limit in limits]
    if schema.get("format") == "duration":
        says.append("An ISO 8601 duration, such as PT15M or P1D.")
    if schema.get("examples"):
        says.append(f"For example: {', '.join(shown(value) for value in schema['examples'])}.")
    if any(default) and may_be_empty and (own or name == "row_limit"):
        says.append(f"{'None ticked' if 'enum' in items else 'Left empty'}: {', '.join(default)}.")
    return tuple(says)


def _limits(schema: Mapping[str, Any], *, said: bool) -> tuple[str, ...]:
    """Return what a value may be; a pattern only where nothing else is said, since few people read patterns."""
    low, high, pattern = schema.get("minimum"), schema.get("maximum"), schema.get("pattern")
    found = []
    if low is not None and high is not None:
        found.append(f"from {low:,} to {high:,}")
    elif low is not None or high is not None:
        found.append(f"at least {low:,}" if high is None else f"at most {high:,}")
    if pattern is not None and not said:
        found.append(f"it must match {pattern}")
    return tuple(found)


def _sizes(schema: Mapping[str, Any]) -> tuple[str, ...]:
    named = (("at least", "minItems", "value"), ("at most", "maxItems", "value"))
    lengths = (("at least", "minLength", "character"), ("at most", "maxLength", "character"))
    found = [f"{words} {amount(schema[key], noun)}" for words, key, noun in (*named, *lengths) if key in schema]
    return (*found, "no value twice") if schema.get("uniqueItems") else tuple(found)


def hidden(text: str) -> tuple[str, ...]:
    """Return the warning of a text that does not look like what it is; empty where it does."""
    shown = visible(text, keep="\n\t")
    return (f"It holds hidden characters: {shown}",) if HIDDEN.search(text.replace("\n", "").replace("\t", "")) else ()
