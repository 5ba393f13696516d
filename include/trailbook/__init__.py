"""Trailbook: CloudTrail audit runbooks on Apache Airflow, with evidence that stands up in an audit."""

__version__ = "0.1.0"
