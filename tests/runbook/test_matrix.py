"""The techniques' table: coherent, and enough for every runbook of this repository."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from trailbook.runbook.collection import Collection
from trailbook.runbook.matrix import Matrix, matrix

RUNBOOKS = Path(__file__).parents[2] / "runbooks"
IMPACT = {"version": "19.1", "tactics": {"TA0003": "Persistence", "TA0040": "Impact"}}


def uses():
    for loaded in Collection.load(RUNBOOKS).runbooks.values():
        if loaded.runbook.attack is not None:
            for technique in loaded.runbook.attack.techniques:
                yield technique, loaded.runbook


def test_every_technique_that_a_runbook_names_is_in_the_table():
    missing = sorted(
        f"{technique} ({runbook.id})"
        for technique, runbook in uses()
        if matrix().of(technique, runbook.attack.version) is None
    )
    assert missing == [], (
        "look these techniques up in ATT&CK and add each, with its name and tactics, to "
        "include/trailbook/runbook/matrix.yaml; or mend the runbook"
    )


def test_the_table_has_the_tactics_of_version_19_in_the_matrix_s_order():
    names = list(matrix().tactics.values())
    assert names[0] == "Reconnaissance"
    assert names[-1] == "Impact"
    assert names[names.index("Stealth") + 1] == "Defense Impairment"
    assert "Defense Evasion" not in names
    assert len(names) == 15


def test_techniques_stand_in_the_order_of_their_ids_so_that_one_is_found():
    techniques = list(matrix().techniques)
    assert techniques == sorted(techniques)


def test_a_sub_technique_is_named_with_its_technique_and_serves_no_other_tactics():
    known = matrix()
    assert known.title("T1078.004") == "Valid Accounts: Cloud Accounts"
    assert known.title("T1485") == "Data Destruction"
    for name, technique in known.techniques.items():
        above = known.techniques[name.partition(".")[0]]
        assert set(technique.tactics) <= set(above.tactics), name


def test_what_replaced_impair_defenses_is_in_its_new_tactic():
    known = matrix()
    for name in ("T1685", "T1685.002", "T1686", "T1686.001"):
        assert [known.tactics[tactic] for tactic in known.techniques[name].tactics] == ["Defense Impairment"]
    assert "T1562.008" not in known.techniques


def test_a_technique_of_another_version_is_not_taken_for_this_one_s():
    assert matrix().of("T1078.004", "19.0") is not None
    assert matrix().of("T1078.004", "18.1") is None
    assert matrix().of("T9999", "19.1") is None


@pytest.mark.parametrize(
    ("techniques", "words"),
    [
        ({"T1485.001": {"name": "x", "tactics": ["TA0040"]}}, "expected T1485 beside it"),
        ({"T1485": {"name": "x", "tactics": ["TA9999"]}}, "expected known tactics"),
        ({"T1485": {"name": "x", "tactics": ["TA0040", "TA0003"]}}, "in the matrix's order"),
        ({"T1485": {"name": "x", "tactics": []}}, "at least 1 item"),
        ({"t1485": {"name": "x", "tactics": ["TA0040"]}}, "should match pattern"),
    ],
)
def test_a_table_that_is_not_coherent_is_refused(techniques, words):
    with pytest.raises(ValidationError, match=words):
        Matrix.model_validate(IMPACT | {"techniques": techniques})
