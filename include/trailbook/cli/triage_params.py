"""The `--param k=v` of a command that runs every runbook: each is for the runbooks that have it, and for one at least.

Invariants: a name that no runbook has is refused, never ignored; a runbook is skipped only for what nobody gave it,
and a value that is wrong is an error of its run.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from trailbook.errors import InvalidRequest
from trailbook.runbook.common import COMMON_SCHEMAS
from trailbook.runbook.faults import faults, shown
from trailbook.runbook.model import COMMON_PARAMS, Runbook
from trailbook.runbook.nearest import did_you_mean
from trailbook.runbook.values import from_text, resolve

_ELSEWHERE = {"start": "give --from", "end": "give --to"}
_OF_ONE = {"compare_with": "it names a run of one runbook, so name that runbook instead of --all"}
_OF_ALL = tuple(name for name in COMMON_PARAMS if name not in _ELSEWHERE | _OF_ONE)


def refuse(pairs: Sequence[str], runbooks: Sequence[Runbook], *, every: bool) -> None:
    """Raise InvalidRequest for the pairs that would have no effect, or (with `every`) would fail in every runbook."""
    known = dict.fromkeys([*_OF_ALL, *(name for runbook in runbooks for name in runbook.params)])
    told = _ELSEWHERE | (_OF_ONE if every else {})
    reasons = []
    for pair in pairs:
        name, equals, _ = pair.partition("=")
        if not equals:
            reasons.append(f"--param {shown(pair)}: expected name=value")
        elif name in told and name not in known:
            reasons.append(f"--param {name}: {told[name]}")
        elif every and name not in known:
            reasons.append(f"--param {shown(name)}: no runbook has this parameter{did_you_mean(name, known)}")
    if every and not reasons and runbooks:
        common = from_text(runbooks[0], [pair for pair in pairs if pair.partition("=")[0] in _OF_ALL])
        reasons += [fault for name, value in common.items() for fault in faults(name, value, COMMON_SCHEMAS[name])]
    if reasons:
        raise InvalidRequest(*reasons)


def given(runbook: Runbook, pairs: Sequence[str]) -> list[str]:
    """Return the pairs that a runbook takes."""
    return [pair for pair in pairs if pair.partition("=")[0] in (*runbook.params, *_OF_ALL)]


def lacking(runbook: Runbook, pairs: Sequence[str], window: Mapping[str, str]) -> str | None:
    """Return what an on-demand runbook needs and was not given; None where it can run, or has to say what is wrong.

    What a request without any parameter lacks is nobody's mistake; whatever else is wrong with this one is.
    """
    if runbook.schedule is not None:
        return None
    try:
        values = from_text(runbook, given(runbook, pairs))
    except InvalidRequest:
        return None
    wrong = _wrong(runbook, {**values, **window})
    if not wrong or set(wrong) - set(_wrong(runbook, window)):
        return None
    return _needs(runbook, values) or "; ".join(wrong)


def _wrong(runbook: Runbook, values: Mapping[str, Any]) -> Sequence[str]:
    try:
        resolve(runbook, values)
    except InvalidRequest as error:
        return error.reasons
    return ()


def _needs(runbook: Runbook, values: Mapping[str, Any]) -> str:
    needs = [f"--param {name}=…" for name, param in runbook.params.items() if param.required and name not in values]
    if runbook.needs_one_of and all(values.get(name) in (None, []) for name in runbook.needs_one_of):
        choice = ", ".join(f"--param {name}=…" for name in runbook.needs_one_of)
        needs.append(f"one of {choice}" if len(runbook.needs_one_of) > 1 else choice)
    return f"needs {' and '.join(needs)}" if needs else ""
