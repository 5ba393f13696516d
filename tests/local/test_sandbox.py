from datetime import UTC, datetime

import duckdb
import pytest

from trailbook.errors import QueryFailed
from trailbook.local.engine.engine import connect, lock_down, run
from trailbook.local.folder import FolderAthena
from trailbook.settings import PhysicalTable

NOW = datetime(2026, 11, 1, tzinfo=UTC)
HOSTILE = [
    "SELECT * FROM read_text('{file}')",
    "SELECT read_text('{file}')",
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_csv_auto('{file}')",
    "SELECT * FROM read_json('{file}')",
    "SELECT * FROM read_parquet('{file}')",
    "SELECT * FROM read_blob('{file}')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM '{file}'",
    'SELECT * FROM "{file}"',
    "SELECT * FROM TABLE(read_text('{file}'))",
    "COPY (SELECT 1) TO '{file}.out'",
    "COPY (SELECT 1) TO '{file}'; SELECT 1",
    "SELECT 1; COPY (SELECT 1) TO '{file}.out'",
    "ATTACH '{file}' AS x",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET lock_configuration = false",
    "SELECT getenv('HOME')",
    "SELECT current_setting('allowed_directories')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM pragma_version()",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM duckdb_tables",
    "SELECT * FROM 'https://example.com/x.csv'",
    "SELECT * FROM \"s3://bucket/x.parquet\"",
    "SELECT query('SELECT 1')",
    "SELECT * FROM query_table('trail')",
    "SELECT * FROM trail",
    "SELECT * FROM records",
    "EXPORT DATABASE '/tmp/x'",
    "CREATE TABLE x AS SELECT 1",
    "CALL pragma_version()",
    "SELECT tb_ip('1.2.3.4')",
    "SELECT (SELECT content FROM read_text('{file}'))",
    "WITH x AS (SELECT * FROM read_text('{file}')) SELECT * FROM x",
    "SELECT transform(ARRAY['{file}'], f -> read_text(f))",
]  # fmt: skip


@pytest.fixture(scope="module")
def athena():
    with FolderAthena.from_records([{"eventName": "X"}], table=PhysicalTable(database="trailbook")) as found:
        yield found


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret.csv"
    path.write_text("a\nhidden-value\n")
    return path


@pytest.mark.parametrize("sql", HOSTILE)
def test_sql_that_reaches_for_the_machine_is_refused_before_duckdb_sees_it(athena, secret, sql):
    before = sorted(secret.parent.iterdir())

    with pytest.raises(QueryFailed) as refusal:
        run(athena._connection, athena, sql.replace("{file}", str(secret)), "trailbook", NOW)

    assert "hidden-value" not in str(refusal.value)
    assert sorted(secret.parent.iterdir()) == before


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM glob('/etc/*')",
        "COPY (SELECT 1) TO '{file}.out'",
        "ATTACH '{file}.db' AS x",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET allowed_directories = ['/']",
        "SELECT * FROM 'https://example.com/x.csv'",
        "EXPORT DATABASE '{file}.dir'",
    ],
)
def test_duckdb_itself_refuses_it_once_locked(secret, tmp_path, sql):
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    with connect() as connection:
        lock_down(connection, [str(allowed)])

        if sql.startswith("SELECT * FROM glob"):
            with pytest.raises(duckdb.Error):
                connection.execute(sql).fetchall()
        else:
            with pytest.raises(duckdb.Error) as refusal:
                connection.execute(sql.replace("{file}", str(secret))).fetchall()
            assert "hidden-value" not in str(refusal.value)
