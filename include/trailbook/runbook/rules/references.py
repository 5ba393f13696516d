"""Rules about what one runbook says of others: they see all of them."""

from collections.abc import Iterator, Mapping, Set

from trailbook.runbook.model import COMMON_PARAMS, Runbook
from trailbook.runbook.nearest import did_you_mean
from trailbook.runbook.rules.flaw import Flaw


def pivots_lead_somewhere(runbook: Runbook, others: Mapping[str, Runbook], ids: Set[str]) -> Iterator[Flaw]:
    """A pivot names a runbook that exists (its file may be broken just now) and parameters of it.

    PASS:
        pivots: [{runbook: other, with: {accounts: "{event_name}", user: "{event_name}"}}]
        --- other.yaml
        id: other
        schedule: null
        params: {user: {type: string, title: Whose events}}
        query: SELECT eventname AS event_name, eventid AS event_id FROM cloudtrail WHERE useridentity.username = :user
    FAIL: no runbook `othr`; did you mean `other`?
        pivots: [{runbook: othr, with: {accounts: "{event_name}"}}]
        --- other.yaml
        id: other
    FAIL: `other` has no parameter `usr`; did you mean `user`?
        pivots: [{runbook: other, with: {usr: "{event_name}"}}]
        --- other.yaml
        id: other
        schedule: null
        params: {user: {type: string, title: Whose events}}
        query: SELECT eventname AS event_name, eventid AS event_id FROM cloudtrail WHERE useridentity.username = :user
    """
    for index, pivot in enumerate(runbook.pivots):
        if pivot.runbook not in ids:
            yield Flaw(("pivots", index, "runbook"), f"no runbook `{pivot.runbook}`{did_you_mean(pivot.runbook, ids)}")
            continue
        target = others.get(pivot.runbook)
        known = [*target.params, *COMMON_PARAMS] if target is not None else None
        for name in pivot.with_ if known is not None else ():
            if known is not None and name not in known:
                message = f"`{pivot.runbook}` has no parameter `{name}`{did_you_mean(name, known)}"
                yield Flaw(("pivots", index, "with", name), message, of_key=True)
