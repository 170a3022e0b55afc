"""Mean fitted survival against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tte.estimation.event_data import weibull_events
from tte.estimation.fit import fit
from tte.estimation.model import event_time_model
from tte.estimation.prediction import survival_curve
from tte.hazards.hazard import Hazard


@pytest.mark.parametrize("hazard", list(Hazard))
def test_mean_survival_and_its_band_are_those_of_the_estimates(hazard):
    found = fit(weibull_events(40), event_time_model(hazard, ["X"]))
    curve = survival_curve(found, np.array([0.0, 5.0, 20.0]))
    assert curve.survival[0] == 1.0
    assert (curve.lower <= curve.survival).all()
    assert (curve.survival <= curve.upper).all()


def test_the_band_of_a_rate_is_that_of_its_interval():
    found = fit(weibull_events(40), event_time_model("exponential"))
    curve = survival_curve(found, np.array([0.0, 5.0]))
    ends = np.exp(-5.0 * np.exp(found.theta[0] + np.array([1.0, -1.0]) * 1.959963984540054 * found.se[0]))
    assert [curve.lower[1], curve.upper[1]] == pytest.approx(ends, rel=1e-6)
