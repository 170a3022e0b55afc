"""Covariate search: forms as their formulas, likelihood ratios as SciPy's, strong effects found, nothing found where nothing is."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import chi2, multivariate_normal

from pkpd.data.censored import without_censored
from pkpd.diagnostics.candidates import (
    DEFAULT_FORMS,
    CovariateForm,
    CovariateValues,
    Relation,
    candidate_relations,
    covariate_values,
    degrees_of_freedom,
    relation_effects,
    why_not,
    with_relations,
    without_effects,
)
from pkpd.diagnostics.full_model import (
    coefficients_entry,
    fitted_coefficients,
    full_model_document,
    full_relations,
    shrink,
)
from pkpd.diagnostics.scm import SearchResult, fit_trials, search_covariates
from pkpd.diagnostics.scm_document import scm_document
from pkpd.diagnostics.trials import Direction, Search, Trial, bound_model, compared
from pkpd.errors import InputError
from pkpd.estimation.fit import FitOptions, FitStatus, fit
from pkpd.estimation.objectives import Method
from pkpd.model import load_model
from pkpd.model.covariate import effect_slope, log_effect
from pkpd.model.population import population_parameters, with_values
from pkpd.model_covariates import with_body_mass_index, with_model_covariates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pkpd.model.spec import ModelSpec

NIYIGENA = load_model("niyigena_2026_asuc")
DOMAINS = {
    **NIYIGENA.covariates,
    "albumin_g_per_L": load_model("hanzel_2021").covariates["albumin_g_per_L"],
    "bmi_kg_per_m2": load_model("song_2025").covariates["bmi_kg_per_m2"],
    "sex": load_model("fasanmade_2009").covariates["sex"],
}
BARE = without_effects(replace(NIYIGENA, covariates=DOMAINS), ("cl", "v"), ())
KNOWN = CovariateValues(median=30.0, low=2.0, high=300.0)
X = np.array([2.0, 29.0, 30.0, 31.0, 300.0])
FORMULAS = {
    CovariateForm.LINEAR: ((0.003,), lambda x: 1.0 + 0.003 * (x - 30.0)),
    CovariateForm.EXPONENTIAL: ((0.003,), lambda x: math.exp(0.003 * (x - 30.0))),
    CovariateForm.POWER: ((0.4,), lambda x: (x / 30.0) ** 0.4),
    CovariateForm.LINEAR_LOG: ((0.3,), lambda x: 1.0 + 0.3 * (math.log(x) - math.log(30.0))),
    CovariateForm.HOCKEY_STICK: ((0.02, 0.004), lambda x: 1.0 + (0.02 if x <= 30.0 else 0.004) * (x - 30.0)),
    CovariateForm.POWER_LOG_RATIO: ((0.5,), lambda x: (math.log(x) / math.log(30.0)) ** 0.5),
}


def searched(
    truth: ModelSpec, seed: int, covariates: Sequence[str], forms: Sequence[CovariateForm] = DEFAULT_FORMS, n: int = 72
) -> Search:
    """Return a search by FOCE-I in a virtual cohort."""
    drawn = virtual_cohort(truth, Design(n, missing=0.05), np.random.default_rng(seed))
    cohort = without_censored(with_model_covariates(drawn, BARE).cohort, "drop")
    values = {name: covariate_values(cohort, DOMAINS[name]) for name in covariates}
    relations, _ = candidate_relations(BARE, values, parameters=("cl", "v"), forms=forms, kept=())
    return Search(BARE, cohort, population_parameters(BARE), relations, Method.FOCEI, 0.05, 0.01, values)


def truth_with(coefficients: Mapping[str, float], *relations: Relation) -> ModelSpec:
    """Return the bare model with effects and little variability."""
    values = {
        one.covariate: CovariateValues(63.0 if "weight" in one.covariate else 30.0, 1.0, 400.0) for one in relations
    }
    model = with_relations(BARE, relations, values)
    return with_values(model, {"omega2_cl": 0.06, "omega2_v": 0.06, "sigma_proportional": 0.2, **coefficients})


@pytest.fixture(scope="module")
def strong() -> tuple[Search, SearchResult]:
    truth = truth_with({"cl_weight_kg": 2.0}, Relation("cl", "weight_kg", CovariateForm.POWER))
    search = searched(truth, 3, ("weight_kg", "albumin_g_per_L"))
    return search, search_covariates(search)


@pytest.mark.parametrize("form", FORMULAS)
def test_each_form_is_its_formula_and_its_slope_the_derivative(form: CovariateForm):
    coefficients, formula = FORMULAS[form]
    empty = relation_effects(Relation("cl", "crp_mg_per_L", form), KNOWN)
    assert len(empty) == len(coefficients) == degrees_of_freedom(Relation("cl", "crp_mg_per_L", form), KNOWN)
    assert sum(log_effect(one, X) for one in empty) == pytest.approx(np.zeros(5), abs=0.0)
    effects = [replace(one, coefficient=c) for one, c in zip(empty, coefficients, strict=True)]
    expected = [formula(float(x)) for x in X]
    assert np.exp(sum(log_effect(one, X) for one in effects)) == pytest.approx(expected, rel=1e-13)
    for one in effects:
        ahead, behind = (log_effect(replace(one, coefficient=one.coefficient + h), X) for h in (1e-7, -1e-7))
        assert effect_slope(one, X) == pytest.approx((np.asarray(ahead) - behind) / 2e-7, rel=1e-6, abs=1e-6)


def test_a_category_has_a_multiplier_beside_the_most_frequent_one():
    drawn = virtual_cohort(BARE, Design(50, missing=0.0), np.random.default_rng(2))
    cohort = replace(drawn, covariates={**drawn.covariates, "sex": np.where(np.arange(50) < 20, 0.0, 1.0)})
    values = covariate_values(cohort, DOMAINS["sex"])
    relation = Relation("cl", "sex", CovariateForm.CATEGORY)
    assert values.codes == (1.0, 0.0)
    assert degrees_of_freedom(relation, values) == 1
    model = with_relations(BARE, [relation], {"sex": values})
    assert [one.name for one in population_parameters(model)][:2] == ["cl", "cl_sex_female"]


def test_the_centre_is_the_median_of_the_first_values():
    drawn = virtual_cohort(BARE, Design(31, missing=0.0), np.random.default_rng(2))
    values = covariate_values(drawn, DOMAINS["weight_kg"])
    weight = drawn.covariates["weight_kg"]
    assert values == CovariateValues(float(np.sort(weight)[15]), weight.min(), weight.max())


def test_a_fixed_effect_that_is_removed_is_estimated_when_it_comes_back():
    model = with_relations(BARE, [Relation("cl", "weight_kg", CovariateForm.POWER)], {"weight_kg": KNOWN})
    fixed = {one.name: one.is_fixed for one in population_parameters(NIYIGENA)}
    assert fixed["cl_weight_kg"]
    assert not any(one.is_fixed for one in population_parameters(model))
    kept = without_effects(NIYIGENA, ("cl", "v"), {("cl", "weight_kg")})
    assert [one.name for one in population_parameters(kept)][:3] == ["cl", "cl_weight_kg", "v"]
    assert {one.name: one.is_fixed for one in population_parameters(kept)}["cl_weight_kg"]


def test_forms_that_cannot_be_are_left_out_with_the_reason():
    below_zero = CovariateValues(1.0, -2.0, 3.0)
    assert why_not(CovariateForm.LINEAR, below_zero) is None
    assert why_not(CovariateForm.POWER, below_zero) == "it has values that are not above 0, such as -2"
    assert why_not(CovariateForm.LINEAR, CovariateValues(1.0, 1.0, 1.0)) == "it is 1 in every subject"
    assert (
        why_not(CovariateForm.HOCKEY_STICK, CovariateValues(2.0, 2.0, 9.0))
        == "no value lies on one side of its median 2"
    )
    assert why_not(CovariateForm.POWER_LOG_RATIO, CovariateValues(1.2, 0.2, 9.0)) == "its median 1.2 is not above 1.5"
    _, notes = candidate_relations(BARE, {"crp_mg_per_L": below_zero}, parameters=("cl",), forms=DEFAULT_FORMS, kept=())
    assert notes[0] == "power is not tried on crp_mg_per_L: it has values that are not above 0, such as -2."


def test_what_cannot_be_searched_is_refused_in_one_sentence_each():
    values = {"weight_kg": KNOWN, "crp_mg_per_L": CovariateValues(1.0, 1.0, 1.0)}
    with pytest.raises(InputError) as caught:
        candidate_relations(BARE, values, parameters=("cl", "q"), forms=DEFAULT_FORMS, kept=())
    assert [str(problem) for problem in caught.value.problems] == [
        "--parameter q: is not a parameter of niyigena_2026_asuc, which has cl, v",
        "crp_mg_per_L: cannot be tried: it is 1 in every subject",
    ]
    ternant = load_model("ternant_2008")
    with pytest.raises(InputError, match="v1: is a sum of 2 terms"):
        candidate_relations(ternant, {"weight_kg": KNOWN}, parameters=("v1",), forms=DEFAULT_FORMS, kept=())


def test_a_strong_effect_is_found_and_its_size(strong: tuple[Search, SearchResult]):
    _, result = strong
    first = next(one for one in result.tested if one.is_selected)
    assert str(first.tested).startswith("cl:weight_kg:")
    assert first.p < 1e-4
    on_cl = [one for one in result.final.relations if one.parameter == "cl"]
    assert [one.covariate for one in on_cl] == ["weight_kg"]
    power = next(one for one in result.tested if str(one.tested) == "cl:weight_kg:power")
    assert power.estimates["cl_weight_kg"] == pytest.approx(2.0, abs=0.6)


def test_changes_and_probabilities_are_those_of_scipy(strong: tuple[Search, SearchResult]):
    _, result = strong
    current = result.base
    for step in range(1, result.tested[-1].step + 1):
        fits = [one for one in result.tested if one.step == step]
        for one in fits:
            sign = 1.0 if one.direction is Direction.BACKWARD else -1.0
            assert one.change == one.ofv - current.ofv
            assert one.p == pytest.approx(chi2.sf(max(sign * one.change, 0.0), one.df), rel=1e-10)
        chosen = [one for one in fits if one.is_selected]
        if fits[0].direction is Direction.FORWARD:
            best = min(one.p for one in fits)
            assert [one.p for one in chosen] == ([best] if best < 0.05 else [])
        else:
            worst = max(one.p for one in fits)
            assert [one.p for one in chosen] == ([worst] if worst >= 0.01 else [])
        current = chosen[0] if chosen else current
    assert result.final.ofv == current.ofv


def test_a_model_with_one_more_effect_is_never_worse(strong: tuple[Search, SearchResult]):
    _, result = strong
    forward = [one for one in result.tested if one.direction is Direction.FORWARD]
    assert max(one.change for one in forward) < 1e-3
    assert len([one for one in forward if one.step == 1]) == 2 * 2 * 5


def test_where_nothing_is_nothing_is_found():
    found = [
        search_covariates(searched(BARE, seed, ("albumin_g_per_L",), (CovariateForm.POWER,))).final.relations
        for seed in range(6)
    ]
    assert sum(map(len, found)) <= 1


def test_a_relation_has_one_form_at_a_time(strong: tuple[Search, SearchResult]):
    _, result = strong
    for one in result.tested:
        pairs = [(relation.parameter, relation.covariate) for relation in one.relations]
        assert len(set(pairs)) == len(pairs)


def test_a_search_is_the_same_in_whatever_order_its_fits_are_made(strong: tuple[Search, SearchResult]):
    search, result = strong

    def backwards(trials: Sequence[Trial]):
        return fit_trials(search, trials[::-1])[::-1]

    # As texts, since NaN is not equal to itself.
    assert str(search_covariates(search, backwards)) == str(result)


def test_failed_fits_are_shown_and_select_nothing(strong: tuple[Search, SearchResult]):
    search, _ = strong

    def with_failures(trials: Sequence[Trial]):
        nothing = (float("nan"), FitStatus.NO_FINITE_START, (), {"cl": 0.5})
        return [
            compared(one, *nothing)
            if one.tested and one.tested.covariate == "weight_kg"
            else fit_trials(search, [one])[0]
            for one in trials
        ]

    result = search_covariates(search, with_failures)
    assert all(one.covariate != "weight_kg" for one in result.final.relations)
    document = scm_document(search, result)
    assert document["n_failed"] == document["statuses"]["no_finite_start"] >= 10
    assert document["warnings"][0]["code"] == "fits_failed"
    failed = [one for one in document["steps"][0]["fits"] if one["status"] == "no_finite_start"]
    assert all(one["ofv"] is None and one["p"] is None and not one["selected"] for one in failed)
    assert len(failed) == 10


def test_a_base_model_that_cannot_be_fitted_is_refused(strong: tuple[Search, SearchResult]):
    search, _ = strong

    def failing(trials: Sequence[Trial]):
        return [compared(one, float("nan"), FitStatus.NO_FINITE_START, (), {}) for one in trials]

    with pytest.raises(InputError, match="base model: its fit failed"):
        search_covariates(search, failing)


def test_the_body_mass_index_of_a_cohort_is_computed_from_weight_and_height():
    drawn = virtual_cohort(BARE, Design(3), np.random.default_rng(2))
    weight, height = np.array([80.0, 60.0, 50.0]), np.array([200.0, np.nan, 100.0])
    cohort = with_body_mass_index(replace(drawn, covariates={"weight_kg": weight, "height_cm": height}))
    assert cohort.covariates["bmi_kg_per_m2"] == pytest.approx([20.0, np.nan, 50.0], nan_ok=True)


def test_the_full_model_has_every_pair_once_with_the_errors_of_a_fit(strong: tuple[Search, SearchResult]):
    search, _ = strong
    document = full_model_document(search)
    assert document["effects"] == [
        f"{parameter}:{covariate}:linear" for parameter in ("cl", "v") for covariate in ("weight_kg", "albumin_g_per_L")
    ]
    weight = document["coefficients"]["cl_weight_kg"]
    first = search.cohort.covariates["weight_kg"][search.cohort.row_start[:-1]]
    assert weight["scale"] == pytest.approx(np.std(first, ddof=1))
    assert weight["q025"] == pytest.approx(weight["estimate"] - 1.959964 * weight["se"], rel=1e-6)
    assert weight["q025"] > 0.0
    assert 0.0 < weight["shrunken"] < weight["estimate"]
    assert weight["shrunken_se"] < weight["se"]


def test_the_full_model_at_a_bound_holds_what_lies_there_and_has_the_errors_of_the_others(
    strong: tuple[Search, SearchResult],
):
    search, _ = strong
    population, parameters = bound_model(search, full_relations(search.candidates), {})
    found = fit(population, FitOptions(search.method), parameters=parameters)
    free = [found.parameters[i].name for i in found.scale.free]
    for at_bound in ("omega2_v", "v_weight_kg"):
        known = fitted_coefficients(search, replace(found, at_bound=(at_bound,)))
        document = coefficients_entry(known)["coefficients"]
        others = [i for i, name in enumerate(free) if name != at_bound]
        assert found.information is not None
        covariance = np.linalg.inv(found.information[np.ix_(others, others)])
        for name, entry in document.items():
            if name == at_bound:
                assert entry["estimate"] is not None
                assert {entry[key] for key in ("se", "q025", "q975", "shrunken", "shrunken_se")} == {None}
            else:
                place = others.index(free.index(name))
                assert entry["se"] == pytest.approx(np.sqrt(covariance[place, place]), rel=1e-9)
                assert entry["shrunken_se"] < entry["se"]


def test_shrinkage_is_the_posterior_of_the_most_likely_prior():
    rng = np.random.default_rng(4)
    root = rng.standard_normal((6, 6))
    covariance = 0.02 * (root @ root.T + np.eye(6))
    estimate = np.array([0.9, -0.7, 0.8, 0.1, -1.1, 0.6])
    found = shrink(estimate, covariance)
    tau2 = found.prior_variance
    likelihood = [
        multivariate_normal.logpdf(estimate, np.zeros(6), covariance + factor * tau2 * np.eye(6))
        for factor in (0.99, 1.0, 1.01)
    ]
    assert likelihood[1] == max(likelihood)
    posterior = np.linalg.inv(np.linalg.inv(covariance) + np.eye(6) / tau2)
    assert found.mean == pytest.approx(posterior @ np.linalg.solve(covariance, estimate), rel=1e-9)
    assert found.sd == pytest.approx(np.sqrt(np.diag(posterior)), rel=1e-9)


def test_estimates_smaller_than_their_errors_are_shrunken_to_nothing():
    found = shrink(np.array([0.1, -0.05, 0.02]), np.eye(3))
    assert found.prior_variance == 0.0
    assert not found.mean.any()
    assert not found.sd.any()
