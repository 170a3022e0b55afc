"""The PDF: two pages for the examples, research use on each, the same bytes again, one sentence without its library."""

from __future__ import annotations

import builtins
from functools import cache
from typing import Any

import pytest

from dosing_app.decision.examples import example_names
from dosing_app.report.paper import PAPERS, Paper, laid_out
from dosing_app.report.write import report_html, report_pdf
from pkpd.errors import InputError
from tests.dosing_app.report.reports import BARE, UNCALIBRATED, UNEXPLAINED, example_report, report_of

FOOTS = {"en": "Research use only. Not a medical device.", "de": "Nur für die Forschung. Kein Medizinprodukt."}


def words_on(page: Any) -> str:
    """Return the text of a page laid out."""
    return " ".join(str(box.text) for box in page._page_box.descendants() if hasattr(box, "text"))  # noqa: SLF001 - there is no other way to read it


@cache
def pages(name: str, language: str, paper: Paper) -> list[str]:
    return [words_on(page) for page in laid_out(report_html(example_report(name, language), paper=paper)).pages]


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("language", FOOTS)
@pytest.mark.parametrize("name", example_names())
def test_an_example_is_two_pages_with_research_use_on_each(name: str, language: str, paper: Paper):
    content, found = example_report(name, language), pages(name, language, paper)

    assert len(found) == 2
    for number, words in enumerate(found, start=1):
        assert FOOTS[language] in words
        assert content.identity in words
        assert f"{number} / 2" in words
    assert content.risk.interval in found[0]
    assert content.title in found[0]


@pytest.mark.parametrize("tree", [BARE, UNCALIBRATED, UNEXPLAINED])
def test_a_case_without_samples_risk_or_parameters_is_two_pages_too(tree: dict[str, Any]):
    assert len(laid_out(report_html(report_of(tree))).pages) == 2


@pytest.mark.slow
def test_many_rows_and_long_words_flow_over_more_pages_and_none_is_lost():
    amounts = [round(5.0 + 0.1 * number, 1) for number in range(60)]
    doses = [{"time_day": 1.5 * number, "amount_mg": amount} for number, amount in enumerate(amounts)]
    samples = [
        {"time_day": 0.25 + 0.75 * i, "concentration_mg_per_L": 1.0 + 0.1 * i, "assay": "y" * (1900 if i == 3 else 3)}
        | ({"exclude": "r" * 1900} if i % 30 == 5 else {})
        for i in range(90)
    ]
    tree = {
        "schema": "asuc-case/1",
        "label": "x" * 2000,
        "covariates": {"weight_kg": 60, "crp_mg_per_L": 20},
        "doses": doses,
        "samples": samples,
        "now_day": 100,
    }
    content = report_of(tree)
    found = [words_on(page) for page in laid_out(report_html(content)).pages]

    assert len(found) > 4
    assert all(FOOTS["en"] in words for words in found)
    everything = " ".join(found)
    assert [amount for amount in amounts if f"{amount:g}" not in everything.split()] == []
    assert len(content.samples.rows) == 90
    # The label, the name of an assay, and each reason in the table and among what was left out.
    assert everything.count("x") >= 2000
    assert everything.count("y") >= 1900
    assert everything.count("r") >= 2 * 3 * 1900


def test_the_same_content_gives_the_same_bytes():
    content = example_report("typical")
    first = report_pdf(content)

    assert first.startswith(b"%PDF-")
    assert first == report_pdf(content)


def test_a_system_without_the_library_is_told_which_package_to_install(monkeypatch: pytest.MonkeyPatch):
    importing = builtins.__import__

    def without_pango(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return importing(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_pango)
    content = example_report("typical")
    with pytest.raises(InputError, match=r"^PDF: the library Pango, .*libpango-1\.0-0, .*or ask for \.html$"):
        report_pdf(content)
    assert report_html(content).startswith("<!DOCTYPE html>")


def test_nothing_outside_the_page_is_fetched():
    text = report_html(example_report("typical")).replace(
        "</main>", '<img src="file:///etc/hostname" alt="out"></main>'
    )

    assert len(laid_out(text).pages) == 2
