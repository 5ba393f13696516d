"""What is doubted about one mention, in a sentence: what was expected, what was found, what was probably meant."""

import re
from collections.abc import Iterable, Sequence

from trailbook.runbook.event_names.known import KnownEvents
from trailbook.runbook.nearest import did_you_mean, nearest
from trailbook.sql.lint.event_names.conditions import as_source
from trailbook.sql.lint.event_names.lineage import Meaning
from trailbook.sql.lint.event_names.mentions import Mention

_FEW = 3
"""So many sources are named in a sentence."""


def doubt(mention: Mention, named: Sequence[Mention], known: KnownEvents) -> str:
    """Return what is doubted about a mention, or ''; `named` are the event names beside it."""
    if mention.meaning is not Meaning.NAME:
        return "" if mention.pattern else _of_source(mention.text, mention.meaning, known)
    sources = sorted(mention.sources or ())
    names = [known.names(source) for source in sources]
    if None in names:
        return ""  # the source itself is doubted
    if mention.pattern:
        like = _like(mention)
        fits = any(one.patterns or one.any_like(like) for one in names if one) if names else known.any_like(like)
        begin = f"{_have(sources)} no event" if sources else "no service has an event"
        return "" if fits else f"{begin} like `{mention.text}`"
    if any(one.has(mention.text) for one in names if one) if names else known.writers(mention.text):
        return _other_spelling(mention.text, sources or known.writers(mention.text), named, known)
    return _unknown(mention.text, sources, known)


def _of_source(text: str, meaning: Meaning, known: KnownEvents) -> str:
    source = as_source(text, meaning)
    if known.names(source) is not None:
        return ""
    meant = known.meant(source)
    if meant is not None:
        return f"no event source `{source}` is known: CloudTrail writes `{meant}`"
    return f"no event source `{source}` is known{did_you_mean(source, known.sources)}"


def _unknown(name: str, sources: Sequence[str], known: KnownEvents) -> str:
    others = known.writers(name)
    if others:
        return f"{_have(sources)} no event `{name}`: {_have(others)}"
    begin = f"{_have(sources)} no event" if sources else "no service has an event"
    return f"{begin} `{name}`{_did_you_mean(name, sources, known)}"


def _did_you_mean(name: str, sources: Sequence[str], known: KnownEvents) -> str:
    close = nearest(name, tuple(sorted(known.like_it(name, sources))))
    return f"; did you mean `{close}`?" if close else ""


def _other_spelling(name: str, sources: Iterable[str], named: Sequence[Mention], known: KnownEvents) -> str:
    """Say what CloudTrail writes instead of an operation's name, unless the query names that too."""
    writers = [(source, names) for source in sources if (names := known.names(source)) and names.has(name)]
    spellings = [(source, names.spelled.get(name, ())) for source, names in writers]
    if not spellings or not all(instead for _, instead in spellings):
        return ""
    source, instead = spellings[0]
    for mention in named:
        dated = mention.text.startswith(name) and mention.text[len(name) :][:1].isdigit()
        pattern = _like(mention) if mention.pattern else None
        if mention.text in instead or dated or (pattern and any(pattern.fullmatch(text) for text in instead)):
            return ""
    return f"`{source}` writes {_listed(instead, 'or')} for `{name}`: name that too"


def _like(mention: Mention) -> re.Pattern[str]:
    """Return a LIKE pattern as a regular expression."""
    text, found = mention.text, []
    index = 0
    while index < len(text):
        letter = text[index]
        if letter == mention.escape and index + 1 < len(text):
            index += 1
            found.append(re.escape(text[index]))
        else:
            found.append({"%": ".*", "_": "."}.get(letter, re.escape(letter)))
        index += 1
    return re.compile("".join(found), re.DOTALL)


def _have(sources: Sequence[str]) -> str:
    return f"{_listed(sources)} {'has' if len(sources) == 1 else 'have'}" if sources else "no service has"


def _listed(names: Sequence[str], last: str = "and") -> str:
    shown = [f"`{name}`" for name in names[:_FEW]]
    if len(names) > _FEW:
        return f"{', '.join(shown)} and {len(names) - _FEW} more"
    return f" {last} ".join(shown) if len(shown) < _FEW else f"{', '.join(shown[:-1])} {last} {shown[-1]}"
