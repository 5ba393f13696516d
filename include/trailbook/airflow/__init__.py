"""The only room that knows Airflow: runbooks become DAGs, steps become tasks."""
