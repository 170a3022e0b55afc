"""What an answer says beside effects and labels: chances and their parts, several comparisons, missing inputs, why, and for whom."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from crohns_srs.predict.best import probabilities_best
from crohns_srs.predict.case import read_case
from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.library import shipped_models
from crohns_srs.predict.population import likely_values
from crohns_srs.predict.preference import Adjustment, holm
from crohns_srs.predict.profile import MissingInputs, known_values
from crohns_srs.predict.recommend import Choices, recommend
from tests.crohns_srs.predict.cases import case_text

MODELS = shipped_models()
EVERY = [*Uncertainty]


def answer(text: str, **choices: Any) -> dict[str, Any]:
    return recommend(MODELS, read_case(text, MODELS.config), Choices(**choices))


def test_holm_is_the_step_down_rule():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_label_by_holm_parts_less():
    text = case_text(crp_mg_per_L=60, age_year=75, cdai=230)
    plain, adjusted = answer(text), answer(text, adjustment=Adjustment.HOLM)
    assert plain["contrasts"] == adjusted["contrasts"]
    assert [one["p_holm"] for one in plain["contrasts"]] == pytest.approx(
        holm([one["p"] for one in plain["contrasts"]])
    )
    assert plain["label"] == "anti_il12_23 > anti_integrin = anti_tnf"
    assert adjusted["label_adjustment"] == "holm"
    parted = [one["p_holm"] < 0.05 for one in adjusted["contrasts"] if one["a"] == "anti_il12_23"]
    assert (adjusted["label"] == plain["label"]) == all(parted)


@pytest.mark.parametrize("uncertainty", EVERY)
@pytest.mark.requirement("CD-03")
def test_chances_are_those_of_the_normal_distribution(uncertainty: Uncertainty):
    found = answer(case_text(), uncertainty=uncertainty)
    for one in found["classes"].values():
        for key, limit in (("response100", 100.0), ("response70", 70.0), ("remission", 348.0 - 150.0)):
            assert one[key] == pytest.approx(stats.norm.sf(limit, one["expected"], one["se_prediction"]), abs=1e-12)
            assert one[f"{key}_interval"][0] < one[key] < one[f"{key}_interval"][1]
            assert one[f"{key}_added"] == pytest.approx(one[key] - found["placebo"][key])
        spread = one["se_prediction"] ** 2 - one["se_expected"] ** 2
        ends = stats.norm.sf(100.0, one["interval_expected"], np.sqrt(spread))
        assert one["response100_interval"] == pytest.approx(ends, abs=1e-9)
    placebo = found["placebo"]
    sd = np.sqrt(placebo["se"] ** 2 + MODELS.placebo.var_trial + MODELS.placebo.var_residual)
    assert placebo["response100"] == pytest.approx(stats.norm.sf(100.0, placebo["effect"], sd))
    assert placebo["remission"] == pytest.approx(stats.norm.sf(198.0, placebo["effect"], sd))


@pytest.mark.parametrize("uncertainty", EVERY)
def test_contributions_add_up(uncertainty: Uncertainty):
    found = answer(case_text(crp_mg_per_L=None, sex=None), uncertainty=uncertainty)
    for name, told in found["contributions"].items():
        total = told["reference"] + sum(one["points"] for one in told["inputs"])
        effect = found["placebo"]["effect"] if name == "placebo" else found["classes"][name]["effect"]
        assert total == pytest.approx(effect)
    inputs = {one["input"]: one for one in found["contributions"]["anti_tnf"]["inputs"]}
    assert inputs["age_year"]["points"] == pytest.approx(
        -1.23291917667804 * 35 if uncertainty is not Uncertainty.PAPER else inputs["age_year"]["points"]
    )
    assert (inputs["age_year"]["value"], inputs["age_year"]["reference"]) == (70.0, 35.0)
    assert [name for name, one in inputs.items() if one["is_missing"]] == ["crp_mg_per_L", "sex"]
    assert (inputs["steroid"]["value"], inputs["steroid"]["reference"]) == (True, False)


def test_worthwhile_differences_follow_from_the_intervals():
    found = answer(case_text(crp_mg_per_L=60, age_year=80, cdai=230), worthwhile=5.0)
    assert found["worthwhile"]["points"] == 5.0
    for one in found["contrasts"]:
        low, high = one["interval"]
        assert one["is_worthwhile"] == (low > 5.0 or high < -5.0)
        assert one["probability_a_worthwhile"] == pytest.approx(
            stats.t.sf(5.0, one["df"], one["difference"], one["se"])
        )
        assert one["probability_b_worthwhile"] == pytest.approx(
            stats.t.cdf(-5.0, one["df"], one["difference"], one["se"])
        )
        assert one["probability_above_zero"] == pytest.approx(stats.t.sf(0.0, one["df"], one["difference"], one["se"]))
    assert found["worthwhile"]["label"] == "anti_il12_23 > anti_integrin = anti_tnf"
    wide = answer(case_text(), worthwhile=500.0)
    assert all(one["is_negligible"] for one in wide["contrasts"])
    assert all(one["probability_within_worthwhile"] > 0.999 for one in wide["classes"].values())
    assert answer(case_text())["worthwhile"]["points"] == 20.0
    alone = answer(case_text(unavailable=["anti_tnf", "anti_integrin"]))
    assert (alone["worthwhile"]["label"], alone["label"], alone["contrasts"]) == ("anti_il12_23", "anti_il12_23", [])


def test_being_near_the_best_is_that_of_draws():
    effect, error, df = np.array([40.0, 25.0, 30.0]), np.array([20.0, 9.0, 12.0]), np.array([5.4, 200.0, 15.0])
    shared = np.array([[400.0, -100.0, 20.0], [-100.0, 300.0, 50.0], [20.0, 50.0, 500.0]])
    rng, n = np.random.default_rng(3), 400_000
    own = effect + error * stats.t.rvs(df, size=(n, 3), random_state=rng)
    draws = own + rng.multivariate_normal(np.zeros(3), shared, n)
    share = (draws >= draws.max(axis=1, keepdims=True) - 20.0).mean(axis=0)
    np.testing.assert_allclose(probabilities_best(effect, error, df, shared, 20.0), share, atol=5 * 0.5 / n**0.5)
    best = np.bincount(draws.argmax(axis=1), minlength=3) / n
    np.testing.assert_allclose(probabilities_best(effect, error, df, shared), best, atol=5 * 0.5 / n**0.5)


@pytest.mark.requirement("CD-04")
def test_what_is_not_known_is_averaged_over():
    """Estimates, errors and chances with unknown inputs beside the mean of the answers with each of many values known."""
    missing = {"crp_mg_per_L": None, "cdai": None, "tnf_history": None}
    found = answer(case_text(**missing))
    case = read_case(case_text(**missing), MODELS.config)
    sets = likely_values(MODELS.population, known_values(MODELS, case), 1024)
    every = range(0, 1024, 4)  # one set in four: the lattice fills space evenly at every length
    answers = [
        answer(
            case_text(
                crp_mg_per_L=sets["CRP_Cent"][i] + 10.0,
                cdai=sets["CDAI_baseline_Cent"][i] + 300.0,
                tnf_history=bool(sets["HxOfTNFi"][i]),
            )
        )
        for i in every
    ]
    for name, one in found["classes"].items():
        each = {key: np.array([of["classes"][name][key] for of in answers]) for key in ("effect", "se", "expected")}
        assert one["effect"] == pytest.approx(each["effect"].mean(), abs=0.5)
        assert one["se"] == pytest.approx(np.sqrt((each["se"] ** 2).mean() + each["effect"].var()), rel=0.02)
        assert one["se_missing"] == pytest.approx(each["effect"].std(), rel=0.06)
        for key in ("response100", "response70", "remission"):
            assert one[key] == pytest.approx(np.mean([of["classes"][name][key] for of in answers]), abs=0.004)
        best = np.mean([of["classes"][name]["probability_best"] for of in answers])
        assert one["probability_best"] == pytest.approx(best, abs=0.02)
    for k, one in enumerate(found["contrasts"]):
        each = np.array([(of["contrasts"][k]["difference"], of["contrasts"][k]["se"]) for of in answers])
        assert one["se"] == pytest.approx(np.sqrt((each[:, 1] ** 2).mean() + each[:, 0].var()), rel=0.02)
    assert found["placebo"]["response100"] == pytest.approx(
        np.mean([of["placebo"]["response100"] for of in answers]), abs=0.004
    )


def test_the_publications_modes_take_the_usual_values():
    text = '{"schema": "asuc-crohns-case/1", "age_year": 35}'
    for uncertainty in (Uncertainty.PAPER, Uncertainty.DASHBOARD):
        found = answer(text, uncertainty=uncertainty)
        assert (found["missing_inputs"], found["missing"]) == ("defaults", [])
        assert "cdai 300 CDAI points" in found["warnings"][0]
        assert "sex female" in found["warnings"][0]
        assert all(one["se_missing"] == 0.0 for one in found["classes"].values())
    asked = answer(text, uncertainty=Uncertainty.PAPER, missing=MissingInputs.INTEGRATE)
    assert asked["missing_inputs"] == "integrate"
    filled = answer(text, missing=MissingInputs.DEFAULTS)
    known = answer(
        json.dumps(
            {
                **json.loads(case_text(age_year=35, bmi_kg_per_m2=20, crp_mg_per_L=10, cdai=300)),
                "tnf_history": False,
                "steroid": False,
            }
        )
    )
    assert filled["contrasts"] == known["contrasts"]


@pytest.mark.requirement("CD-04")
def test_levels_of_a_missing_input_are_the_answers_with_it_known():
    found = answer(case_text(crp_mg_per_L=None, steroid=None))
    assert [one["input"] for one in found["missing"]] == ["crp_mg_per_L", "steroid"]
    for one in found["missing"]:
        assert sum(level["weight"] for level in one["levels"]) == pytest.approx(1.0)
        assert one["is_decisive"] == (len({level["label"] for level in one["levels"]}) > 1)
    alone = answer(case_text(crp_mg_per_L=None))["missing"][0]
    assert len(alone["levels"]) == 5
    for level in alone["levels"]:
        told = answer(case_text(crp_mg_per_L=level["value"]))
        assert level["label"] == told["label"]
        for name, one in level["classes"].items():
            assert one["effect"] == pytest.approx(told["classes"][name]["effect"])
            assert one["remission"] == pytest.approx(told["classes"][name]["remission"])
    mean = sum(level["weight"] * level["classes"]["anti_tnf"]["effect"] for level in found["missing"][1]["levels"])
    assert mean == pytest.approx(found["classes"]["anti_tnf"]["effect"], abs=0.3)


@pytest.mark.requirement("CD-05")
def test_a_patient_unlike_those_of_the_trials_is_told():
    usual = answer(case_text())["applicability"]
    assert usual["is_inside"]
    assert usual["distance"]["df"] == 9
    found = answer(case_text(cdai=500, crp_mg_per_L=0.2))
    assert not found["applicability"]["is_inside"]
    assert found["warnings"][:2] == [
        "cdai: 500 lies outside 220 to 450 CDAI points, which the models speak for.",
        "crp_mg_per_L: 0.2 mg/L is unusual; if it is in mg/dL, it is 2 mg/L.",
    ]
    huge = answer(case_text(crp_mg_per_L=300))["warnings"]
    assert "crp_mg_per_L: 300 mg/L is unusual; if it is in nmol/L, it is 31.5 mg/L." in huge
    far = answer(case_text(age_year=99, bmi_kg_per_m2=45, cdai=449, crp_mg_per_L=190))
    assert far["applicability"]["distance"]["p"] < 0.001
    assert "Together these inputs are unusual: less than 0.1 %" in far["warnings"][0]
    nothing = answer('{"schema": "asuc-crohns-case/1"}')["applicability"]["distance"]
    assert nothing == {"squared": None, "df": 0, "p": None}


def test_the_distance_is_that_of_mahalanobis():
    population = MODELS.population
    found = answer(case_text(age_year=None, sex=None))["applicability"]["distance"]
    value = {
        "CDAI_baseline_Cent": 348.0,
        "BMI_Cent": 22.0,
        "CRP_Cent": np.log(9.73),
        "HxOfTNFi": 1.0,
        "SteroidUse": 1.0,
    }
    kept = [i for i, name in enumerate(population.terms) if name not in {"Age_Cent", "Sex_Male"}]
    apart = np.array([value.get(population.terms[i], 0.0) for i in kept]) - population.mean[kept]
    squared = apart @ np.linalg.inv(population.covariance[np.ix_(kept, kept)]) @ apart
    assert found["squared"] == pytest.approx(squared)
    assert found["p"] == pytest.approx(stats.chi2.sf(squared, 7))


@pytest.mark.parametrize("uncertainty", EVERY)
@pytest.mark.parametrize("adjustment", [*Adjustment])
def test_a_label_and_its_warnings_say_what_every_pair_does(uncertainty: Uncertainty, adjustment: Adjustment):
    """Of 300 drawn patients: a pair is parted and clear, joined and not, or named in a warning; by coherent rules nothing is parted that is not clear."""
    rng = np.random.default_rng(11)
    n_named = 0
    for _ in range(300):
        text = case_text(
            age_year=float(rng.uniform(18, 90)),
            crp_mg_per_L=float(rng.exponential(40)),
            bmi_kg_per_m2=float(rng.uniform(15, 45)),
            steroid=bool(rng.random() < 0.5),
            tnf_history=bool(rng.random() < 0.5),
        )
        found = answer(text, uncertainty=uncertainty, adjustment=adjustment)
        place = {name: i for i, part in enumerate(found["label"].split(" > ")) for name in part.split(" = ")}
        for one in found["contrasts"]:
            is_clear = (one["p_holm"] if adjustment is Adjustment.HOLM else one["p"]) < 0.05
            is_parted = place[one["a"]] != place[one["b"]]
            told = [text for text in found["warnings"] if one["a"] in text and one["b"] in text]
            assert bool(told) == (is_clear != is_parted)
            assert not (is_parted and not is_clear and uncertainty is Uncertainty.COHERENT)
            n_named += bool(told)
    assert n_named > 0 or uncertainty is not Uncertainty.PAPER
