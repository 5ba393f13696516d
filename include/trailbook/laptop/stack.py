"""Starting the embedded AWS and Airflow, in an order that waits for nothing twice."""

import sys
from collections.abc import Mapping

from trailbook.laptop.airflow_home import AirflowHome
from trailbook.laptop.children import Child, Children, environment, listening
from trailbook.laptop.place import Place
from trailbook.laptop.rest import AirflowRest

_AIRFLOW = (sys.executable, "-m", "airflow")


def start_aws(children: Children, place: Place) -> dict[str, str]:
    """Start the embedded AWS and return the environment that reaches it."""
    port = place.aws_port()
    command = (sys.executable, "-m", "trailbook", "local", "--port", str(port), "--state", str(place.aws))
    children.start("embedded-aws", command, environment({}))
    children.wait_for(lambda: listening(port), "the embedded AWS", 60)
    return place.aws_environment(port)


def components(*, triggerer: bool) -> list[str]:
    """Return the parts of Airflow that are started."""
    return ["api-server", "scheduler", "dag-processor", *(["triggerer"] if triggerer else [])]


def migrate(children: Children, env: Mapping[str, str]) -> Child:
    """Begin to create or bring up to date Airflow's database; wait for the child before `start_airflow`."""
    return children.start("airflow-db", (*_AIRFLOW, "db", "migrate"), env)


def start_airflow(children: Children, home: AirflowHome, env: Mapping[str, str], *, triggerer: bool) -> AirflowRest:
    """Start Airflow's components and return its API's client once all of them are well."""
    for component in components(triggerer=triggerer):
        children.start(component, (*_AIRFLOW, component), env)
    rest = AirflowRest(home.url, home.login())
    children.wait_for(rest.healthy, "Airflow", 180)
    return rest
