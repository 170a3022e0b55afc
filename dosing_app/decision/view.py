"""Everything that the screen shows of one case, computed in one go."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.applicability import check_case
from dosing_app.decision.courses import etas_of_courses
from dosing_app.decision.forecast import PROBABILITIES, forecast, risk_with
from pkpd.exposure.concentrations import concentration_bands
from pkpd.exposure.metrics import PARAMETER_TABLES, exposure_problem, log_auc_at, parameter_tables
from pkpd.kernels.quadrature import table_moments
from pkpd.model.library import load_model
from pkpd.simulation.predict import curve_problem, predict_curve
from pkpd.units import days_from_hours
from tte.model.mixture import mixture_quantiles
from tte.model.uncertainty import hazard_mixture

if TYPE_CHECKING:
    from dosing_app.decision.applicability import CaseWarning
    from dosing_app.decision.case_schema import PatientCase
    from dosing_app.decision.forecast import Forecast
    from pkpd.arrays import FloatArray
    from pkpd.estimation.posterior import Marginal
    from tte import EventModel

N_DOTS = 20
_NO_SPREAD = 1e-9
DAYS_AFTER_LAST_DOSE = 7.0
_N_REGULAR = 50
_MOST_DAYS = 100
# Times after the end of an infusion at which the curve bends most [day].
_AFTER_INFUSION = (0.0, 0.3, 0.8, 1.6)


@dataclass(frozen=True, slots=True)
class View:
    """What the screen shows of one case.

    Parameters
    ----------
    forecast : Forecast
        The forecast.
    times : (n_times,) array
        Times of the curves [day].
    prior_curve : (n_times,) array
        Typical concentration before samples [mg/L].
    courses : tuple of (n_times,) array
        Concentration at each mode of the posterior that counts, where there are several [mg/L]; empty otherwise.
    bands : (n_times, 5) array or None
        Quantiles of the concentration [mg/L]; None where no parameters explain the samples.
    prior_log_auc : float
        ln of the area over days 14 to 28 before samples; -inf without drug.
    dots : (20,) array or None
        Equally likely values of the total risk by day 90.
    other_forms : dict of str to Marginal
        Risk by day 90 from levels alone, with the other models that the event model is calibrated for.
    percentiles : dict of str to float
        Where the middle of this patient's parameters lies among the patients of the model, as a fraction; none where no
        sample is in use.
    warnings : tuple of CaseWarning
        What to know about the case.
    """

    forecast: Forecast
    times: FloatArray
    prior_curve: FloatArray
    courses: tuple[FloatArray, ...]
    bands: FloatArray | None
    prior_log_auc: float
    dots: FloatArray | None
    other_forms: dict[str, Marginal]
    percentiles: dict[str, float]
    warnings: tuple[CaseWarning, ...]

    @property
    def has_mass(self) -> bool:
        """Return whether any parameters explain the samples."""
        return self.forecast.has_mass


def compute_view(case: PatientCase, event_model: EventModel) -> View:
    """Compute what the screen shows of a case.

    Raises
    ------
    InputError
        Where a covariate is impossible for the case's model.
    """
    result = forecast(case, event_model)
    times = curve_times(case, event_model.window_day[1])
    problem = curve_problem(result.model, result.regimen, times)
    typical = np.zeros(problem.n_eta)
    etas = etas_of_courses(result.posterior)
    return View(
        forecast=result,
        times=times,
        prior_curve=predict_curve(problem, typical),
        courses=tuple(predict_curve(problem, eta) for eta in etas) if len(etas) > 1 else (),
        bands=concentration_bands(result.posterior, problem, times, PROBABILITIES, is_drawn=True).quantiles
        if result.has_mass
        else None,
        prior_log_auc=log_auc_at(exposure_problem(result.posterior.problem, result.regimen), typical),
        dots=_dots(result) if result.has_mass else None,
        other_forms=_other_forms(result) if result.has_mass else {},
        percentiles=_percentiles(result) if result.has_mass and result.samples else {},
        warnings=check_case(result),
    )


def curve_times(case: PatientCase, window_end: float) -> FloatArray:
    """Return the times at which the curves are drawn, from the first dose to a week after the last [day].

    They end no earlier than the days that count for the risk.
    """
    return _with_bends(case, np.linspace(*_drawn_days(case, window_end), _N_REGULAR))


def daily_times(case: PatientCase, window_end: float) -> FloatArray:
    """Return times as ``curve_times`` does, on whole days between the infusions [day].

    Over more than a hundred days they are as many days apart as keep them to a hundred.
    """
    first, last = _drawn_days(case, window_end)
    apart = max(1, math.ceil((last - first) / _MOST_DAYS))
    return _with_bends(case, np.concatenate(([first], np.arange(math.ceil(first), last, apart), [last])))


def _drawn_days(case: PatientCase, window_end: float) -> tuple[float, float]:
    """Return the first and the last day of the curves."""
    doses = (*case.doses, *case.planned)
    last = max(max(dose.time_day for dose in doses) + DAYS_AFTER_LAST_DOSE, window_end)
    return doses[0].time_day, max(last, case.now_day)


def _with_bends(case: PatientCase, regular: FloatArray) -> FloatArray:
    """Return regular times with those of the infusions, and those soon after them, up to the last of the regular ones."""
    doses = (*case.doses, *case.planned)
    ends = [dose.time_day + days_from_hours(dose.duration_hour) for dose in doses]
    bends = [end + after for end in ends for after in _AFTER_INFUSION]
    times = np.unique(np.concatenate((regular, [dose.time_day for dose in doses], bends)))
    return times[times <= regular[-1]]


def curves_at(view: View, days: FloatArray) -> tuple[FloatArray, FloatArray | None]:
    """Return the typical concentration before samples and its quantiles for this patient at given days [mg/L].

    Parameters
    ----------
    view : View
        The case.
    days : (n,) array
        Times [day].

    Returns
    -------
    (n,) array and (n, 5) array or None
        None where no parameters explain the samples.
    """
    result = view.forecast
    problem = curve_problem(result.model, result.regimen, days)
    prior = predict_curve(problem, np.zeros(problem.n_eta))
    if not view.has_mass:
        return prior, None
    return prior, concentration_bands(result.posterior, problem, days, PROBABILITIES).quantiles


def _percentiles(result: Forecast) -> dict[str, float]:
    """Return the share of the model's patients with the same covariates whose parameter is lower, for each parameter."""
    tables, prior = parameter_tables(result.prior), result.prior
    shares: dict[str, float] = {}
    for name, marginal in result.parameters.items():
        table = tables[PARAMETER_TABLES[name]]
        mean, sd = table_moments(table, False, prior.step, prior.density)  # noqa: FBT003 (kernels take no keywords)
        # The logarithm of a parameter is normal among patients; the half-life follows from two of them and is left out.
        if name != "half_life" and sd > _NO_SPREAD:
            shares[name] = NormalDist(mean, sd).cdf(math.log(float(marginal.quantiles[2])))
    return shares


def _dots(result: Forecast) -> FloatArray | None:
    """Return the total risk at equally likely values."""
    if result.risk is None:
        return None
    event_model, exposure = result.event_model, result.exposure
    horizon = np.asarray(event_model.horizon_day)
    mixture = hazard_mixture(event_model, exposure.nodes, weights=exposure.weights, days=horizon)
    log_hazard = mixture_quantiles(mixture, tuple((np.arange(N_DOTS) + 0.5) / N_DOTS))
    with np.errstate(over="ignore"):
        return -np.expm1(-np.exp(log_hazard))


def _other_forms(result: Forecast) -> dict[str, Marginal]:
    if result.risk is None:
        return {}
    others = [name for name in result.event_model.pk_models if name != result.model.id]
    risks = {name: risk_with(result.case, result.event_model, load_model(name)) for name in others}
    return {name: risk.day90 for name, risk in risks.items() if risk is not None}
