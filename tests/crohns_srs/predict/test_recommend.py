"""Answers beside the publication's calculator, its subgroups, and dense computations."""

from __future__ import annotations

import csv
import json
import tomllib
from collections import Counter
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from crohns_srs.lmm import contrast, fit_mixed, held_covariance
from crohns_srs.predict.best import probabilities_best
from crohns_srs.predict.case import read_case
from crohns_srs.predict.class_model import degrees_of_freedom, variance_spread
from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.library import shipped_models
from crohns_srs.predict.recommend import recommend
from tests.crohns_srs.lmm.designs import drawn
from tests.crohns_srs.predict.cases import case_text

if TYPE_CHECKING:
    from pathlib import Path

MODELS = shipped_models()


def answer(text: str, uncertainty: Uncertainty = Uncertainty.COHERENT) -> dict[str, Any]:
    return recommend(MODELS, read_case(text, MODELS.config), uncertainty)


@pytest.fixture
def published(reference_dir: Path) -> dict[str, Any]:
    return json.loads((reference_dir / "crohns" / "published_models.json").read_text(encoding="utf-8"))


def test_shipped_parameters_are_the_published_ones(published: dict[str, Any]):
    for model in (MODELS.placebo, *MODELS.classes):
        told = published["models"][model.id]
        assert list(model.terms) == told["terms"]
        assert model.estimate.tolist() == told["estimate"]
        assert model.covariance.tolist() == told["vcov_fixed"]
        assert (model.var_trial, model.var_residual) == (told["var_trial"], told["var_residual"])
        assert (model.n_obs, model.df_test) == (told["n_obs"], told["df_ttest"])
        replicates = told["bootstrap_conditional_on_trial_effects"]
        assert model.held_estimate.tolist() == replicates["median"]
        assert model.held_covariance.tolist() == replicates["cov"]
        # Three numbers that are taken from them give all ten or eleven degrees of freedom back.
        found = [degrees_of_freedom(model, one) for one in np.eye(len(model.terms))]
        np.testing.assert_allclose(found, told["satterthwaite_df"], rtol=1e-7)


def test_years_of_trials_are_those_that_the_placebo_model_was_fitted_to(published: dict[str, Any]):
    """The normal equations of a covariate of whole trials: its values and the trials' predicted effects are orthogonal."""
    text = files("crohns_srs").joinpath("library", "rudrapatna_2025_models.toml").read_text(encoding="utf-8")
    models = tomllib.loads(text)["models"]
    effects = published["models"]["placebo"]["trial_blup"]
    years = {trial: one["year"] - 2000.0 for trial, one in models["placebo"]["trials"].items()}
    assert sum(effects.values()) == pytest.approx(0.0, abs=1e-7)
    assert sum(years[trial] * effect for trial, effect in effects.items()) == pytest.approx(0.0, abs=1e-6)
    # Another year for any one of them would be told.
    assert min(map(abs, effects.values())) > 0.1
    shown = {name: {trial: one["year"] for trial, one in model["trials"].items()} for name, model in models.items()}
    assert {"CERTIFI": 2008, "UNITI1": 2011, "UNITI2": 2011}.items() == shown["anti_il12_23"].items()
    for trials in shown.values():
        assert all(shown["placebo"].get(trial, year) == year for trial, year in trials.items())


@pytest.mark.requirement("CD-03")
def test_the_worked_examples_of_the_calculator(published: dict[str, Any]):
    for one in published["worked_examples"]:
        given = one["input"]
        is_whole = len(given) > 1
        text = case_text() if is_whole else json.dumps({"schema": "asuc-crohns-case/1", "age_year": given["age"]})
        found = answer(text, Uncertainty.DASHBOARD)
        assert found["placebo"]["effect"] == pytest.approx(one["placebo_fit"], abs=1e-5)
        for name, of in found["classes"].items():
            assert of["effect"] == pytest.approx(one["fit"][name], abs=1e-5)
            assert of["se"] == pytest.approx(one["se_mean"][name], rel=1e-6)
            assert of["response100"] == pytest.approx(one["p_response"][name], abs=1e-6)
            if is_whole:
                assert of["se_prediction"] == pytest.approx(one["se_prediction"][name], rel=1e-6)
        p = {frozenset((of["a"], of["b"])): of["p"] for of in found["contrasts"]}
        ranked = sorted(one["fit"], key=lambda name: -one["fit"][name])
        assert p[frozenset(ranked[:2])] == pytest.approx(one["p_rank1_vs_rank2"], rel=1e-5)
        assert p[frozenset(ranked[1:])] == pytest.approx(one["p_rank2_vs_rank3"], rel=1e-5)


def test_the_calculator_shows_what_the_paper_printed():
    found = answer(case_text(), Uncertainty.DASHBOARD)
    assert found["label"] == "anti_il12_23 > anti_integrin = anti_tnf"
    assert [one["displayed_percent"] for one in found["groups"]] == [66.0, 45.5]
    assert {name: one["displayed_percent"] for name, one in found["classes"].items()} == {
        "anti_il12_23": 66,
        "anti_integrin": 46,
        "anti_tnf": 45,
    }
    blank = answer('{"schema": "asuc-crohns-case/1", "age_year": 35}', Uncertainty.DASHBOARD)
    assert [one["displayed_percent"] for one in blank["groups"]] == [50.0]


@pytest.mark.reference
@pytest.mark.requirement("CD-03")
@pytest.mark.parametrize(
    ("uncertainty", "expected"),
    [
        (Uncertainty.PAPER, [535, 351, 56, 35, 22, 1]),
        (Uncertainty.DASHBOARD, [755, 211, 18, 10, 5, 1]),
        (Uncertainty.COHERENT, [910, 81, 4, 5, 0, 0]),
    ],
)
def test_labels_of_the_public_sample_are_those_of_r(uncertainty: Uncertainty, expected: list[int], reference_dir: Path):
    """The shares that R found with the published parameters and the covariates of the public sample (53.5 % …, 75.5 % …); coherent ones are our own."""
    with (reference_dir / "crohns" / "crohns_biologics_sample.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    found = Counter(answer(_case_of(row), uncertainty)["label"] for row in rows)
    labels = [
        "anti_il12_23 = anti_integrin = anti_tnf",
        "anti_tnf > anti_il12_23 = anti_integrin",
        "anti_il12_23 = anti_tnf > anti_integrin",
        "anti_il12_23 > anti_integrin = anti_tnf",
        "anti_tnf > anti_integrin > anti_il12_23",
        "anti_integrin = anti_tnf > anti_il12_23",
    ]
    assert [found[label] for label in labels] == expected
    assert sum(found.values()) == sum(expected)


def _case_of(row: dict[str, str]) -> str:
    value = {name: float(text) for name, text in row.items() if name not in {"Trial", "Treatment"}}
    return case_text(
        age_year=value["Age_Cent"] + 35,
        bmi_kg_per_m2=value["BMI_Cent"] + 20,
        crp_mg_per_L=value["CRP_Cent"] + 10,
        cdai=value["CDAI_baseline_Cent"] + 300,
        sex="male" if value["Sex_Male"] else "female",
        tnf_history=bool(value["HxOfTNFi"]),
        steroid=bool(value["SteroidUse"]),
        immunomodulator=bool(value["ImmUse"]),
        ileal=bool(value["Ileal"]),
    )


def test_degrees_of_freedom_of_a_patient_follow_from_those_of_the_coefficients():
    """From what a fit prints, without its rows, those of any sum of coefficients."""
    data = drawn(3)
    fit = fit_mixed(data.design, data.outcome)
    each = np.array([contrast(fit, one).df for one in np.eye(3)])
    lever_square = (fit.covariance - held_covariance(fit)) / fit.ratio[0]
    np.testing.assert_allclose(lever_square, fit.residual_variance * fit.moments.lever @ fit.moments.lever.T, rtol=1e-8)
    spread = variance_spread(each, fit.covariance, lever_square)
    weights = np.array([1.0, 55.0, 1.0])
    v, g = weights @ fit.covariance @ weights, weights @ lever_square @ weights
    found = 2 * v**2 / (np.array([v, g]) @ spread @ np.array([v, g]))
    assert found == pytest.approx(contrast(fit, weights).df, rel=1e-7)


def test_a_coherent_difference_knows_the_years_of_the_trials():
    """The variance beyond that of the two classes is that of the year's coefficient times the squared distance of their trials' mean years."""
    found = {(one["a"], one["b"]): one for one in answer(case_text())["contrasts"]}
    alone = {(one["a"], one["b"]): one for one in answer(case_text(), Uncertainty.DASHBOARD)["contrasts"]}
    year = MODELS.placebo.terms.index("Year_Cent")
    means = {one.id: one.carried[0, year] for one in MODELS.classes}
    assert 2000 + means["anti_il12_23"] == pytest.approx(2010, abs=0.5)  # 2008, 2011 and 2011
    for pair, one in found.items():
        apart = means[pair[0]] - means[pair[1]]
        assert one["difference"] == pytest.approx(alone[pair]["difference"])
        assert one["se"] ** 2 - alone[pair]["se"] ** 2 == pytest.approx(
            apart**2 * MODELS.placebo.covariance[year, year]
        )
        assert one["df"] < alone[pair]["df"] / 10


def test_coherent_answers_leave_out_classes_before_anything_is_tested():
    whole, less = answer(case_text()), answer(case_text(unavailable=["anti_il12_23"]))
    assert list(less["classes"]) == ["anti_integrin", "anti_tnf"]
    assert less["contrasts"] == whole["contrasts"][2:]
    assert less["label"] == "anti_integrin = anti_tnf"
    chances = [one["probability_best"] for one in less["classes"].values()]
    assert sum(chances) == pytest.approx(1.0)
    p = less["contrasts"][0]["p"]
    assert chances[0] == pytest.approx(1 - p / 2, abs=0.01)  # two classes: the one-sided p of their difference
    after = answer(case_text(unavailable=["anti_integrin"]), Uncertainty.DASHBOARD)
    assert after["label"] == "anti_il12_23 > anti_tnf"
    none = answer(case_text(unavailable=["anti_integrin", "anti_tnf", "anti_il12_23"]))
    assert (none["classes"], none["contrasts"], none["label"]) == ({}, [], "")
    assert "No class is available; nothing can be compared." in none["warnings"]


def test_the_probability_to_be_best_is_that_of_draws():
    effect, error, df = np.array([40.0, 25.0, 30.0]), np.array([20.0, 9.0, 12.0]), np.array([5.4, 200.0, 15.0])
    step = np.array([11.0, 2.0, -4.0])
    found = probabilities_best(effect, error, df, np.outer(step, step))
    rng = np.random.default_rng(0)
    n = 400_000
    draws = effect + error * stats.t.rvs(df, size=(n, 3), random_state=rng) + rng.standard_normal((n, 1)) * step
    share = np.bincount(draws.argmax(axis=1), minlength=3) / n
    np.testing.assert_allclose(found, share, atol=5 * 0.5 / n**0.5)
    alike = probabilities_best(effect, error, df, np.full((3, 3), 900.0))
    np.testing.assert_allclose(alike, probabilities_best(effect, error, df, np.zeros((3, 3))), rtol=1e-9)
