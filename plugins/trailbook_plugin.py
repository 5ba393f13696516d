"""Registers Trailbook with Airflow: its Plugins page shows that it is there, and the UI's pages will hang on this."""

from airflow.plugins_manager import AirflowPlugin


class TrailbookPlugin(AirflowPlugin):
    """Trailbook in this Airflow. It adds no page yet: reports are files in S3, runs are DAG runs."""

    name = "trailbook"
