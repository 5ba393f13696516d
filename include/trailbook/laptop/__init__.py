"""The whole product on one machine: the embedded AWS and a real Airflow as child processes, on loopback.

Invariants: every port is a free one that the system gave, nothing outlives the command that started it, and all state
is in one folder.
"""
