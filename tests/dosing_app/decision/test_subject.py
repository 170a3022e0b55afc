"""A case becomes the engine's subject without a value lost or changed."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dosing_app.decision.case_schema import CaseCovariatesAt
from dosing_app.decision.patient import read_case
from dosing_app.decision.subject import subject_from_case
from pkpd.data.records import Censoring, Dose
from pkpd.model.library import load_model

if TYPE_CHECKING:
    from pkpd.model.spec import ModelSpec

CASE = read_case(
    {
        "schema": "asuc-case/1",
        "covariates": {"weight_kg": 80, "sex": "male"},
        "doses": [{"time_day": 0, "amount_mg": 600, "duration_hour": 3}],
        "planned": [{"time_day": 14, "amount_mg": 500}],
        "samples": [
            {"time_day": 1, "concentration_mg_per_L": 50, "exclude": "clotted"},
            {"time_day": 3, "concentration_mg_per_L": 9.1, "lloq_mg_per_L": 0.4, "assay": "ELISA"},
            {"time_day": 4, "censored": "above", "uloq_mg_per_L": 20},
            {"time_day": 13.9, "censored": "below", "lloq_mg_per_L": 0.4, "uloq_mg_per_L": 20},
        ],
    }
)


@pytest.fixture
def model() -> ModelSpec:
    return load_model(CASE.model)


@pytest.fixture
def varying(model: ModelSpec) -> ModelSpec:
    """Return the model as if it read CRP over time."""
    crp = replace(model.covariates["crp_mg_per_L"], time_varying=True)
    return replace(model, covariates={**model.covariates, "crp_mg_per_L": crp})


def test_durations_are_in_days(model: ModelSpec) -> None:
    assert subject_from_case(CASE, model).doses == (Dose(0.0, 600.0, 0.125),)


def test_planned_doses_follow_only_when_asked_for(model: ModelSpec) -> None:
    doses = subject_from_case(CASE, model, with_planned=True).doses
    assert [dose.amount_mg for dose in doses] == [600.0, 500.0]


def test_excluded_samples_are_left_out_and_limits_kept(model: ModelSpec) -> None:
    measured, above, below = subject_from_case(CASE, model).samples
    assert (measured.time_day, measured.level, measured.lloq, measured.assay) == (3.0, 9.1, 0.4, "ELISA")
    assert math.isnan(measured.uloq)
    assert [sample.censoring for sample in (measured, above, below)] == [
        Censoring.NONE,
        Censoring.ABOVE,
        Censoring.BELOW,
    ]
    assert (above.uloq, below.lloq, below.uloq) == (20.0, 0.4, 20.0)
    assert math.isnan(above.level)


def test_given_covariates_are_kept_and_missing_ones_take_the_median(model: ModelSpec) -> None:
    (row,) = subject_from_case(CASE, model).covariates
    assert row.time_day == 0
    assert row.values["weight_kg"] == 80
    assert row.values["crp_mg_per_L"] == model.covariates["crp_mg_per_L"].median
    assert set(row.values) == set(model.covariates)


def test_later_covariates_start_from_what_was_last_known(varying: ModelSpec) -> None:
    later = (
        CaseCovariatesAt(time_day=3, crp_mg_per_L=90),
        CaseCovariatesAt(time_day=5, albumin_g_per_L=30),
        CaseCovariatesAt(time_day=7, crp_mg_per_L=12),
    )
    rows = subject_from_case(CASE.model_copy(update={"covariates_over_time": later}), varying).covariates
    assert [(row.time_day, row.values["weight_kg"], row.values["crp_mg_per_L"]) for row in rows] == [
        (0.0, 80.0, varying.covariates["crp_mg_per_L"].median),
        (3.0, 80.0, 90.0),
        (7.0, 80.0, 12.0),
    ]


def test_later_covariates_are_ignored_by_a_model_that_does_not_read_them(model: ModelSpec) -> None:
    later = (CaseCovariatesAt(time_day=3, crp_mg_per_L=90),)
    assert len(subject_from_case(CASE.model_copy(update={"covariates_over_time": later}), model).covariates) == 1


def test_row_of_day_0_completes_the_covariates_at_the_start(varying: ModelSpec) -> None:
    later = (CaseCovariatesAt(time_day=0, crp_mg_per_L=90),)
    (row,) = subject_from_case(CASE.model_copy(update={"covariates_over_time": later}), varying).covariates
    assert (row.values["weight_kg"], row.values["crp_mg_per_L"]) == (80.0, 90.0)
