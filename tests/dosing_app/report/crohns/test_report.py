"""The report of a patient with Crohn's disease: everything the page says, on two pages, asking nothing of any other place."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest

from dosing_app.decision.crohns.answer import compute_answer
from dosing_app.decision.crohns.case import class_ids, example_tree
from dosing_app.language import speaking
from dosing_app.report.crohns.content import CrohnsReport, case_hash, crohns_report
from dosing_app.report.crohns.write import crohns_html, crohns_pdf
from dosing_app.report.paper import PAPERS, Paper, laid_out

NOW = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
FOOTS = {"en": "Research use only. Not a medical device.", "de": "Nur für die Forschung. Kein Medizinprodukt."}
UNKNOWN = example_tree() | {"crp_mg_per_L": None, "steroid": None, "unavailable": ["anti_tnf"]}


def report_of(tree: dict[str, Any], language: str = "en") -> CrohnsReport:
    with speaking(language):
        return crohns_report(compute_answer(tree), computed_at=NOW, software="1.2.3")


def words_on(page: Any) -> str:
    """Return the text of a page laid out."""
    return " ".join(str(box.text) for box in page._page_box.descendants() if hasattr(box, "text"))  # noqa: SLF001 - there is no other way to read it


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("language", FOOTS)
@pytest.mark.parametrize("tree", [example_tree(), UNKNOWN])
def test_a_report_is_two_pages_with_research_use_on_each(tree: dict[str, Any], language: str, paper: Paper):
    content = report_of(tree, language)
    found = [words_on(page) for page in laid_out(crohns_html(content, paper=paper)).pages]

    assert len(found) == 2
    for number, words in enumerate(found, start=1):
        assert FOOTS[language] in words
        assert content.identity in words
        assert f"{number} / 2" in words
    assert " ".join(content.headline.split()) in found[0]


@pytest.mark.parametrize("tree", [example_tree(), UNKNOWN, example_tree() | {"unavailable": list(class_ids())}])
@pytest.mark.requirement("CD-03")
def test_every_sentence_and_figure_is_in_the_page(tree: dict[str, Any]):
    content = report_of(tree)
    text = unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", crohns_html(content), flags=re.DOTALL)))

    for sentence in (content.headline, *content.sentences, *content.reading, *content.sources):
        assert sentence in text
    for lead, more in content.checks:
        assert lead in text
        assert more in text
    tables = (content.effects, content.differences, content.why, content.changed, content.missing)
    for table in tables if content.answer.classes else ():
        for row in table.rows:
            assert all(cell in text for cell in row)
    for fact in (*content.inputs, *content.labels, *content.method):
        assert fact.name in text
        assert fact.value in text


@pytest.mark.requirement("CD-04")
def test_what_is_not_known_and_what_was_taken_out_is_told():
    content = report_of(UNKNOWN)
    inputs = {fact.name: fact.value for fact in content.inputs}

    assert inputs["CRP"] == "not known"
    assert inputs["Corticosteroid now"] == "not known"
    assert inputs["Classes taken out"] == "Anti-TNF"
    assert any(lead == "Not known: CRP, Corticosteroid now." for lead, _ in content.checks)


def test_the_page_asks_nothing_of_any_other_place():
    page = crohns_html(report_of(example_tree()))

    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", page)
    assert "url(" not in re.sub(r"url\((?:data:|#)", "", page)
    assert "<script" not in page


def test_a_label_ends_no_element():
    content = report_of(example_tree() | {"label": "</title><script>alert(1)</script>"})

    assert "<script" not in crohns_html(content)


def test_the_same_content_gives_the_same_bytes():
    content = report_of(example_tree())
    first = crohns_pdf(content)

    assert first.startswith(b"%PDF-")
    assert first == crohns_pdf(content)


def test_a_checksum_is_that_of_the_case_however_it_is_written():
    tree = example_tree()

    assert case_hash(dict(reversed(tree.items()))) == case_hash(tree | {"age_year": 70.0})
    assert case_hash(tree) != case_hash(tree | {"age_year": 71})
