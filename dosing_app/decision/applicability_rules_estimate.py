"""Whether the estimate came out well, and whether the patient resembles those of the study."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dosing_app.decision.case_warning import check, note
from dosing_app.decision.courses import etas_of_courses
from dosing_app.language import Figure, message
from pkpd.errors import QuadratureStatus, Status
from pkpd.exposure.metrics import parameter_tables
from pkpd.kernels.quadrature import table_moments
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.case_warning import CaseWarning
    from dosing_app.decision.forecast import Forecast
    from pkpd.estimation.posterior import Posterior

_NOT_CONVERGED = {
    Status.STEP_LIMIT: "check.estimate_not_converged.step_limit",
    Status.NO_FINITE_START: "check.estimate_not_converged.no_finite_start",
}
# Shares of the model's patients that lie nearer to the typical one (chi-square of the random effects).
UNLIKE, VERY_UNLIKE = 0.95, 0.999
# Samples tell little of ln CL that leave this much of its spread and move its mean by less than this much of it.
SPREAD_LEFT, SHIFT = 0.9, 0.5


def outcome(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn where the mode or the integral was not found as usual."""
    posterior = forecast.posterior
    if posterior.status is QuadratureStatus.NO_MASS:
        yield check("samples_unexplained", message("check.samples_unexplained"), place="samples")
        return
    if posterior.status is QuadratureStatus.COARSE:
        yield check("integral_coarse", message("check.integral_coarse"))
    if posterior.mode.status[0] is not Status.CONVERGED:
        yield check("estimate_not_converged", message(_NOT_CONVERGED[posterior.mode.status[0]]))


def distance(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn where the random effects at the mode are farther from 0 than those of nearly all patients."""
    white = forecast.posterior.mode.white[0]
    share = 1.0 - chi_square_tail(float(white @ white), white.size)
    if share > VERY_UNLIKE:
        yield check(
            "very_unlike_study",
            message("check.very_unlike_study", percent=Figure(f"{percent_from_fraction(VERY_UNLIKE):.4g}")),
        )
    elif share > UNLIKE:
        # Rounded down, so that it never claims more than was found.
        yield check(
            "unlike_study",
            message("check.unlike_study", percent=Figure(math.floor(percent_from_fraction(share)))),
        )


def several_answers(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn where more than one course of the drug explains the samples."""
    if len(etas_of_courses(forecast.posterior)) > 1:
        yield check(
            "several_answers",
            message("check.several_answers"),
            place="samples",
        )


def little_told(forecast: Forecast) -> Iterator[CaseWarning]:
    """Warn where the samples hardly change what the covariates say of clearance."""
    if not forecast.samples or forecast.posterior.status is QuadratureStatus.NO_MASS:
        return
    mean, sd = _log_clearance(forecast.posterior)
    prior_mean, prior_sd = _log_clearance(forecast.prior)
    if sd > SPREAD_LEFT * prior_sd and abs(mean - prior_mean) < SHIFT * prior_sd:
        yield note(
            "samples_tell_little",
            message("check.samples_tell_little"),
            place="samples",
        )


def chi_square_tail(value: float, degrees: int) -> float:
    """Return the probability that a chi-square variable exceeds a value.

    Parameters
    ----------
    value : float
        At least 0; NaN gives NaN.
    degrees : int
        Degrees of freedom, at least 1.

    References
    ----------
    Abramowitz M, Stegun IA. Handbook of Mathematical Functions, equations 26.4.4 and 26.4.5: a finite sum, where
    SciPy's function would be loaded for this alone.
    """
    half = 0.5 * value
    is_odd = degrees % 2 == 1
    total = math.erfc(math.sqrt(half)) if is_odd else 0.0
    power = 0.5 if is_odd else 0.0
    while power < 0.5 * degrees:
        total += half**power * math.exp(-half) / math.gamma(power + 1.0)
        power += 1.0
    return total


def _log_clearance(posterior: Posterior) -> tuple[float, float]:
    """Return mean and standard deviation of ln CL."""
    mean, sd = table_moments(parameter_tables(posterior)[0], False, posterior.step, posterior.density)  # noqa: FBT003 (kernels take no keywords)
    return float(mean), float(sd)


ESTIMATE_RULES = (outcome, distance, several_answers, little_told)
