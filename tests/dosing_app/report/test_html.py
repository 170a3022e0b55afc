"""The page asks nothing of any other place, is valid, escapes what was typed and speaks both languages whole."""

from __future__ import annotations

import html
import re
from functools import cache
from typing import Any

import pytest
import weasyprint

from dosing_app.decision.examples import example_names
from dosing_app.findings.warning_words import warning_text
from dosing_app.language import speaking
from dosing_app.report.paper import PAPERS
from dosing_app.report.write import report_html
from tests.dosing_app.findings.computed_cases import computed
from tests.dosing_app.report.reports import (
    BARE,
    UNCALIBRATED,
    UNEXPLAINED,
    example_report,
    report_of,
)

NAMES = example_names()
LANGUAGES = ("en", "de")
KEY = re.compile(r"\b(?:report|risk|finder|kind|parameter|label|field|column)\.[a-z_0-9]+\b")
HOSTILE: dict[str, Any] = {
    "schema": "asuc-case/1",
    "label": '<script>alert("x")</script> & ' + "x" * 1900,
    "covariates": {"weight_kg": 63, "crp_mg_per_L": 30},
    "doses": [{"time_day": 0, "amount_mg": 600}],
    "planned": [{"time_day": 14, "amount_mg": 400}],
    "samples": [
        {"time_day": 5, "concentration_mg_per_L": 9, "exclude": "<b>late</b> </style>"},
        {"time_day": 6, "concentration_mg_per_L": 9, "assay": "<i>ELISA</i> \"'"},
    ],
}


@cache
def page(name: str, language: str = "en") -> str:
    return report_html(example_report(name, language))


def parsed(text: str) -> Any:
    return weasyprint.HTML(string=text).etree_element


def text_of(page: str) -> str:
    """Return what is read of a page, style sheets and figures left out."""
    body = re.sub(r"<(style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_it_holds_everything_that_it_needs(name: str, language: str):
    text = page(name, language)

    assert "http:" not in text.lower()
    assert "https:" not in text.lower()
    assert not re.findall(r"\b(?:src|href)=\"(?!#)", text)
    assert all(url.startswith(("data:", "#")) for url in re.findall(r"url\(([^)]*)\)", text))
    assert text.count("data:font/woff2;base64,") == 4
    assert "@import" not in text


@pytest.mark.parametrize("name", NAMES)
def test_its_structure_is_valid(name: str):
    root = parsed(page(name))

    assert root.get("lang") == "en"
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for table in root.iter("table"):
        widths = {
            sum(int(cell.get("colspan", "1")) for cell in row if cell.tag in {"th", "td"}) for row in table.iter("tr")
        }
        assert len(widths) == 1
    assert all(figure.get("role") == "img" and figure.get("aria-label") for figure in root.iter("figure"))
    assert len(list(root.iter("h1"))) == 2
    assert not list(root.iter("script"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_warning_every_exclusion_and_every_imputation_is_read(name: str, language: str):
    view, search, _ = computed(name)
    read = text_of(page(name, language))
    assert search is not None
    with speaking(language):
        warnings = [warning_text(warning) for warning in (*view.warnings, *search.warnings)]

    assert [sentence for sentence in warnings if " ".join(sentence.split()) not in read] == []
    assert [sentence for sentence in example_report(name, language).left_out if sentence not in read] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("tree", [BARE, UNCALIBRATED, UNEXPLAINED])
def test_no_key_of_a_catalogue_is_shown(tree: dict[str, Any], language: str):
    read = text_of(report_html(report_of(tree, language)))

    assert KEY.findall(read) == []
    assert "{" not in read
    assert "nan" not in read.split()


@pytest.mark.parametrize("name", NAMES)
def test_the_page_in_german_is_german(name: str):
    text = page(name, "de")

    assert '<html lang="de">' in text
    assert "Nur für die Forschung." in text
    assert "Research use" not in text_of(text)


def test_what_was_typed_is_escaped():
    text = report_html(report_of(HOSTILE))
    root = parsed(text)

    assert "<script" not in text
    assert '<script>alert("x")</script> & xxx' in text_of(text)
    assert not list(root.iter("b"))
    assert not list(root.iter("i"))
    assert text.count("</style>") == text.count("<style")


def test_research_use_is_said_on_top_and_in_every_foot():
    root = parsed(page("typical"))
    style = next(element.text for element in root.iter("style") if "@page" in (element.text or ""))
    body = text_of(page("typical"))

    assert "Research use only. Not a medical device." in style
    assert body.index("Research use only.") < body.index("Risk of colectomy")
    assert root.find(".//p[@class='research-use']") is not None


def test_an_interval_that_is_not_to_be_read_at_a_glance_stands_in_the_table_only():
    far = HOSTILE | {
        "samples": [{"time_day": day, "concentration_mg_per_L": 0.01 * day} for day in (1, 2, 3, 4, 5, 6)],
    }
    content = report_of(far)
    text = report_html(content)
    assert "very_unlike_study" in {warning.code for warning in content.view.warnings}

    assert content.risk.interval == ""
    assert 'class="interval"' not in text
    assert text.count("<figure") == 2
    assert content.risks.rows


@pytest.mark.parametrize("paper", PAPERS)
def test_the_paper_is_that_asked_for(paper: Any):
    assert f"size: {paper};" in report_html(example_report("typical"), paper=paper)


def test_the_same_content_is_the_same_page():
    content = example_report("typical")

    assert report_html(content) == report_html(content)
    assert report_html(content) == page("typical")
