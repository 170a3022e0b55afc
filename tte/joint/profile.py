"""Likelihood profile of a coefficient of a joint model: held, all other parameters estimated again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tte.estimation.fit import FitStatus
from tte.estimation.intervals import LEVEL
from tte.estimation.profile import profile_of
from tte.joint.fit import USABLE, refit_held
from tte.joint.held import levels_posterior

if TYPE_CHECKING:
    from collections.abc import Callable

    from tte.estimation.profile import Profile
    from tte.joint.fit import JointFit

# Error of the square root of a fall: a few times that of the quadrature, which moves an end by a thousandth of a standard error.
_TOLERANCE = 1e-3
# A joint fit that ends without a maximum takes many seconds.
_MOST_UNFOUND = 1


def profile(
    fit: JointFit, name: str, *, level: float = LEVEL, progress: Callable[[int], None] | None = None
) -> Profile | None:
    """Return the profile of a coefficient of the hazard; None for a fit without a maximum, or for one that is held.

    Parameters
    ----------
    fit : JointFit
        The fit.
    name : str
        The coefficient.
    level : float
        Probability of the interval.
    progress : callable, optional
        Told how many fits have been made.
    """
    at = fit.data.model.names.index(name)
    if fit.status not in USABLE or not fit.coefficients.is_free[at]:
        return None
    return profile_of(_Held(fit, name, progress), name, level=level)


class _Held:
    """Fits with one coefficient held, each begun where the nearest one ended (``tte.estimation.profile.HeldFits``)."""

    lower, upper, tolerance, most_unfound = -math.inf, math.inf, _TOLERANCE, _MOST_UNFOUND

    def __init__(self, fit: JointFit, name: str, progress: Callable[[int], None] | None) -> None:
        at = fit.data.model.names.index(name)
        self.fit, self.name, self.progress = fit, name, progress
        self.estimate = float(fit.theta[at])
        self.se = math.sqrt(max(float(fit.theta_covariance[at, at]), 0.0)) or math.nan
        self.unit = float(fit.coefficients.unit[at])
        self.known: dict[float, float] = {self.estimate: 0.0}
        self.ends = {self.estimate: fit}
        self.posterior = levels_posterior(fit.data, fit.values, fit.evaluation.nodes) if fit.holds_pk else None

    def fall(self, value: float) -> float:
        """Return twice the fall of the log-likelihood with the coefficient held at a value; NaN where no maximum is found."""
        if value in self.known:
            return self.known[value]
        nearest = min(self.ends, key=lambda other: abs(other - value))
        found = refit_held(self.fit, self.name, value, self.ends[nearest], self.posterior)
        if self.progress is not None:
            self.progress(len(self.known))
        if found.status is not FitStatus.CONVERGED or not np.isfinite(found.ofv):
            return math.nan
        self.known[value] = found.ofv - self.fit.ofv
        self.ends[value] = found
        return self.known[value]
