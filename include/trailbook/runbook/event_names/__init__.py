"""What CloudTrail may write as event source and event name, as far as that is known.

Importing this alone reads nothing and builds no model: a DAG parse needs only the name of the file.
"""

OWN = "event-names.yaml"
"""The file beside the runbooks in which a deployment names what is not known here; it is no runbook."""

SUFFIX = ".amazonaws.com"
"""What the event source of an AWS service ends in."""
