"""The report of a run: one model, rendered as HTML, JSON and CSV beside its snapshot, with a manifest of digests."""

from trailbook.report.model import Report, build
from trailbook.report.write import Products, prefix, write

__all__ = ["Products", "Report", "build", "prefix", "write"]
