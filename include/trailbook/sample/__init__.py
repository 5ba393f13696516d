"""The sample trail: reproducible CloudTrail logs in AWS's own layout, with incidents planted for some runbooks.

Pure Python; nothing here knows Airflow, Athena or the runbooks.
"""

from trailbook.sample.generation import REGIONS, SampleSummary, generate
from trailbook.sample.lookup_files import lookups

__all__ = ["PLANTED", "REGIONS", "SampleSummary", "generate", "lookups"]

PLANTED = (
    "auth-failed-logins",
    "change-unauthorised-key-resources",
    "iam-policy-changes",
    "s3-critical-bucket-activity",
)
"""The runbooks that the sample has incidents for, over several days: the demonstration shows these."""
