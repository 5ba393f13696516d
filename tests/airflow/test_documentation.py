from itertools import pairwise

from markdown_it import MarkdownIt
from runbook_files import spec

from trailbook.airflow.documentation import closed, fenced, markdown
from trailbook.runbook.model import Runbook


def headings(text: str) -> list[str]:
    tokens = MarkdownIt().parse(text)
    return [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]


def test_the_page_has_guide_false_positives_references_and_sql() -> None:
    text = markdown(
        Runbook.from_spec(
            spec("a", falsepositives=["A holiday."], references=["https://example.com/a"], status="experimental")
        )
    )
    assert headings(text) == [
        "Failed sign-ins",
        "What to do with a finding",
        "What it may be instead",
        "Mappings",
        "References",
        "The query",
    ]
    assert "HAVING count(*) >= :threshold" in text
    assert "<https://example.com/a>" in text


def test_mappings_that_nobody_has_reviewed_say_so() -> None:
    mapped = {"controls": {"cis-aws-foundations@7.0.0": ["5.6"]}}
    words = "Nobody but the runbook's author"
    assert words not in markdown(Runbook.from_spec(spec("a", **mapped)))
    assert words in markdown(Runbook.from_spec(spec("a", **mapped, mappings_reviewed=False)))


def test_sql_cannot_end_its_code_block() -> None:
    sql = "SELECT '```' AS a,\n````\n# not a heading"
    (token,) = MarkdownIt().parse(fenced(sql, "sql"))
    assert token.type == "fence"
    assert token.content.rstrip("\n") == sql


def test_a_guide_that_leaves_a_code_block_open_does_not_swallow_what_follows() -> None:
    text = markdown(Runbook.from_spec(spec("a", guide="Run this:\n~~~~sh\nls\n~~~\n")))
    assert headings(text)[-1] == "The query"


def test_a_closed_code_block_stays_as_it_is() -> None:
    assert closed("```\nls\n```") == "```\nls\n```"


def test_the_page_never_ends_like_a_file_name_that_airflow_would_open() -> None:
    assert not markdown(Runbook.from_spec(spec("a", query="SELECT 1 -- see readme.md"))).endswith(".md")
