"""A recalibrated model shows its own numbers, in words and on its card, and leaves out what it does not have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dosing_app.decision.examples import example_case
from dosing_app.decision.view import compute_view
from dosing_app.findings.risk_words import early_events_words, risk_words, study_facts, validation_words
from dosing_app.language import speaking
from dosing_app.ui.components.sensitivity_panel import sensitivity_panel
from dosing_app.ui.components.twins import risk_table
from dosing_app.ui.model_cards import model_cards
from tests.dosing_app.findings.computed_cases import EVENT_MODEL, computed
from tests.dosing_app.recalibrated import EVENTS, recalibrated
from tte.model.event_model import Fact
from tte.model.total import total_risk

PUBLISHED_NUMBERS = ("5 of 14", "1 of 52", "72 patients", "11 colectomies", "(5 of 11)")


def without(model, *names):
    return replace(model, facts=tuple(fact for fact in model.facts if fact.name not in names))


def test_the_study_is_that_of_the_new_patients():
    model = recalibrated()
    said = study_facts(model)
    facts = {fact.name: fact for fact in model.facts}
    high = facts["high_risk_colectomies"]
    assert said.startswith("Risk model: Our hospital 2.1.0, Bayesian update of Niyigena 2026 ASUC 1.0.0. Study: ")
    assert f"{high.value:.0f} of {high.out_of:.0f} patients with too little exposure" in said
    assert f"({EVENTS.n_subjects} patients, {EVENTS.n_events} colectomies in all)" in said
    assert not any(number in said for number in PUBLISHED_NUMBERS)


@pytest.mark.parametrize(
    ("method", "words"),
    [("intercept", "baseline recalibrated from"), ("slope", "baseline and effect"), ("refit", "refitted in place of")],
)
def test_the_method_is_said_in_words(method, words):
    assert words in study_facts(recalibrated(method))
    with speaking("de"):
        assert "Risikomodell: Our hospital 2.1.0, " in study_facts(recalibrated(method))


def test_without_accuracy_the_totals_stand_alone_and_without_these_nothing_does():
    bare = without(recalibrated(), "high_risk_colectomies", "low_risk_colectomies")
    assert study_facts(bare).endswith(f"Study: {EVENTS.n_subjects} patients, {EVENTS.n_events} colectomies.")
    assert study_facts(without(bare, "colectomies")).endswith("The risk model's file names no study results.")


def test_validation_is_what_the_file_says():
    model = recalibrated()
    assert validation_words(model).startswith("Not externally validated; ")
    validated = replace(model, facts=(*model.facts, Fact("external_validation_patients", 340.0, "")))
    assert validation_words(validated).startswith("Externally validated on 340 patients; ")


def test_early_colectomies_are_said_only_where_the_file_counts_them():
    model = recalibrated()
    assert early_events_words(model) is not None
    assert early_events_words(without(model, "colectomies_before_week_4")) is None
    case = example_case("typical")
    for one, expected in (
        (model, f"of {EVENTS.n_events}) were not in the study's evaluation"),
        (
            without(model, "colectomies_before_week_4"),
            "The risk model's file does not say how many colectomies came before",
        ),
    ):
        view = compute_view(case, one)
        (note,) = (warning for warning in view.warnings if warning.code == "before_week_4")
        assert expected in note.text
        table = risk_table(view)
        assert ("evaluation" in str(table)) == (one is model)


def test_the_risk_is_the_new_models_with_its_own_uncertainty():
    model, case = recalibrated(), example_case("typical")
    view: Any = compute_view(case, model)
    exposure = view.forecast.exposure
    expected = total_risk(
        model, exposure.nodes, weights=exposure.weights, now_day=case.now_day, days=np.array([90.0])
    ).day90.quantiles
    np.testing.assert_allclose(view.forecast.risk.total.day90.quantiles, expected, rtol=1e-9)
    old: Any = compute_view(case, EVENT_MODEL)
    assert risk_words(view).interval != risk_words(old).interval
    spread = [np.ptp(one.forecast.risk.total.day90.quantiles[[0, 4]]) for one in (view, old)]
    assert spread[0] != pytest.approx(spread[1], rel=0.01)


def test_the_card_says_what_it_was_made_from_and_how_uncertain_it_is():
    card = model_cards(recalibrated())[0]
    facts = dict(card.facts)
    assert facts["models.recalibrated"].startswith(
        "From Niyigena 2026 ASUC 1.0.0 by the method bayes, on 220 patients with "
    )
    assert facts["models.uncertainty"].startswith("Covariance matrix: SD of ln lambda ")
    assert facts["models.threshold"] != dict(model_cards(EVENT_MODEL)[0].facts)["models.threshold"]
    shipped = dict(model_cards(EVENT_MODEL)[0].facts)
    assert "models.recalibrated" not in shipped
    assert shipped["models.uncertainty"] == "SD of ln H(90) 0.3015 at ln(AUC/CL) = 6.563; SD of beta 0.22; shape held"
    held = dict(model_cards(replace(EVENT_MODEL, uncertainty=None))[0].facts)
    assert held["models.uncertainty"] == "None: the estimates are taken as exact"


def test_other_models_say_which_of_them_the_risk_is_calibrated_for():
    view, _, average = computed("typical")
    said = str(sensitivity_panel(view, average)[0])
    assert "calibrated for Niyigena 2026 ASUC, Niyigena 2026 ASUC explog only" in said
    none = replace(view, forecast=replace(view.forecast, event_model=replace(EVENT_MODEL, pk_models=())))
    assert "names no model that it is calibrated for" in str(sensitivity_panel(none, average)[0])
