"""The static files: a stylesheet and a script, served under a digest of their content, so a browser may keep them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_OF_REPORTS = ("groups.css", "rows.css")
"""Styles of the reports' own templates, of which the pages include some; they stand before the pages' own."""

TYPES = {"trailbook.css": "text/css; charset=utf-8", "trailbook.js": "text/javascript; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Assets:
    """The files by name; `digest` is of all of them."""

    digest: str
    bodies: Mapping[str, bytes]


@cache
def assets() -> Assets:
    """Return the files of this package."""
    folder = files("trailbook.airflow.web") / "static"
    bodies = {name: (folder / name).read_bytes() for name in TYPES}
    shared = files("trailbook.report") / "templates"
    bodies["trailbook.css"] = b"".join((shared / name).read_bytes() for name in _OF_REPORTS) + bodies["trailbook.css"]
    digest = hashlib.sha256(b"\0".join(bodies.values())).hexdigest()[:16]
    return Assets(digest, MappingProxyType(bodies))
