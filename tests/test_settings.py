"""Settings come from the environment that is handed in, and a wrong one is named."""

from pathlib import Path

import pytest

from trailbook.errors import DeploymentError
from trailbook.settings import Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_env({}) == Settings()


def test_every_setting_is_read() -> None:
    env = {
        "TRAILBOOK_RUNBOOKS": "/srv/runbooks",
        "TRAILBOOK_DATABASE": "audit",
        "TRAILBOOK_TABLE": "trail",
        "TRAILBOOK_DAY_COLUMN": "day",
        "TRAILBOOK_REPORTS": "s3://reports/x",
        "TRAILBOOK_EXPECTED_ACCOUNTS": "111122223333, 444455556666,",
        "TRAILBOOK_DEFERRABLE": "True",
        "TRAILBOOK_POLL_SECONDS": "0.5",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    settings = Settings.from_env(env)
    assert settings.runbooks == Path("/srv/runbooks")
    assert settings.lookups == Path("/srv/runbooks/lookups")
    assert (settings.table.database, settings.table.name, settings.table.day_column) == ("audit", "trail", "day")
    assert settings.reports == "s3://reports/x"
    assert settings.expected_accounts == ("111122223333", "444455556666")
    assert settings.deferrable
    assert settings.poll_seconds == 0.5
    assert settings.region == "eu-west-1"


@pytest.mark.parametrize(
    ("name", "value"),
    [("DEFERRABLE", "maybe"), ("POLL_SECONDS", "0"), ("POLL_SECONDS", "soon"), ("QUERY_TIMEOUT_SECONDS", "nan")],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(DeploymentError, match=f"TRAILBOOK_{name}: expected"):
        Settings.from_env({f"TRAILBOOK_{name}": value})
