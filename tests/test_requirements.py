"""What the two images install is what the lock says: fresh, pinned, and from the package index alone."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPO = Path(__file__).parents[1]
EXPORTS = {"requirements.txt": "airflow", "deploy/requirements-local.txt": "local"}


def locked() -> list[dict[str, Any]]:
    return list(tomllib.loads((REPO / "uv.lock").read_text())["package"])


def closure(extra: str) -> set[tuple[str, str]]:
    """Return (name, version) of all that trailbook with one extra needs, on any platform, by walking the lock."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for package in locked():
        by_name.setdefault(package["name"], []).append(package)

    def needs(package: dict[str, Any], extras: tuple[str, ...]) -> Iterator[tuple[str, str | None, tuple[str, ...]]]:
        optional = package.get("optional-dependencies", {})
        for group in (package.get("dependencies", []), *(optional.get(name, []) for name in extras)):
            for need in group:
                yield need["name"], need.get("version"), tuple(need.get("extra", ()))

    seen: set[tuple[str, str, tuple[str, ...]]] = set()
    waiting: list[tuple[str, str | None, tuple[str, ...]]] = [("trailbook", None, (extra,))]
    while waiting:
        name, version, extras = waiting.pop()
        for package in by_name[name]:
            if version in (None, package["version"]) and (key := (name, package["version"], extras)) not in seen:
                seen.add(key)
                waiting.extend(needs(package, extras))
    return {(name, version) for name, version, _ in seen if name != "trailbook"}


def lines(path: str) -> list[str]:
    return [line for line in (REPO / path).read_text().splitlines() if line.strip()]


@pytest.mark.parametrize(("path", "extra"), EXPORTS.items())
def test_the_export_has_exactly_what_the_lock_has(path: str, extra: str) -> None:
    exported = {
        (canonicalize_name(requirement.name), next(iter(requirement.specifier)).version)
        for requirement in map(Requirement, lines(path))
    }
    assert exported == closure(extra), f"{path} is stale: make lock"


@pytest.mark.parametrize("path", EXPORTS)
def test_every_line_pins_one_version_and_names_no_place(path: str) -> None:
    for line in lines(path):
        requirement = Requirement(line)  # raises on options (-e, --index-url), comments and paths
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], line
        assert requirement.url is None, line


def test_the_lock_takes_packages_from_the_public_index_alone() -> None:
    places = {str(package["source"]) for package in locked() if package["name"] != "trailbook"}
    assert places == {"{'registry': 'https://pypi.org/simple'}"}


def test_production_does_not_install_the_embedded_aws_and_the_embedded_aws_does_not_install_airflow() -> None:
    production, local = (
        {canonicalize_name(Requirement(line).name) for line in lines(path)}
        for path in ("requirements.txt", "deploy/requirements-local.txt")
    )
    assert "moto" not in production
    assert "moto" in local
    assert not {name for name in local if name.startswith("apache-airflow")}
