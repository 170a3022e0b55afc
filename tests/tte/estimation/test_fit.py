"""Estimates against those of another package and of NONMEM, and how fits end."""

from __future__ import annotations

from dataclasses import replace

import lifelines
import numpy as np
import pandas as pd
import pytest

from pkpd.errors import InputError
from tests.tte.estimation.event_data import mixed_events, weibull_events, weibull_times
from tte.data.events import events_of
from tte.estimation.fit import FitOptions, FitStatus, fit
from tte.estimation.intervals import estimates
from tte.estimation.model import event_time_model
from tte.hazards.hazard import Hazard

# Its usual search stops 1e-5 before the maximum.
EXACT = {"_scipy_fit_method": "BFGS", "_scipy_fit_options": {"gtol": 1e-8}}
AFT = {
    "weibull": lifelines.WeibullAFTFitter,
    "loglogistic": lifelines.LogLogisticAFTFitter,
    "lognormal": lifelines.LogNormalAFTFitter,
}


def frame(events):
    return pd.DataFrame(
        {
            "lower": np.maximum(events.stop, 1e-12),  # theirs takes the logarithm of 0
            "upper": np.where(events.kind == 0, np.inf, events.upper),
            "event": (events.kind == 1).astype(int),
            "start": events.start,
            **events.covariates,
        }
    )


def as_ours(hazard, theirs):
    """Return the estimates of lifelines as intercept, shape, effect of ours on the linear scale."""
    effect, intercept, shape = theirs.params_.to_numpy()
    scale = np.exp(shape)
    return np.array([-scale * intercept, shape, -scale * effect] if hazard == "weibull" else [intercept, shape, effect])


@pytest.mark.requirement("TTE-01", "TTE-02")
@pytest.mark.parametrize("hazard", AFT)
@pytest.mark.filterwarnings("ignore")
def test_censoring_of_every_kind_and_entry_agree_with_lifelines(hazard):
    events = mixed_events()
    theirs = type("Exact", (AFT[hazard],), EXACT)()
    data = frame(events)[["lower", "upper", "event", "start", "X"]]
    theirs.fit_interval_censoring(data, "lower", "upper", event_col="event", entry_col="start")
    expected = as_ours(hazard, theirs)
    model = event_time_model(hazard, ["X"])
    ours = fit(events, model)
    assert ours.status is FitStatus.CONVERGED
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood_, abs=1e-6)
    assert ours.theta == pytest.approx(expected, abs=1e-4)
    there = at(events, model, expected)
    assert there.log_likelihood == pytest.approx(theirs.log_likelihood_, abs=1e-7)
    assert ours.log_likelihood >= there.log_likelihood - 1e-12


def at(events, model, theta):
    """Return the evaluation of a model at coefficients on the linear scale."""
    return fit(events, replace(model, initial=dict(zip(model.names, map(float, theta), strict=True))), FitOptions(0))


@pytest.mark.requirement("TTE-02")
def test_the_reference_run_of_nonmem_is_reproduced(reference_dir):
    folder = reference_dir / "nonmem" / "tte_exponential_tte100"
    data = pd.read_csv(folder / "tte-sim.csv")
    ends = data[data["EVID"] == 0]
    events = events_of(ends.TIME, ends.DV, covariates={"DOSE": -ends.DOSE / 100.0})
    rows = pd.read_csv(folder / "tte100.ext", sep=r"\s+", skiprows=1).set_index("ITERATION")
    final = rows.loc[-1000000000].to_numpy(dtype=float)
    theirs, objective = final[:2], float(final[-1])
    model = event_time_model("exponential", ["DOSE"])
    # Printed with six digits, the estimates lie up to 1e-6 from the optimum, where the objective is flat.
    there = at(events, model, [np.log(theirs[0]), theirs[1]])
    assert -2.0 * there.log_likelihood == pytest.approx(objective, abs=1e-6)
    found = fit(events, model)
    assert -2.0 * found.log_likelihood <= objective
    assert -2.0 * found.log_likelihood == pytest.approx(objective, abs=5e-6)
    ours = estimates(found)
    assert [one.value for one in ours] == pytest.approx(theirs, rel=2e-4)
    # Their covariance matrix is the sandwich R⁻¹SR⁻¹; the standard error of θ by R alone is near it.
    scores = score_matrix(events, found.theta)
    sandwich = found.covariance @ (scores.T @ scores) @ found.covariance
    slope = np.diag([ours[0].value, 1.0])
    printed = pd.read_csv(folder / "tte100.cov", sep=r"\s+", skiprows=1).iloc[:2, 1:3].to_numpy()
    assert slope @ sandwich @ slope == pytest.approx(printed, rel=2e-3)


def score_matrix(events, theta):
    hazard = np.exp(theta[0] + theta[1] * events.covariates["DOSE"]) * events.stop
    slope = events.kind - hazard
    return np.column_stack((slope, slope * events.covariates["DOSE"]))


def test_a_fit_without_an_event_or_with_a_constant_covariate_is_refused_with_every_problem():
    events = events_of([1.0, 2.0], [0, 0], covariates={"X": [3.0, 3.0]})
    with pytest.raises(InputError) as refused:
        fit(events, event_time_model("weibull", ["X", "Y"]))
    assert [str(problem) for problem in refused.value.problems] == [
        "event times: hold no event; expected at least one",
        "covariate: X is 3 everywhere; expected different values",
        "covariate: Y is not in the data; there are X",
    ]


def test_the_likelihood_at_fixed_values_is_what_it_says():
    events = events_of([10.0], [1])
    model = event_time_model("weibull", initial={"lambda": 0.01, "shape": 2.0})
    found = fit(events, model, FitOptions(0))
    assert found.status is FitStatus.EVALUATED
    assert found.log_likelihood == pytest.approx(np.log(2 * 0.01 * 10.0) - 1.0)


@pytest.mark.parametrize("hazard", list(Hazard))
def test_every_hazard_fits(hazard):
    found = fit(weibull_events(), event_time_model(hazard, ["X"]))
    assert found.status in (FitStatus.CONVERGED, FitStatus.AT_BOUND)
    is_known = np.isfinite(found.se)
    assert np.abs(found.gradient[is_known] * found.se[is_known]).max() < 1e-6


def test_a_group_without_an_event_has_no_finite_effect():
    time, event, _ = weibull_times(40)
    group = (np.arange(40) < 10).astype(float)
    found = fit(
        events_of(time, np.where(group == 1.0, 0.0, event), covariates={"G": group}), event_time_model("weibull", ["G"])
    )
    assert found.status is FitStatus.MONOTONE_LIKELIHOOD
    assert found.named == ("lambda:G",)
