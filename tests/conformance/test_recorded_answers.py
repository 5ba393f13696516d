from dataclasses import replace

import library
import pytest
from harness import TABLE, answers, cases, difference, families, local, records

from trailbook.local.folder import FolderAthena

RECORDED = {family: answers(family) for family in families()}


@pytest.fixture(scope="module")
def athena():
    with FolderAthena.from_records(records(), table=TABLE) as found:
        yield found


@pytest.mark.parametrize("family", families())
def test_every_case_has_an_answer_of_a_real_trino(family):
    assert [c.sql for c in cases(family) if c.sql not in RECORDED[family]] == []


@pytest.mark.parametrize("case", [c for f in families() for c in cases(f) if not c.differs], ids=str)
def test_the_local_engine_answers_as_trino(athena, case):
    assert difference(case, local(athena, case), RECORDED[case.family][case.sql]) == ""


@pytest.mark.parametrize("family", families())
def test_the_engine_of_trailbook_test_answers_as_trino_too(family):
    """Without DuckDB's optimizer, and with functions of another make; every fifth case."""
    with FolderAthena.from_records(records(), table=TABLE, keep_plans=True) as found:
        chosen = [replace(c, repeated=True) for c in cases(family) if not c.differs][::5]
        assert [c for c in chosen if difference(c, local(found, c), RECORDED[family][c.sql])] == []


LIBRARY = {family: answers(family) for family in library.FAMILIES}


@pytest.fixture(scope="module")
def case_athena():
    """The engine with DuckDB's optimizer, as in every run but those of `trailbook test`."""
    with FolderAthena.from_records([], table=library.TABLE) as found:
        yield found


@pytest.mark.parametrize(
    "case", [c for f in library.FAMILIES for c in library.FAMILIES[f]() if c.key in LIBRARY[f]], ids=str
)
def test_a_case_of_the_library_gives_the_same_rows_as_on_trino(case_athena, case):
    case_athena.replace_records(case.events)

    assert difference(case.as_case(), local(case_athena, case.as_case()), LIBRARY[case.family][case.key]) == ""


@pytest.mark.parametrize("family", library.FAMILIES)
def test_most_cases_of_the_library_were_asked_of_a_trino(family):
    every = list(library.FAMILIES[family]())

    asked = [c for c in every if c.key in LIBRARY[family]]

    assert len(asked) > 0.9 * len(every), f"run `make conformance`: answers/{family}.json is old"
