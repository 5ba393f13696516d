from entries import FOLDER, attack, entry, loaded

from trailbook.report.catalogue import elsewhere, entries, frameworks, scenarios, tactics
from trailbook.runbook.matrix import Matrix, matrix

SMALL = Matrix.model_validate(
    {
        "version": "19.1",
        "tactics": {"TA0003": "Persistence", "TA0005": "Stealth", "TA0040": "Impact"},
        "techniques": {
            "T1078": {"name": "Valid Accounts", "tactics": ["TA0003", "TA0005"]},
            "T1078.004": {"name": "Cloud Accounts", "tactics": ["TA0003", "TA0005"]},
        },
    }
)


def ids(group):
    return [found.runbook.id for found in group.entries]


def test_a_library_is_in_the_order_of_ids_however_it_was_read():
    library = [loaded("b"), loaded("c", "storage"), loaded("a", "")]
    assert entries(library, FOLDER) == entries(reversed(library), FOLDER)
    assert [(found.runbook.id, found.path) for found in entries(library, FOLDER)] == [
        ("a", "a.yaml"),
        ("b", "identity/b.yaml"),
        ("c", "storage/c.yaml"),
    ]


def test_scenarios_are_the_folders_with_a_title_for_people():
    found = [
        entry("a", "storage"),
        entry("b", "our-own"),
        entry("c", "identity"),
        entry("d", ""),
        entry("e", "storage"),
    ]
    assert [(group.name, group.about, ids(group)) for group in scenarios(found)] == [
        ("", "Others", ["d"]),
        ("identity", "Identity and access", ["c"]),
        ("our-own", "Our own", ["b"]),
        ("storage", "Storage", ["a", "e"]),
    ]


def test_a_technique_stands_under_each_of_its_tactics_in_the_matrix_s_order():
    found = [entry("a", attack=attack("T1078.004", "T1078")), entry("b", attack=attack("T1078"))]
    sections = tactics(found, SMALL)
    assert [(section.name, [group.name for group in section.groups]) for section in sections] == [
        ("TA0003", ["T1078", "T1078.004"]),
        ("TA0005", ["T1078", "T1078.004"]),
        ("TA0040", []),
    ]
    assert [ids(group) for group in sections[0].groups] == [["a", "b"], ["a"]]
    assert sections[0].groups[1].about == "Valid Accounts: Cloud Accounts"


def test_a_technique_that_the_matrix_lacks_or_has_in_another_version_is_listed_apart():
    found = [entry("a", attack=attack("T1078", "T9999")), entry("b", attack=attack("T1078", version="18.1"))]
    assert [(group.name, group.about, ids(group)) for group in elsewhere(found, SMALL)] == [
        ("T1078", "18.1", ["b"]),
        ("T9999", "19.1", ["a"]),
    ]
    assert [ids(group) for group in tactics(found, SMALL)[0].groups] == [["a"]]


def test_controls_are_those_in_use_and_those_whose_absence_shows():
    cis = "cis-aws-foundations@7.0.0"
    found = [
        entry("a", controls={cis: ["5.10", "2.4"], "nist-800-53@rev5": ["AC-2(4)", "AC-10", "AC-2"]}),
        entry("b", controls={cis: ["5.10"], "house@1": ["x"]}),
    ]
    first, house, nist = frameworks(found)
    assert [group.name for group in first.coverage] == [f"5.{number}" for number in range(1, 17)]
    assert {group.name: ids(group) for group in first.coverage if group.entries} == {"5.10": ["a", "b"]}
    assert [(group.name, ids(group)) for group in first.others] == [("2.4", ["a"])]
    assert (house.title, house.coverage) == ("house 1", ())
    assert [group.name for group in nist.others] == ["AC-2", "AC-2(4)", "AC-10"]


def test_a_control_named_twice_is_one_and_other_versions_are_other_frameworks():
    found = [entry("a", controls={"cis-aws-foundations@6.0.0": ["5.2", "5.2"], "cis-aws-foundations@7.0.0": ["5.2"]})]
    six, seven = frameworks(found)
    assert (six.title, six.coverage, [ids(group) for group in six.others]) == (
        "CIS AWS Foundations Benchmark 6.0.0",
        (),
        [["a"]],
    )
    assert ids(seven.coverage[1]) == ["a"]


def test_a_runbook_without_mappings_is_in_no_tactic_and_no_framework():
    found = [entry("a", attack=..., controls=...)]
    assert not any(section.groups for section in tactics(found, matrix()))
    assert elsewhere(found, matrix()) == frameworks(found) == ()
