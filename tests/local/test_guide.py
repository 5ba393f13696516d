"""docs/local-athena.md lists what is answered, no more and no less."""

import re
from pathlib import Path

from trailbook.local.engine.aggregates import AGGREGATES, WINDOW_ONLY
from trailbook.local.engine.calls import _SPECIAL
from trailbook.local.engine.functions import FUNCTIONS

GUIDE = (Path(__file__).parents[2] / "docs" / "local-athena.md").read_text()


def listed(mark):
    section = re.split(r"<!-- \w+ -->|\n## ", GUIDE.split(f"<!-- {mark} -->")[1])[0]
    return set(re.findall(r"`(\w+)`", section.rpartition(": ")[2]))


def test_the_functions_are_those_that_are_answered():
    assert listed("functions") == {name for name, overloads in FUNCTIONS.items() if overloads} | set(_SPECIAL)


def test_the_aggregates_and_windows_are_those_that_are_answered():
    assert listed("aggregates") == {*AGGREGATES, "listagg"}
    assert listed("windows") == set(WINDOW_ONLY)
