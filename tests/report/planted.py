"""What breaks pages, spreadsheets and terminals, planted in every field of a report that people fill."""

from samples import BEFORE, COLUMNS, SPEC, make

from trailbook.diff import Finding, Seen, State, Suppression
from trailbook.plan import Baseline, LookupUse, Run, Trigger
from trailbook.report import Report
from trailbook.verdict import Completeness, Coverage

PLANTED = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "[x](javascript:alert(1)) ![i](https://evil.example/i.png) <https://ok.example/a> "
    "[d](data:text/html,x) [r](//evil.example)",
    "</style></title></textarea><svg/onload=alert(1)>",
    "*/}body{display:none}/*<style>",
    "{{ 7*7 }}{% raw %}{#",
    "=cmd|' /C calc'!A0",
    "\x1b]0;owned\x07\x1b[31mred\x9b31m",
    "alice\u202egnp.exe\u2066\u2069\u200b",
    "a\nb\r\nc\td\x00e",
    "--><!--<!doctype html>",
    "&lt;script&gt; &amp; &#60;",
    "\ud800 lone",
    "W" * 10_000,
)
HOSTILE = " ".join(PLANTED)
WRITTEN = tuple(text for text in PLANTED if "\ud800" not in text)
"""What a YAML file can hold: no lone surrogate."""


def hostile() -> Report:
    """Every field that a person or an attacker can fill is filled with what breaks pages."""
    bad = " ".join(WRITTEN)
    spec = SPEC | {
        "title": bad[:200],
        "description": bad,
        "owner": bad,
        "falsepositives": [*WRITTEN],
        "references": [f"https://x.example/{text}" for text in WRITTEN[:8]] + ["https://ok.example/a"],
        "attack": {"version": "19.1", "techniques": ["T1110", "javascript:alert(1)", "<b>"]},
        "controls": {f"{text}@{text}": [text] for text in WRITTEN[:6]},
        "guide": "\n\n".join(WRITTEN)
        + "\n\n# <b>h</b>\n\n| a |\n|--:|\n| <i>x</i> |\n\n```js' onload=x\n</code><script>\n```\n",
        "pivots": [{"runbook": "principal-timeline", "with": {"user": "{user_name}", "x": bad}, "title": bad}],
        "allow": [{"match": {"user_name": bad}, "reason": bad, "owner": bad, "expires": "2026-01-01"}],
        "params": {"threshold": {"type": "string", "title": bad, "default": None}},
    }
    bad, rows = HOSTILE, []
    for number, text in enumerate(PLANTED):
        filled = {"account_id": text, "user_name": text, "source_ip": text, "user_agent": text, "first_try": text}
        suppression = Suppression(text, text, text) if number % 4 == 3 else None
        rows.append(
            Finding(
                finding_id=text,
                state=list(State)[number % 4],
                row={column.name: None for column in COLUMNS} | filled | {"event_ids": f"[{text}, {text}]"},
                reopened=number % 2 == 0,
                first_seen=Seen(text, text),
                last_seen=Seen(text, text),
                changes={"failures": (text, text)} if number % 4 == 1 else {},
                suppression=suppression,
            )
        )
    return make(
        rows,
        spec=spec,
        completeness=Completeness(
            tuple(Coverage(text, text, 1, text, text) for text in PLANTED), 5, (bad,), (bad,), (bad,), 3, (bad,)
        ),
        baseline=Baseline(
            run_id=bad, sequence=1, window=BEFORE, snapshot=bad, snapshot_sha256=bad, columns=COLUMNS, note=bad
        ),
        expired=(0,),
        run=Run(bad, trigger=Trigger.MANUAL, triggered_by=bad, reason=bad, logical_date=bad),
        params={"threshold": bad, bad: [bad]},
        accounts=(bad,),
        regions=(bad,),
        expected_accounts=(bad,),
        expected_regions=(bad,),
        sql=bad,
        coverage_sql=bad,
        rerun_of=bad,
        compare_with=bad,
        lookups=(LookupUse(bad, bad, 0, bad, True),),
        started=bad,
    )
