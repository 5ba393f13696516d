import importlib.util
import itertools
import json
import random
from pathlib import Path

import pytest

from trailbook.local.folder import FolderAthena

_SPEC = importlib.util.spec_from_file_location("fuzz_sql", Path(__file__).parent / "fuzz_sql.py")
assert _SPEC is not None
assert _SPEC.loader is not None
fuzz = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fuzz)


@pytest.fixture(scope="module")
def athena():
    records = json.loads((fuzz.HERE / "records.json").read_text())
    with FolderAthena.from_records(records, table=fuzz.TABLE) as found:
        yield found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_text_is_answered_or_refused_by_name(athena, seed):
    texts = itertools.islice(fuzz.texts(random.Random(seed), fuzz.seeds()), 250)  # noqa: S311  # seeded

    assert [(found, sql) for sql in texts if (found := fuzz.problem(athena, sql))] == []


@pytest.mark.parametrize(
    "opened",
    ["(", "SELECT (", "-", "NOT ", "ARRAY[", "ROW(", "struct(", "date(", "transform(ARRAY[1], x -> ", "CAST(", "1 + "],
)
def test_what_nests_too_deeply_is_refused_by_name(athena, opened):
    assert fuzz.problem(athena, "SELECT " + opened * 3000 + "1") == ""
