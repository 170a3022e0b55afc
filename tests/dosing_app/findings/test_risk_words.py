"""What stands beside the risk is true of the case and of the model that it comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from dosing_app.decision.patient import read_case
from dosing_app.decision.view import compute_view
from dosing_app.findings.risk_rows import risk_rows
from dosing_app.findings.risk_words import risk_words, study_facts
from dosing_app.language import speaking
from tests.dosing_app.findings.computed_cases import EVENT_MODEL, computed

if TYPE_CHECKING:
    from dosing_app.decision.view import View

BARE: dict[str, Any] = {
    "schema": "asuc-case/1",
    "covariates": {"weight_kg": 63, "crp_mg_per_L": 30},
    "doses": [{"time_day": 0, "amount_mg": 300}],
    "planned": [{"time_day": 14, "amount_mg": 300}],
}
UNCALIBRATED = BARE | {"model": "fasanmade_2009"}


def view_of(tree: dict[str, Any], **changes: Any) -> View:
    return compute_view(read_case(tree | changes), EVENT_MODEL)


def undecided(**changes: Any) -> View:
    """Return a case whose chance of reaching its target is about a half."""
    first = view_of(BARE, **changes)
    assert first.forecast.risk is not None
    middle = float(first.forecast.risk.day90.quantiles[2])
    found = view_of(BARE, target={"risk_day90": middle}, **changes)
    assert found.forecast.risk is not None
    assert 0.4 <= found.forecast.risk.probability_target <= 0.6
    return found


def test_without_a_sample_nothing_is_said_of_levels():
    view = undecided()
    said = risk_words(view)

    assert said.answers[-1] == "Weight and CRP alone do not settle on which side this patient lies."
    rows = [row.name for row in risk_rows(view)]
    assert rows[:2] == ["weight, CRP and risk model together", "from weight and CRP alone"]
    assert "levels" not in " ".join((*said.sentences, *said.answers, *rows))


def test_with_a_sample_in_use_the_levels_are_what_it_rests_on():
    view = undecided(samples=[{"time_day": 7, "concentration_mg_per_L": 8}])

    assert risk_words(view).answers[-1] == "The levels do not settle on which side this patient lies."
    assert [row.name for row in risk_rows(view)][:2] == [
        "levels and risk model together",
        "from this patient's levels alone",
    ]


def test_a_sample_that_is_left_out_is_none_in_use():
    view = view_of(BARE, samples=[{"time_day": 7, "concentration_mg_per_L": 8, "exclude": "clotted"}])

    assert risk_rows(view)[1].name == "from weight and CRP alone"


def test_samples_that_contradict_each_other_are_named_beside_the_headline():
    samples = [{"time_day": 6, "concentration_mg_per_L": 2}, {"time_day": 7, "concentration_mg_per_L": 20}]

    assert risk_words(view_of(BARE, samples=samples)).outside == "samples contradict each other"
    both = view_of(BARE, samples=samples, covariates={"weight_kg": 150, "crp_mg_per_L": 30})
    assert risk_words(both).outside == "samples contradict each other, outside the study's range"


@pytest.mark.parametrize(("language", "start"), [("en", "No risk is given with"), ("de", "Mit")])
def test_a_model_without_risk_is_called_by_its_name(language: str, start: str):
    with speaking(language):
        (sentence,) = risk_words(view_of(UNCALIBRATED)).sentences

    assert sentence.startswith(f"{start} Fasanmade 2009")


def test_the_shipped_risk_model_is_the_study_and_one_of_the_user_s_own_is_named():
    shipped = study_facts(EVENT_MODEL)
    own = replace(EVENT_MODEL, id="our_hospital", version="2.1.0")

    assert shipped.startswith("Study: ")
    assert study_facts(own) == f"Risk model: Our hospital 2.1.0. {shipped}"
    with speaking("de"):
        assert study_facts(own).startswith("Risikomodell: Our hospital 2.1.0. ")


def test_a_changed_copy_of_the_shipped_risk_model_is_named_too():
    assert study_facts(replace(EVENT_MODEL, sha256="0" * 64)).startswith("Risk model: Niyigena 2026 ASUC ")


def test_an_example_within_the_study_has_nothing_beside_its_headline():
    view, _, _ = computed("typical")

    assert risk_words(view).outside == ""
