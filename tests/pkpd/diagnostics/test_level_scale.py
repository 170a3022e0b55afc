"""Mistaken units of a cohort show where its levels are far from what a model predicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pkpd.data.records import Censoring
from pkpd.diagnostics.level_scale import far_from_predictions
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.model_covariates import with_model_covariates
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

NIYIGENA = load_model("niyigena_2026_asuc")
COHORT = with_model_covariates(virtual_cohort(NIYIGENA, Design(), np.random.default_rng(4)), NIYIGENA).cohort


def said(**changes) -> str | None:
    return far_from_predictions(bind_population(NIYIGENA, replace(COHORT, **changes)))


def test_a_cohort_in_the_units_of_the_model_is_no_matter():
    assert said() is None


@pytest.mark.parametrize(
    ("changes", "times"),
    [
        ({"level": 10.0 * COHORT.level}, "6 "),
        ({"level": 0.001 * COHORT.level}, "0.0006 "),
        ({"dose_amount": 0.1 * COHORT.dose_amount}, "6 "),
        ({"dose_time": 24.0 * COHORT.dose_time, "sample_time": 24.0 * COHORT.sample_time}, ""),
    ],
    ids=["level in a tenth of mg/L", "level in g/L", "amount in 10 mg", "time in hours"],
)
def test_mistaken_units_are_told(changes, times: str):
    found = said(**changes)
    assert found is not None
    assert found.startswith(f"The levels are {times}")
    assert "check the units of TIME, DUR and II (day), AMT (mg), RATE (mg/day) and DV (mg/L)" in found


def test_without_a_measured_level_nothing_is_compared():
    censoring = np.full(COHORT.level.size, int(Censoring.ABOVE))
    assert said(level=10.0 * COHORT.level, censoring=censoring) is None


def test_a_model_in_the_units_of_its_data_is_not_judged():
    own = replace(NIYIGENA, has_own_units=True)
    assert far_from_predictions(bind_population(own, replace(COHORT, level=1000.0 * COHORT.level))) is None
