"""The study of joint models: its cohorts, and what its page makes of rows."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest

from pkpd.data.cohort import subject_of
from pkpd.model import load_model
from studies.joint import page
from studies.joint_cohorts import EVENT_MODEL, MODEL, SIZE, Row, drawn_cohort, estimated
from tests.oracles.superposition import area, kinetics

OK = "converged"
ROW = Row(1, 72, 1, 11, 9, 0.3, OK, -0.56, -0.28, -0.42, -0.56, -0.7, 0.1, 0.1, 0.1, 0.1, 0.1, OK, OK, OK, OK, OK)


def test_event_times_are_drawn_from_exposures_of_given_and_planned_doses():
    drawn = drawn_cohort(SIZE, 1, seed=1)
    population = drawn.data.population
    assert population.n_subjects == drawn.data.events.n_subjects == SIZE
    assert drawn.data.events.stop.max() == EVENT_MODEL.horizon_day
    # No exposure is that of a typical patient only: true ones spread as random effects and doses make them.
    regimens, model = drawn.data.exposure.population.cohort, load_model(MODEL)
    typical = []
    for i in range(SIZE):
        subject = subject_of(regimens, i)
        kin = kinetics(model, subject.covariates[0].values, np.zeros((1, 2)))
        typical.append(float(np.log(area(kin, subject.doses, 14.0, 28.0)[0] / kin.parameters["cl"][0])))
    apart = drawn.exposure - np.array(typical)
    assert 0.4 < apart.std() < 1.6
    given = [subject_of(population.cohort, i).doses for i in range(SIZE)]
    assert all(doses == subject_of(regimens, i).doses[: len(doses)] for i, doses in enumerate(given))
    assert drawn.n_planned == sum(
        len(doses) < sum(dose.time_day < 28.0 for dose in subject_of(regimens, i).doses)
        for i, doses in enumerate(given)
        if all(dose.time_day < 28.0 for dose in doses)
    )


def test_events_become_rarer_with_exposure():
    drawn = [drawn_cohort(SIZE, number, seed=2) for number in range(1, 11)]
    exposure = np.concatenate([one.exposure for one in drawn])
    event = np.concatenate([one.data.events.kind == 1 for one in drawn])
    low, high = (event[which].mean() for which in (exposure < np.median(exposure), exposure >= np.median(exposure)))
    assert low > high + 0.05


@pytest.mark.slow
def test_a_row_is_the_same_whoever_computes_it():
    one, two = (estimated(SIZE, 3, seed=1) for _ in range(2))
    assert str(one) == str(two)
    assert one.pk_status == "converged"
    assert np.isfinite([one.beta_true, one.beta_plug_in, one.beta_calibration, one.beta_held, one.beta_joint]).all()


def test_the_page_counts_errors_and_intervals():
    rows = [ROW, replace(ROW, cohort=2), replace(ROW, cohort=3, status_joint="monotone_likelihood")]
    text = page(rows, Namespace(n=3, n_large=0, seed=1))
    # Half the truth is 2.8 standard errors away; 1.25 times the truth is 1.4.
    assert "| plug-in | 3 | -50.0 ± 0.0 % | -50.0 % | 0.280 | 0.000 | 0.100 | 0.0 % [0.0, 70.8] of 3 |" in text
    assert "| joint | 2 | +25.0 ± 0.0 % | +25.0 % | 0.140 | 0.000 | 0.100 | 100.0 % [15.8, 100.0] of 2 |" in text
    assert "| regression calibration | 3 | -25.0 ± 0.0 % | 0.0 % |" in text
    assert "| 72 | joint | 3 | 2 `converged`, 1 `monotone_likelihood` |" in text
    assert "720 patients" not in text
