"""What each page shows, as frozen dataclasses made by pure functions: no Airflow, no request, no clock."""
