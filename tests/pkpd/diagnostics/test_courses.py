"""The courses of subjects under a fit meet its predictions, and the records are its residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from pkpd.diagnostics.courses import subject_courses
from pkpd.diagnostics.npde import npde
from pkpd.diagnostics.records import level_records
from pkpd.diagnostics.residuals import residuals
from pkpd.estimation.fit import Fit, FitOptions, fit
from pkpd.estimation.objectives import Method
from pkpd.likelihood.population import bind_population
from pkpd.model import load_model
from pkpd.model_cohort_file import read_model_cohort
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def evaluated() -> Fit:
    """Return a small cohort, evaluated at the model that it was drawn from."""
    model = load_model("niyigena_2026_asuc")
    drawn = virtual_cohort(model, Design(8, missing=0.0), np.random.default_rng(2))
    return fit(bind_population(model, drawn), FitOptions(Method.EXACT, 0, with_covariance=False))


def test_a_course_meets_the_predictions_at_its_levels(evaluated: Fit):
    cohort, found = evaluated.population.cohort, residuals(evaluated)
    places = [6, 0, 3]
    for place, course in zip(places, subject_courses(evaluated, places), strict=True):
        rows = slice(cohort.sample_start[place], cohort.sample_start[place + 1])
        assert course.id == cohort.ids[place]
        assert np.array_equal(course.sample_time, cohort.sample_time[rows])
        for curve, expected in ((course.pred, found.pred[rows]), (course.ipred, found.ipred[rows])):
            # Between two of the times the curve bends a little.
            near = np.exp(np.interp(course.sample_time, course.times, np.log(np.maximum(curve, 1e-300))))
            late = course.sample_time > course.dose_time.max() + 1.0
            assert near[late] == pytest.approx(expected[late], rel=1e-3)
        assert course.sample_time.max() in course.times


def test_starts_and_ends_of_infusions_are_among_the_times(evaluated: Fit):
    cohort = evaluated.population.cohort
    for place, course in enumerate(subject_courses(evaluated, range(cohort.n_subjects))):
        rows = slice(cohort.dose_start[place], cohort.dose_start[place + 1])
        ends = cohort.dose_time[rows] + cohort.dose_duration[rows]
        assert np.isin(course.dose_time, course.times).all()
        assert np.isin(ends[ends <= course.times[-1]], course.times).all()
        assert np.all(np.diff(course.times) > 0.0)


def test_records_are_the_residuals_of_the_fit_in_the_order_of_the_cohort(evaluated: Fit):
    records = level_records(evaluated, np.random.default_rng(4))
    found, cohort = residuals(evaluated), evaluated.population.cohort

    assert records.n_levels == cohort.level.size
    assert np.array_equal(records.cwres, found.cwres, equal_nan=True)
    assert np.array_equal(records.npde, npde(evaluated, np.random.default_rng(4)), equal_nan=True)
    first = cohort.sample_start[3]
    assert records.ids[first] == cohort.ids[3]


def test_a_course_at_steady_state_begins_at_the_first_record(tmp_path: Path):
    file = tmp_path / "cohort.csv"
    file.write_text("ID,TIME,AMT,DUR,II,SS,DV,WT,CRP\na,0,300,0.1,14,1,.,63,30\na,10,.,.,.,.,5,63,30\n")
    cohort = read_model_cohort(str(file), load_model("niyigena_2026_asuc")).cohort
    assert cohort is not None
    population = bind_population(load_model("niyigena_2026_asuc"), cohort)
    (course,) = subject_courses(fit(population, FitOptions(Method.LAPLACE, most_evaluations=0)), [0])
    assert (course.times[0], course.times[-1], course.dose_time.tolist()) == (0.0, 10.0, [0.0])
    assert course.pred[0] > 5.0
