"""Sequential fits for comparison: each subject's exposure is computed first and then taken for known.

*Plug-in* takes the exposure at the mode of its random effects, *regression calibration* its posterior mean. Modes shrink towards the
population, so that the effect of a plug-in is biased; the mean removes that bias to first order, but neither has the exposure's uncertainty in its standard
errors (Carroll et al. 2006, Measurement Error in Nonlinear Models, ISBN 978-1-58488-633-4, chapter 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.estimation.map import estimate_map
from pkpd.likelihood.population import problem_at
from tte.estimation.fit import fit
from tte.joint.data import predictor_at_modes
from tte.joint.held import levels_posterior

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray
    from tte.estimation.fit import EventFit
    from tte.joint.data import JointData


def plug_in(data: JointData, values: FloatArray) -> EventFit:
    """Fit the event times with each exposure at the mode of the random effects, at given pharmacokinetic parameters."""
    return fit_with_exposure(data, predictor_at_modes(data, values, modes_of(data, values)))


def modes_of(data: JointData, values: FloatArray) -> FloatArray:
    """Return the deepest mode of each subject's random effects given its concentrations, (n_subjects, n_eta)."""
    return estimate_map(problem_at(data.population, values)).eta


def regression_calibration(data: JointData, values: FloatArray) -> EventFit:
    """Fit the event times with the posterior mean of each exposure given the concentrations alone."""
    return fit_with_exposure(data, levels_posterior(data, values).mean)


def fit_with_exposure(data: JointData, exposure: FloatArray) -> EventFit:
    """Fit the event times with an exposure of each subject of the population, (n_subjects,), taken for known."""
    place = {name: i for i, name in enumerate(data.population.cohort.ids)}
    own = np.array([exposure[place[name]] for name in data.events.ids])[data.events.subject]
    return fit(data.events_with(own), data.model)
