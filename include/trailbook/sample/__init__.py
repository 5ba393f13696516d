"""The sample trail: reproducible CloudTrail logs in AWS's own layout, with planted incidents for each shipped runbook.

Pure Python; nothing here knows Airflow, Athena or the runbooks.
"""

from trailbook.sample.generation import REGIONS, SampleSummary, generate
from trailbook.sample.lookup_files import lookups

__all__ = ["REGIONS", "SampleSummary", "generate", "lookups"]
