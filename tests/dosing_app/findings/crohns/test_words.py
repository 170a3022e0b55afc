"""The sentences: their figures are those of the answer, and none claims more than an association."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest

from crohns_srs.predict.effects import Uncertainty
from dosing_app.decision.crohns.answer import CrohnsAnswer, compute_answer
from dosing_app.decision.crohns.case import class_ids, example_tree
from dosing_app.decision.crohns.what_if import if_changed, if_missing
from dosing_app.findings.crohns.checks import checks
from dosing_app.findings.crohns.numbers import p_value, points, points_interval, signed
from dosing_app.findings.crohns.rows import (
    differences_table,
    effects_table,
    most_sensitive,
    what_if_table,
    why_table,
)
from dosing_app.findings.crohns.words import case_words, figure_label, headline, label_words, sentences
from dosing_app.language import speaking
from dosing_app.language.catalogue import catalogue

NOBODY: dict[str, Any] = {"schema": "asuc-crohns-case/1"}
TREES = [
    example_tree(),
    NOBODY,
    example_tree() | {"crp_mg_per_L": None, "sex": None, "age_year": None},
    example_tree() | {"age_year": 105, "crp_mg_per_L": 0.2, "cdai": 900, "sex": "male"},
    example_tree() | {"unavailable": ["anti_tnf"]},
    example_tree() | {"unavailable": list(class_ids()[1:])},
    example_tree() | {"unavailable": list(class_ids())},
]
CLAIMS = re.compile(
    r"\b(recommend\w*|safe\w*|effective|best treatment|best choice|should|will|green|success\w*|empfehl\w*|empfohl\w*|sicher\w*|wirksam\w*)\b",
    re.IGNORECASE,
)


def everything(answer: CrohnsAnswer) -> list[str]:
    """Return every sentence and cell that is said of an answer."""
    variants = (*if_changed(answer), *if_missing(answer))
    tables = [effects_table(answer), differences_table(answer), why_table(answer), what_if_table(answer, variants)]
    return [
        headline(answer),
        *sentences(answer),
        *case_words(answer.tree),
        figure_label(answer),
        *(label_words(answer, one) for one in Uncertainty),
        most_sensitive(answer, variants),
        *(f"{one.lead} {one.more}" for one in checks(answer)),
        *(cell for table in tables for row in (table.titles, *table.rows) for cell in row),
    ]


@pytest.mark.parametrize(("language", "uncertainty"), list(product(["en", "de"], Uncertainty)))
@pytest.mark.parametrize("tree", TREES)
def test_nothing_that_is_said_claims_a_benefit_or_shows_no_number(
    tree: dict[str, Any], language: str, uncertainty: Uncertainty
):
    answer = compute_answer(tree, uncertainty=uncertainty)
    with speaking(language):
        said = everything(answer)

    assert all(not CLAIMS.search(text) for text in said), [text for text in said if CLAIMS.search(text)]
    assert all("nan" not in text.lower().split() and "inf" not in text.lower().split() for text in said)
    assert all("{" not in text for text in said)


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_sentence_of_the_page_claims_a_benefit(language: str):
    templates = {
        key: forms for key, forms in catalogue(language).templates.items() if key.startswith(("crohns.", "header."))
    }

    claims = {key: forms for key, forms in templates.items() if any(map(CLAIMS.search, forms))}
    # The command's own name, with which the report is reproduced.
    assert set(claims) <= {"crohns.reproduces"}


@pytest.mark.parametrize("tree", TREES)
def test_every_answer_says_that_it_is_an_association(tree: dict[str, Any]):
    assert sentences(compute_answer(tree))[-1] == "An association across trials, not a proven benefit."


def test_the_example_in_words():
    answer = compute_answer(example_tree())

    assert headline(answer) == "Anti-IL-12/23 comes out ahead; the difference is not settled."
    first = sentences(answer)[0]
    assert "greatest expected fall of the 3 classes with 95 chances in 100" in first
    assert "about 51 points of CDAI over anti-integrin (95\u202f% interval −5 to 106)" in first
    assert sentences(answer)[1] == "Between anti-integrin and anti-TNF nothing is settled."
    assert label_words(answer, Uncertainty.COHERENT) == "IL-12/23 ahead, not settled"
    assert label_words(answer, Uncertainty.DASHBOARD).startswith("IL-12/23 > ")
    assert case_words(answer.tree)[0] == "woman, 70 years"


@pytest.mark.requirement("CD-03")
def test_the_tables_hold_the_figures_of_the_answer():
    answer = compute_answer(example_tree())
    rows = {row[0]: row for row in effects_table(answer).rows}

    for one in answer.classes:
        row = rows[f"A{one.title[1:]}"]
        assert row[1:4] == (points(answer.placebo), points(one.drug), points(one.expected))
        assert row[4] == points_interval(one.interval)
        assert row[5] == f"{100 * one.response_interval[0]:.0f}–{100 * one.response_interval[1]:.0f}\u202f%"
        assert row[7].endswith(" in 100")
    assert [row[0] for row in why_table(answer).rows][:2] == ["Age 70", "Anti-TNF in the past"]
    assert what_if_table(answer, if_changed(answer)).rows[0][0] == "as entered"


def test_classes_that_were_taken_out_are_named():
    one = sentences(compute_answer(example_tree() | {"unavailable": ["anti_tnf"]}))
    two = sentences(compute_answer(example_tree() | {"unavailable": ["anti_tnf", "anti_integrin"]}))

    assert "Anti-TNF was taken out before anything was compared." in one
    assert "Anti-integrin and anti-TNF were taken out before anything was compared." in two


@pytest.mark.requirement("CD-05")
def test_checks_lead_to_their_inputs():
    found = checks(compute_answer(example_tree() | {"age_year": 105, "crp_mg_per_L": 0.2, "bmi_kg_per_m2": None}))
    by_input = {one.input: one for one in found if one.input}

    assert by_input["age_year"].level == "check"
    assert by_input["age_year"].lead == "Age 105 lies outside the trials’ range."
    assert "mg/dL" in by_input["crp_mg_per_L"].more
    assert "Nothing was changed" in by_input["crp_mg_per_L"].more
    assert by_input["bmi_kg_per_m2"].lead == "BMI is not known."
    assert "Averaged over what is likely" in by_input["bmi_kg_per_m2"].more


def test_usual_values_are_told_where_the_publications_rules_take_them():
    found = checks(compute_answer(NOBODY, uncertainty=Uncertainty.DASHBOARD))

    assert sum("usual value stands for it" in one.more for one in found) == 9


def test_few_trials_are_told_where_they_widen_an_interval():
    leads = [one.lead for one in checks(compute_answer(example_tree()))]

    assert "3 trials inform anti-IL-12/23." in leads
    assert not any("anti-integrin" in lead for lead in leads)


@pytest.mark.parametrize(
    ("value", "text", "with_sign"), [(12.4, "12", "+12"), (-0.4, "0", "0"), (-24.6, "−25", "−25"), (0.6, "1", "+1")]
)
def test_points_have_one_zero_and_a_minus_sign(value: float, text: str, with_sign: str):
    assert (points(value), signed(value)) == (text, with_sign)


def test_an_interval_with_a_sign_is_no_dash():
    assert points_interval((-24.0, 30.0)) == "−24 to 30"
    assert points_interval((97.0, 189.0)) == "97–189"


def test_small_p_values_keep_a_digit():
    assert [p_value(p) for p in (0.851, 0.0678, 0.0041, 0.00001)] == ["0.85", "0.07", "0.004", "<0.001"]
    with speaking("de"):
        assert p_value(0.85) == "0,85"
