"""Clearances of others against what they publish, and against a search over the clearance alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from pkpd.data.cohort import Cohort, cohort_of
from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject
from pkpd.exposure.comparators import baseline_clearance, early_clearance
from pkpd.exposure.measures import Wanted, bound_regimens, levels_at, measures_at
from pkpd.model import load_model, residual_sd_parameters

NONE = float("nan")
DOSES = (Dose(0.0, 400.0, 1.0 / 12.0), Dose(10.0, 400.0, 1.0 / 12.0))
COVARIATES = {"weight_kg": 63.0, "crp_mg_per_L": 30.0, "albumin_g_per_L": 31.0, "sex": 1.0, "ada_positive": 0.0}


def level(day: float, value: float) -> Sample:
    return Sample(day, value, Censoring.NONE, NONE, NONE)


def cohort(*rows: dict[str, float]) -> Cohort:
    return cohort_of([Subject((), (), (CovariateRow(0.0, values),)) for values in rows])


def test_the_clearance_a_priori_is_that_of_the_published_threshold_and_median():
    # A woman with albumin 2.6 g/dL, and a man with 3.3, as in Battat et al.: 0.627 and 0.569 L/day.
    found = baseline_clearance(cohort({"alb": 26.0, "sex": 0.0}, {"alb": 33.0, "sex": 1.0}))
    assert found.clearance.round(3).tolist() == [0.627, 0.569]
    assert found.clearance[0] == pytest.approx(0.407 * (2.6 / 4.1) ** -1.54 * (1.0 - 0.236), rel=1e-12)
    assert found.notes == ()


def test_albumin_and_sex_that_are_missing_or_impossible_give_none_and_are_said():
    rows = [{"alb": 31.0, "sex": 1.0}, {"alb": NONE, "sex": 1.0}, {"alb": 3.1, "sex": 1.0}, {"alb": 31.0, "sex": 2.0}]
    found = baseline_clearance(cohort(*rows))
    assert np.isnan(found.clearance).tolist() == [False, True, True, True]
    assert found.notes == (
        "ALB is 3.1 for subject 3; expected at least 5 and at most 70 g/L. 1 such values are not used.",
        "SEX is 2 for subject 4; expected 0 (female) or 1 (male). 1 such values are not used.",
        "3 subjects have no clearance a priori, since albumin or sex is not known.",
    )
    without = baseline_clearance(cohort({"sex": 1.0}))
    assert np.isnan(without.clearance).all()
    assert without.notes == ("There is no column ALB, so that no subject has a clearance a priori.",)


def test_the_first_albumin_that_is_known_counts():
    rows = (CovariateRow(0.0, {"albumin_g_per_L": NONE, "sex": 0.0}), CovariateRow(3.0, {"albumin_g_per_L": 26.0}))
    later = CovariateRow(9.0, {"albumin_g_per_L": 40.0, "sex": 0.0})
    found = baseline_clearance(cohort_of([Subject((), (), (*rows, later))]))
    assert found.clearance.round(4).tolist() == [0.6271]


@pytest.mark.parametrize("name", ["niyigena_2026_asuc", "fasanmade_2009", "dubinsky_2017"])
def test_the_early_clearance_is_the_most_probable_one_with_typical_volumes(name: str):
    model = load_model(name)
    levels = (level(3.0, 40.0), level(7.0, 9.0), level(20.0, 3.0))
    data = cohort_of([Subject(DOSES, levels, (CovariateRow(0.0, COVARIATES),))])
    bound = bound_regimens(model, data, Wanted(trough_days=(3.0, 7.0)))
    variance = model.variances[0].omega2
    additive, proportional = residual_sd_parameters(model)

    def objective(eta: float) -> float:
        effects = np.zeros((1, len(model.etas)))
        effects[0, 0] = eta
        (predicted,) = levels_at(bound, np.zeros(1, dtype=np.int64), effects)
        sd = np.sqrt(additive**2 + (proportional * predicted) ** 2)
        own = 2.0 * np.log(sd).sum() + np.square((np.array([40.0, 9.0]) - predicted) / sd).sum()
        return float(own + eta * eta / variance)

    best = minimize_scalar(objective, bounds=(-3.0, 3.0), method="bounded", options={"xatol": 1e-10}).x
    assert model.etas[0] == "cl"
    found = early_clearance(model, data)
    effects = np.zeros((1, len(model.etas)))
    effects[0, 0] = best
    expected = measures_at(bound, np.zeros(1, dtype=np.int64), effects)["cl"]
    assert found == pytest.approx(expected, rel=1e-6)


def test_without_a_level_by_then_there_is_no_early_clearance_and_a_censored_one_counts():
    model = load_model("niyigena_2026_asuc")
    rows = (CovariateRow(0.0, COVARIATES),)
    censored = Sample(6.0, NONE, Censoring.BELOW, 2.0, NONE)
    data = cohort_of([Subject(DOSES, samples, rows) for samples in ((), (level(7.01, 9.0),), (censored,))])
    found = early_clearance(model, data)
    assert np.isnan(found).tolist() == [True, True, False]
    assert found[2] > math.exp(float(np.log(0.49)))
