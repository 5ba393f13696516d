import pytest

from trailbook.report.frameworks import COVERAGE, limit, natural, title


@pytest.mark.parametrize(
    "ids",
    [
        ["3.1.4", "5.2", "5.10", "5.16", "6.1"],
        ["AC-2", "AC-2(4)", "AC-2(12)", "AC-10", "AU-6", "AU-6(1)"],
        ["A.5.9", "A.5.15", "A.8.2"],
        ["A1.2", "CC6.1", "CC7.2"],
        ["", "1", "1a", "²", "四"],
    ],
)
def test_ids_sort_as_people_count(ids):
    assert sorted(sorted(ids, reverse=True), key=natural) == ids


def test_a_framework_has_the_name_that_people_give_it_and_an_unknown_one_its_own():
    assert title("cis-aws-foundations@7.0.0") == "CIS AWS Foundations Benchmark 7.0.0"
    assert title("iso-27001@2022") == "ISO/IEC 27001:2022, Annex A"
    assert title("house-rules@3{0.__class__}") == "house-rules 3{0.__class__}"
    assert title("soc2@{0}") == "SOC 2, Trust Services Criteria {0}"


def test_where_a_framework_holds_is_said_of_the_two_that_have_a_scope():
    assert "scope of PCI DSS" in limit("pci-dss@4.0.1")
    assert "availability" in limit("soc2@2017")
    assert limit("nist-800-53@rev5") == ""


def test_the_monitoring_section_of_the_cis_benchmark_is_whole_and_in_order():
    listed = list(COVERAGE["cis-aws-foundations@7.0.0"])
    assert listed == [f"5.{number}" for number in range(1, 17)]
