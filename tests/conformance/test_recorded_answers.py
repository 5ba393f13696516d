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
