"""The only room that may import Airflow: DAGs from runbooks, operators, the tasks' callables, connections."""
