"""docker-compose.yaml, its images and its example environment agree with the repository, Airflow and each other.

No Docker engine is needed: `docker-compose config` checks the form where it is installed, the rest reads the YAML.
"""

import argparse
import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from trailbook import __version__
from trailbook.settings import Settings

REPO = Path(__file__).parents[1]
COMPOSE = REPO / "docker-compose.yaml"
TEXT = COMPOSE.read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
AIRFLOW = sorted(name for name in SERVICES if name.startswith("airflow-"))
DOCKERFILE = (REPO / "deploy/Dockerfile").read_text()
EXAMPLE = (REPO / "deploy/.env.example").read_text()
SECRET = re.compile(r"SECRET|PASSWORD|TOKEN|_KEY\b|_KEY_ID\b|REDISCLI_AUTH")
REQUIRED = sorted(re.findall(r"^([A-Z_]+)=$", EXAMPLE, re.MULTILINE))
CELERY_OPTIONS = {"result_backend", "broker_url", "worker_concurrency"}  # of the Celery provider, which is in the image


def locked(name: str) -> str:
    lock = tomllib.loads((REPO / "uv.lock").read_text())
    return next(str(package["version"]) for package in lock["package"] if package["name"] == name)


def environments() -> Iterator[tuple[str, str, str | None]]:
    for service, body in SERVICES.items():
        for name, value in body.get("environment", {}).items():
            yield service, name, value


def mounts(service: str) -> dict[str, tuple[str, str]]:
    """Return target to (source as the default has it, mode) of a service's bind mounts."""
    found = {}
    for mount in SERVICES[service].get("volumes", []):
        source, target, *mode = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", mount).split(":")
        if source.startswith("."):
            found[target] = (source, *mode)
    return found


# --- the form: compose's own parser


@pytest.fixture
def compose_config(tmp_path: Path) -> Any:
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("docker-compose is not installed (Debian: apt-get install docker-compose)")

    def run(*, without: str = "", extra: str = "") -> subprocess.CompletedProcess[str]:
        filled = EXAMPLE
        for name in REQUIRED:
            value = "" if name == without else "s3://bucket/prefix" if name.startswith("TRAILBOOK_") else "0123abcd" * 4
            filled = re.sub(rf"^{name}=$", f"{name}={value}", filled, flags=re.MULTILINE)
        env_file = tmp_path / "env"
        env_file.write_text(filled + extra)
        command = [program, "--env-file", str(env_file), "-f", str(COMPOSE), "config"]
        clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return subprocess.run(command, cwd=REPO, env=clean, capture_output=True, text=True, check=False, timeout=60)

    return run


def test_compose_accepts_the_file_with_the_example_environment_filled(compose_config: Any) -> None:
    ended = compose_config()
    assert ended.returncode == 0, ended.stderr
    assert set(yaml.safe_load(ended.stdout)["services"]) >= set(AIRFLOW)


def test_compose_gives_a_worker_settings_that_trailbook_accepts(compose_config: Any) -> None:
    worker = yaml.safe_load(compose_config().stdout)["services"]["airflow-worker"]["environment"]
    settings = Settings.from_env({name: value for name, value in worker.items() if value is not None})
    assert settings.deferrable
    assert settings.ledger == "s3://bucket/prefix"
    assert settings.table == Settings().table
    assert settings.runbooks == Path("/opt/airflow/runbooks")
    assert settings.lookups == settings.runbooks / "lookups"


@pytest.mark.parametrize("name", REQUIRED)
def test_compose_refuses_to_start_while_a_secret_or_a_location_is_missing(compose_config: Any, name: str) -> None:
    ended = compose_config(without=name)
    assert ended.returncode != 0
    assert "is not set" in ended.stderr


def test_the_embedded_aws_is_what_airflow_talks_to_when_the_example_says_so(compose_config: Any) -> None:
    local = EXAMPLE[EXAMPLE.index("# --- No AWS account?") :]
    settings = "\n" + "\n".join(line.removeprefix("#") for line in local.splitlines() if re.match(r"#[A-Z]", line))
    ended = compose_config(extra=settings)
    assert ended.returncode == 0, ended.stderr
    services = yaml.safe_load(ended.stdout)["services"]
    worker, sample = services["airflow-worker"]["environment"], services["local-aws-sample"]["environment"]
    assert worker["AWS_ENDPOINT_URL"] == sample["AWS_ENDPOINT_URL"] == "http://local-aws:4566"
    for name in ("TRAILBOOK_TRAIL", "TRAILBOOK_RESULTS"):
        assert worker[name] == sample[name]


# --- secrets and exposure


def test_no_secret_has_a_default_or_a_value_in_the_file() -> None:
    for name, operator in re.findall(r"\$\{(\w+)(:[-?])?", TEXT):
        if SECRET.search(name):
            assert operator == ":?", f"${{{name}}} must be required"
    for service, name, value in environments():
        if SECRET.search(name) and not service.startswith("local-aws"):
            assert value is None or re.match(r"\$\{\w+:\?", value), f"{service}: {name}"


def test_the_example_environment_has_no_secret_in_it() -> None:
    before_local_aws = EXAMPLE[: EXAMPLE.index("# --- No AWS account?")]
    for name, value in re.findall(r"^#?([A-Z_]+)=(.*)$", before_local_aws, re.MULTILINE):
        assert not (SECRET.search(name) and value), name


def test_every_port_is_open_on_loopback_only() -> None:
    published = [port for body in SERVICES.values() for port in body.get("ports", [])]
    assert published
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_only_what_asks_aws_gets_its_credentials() -> None:
    served = {service for service, name, _ in environments() if name == "AWS_SECRET_ACCESS_KEY"}
    assert served == {"airflow-worker", "airflow-triggerer", "airflow-api-server", "local-aws-sample"}


def test_the_example_policy_lets_nothing_be_deleted_or_overwritten() -> None:
    statements = json.loads((REPO / "deploy/iam-policy.json").read_text())["Statement"]
    actions = [action for item in statements for action in [item["Action"]] if isinstance(action, str)]
    actions += [action for item in statements if isinstance(item["Action"], list) for action in item["Action"]]
    assert [action for action in actions if "Delete" in action or "*" in action] == []
    for item in statements:
        if "s3:PutObject" in item["Action"] and "LEDGER-BUCKET" in str(item["Resource"]):
            assert item["Condition"] == {"Null": {"s3:if-none-match": "false"}}


# --- versions


def test_images_have_the_versions_of_the_lock() -> None:
    bases = dict(reversed(line.split(" AS ")) for line in re.findall(r"^FROM (.+)$", DOCKERFILE, re.MULTILINE))
    release, _, python = bases["airflow"].removeprefix("apache/airflow:").partition("-python")
    assert release == locked("apache-airflow")
    assert bases["local-aws"] == f"python:{python}-slim-bookworm"
    assert re.search(r'"apache-airflow\[celery,fab,postgres,redis\]==([\d.]+)"', DOCKERFILE)[1] == release  # type: ignore[index]  # None fails the test as well
    supported = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]["requires-python"]
    assert supported.startswith(f">={python}")


def test_our_images_carry_the_packages_version_and_are_built_from_a_stage_that_exists() -> None:
    stages = re.findall(r" AS (\S+)$", DOCKERFILE, re.MULTILINE)
    for name, body in SERVICES.items():
        if default := re.search(r"\$\{\w+_IMAGE:-(.+)\}", body["image"]):
            assert default[1] == f"trailbook-{'airflow' if name in AIRFLOW else 'local-aws'}:{__version__}"
        if build := body.get("build"):
            assert build["target"] in stages
            assert (REPO / build["context"] / build["dockerfile"]).is_file()
    assert SERVICES["postgres"]["image"].startswith("postgres:16-")
    assert SERVICES["redis"]["image"].startswith("redis:7.2-")


def test_the_dockerfile_copies_what_is_there_and_what_its_ignore_file_lets_through() -> None:
    allowed = {
        line[1:] for line in (REPO / "deploy/Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    copied = set()
    for arguments in re.findall(r"^COPY (?:--\S+ )*(.+)$", DOCKERFILE, re.MULTILINE):
        copied.update(arguments.split()[:-1])
    assert copied == allowed
    assert [path for path in copied if not (REPO / path).exists()] == []


# --- commands


def test_airflow_knows_every_command_that_the_services_give_it(tmp_path: Path) -> None:
    if importlib.util.find_spec("airflow") is None:
        pytest.skip("Airflow is not installed")
    commands = [SERVICES[name]["command"] for name in AIRFLOW if name not in ("airflow-init", "airflow-worker")]
    commands.append(["db", "migrate"])
    for name in AIRFLOW:
        check = (SERVICES[name].get("healthcheck") or {"test": ["", ""]})["test"][1]
        if check.startswith("airflow "):
            commands.append(check.replace('"', "").split()[1:])
    assert len(commands) == 7
    # In a process of its own: Airflow imported here would settle AIRFLOW_HOME for all other tests.
    script = (
        "import json, sys\nfrom airflow.cli.cli_parser import get_parser\n"
        "[get_parser().parse_args(command) for command in json.loads(sys.argv[1])]"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, json.dumps(commands)],
        env=os.environ | {"AIRFLOW_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]


def test_the_commands_of_providers_that_only_the_image_has_are_as_their_docs_say() -> None:
    assert SERVICES["airflow-worker"]["command"] == ["celery", "worker"]
    check = SERVICES["airflow-worker"]["healthcheck"]["test"][1]
    assert check.startswith("celery --app airflow.providers.celery.executors.celery_executor.app inspect ping")
    script = SERVICES["airflow-init"]["command"][2]
    for option in ("--username", "--password", "--role Admin", "--firstname", "--lastname", "--email"):
        assert option in script  # what `airflow users create` (FAB provider) asks for


@pytest.mark.parametrize(("service", "shell"), [("airflow-init", "bash"), ("redis", "sh")])
def test_the_shell_scripts_in_the_file_parse_and_stop_at_the_first_error(service: str, shell: str) -> None:
    program, options, script = SERVICES[service]["command"]
    assert (program, options) == (shell, "-ec")
    ended = subprocess.run([shell, "-n", "-c", script.replace("$$", "$")], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert not ended.stderr


def test_trailbook_local_takes_the_options_that_the_service_and_the_image_give_it() -> None:
    pytest.importorskip("moto", reason="the extra `local` is not installed")
    from trailbook.cli import local

    parser = argparse.ArgumentParser()
    local.configure(parser)
    command = SERVICES["local-aws"]["command"]
    assert json.loads(re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE)[0]) == command
    assert command[:2] == ["trailbook", "local"]
    options = parser.parse_args(command[2:])
    assert (options.host, options.port) == ("0.0.0.0", 4566)  # noqa: S104  # inside its container; published on loopback
    assert f"local-aws-state:{options.state}" in SERVICES["local-aws"]["volumes"]
    scripts = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts["trailbook"] == "trailbook.cli:main"


def test_the_sample_service_runs_a_file_that_is_mounted_and_uses_names_that_exist() -> None:
    target = SERVICES["local-aws-sample"]["command"][1]
    tree = ast.parse((REPO / mounts("local-aws-sample")[target][0]).read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("trailbook"):
            assert importlib.util.find_spec(str(node.module)), node.module


# --- mounts, environment, order


def test_every_mounted_folder_is_in_the_repository_and_read_only() -> None:
    targets = mounts("airflow-worker")
    assert {f"/opt/airflow/{name}" for name in ("dags", "plugins", "include", "runbooks")} == set(targets)
    for service in SERVICES:
        for source, mode in mounts(service).values():
            assert (REPO / source).exists(), f"{service}: {source}"
            assert mode == "ro", f"{service}: {source}"


def test_the_package_on_the_path_is_the_mounted_one() -> None:
    for service, name, value in environments():
        if name == "PYTHONPATH":
            assert mounts(service)[str(value)][0] == "./include"


def test_airflow_gets_every_variable_that_settings_reads_and_no_other() -> None:
    class Recorder(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            self[name] = default
            return default

    seen = Recorder()
    Settings.from_env(seen)
    read = {name for name in seen if name.startswith("TRAILBOOK_")}
    assert len(read) > 10
    for service in AIRFLOW:
        given = {name for name in SERVICES[service]["environment"] if name.startswith("TRAILBOOK_")}
        assert given == read, service
    table = (REPO / "docs/deploy.md").read_text()
    assert set(re.findall(r"^\| `(TRAILBOOK_\w+)` ", table, re.MULTILINE)) == read


def test_every_airflow_variable_is_an_option_of_this_airflow() -> None:
    spec = importlib.util.find_spec("airflow")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("Airflow is not installed")
    templates = Path(spec.submodule_search_locations[0]) / "config_templates" / "config.yml"
    sections: Mapping[str, Any] = yaml.safe_load(templates.read_text())
    names = {name for _, name, _ in environments() if name.startswith("AIRFLOW__")}
    assert len(names) > 10
    for name in names:
        _, section, option = name.lower().split("__")
        known = CELERY_OPTIONS if section == "celery" else sections[section]["options"]
        assert option in known, name


def test_the_example_environment_names_every_variable_of_the_file_and_no_other() -> None:
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT))
    passed_on = {name for service, name, value in environments() if value is None and service in AIRFLOW}
    named = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert named - {"COMPOSE_PROFILES"} == used | passed_on


def test_services_wait_for_services_that_exist_and_never_for_one_of_a_profile() -> None:
    for name, body in SERVICES.items():
        for needed in body.get("depends_on", {}):
            assert needed in SERVICES, f"{name}: {needed}"
            assert SERVICES[needed].get("profiles", body.get("profiles")) == body.get("profiles"), f"{name}: {needed}"


def test_what_stays_up_is_watched_and_started_again_and_what_ends_is_not() -> None:
    for name, body in SERVICES.items():
        ends = name in ("airflow-init", "local-aws-sample")
        assert body["restart"] == ("no" if ends else "unless-stopped"), name
        assert ("healthcheck" in body) is not ends, name
